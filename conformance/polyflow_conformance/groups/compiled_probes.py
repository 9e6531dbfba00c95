"""compile-1, ops that are not elementwise inside a program: of long arrays, of none, transposed, and in every dtype.

What an op has to give is what it has to give alone (`core_probes`); here all of it comes from one program, so that a
library that compiles does so once for each op.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt

from .. import samples
from ..case import Case, Trial
from ..oracle import FORMULAS
from .compiled import repeated
from .core_dtypes import long_rows
from .core_forms import OF_NOTHING
from .core_probes import Answer, Probe, probes
from .core_views import awkward_for, drawn_for

GROUP = "compile-1"
SIZES = ((1009,), (), (4, 3), (2, 3, 2))
"""The third is seen through its transpose."""

CALLS = 3
"""How many of a probe's calls are tried on an array: of awkward values all, or two in the other dtypes."""


def cases() -> Iterator[Case]:
    """Of every op that has a probe, but those whose programs other cases compile in every dtype."""
    for name, (held, count, probe) in probes().items():
        if name in FORMULAS:
            continue
        dtype = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        check = functools.partial(_inside, name=name, held=held, count=count, probe=probe)
        yield Case(f"{GROUP}/{name}/{dtype.name}/inside", check, (dtype,))


def _inside(t: Trial, *, name: str, held: tuple[np.dtype, ...], count: int, probe: Probe) -> None:
    first = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
    groups: list[tuple[list[np.ndarray], Any]] = [
        (drawn_for(t, name, first, size, count), slice(CALLS)) for size in SIZES
    ]
    if name in OF_NOTHING:
        groups.append((drawn_for(t, name, first, (2, 0, 3), count), slice(CALLS)))
    groups.append((awkward_for(t, name, first, count), slice(None)))
    others = [dtype for dtype in held if dtype in t.held and dtype is not first]
    for number, dtype in enumerate(others):
        hosts = [samples.read_only(host[::-1].copy()) for host in awkward_for(t, name, dtype, count)]
        groups.append((hosts, number))
    groups.append(([long_rows(t, name, first, i, count) for i in range(count)], slice(CALLS)))
    tensors = [t.tensor(host) for hosts, _ in groups for host in hosts]
    answers: list[Answer] = []

    def program(*given: Any) -> tuple[Any, ...]:
        answers.clear()
        values: list[Any] = []
        for place, (known, chosen) in enumerate(groups):
            mine = list(given[place * count : (place + 1) * count])
            if known[0].shape == (4, 3):
                mine, known = [one.T for one in mine], [one.T for one in known]
            every = list(probe(mine, known))
            for answer in every[chosen] if isinstance(chosen, slice) else (every * 2)[chosen % len(every) :][:2]:
                answers.append(answer)
                values.append(answer.value())
        return tuple(values)

    call = pf.function(program)
    for _ in range(2):  # the second time nothing is traced
        for value, answer in zip(call(*tensors), list(answers), strict=True):
            answer.judge(t, value, f"{name} inside a program")
    repeated(t, lambda: call(*tensors), f"{name} inside a program")
