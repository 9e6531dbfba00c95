"""core-1, every op in every dtype: of long arrays, of NaN and infinities in them, of a number, and of nothing.

Libraries have a kernel for each dtype: what one does with the last elements of a block says nothing about another.
A long array holds a few values again and again, whose true results are those of the few.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

from polyflow import dtypes as dt

from .. import oracle, samples
from ..case import Case, Trial
from ..oracle import FORMULAS
from ..table import functions
from .core_elementwise import MAIN, NO_SPECIALS, arguments, arity, cancelling, fitted, tolerance_of, truth
from .core_probes import ALONG, MOVES, Probe, probes
from .core_reduction import REDUCTIONS
from .core_views import Seen, drawn_for

GROUP = "core-1"
ROWS, COLUMNS = samples.BLOCK
LONG = (2, 2053)
"""Rows for ops that look at more than one element."""
FEW = 29
"""How many values such an array repeats."""
SHAPED = (*dt.HALVES, dt.int8, dt.complex128)
"""The dtypes tried in shapes that other cases ask of the main ones."""
CALLS, OTHERS_CALLS = 3, 2
"""How many of a probe's calls are tried on it, in the first dtype that an op takes and in the others."""


def cases() -> Iterator[Case]:
    """Of every op that has a probe, in each dtype that it takes."""
    for name, (held, count, probe) in probes().items():
        for dtype in held:
            if name in FORMULAS:
                check = functools.partial(_elementwise, name=name, dtype=dtype)
            else:
                check = functools.partial(_other, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/long-and-none", check, (dtype,))


# Elementwise ops ----------------------------------------------------------------------------------------------------


def _elementwise(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Long arrays; no axes; no elements; two shapes."""
    few = [_drawn(t, name, dtype, i) for i in range(arity(name))]
    if len(few) == 2:
        few = list(fitted(name, dtype, (few[0][:, None], few[1])))
    true, scale = truth(name, tuple(few), dtype), cancelling(name, tuple(few))
    result = oracle.result_dtype(FORMULAS[name], dtype)
    if len(few) == 1:
        first = dtype is next(one for one in (dt.float32, dt.int32, dt.bool_) if one in probes()[name][0])
        size = 10 * samples.LARGE if first else ROWS * COLUMNS  # the size of core-1/*/large there
        at: tuple[np.ndarray, ...] = (np.resize(np.arange(FEW), size),)
    else:
        at = np.ix_(np.resize(np.arange(FEW), ROWS), np.resize(np.arange(FEW), COLUMNS))
    hosts = [samples.read_only(np.broadcast_to(arg, true.shape)[at]) for arg in few]
    host = t.spec(functions()[name](*map(t.tensor, hosts)), true[at].shape, result, name)
    what = f"{name} of {' and '.join(str(host.shape) for host in hosts)}"
    first = host[tuple(map(slice, true.shape))]
    for part, places in ((first, ...), *([] if first[at].tobytes() == host.tobytes() else [(host, at)])):
        bound = None if scale is None else scale[places]
        t.judge(part, true[places], tolerance_of(FORMULAS[name], dtype), scale=bound, what=what)
    if dtype not in SHAPED:
        return
    sizes = [((), ()), ((0, 3), (0, 3)), *([((2, 1, 4), (3, 1))] if len(few) == 2 else [])]
    for size in sizes:
        args = arguments(name, dtype, size, t.rng)
        value = functions()[name](*map(t.tensor, args))
        t.close(
            value,
            truth(name, args, dtype),
            tolerance_of(FORMULAS[name], dtype),
            dtype=result,
            scale=cancelling(name, args),
            what=f"{name} of shapes {size}",
        )


def _drawn(t: Trial, name: str, dtype: np.dtype, place: int) -> np.ndarray:
    """A few values of an argument, of floats some that are special; the last is a plain one."""
    drawn = np.array(arguments(name, dtype, ((FEW,),) * arity(name), t.rng)[place])
    if dtype in dt.FLOATS and name not in NO_SPECIALS:
        drawn[: len(samples.SPECIALS)] = samples.SPECIALS
    return samples.read_only(drawn)


# The others ---------------------------------------------------------------------------------------------------------


def _other(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """Long rows, one with what is no finite number; four axes; and no elements."""
    seen = Seen(t, name)
    hosts = [long_rows(t, name, dtype, i, count) for i in range(count)]
    first = dtype is next(one for one in (dt.float32, dt.int32, dt.bool_) if one in probes()[name][0])
    most = CALLS if first else OTHERS_CALLS
    seen.look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {LONG}", most)
    nothing = name in MOVES or (name in ALONG and "softmax" not in name)
    if nothing or (name in REDUCTIONS and REDUCTIONS[name].empty):
        hosts = drawn_for(t, name, dtype, (0, 3), count)
        seen.look(probe, [t.tensor(host) for host in hosts], hosts, "shape (0, 3)", 2)
    if name in REDUCTIONS and dtype not in MAIN:
        hosts = drawn_for(t, name, dtype, (1, 3), count)
        seen.look(probe, [t.tensor(host) for host in hosts], hosts, "shape (1, 3)", OTHERS_CALLS)
    seen.settle()


def long_rows(t: Trial, name: str, dtype: np.dtype, place: int, count: int) -> np.ndarray:
    """Two long rows of a few values, for one of an op's arguments; in the first one stands what is no finite number."""
    few = drawn_for(t, name, dtype, (FEW,), count)[place]
    if "prod" in name and dtype is not dt.bool_:
        few = np.sign(few)
    host = np.array(np.resize(few, LONG))
    if dtype in dt.FLOATS and name != "log_softmax":
        host[0, 1500], host[0, -2] = _SPECIAL.get(name, (math.inf, -math.nan))
    return samples.read_only(host)


_SPECIAL: dict[str, tuple[float, float]] = {
    "astype": (0.5, -0.0),
    "logsumexp": (-math.inf, -math.inf),
    "softmax": (-math.inf, -math.inf),
}
"""What stands among the numbers of a row, where infinity and NaN leave open what is made of them."""
