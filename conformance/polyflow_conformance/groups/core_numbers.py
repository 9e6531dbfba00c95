"""core-1, Python numbers that show a detour: by float64 of integers, by int64 of uint64, by float32 of complex ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, indexing, shape

from .. import oracle, samples
from ..case import Case, Trial
from ..oracle import DOMAINS, FORMULAS
from ..table import functions, ops
from .core_elementwise import arity, tolerance_of, truth

GROUP = "core-1"
APART = ("pow", "bitwise_left_shift", "bitwise_right_shift")
"""Ops that do not take a large number on either side."""

NUMBERS: dict[np.dtype, tuple[Any, ...]] = {
    dt.int64: ((1 << 53) + 1, -(1 << 62) - 1),
    dt.uint64: ((1 << 63) + 1, (1 << 64) - 1),
    dt.uint8: (200, 255),
    dt.complex128: (0.1, 0.1 - 0.3j),
}
"""In each dtype numbers that another one does not hold."""


def cases() -> Iterator[Case]:
    """Such a number beside a tensor, on either side; and where ops take a number besides."""
    for dtype in NUMBERS:
        for name, formula in FORMULAS.items():
            if name in ops() and arity(name) == 2 and dtype in DOMAINS[formula.domain] and name not in APART:
                check = functools.partial(_beside, name=name, dtype=dtype)
                yield Case(f"{GROUP}/{name}/{dtype.name}/numbers-kept", check, (dtype,))
        for name in ("where", "pad", "index_set", *(["clip"] if dtype in dt.INTEGERS else [])):
            check = functools.partial(_inside, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/numbers-kept", check, (dtype,))
    for dtype in dt.FLOATS:
        check = functools.partial(_clip_by_nan, dtype=dtype)
        yield Case(f"{GROUP}/clip/{dtype.name}/unknown", check, (dtype,))


def _host(dtype: np.dtype) -> np.ndarray:
    """The numbers themselves, those next to them, and small ones."""
    numbers = NUMBERS[dtype]
    if dtype in dt.COMPLEX:
        return samples.read_only(np.array([*numbers, *(complex(np.complex64(one)) for one in numbers), 1, 2.5j], dtype))
    near = [one - 1 for one in numbers]
    return samples.read_only(np.array([*numbers, *near, 1, 2, 3], dtype))


def _beside(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host = _host(dtype)
    x = t.tensor(host)
    for number in NUMBERS[dtype]:
        like = np.full(host.shape, number, dtype)
        for left in (False, True):
            args = (like, host) if left else (host, like)
            value = functions()[name](number, x) if left else functions()[name](x, number)
            t.close(
                value,
                truth(name, args, dtype),
                tolerance_of(FORMULAS[name], dtype),
                dtype=oracle.result_dtype(FORMULAS[name], dtype),
                what=f"{name} with the number {number} on the {'left' if left else 'right'}",
                inputs=args,
            )


def _inside(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host = _host(dtype)
    x = t.tensor(host)
    mask = np.arange(host.size) % 2 == 0
    for number in NUMBERS[dtype]:
        if name == "where":
            t.exactly(elementwise.where(mask, x, number), np.where(mask, host, np.array(number, dtype)), what=name)
            t.exactly(elementwise.where(mask, number, x), np.where(mask, np.array(number, dtype), host), what=name)
        elif name == "pad":
            true = np.pad(host, (1, 0), constant_values=np.array(number, dtype))
            t.exactly(shape.pad(x, (1, 0), constant_values=number), true, what=name)
        elif name == "index_set":
            true = np.array(host)
            true[1:3] = number
            t.exactly(indexing.index_set(x, slice(1, 3), number), true, what=name)
        else:
            given = host.tolist()
            low, high = ([choose(one, number) for one in given] for choose in (max, min))
            t.exactly(elementwise.clip(x, number, None), np.array(low, dtype), what=f"{name} from {number}")
            t.exactly(elementwise.clip(x, None, number), np.array(high, dtype), what=f"{name} to {number}")


def _clip_by_nan(t: Trial, *, dtype: np.dtype) -> None:
    """A limit that is NaN makes all NaN, as one in a tensor does."""
    x, nan = t.tensor(np.array([-3.0, 0.5, 5.0], dtype)), float("nan")
    for limits in ((nan, None), (None, nan), (nan, 1.0), (0.0, nan)):
        t.exactly(elementwise.clip(x, *limits), np.full(3, nan, dtype), what=f"clip by {limits}")
