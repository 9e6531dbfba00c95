"""Control flow for any library: Python decides and repeats, and the parts run as programs of their own.

The graphs of these ops arrive as functions of arrays that return tuples of arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from .keys import Slice
from .optable import OPS

Part = Callable[..., tuple[Any, ...]]


def cond(backend: Any, pred: Any, *operands: Any, then: Part, otherwise: Part) -> tuple[Any, ...]:
    """What one of two functions gives."""
    return then(*operands) if backend.to_numpy(pred) else otherwise(*operands)


def while_loop(
    backend: Any, *arrays: Any, test: Part, body: Part, consts: int, maximum_iterations: int | None
) -> tuple[Any, ...]:
    """The carries after as many steps as ``test`` lets be."""
    fixed, now = arrays[:consts], arrays[consts:]
    for _ in count() if maximum_iterations is None else range(maximum_iterations):
        if not backend.to_numpy(test(*fixed, *now)[0]):
            break
        now = body(*fixed, *now)
    return tuple(now)


def scan(
    backend: Any, *arrays: Any, body: Part, consts: int, carries: int, length: int, reverse: bool, history: bool
) -> tuple[Any, ...]:
    """The carries after the last step, and the rows of all steps, stacked."""
    fixed, now, xs = arrays[:consts], arrays[consts : consts + carries], arrays[consts + carries :]
    getitem, join, reshape = (backend.resolve(OPS[name]) for name in ("getitem", "concat", "reshape"))
    rows: list[Any] = [None] * length
    for place in range(length - 1, -1, -1) if reverse else range(length):
        results = body(*fixed, *now, *[getitem(x, key=(place, *_whole(x.shape[1:]))) for x in xs])
        rows[place] = [reshape(one, shape=(1, *one.shape)) for one in (*results[carries:], *(now if history else ()))]
        now = results[:carries]
    return (*now, *[join(*column, axis=0) for column in zip(*rows, strict=True)])


def _whole(shape: tuple[int, ...]) -> tuple[Slice, ...]:
    return tuple(Slice(0, size, 1) for size in shape)
