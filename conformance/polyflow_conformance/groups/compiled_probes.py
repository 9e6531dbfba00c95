"""compile-1, ops that are not elementwise inside a program: of long arrays, of none, transposed, NaN, in two dtypes.

What an op has to give is what it has to give alone (`core_probes`); here all of it comes from one program, so that a
library that compiles does so once for each op.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt

from ..case import Case, Trial
from ..oracle import FORMULAS
from .core_forms import OF_NOTHING
from .core_probes import Answer, Probe, probes
from .core_reduction import REDUCTIONS
from .core_views import drawn_for

GROUP = "compile-1"
SIZES = ((1009,), (), (4, 3), (2, 3, 2))
"""The third is seen through its transpose."""

CALLS = 3
"""How many of a probe's calls are tried on each array."""


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
    other = [one for one in (dt.int32, dt.float64) if one in held and one is not first and one in t.held]
    hosts = [drawn_for(t, name, dtype, size, count) for dtype in (first, *other[:1]) for size in SIZES]
    if name in OF_NOTHING:
        hosts.append(drawn_for(t, name, first, (2, 0, 3), count))
    if name in REDUCTIONS and first in dt.FLOATS:
        unknown = drawn_for(t, name, first, (4, 5), count)[0].copy()
        unknown[1, 2] = np.nan
        hosts.append([unknown])
    tensors = [t.tensor(host) for group in hosts for host in group]
    answers: list[Answer] = []

    def program(*given: Any) -> tuple[Any, ...]:
        answers.clear()
        values: list[Any] = []
        for place, group in enumerate(hosts):
            mine, known = list(given[place * count : (place + 1) * count]), group
            if known[0].shape == (4, 3):
                mine, known = [one.T for one in mine], [one.T for one in known]
            for answer in itertools.islice(probe(mine, known), CALLS):
                answers.append(answer)
                values.append(answer.value())
        return tuple(values)

    call = pf.function(program)
    for _ in range(2):  # the second time nothing is traced
        for value, answer in zip(call(*tensors), list(answers), strict=True):
            answer.judge(t, value, f"{name} inside a program")
