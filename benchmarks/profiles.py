"""Profiles: in which functions a contestant's time goes."""

from __future__ import annotations

import cProfile
import pstats
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

SHOWN = 12
"""How many functions are told."""


class Share(NamedTuple):
    """A function's part in the time of some work.

    Attributes:
        function: its file, line and name; of one that is not written in Python, its name.
        own: the part of the time that is spent in it, and in no other function that it calls.
        calls: how often it is called for each run of the work.
    """

    function: str
    own: float
    calls: float


def profile(run: Callable[[], Any], seconds: float) -> list[Share]:
    """The functions with the largest parts in the time of ``run``, which runs for so many seconds at least.

    The profiler makes functions of Python dearer than they are, and leaves compiled ones as they are.
    """
    run()
    profiler, runs, end = cProfile.Profile(), 0, time.perf_counter() + seconds
    while not runs or time.perf_counter() < end:
        profiler.runcall(run)
        runs += 1
    found = pstats.Stats(profiler).stats  # pyright: ignore[reportAttributeAccessIssue]
    total = sum(own for _, _, own, _, _ in found.values())
    shares = [Share(_name(*place), own / total, calls / runs) for place, (_, calls, own, _, _) in found.items()]
    return sorted(shares, key=lambda share: -share.own)[:SHOWN]


def _name(file: str, line: int, function: str) -> str:
    """A function's name, with its place below the folder that packages lie in."""
    if file == "~":
        return function
    path, library = Path(file), Path(sysconfig.get_path("stdlib"))
    if path.is_relative_to(library) and "site-packages" not in path.parts:
        return f"{path.relative_to(library)}:{line} {function}"
    parts = path.parts
    for folder in ("site-packages", "backends", "polyflow", "benchmarks"):
        if folder in parts:
            at = parts.index(folder)
            parts = parts[at + (folder in ("site-packages", "backends")) :]
            break
    return f"{'/'.join(parts)}:{line} {function}"
