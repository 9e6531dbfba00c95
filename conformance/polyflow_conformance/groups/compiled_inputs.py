"""compile-1, programs of inputs that other programs do not have: of four axes, of every dtype at once, and large ones.

Libraries choose how to compile by what comes in. What is done with it is simple, and all of it is in one program.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, reduction, shape
from polyflow.tensor import Tensor

from ..case import Case, Trial
from ..oracle import DOMAINS, FORMULAS
from ..table import functions, ops
from .compiled import _compare, compiled
from .core_elementwise import arguments, arity

GROUP = "compile-1"
DEEP = (2, 3, 2, 3)
SINGLE = ("exp", "sqrt", "tanh", "log", "add", "multiply", "divide", "maximum")
"""Ops of which a program has one number of each float."""


def cases() -> Iterator[Case]:
    """Two of axes, two of inputs."""
    program = f"{GROUP}/program"
    yield Case(f"{program}/values/four-axes", _four_axes, (dt.float32, dt.int32))
    yield Case(f"{program}/values/no-axes", _no_axes)
    yield Case(f"{program}/inputs/of-every-dtype", _every_dtype, (dt.float32,), True)
    yield Case(f"{program}/inputs/large", _large, (dt.float32, dt.int32))


def _all(t: Trial, asked: list[tuple[str, tuple[np.ndarray, ...]]]) -> None:
    """Each op of its arguments, all in one program."""

    def program(*given: Any) -> list[Any]:
        left = iter(given)
        return [functions()[name](*[next(left) for _ in args]) for name, args in asked]

    run, arrays = compiled(t, program, *[arg for _, args in asked for arg in args])
    for array, (name, args) in zip(run(*arrays), asked, strict=True):
        _compare(t, Tensor(array, t.backend), name, args)


def _four_axes(t: Trial) -> None:
    asked = []
    for name, formula in FORMULAS.items():
        dtype = next((one for one in (dt.float32, dt.int32) if one in DOMAINS[formula.domain]), None)
        if name in ops() and dtype is not None and name not in t.backend.unsupported:
            asked.append((name, arguments(name, dtype, (DEEP,) * arity(name), t.rng)))
    _all(t, asked)


def _no_axes(t: Trial) -> None:
    floats = [dtype for dtype in t.held if dtype in dt.FLOATS]
    names = [name for name in SINGLE if name not in t.backend.unsupported]
    _all(t, [(name, arguments(name, one, ((),) * arity(name), t.rng)) for name in names for one in floats])


def _every_dtype(t: Trial) -> None:
    """A matrix and a number of every dtype, booleans among them, and a transposed array of three axes."""
    hosts = [((np.arange(12) * 5 + 1) % (2 if one is dt.bool_ else 50)).astype(one).reshape(3, 4) for one in t.held]
    numbers = [np.array(1).astype(one) for one in t.held]
    cube = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    count = len(hosts)

    def program(deep: Any, *given: Any) -> list[Any]:
        pairs = zip(given[:count], given[count:], strict=True)
        return [deep * 2.0, deep[1], *(elementwise.where(x == y, x, y) for x, y in pairs), *given]

    true = [cube.transpose(2, 0, 1) * 2, cube.transpose(2, 0, 1)[1]]
    true += [np.where(x == y, x, y) for x, y in zip(hosts, numbers, strict=True)]
    run, arrays = compiled(t, program, cube.transpose(2, 0, 1), *hosts, *numbers)
    turned = [shape.permute_dims(t.tensor(cube), (2, 0, 1)).array, *arrays[1:]]
    others = [*turned[: count + 1], *[t.tensor(np.zeros_like(one)).array for one in numbers]]
    zeros = [np.where(x == 0, x, np.zeros_like(x)) for x in hosts]
    for given in (arrays, turned, others, turned, others):  # in turns: nothing is kept of the calls before
        wanted = [*true[:2], *zeros, *hosts, *map(np.zeros_like, numbers)] if given is others else None
        for array, one in zip(run(*given), wanted or (*true, *hosts, *numbers), strict=True):
            t.exactly(Tensor(array, t.backend), one, dtype=dt.as_dtype(one.dtype), what="a value of many dtypes")


def _large(t: Trial) -> None:
    """More elements than blocks and threads share out at a time; sums of integers, whose order does not matter."""
    x, n = np.arange(70_001, dtype=np.float32) % 251, np.arange(70_001, dtype=np.int32)
    wide = (np.arange(30_003) % 61).astype(np.float64 if dt.float64 in t.held else np.float32)

    def program(x: Any, n: Any, wide: Any) -> list[Any]:
        return [x * 2.0 + x, reduction.sum(n), reduction.sum(x), functions()["max"](wide), wide * wide - 1.0, x > 100.0]

    run, arrays = compiled(t, program, x, n, wide)
    total = (int(n.astype(object).sum()) + 2**31) % 2**32 - 2**31
    true = [x * 3, np.int32(total), x.sum(dtype=np.float64).astype(np.float32), wide.max(), wide * wide - 1, x > 100]
    for array, one in zip(run(*arrays), true, strict=True):
        t.exactly(Tensor(array, t.backend), np.asarray(one), what="a value of large arrays")
