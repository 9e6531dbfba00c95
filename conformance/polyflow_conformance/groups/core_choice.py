"""core-1, choosing elements: where, and clip."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise

from .. import samples
from ..case import Case, Trial
from .core_elementwise import MAIN

GROUP = "core-1"


def cases() -> Iterator[Case]:
    """By a mask, and between limits."""
    for dtype in MAIN:
        for label in ("small", "broadcast", "empty"):
            check = functools.partial(_where, dtype=dtype, label=label)
            yield Case(f"{GROUP}/where/{dtype.name}/{label}", check, (dtype,), quick=label == "broadcast")
    for dtype in (dt.float32, dt.float64):
        check = functools.partial(_where_scalars, dtype=dtype)
        yield Case(f"{GROUP}/where/{dtype.name}/scalars", check, (dtype,), quick=dtype is dt.float32)
    for dtype in (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS):
        check = functools.partial(_clip, dtype=dtype)
        yield Case(f"{GROUP}/clip/{dtype.name}/limits", check, (dtype,), quick=dtype in MAIN)
        check = functools.partial(_clamp, dtype=dtype)
        yield Case(f"{GROUP}/clamp/{dtype.name}/limits", check, (dtype,), quick=dtype in MAIN)
    yield Case(f"{GROUP}/clamp/float32/unknown", _clamp_by_nan, (dt.float32,), quick=True)


def _where(t: Trial, *, dtype: np.dtype, label: str) -> None:
    sizes = {"small": ((3, 4),) * 3, "broadcast": ((3, 1), (4,), (2, 1, 1)), "empty": ((0, 3), (3,), ())}[label]
    mask = samples.values("any", dt.bool_, sizes[0], t.rng)
    a, b = (samples.values("any", dtype, size, t.rng) for size in sizes[1:])
    value = elementwise.where(t.tensor(mask), t.tensor(a), t.tensor(b))
    t.exactly(value, np.where(mask, a, b), dtype=dtype, what="where")


def _where_scalars(t: Trial, *, dtype: np.dtype) -> None:
    """0.1 is another number in each dtype."""
    host = np.array([1.0, -2.0, math.nan], dtype)
    x = t.tensor(host)
    t.exactly(elementwise.where(x > 0, x, 0), np.array([1, 0, 0], dtype), what="where with a number")
    for number in (2.5, 0.1):
        left, right = np.array([number, -2, math.nan], dtype), np.array([1, number, number], dtype)
        t.exactly(elementwise.where(x > 0, number, x), left, what=f"where with {number} on the left")
        t.exactly(elementwise.where(x > 0, x, number), right, what=f"where with {number} on the right")


def _clip(t: Trial, *, dtype: np.dtype) -> None:
    host = (
        samples.extremes(dtype)
        if dtype in dt.INTEGERS
        else np.array([-9, -1, 0, 0.5, 2, 99, math.nan, math.inf], dtype)
    )
    fractions = () if dtype in dt.INTEGERS else ((0.1, 0.7),)  # which are other numbers in each dtype
    for low, high in ((0, 2), (None, 1), (1, None), (3, 1), *fractions):
        rows = [_clipped(one, low, high) for one in host]
        t.exactly(elementwise.clip(t.tensor(host), low, high), np.array(rows, dtype), what=f"clip({low}, {high})")


def _clipped(value: Any, low: Any, high: Any) -> Any:
    if value != value:
        return value
    number = float(value) if value.dtype.kind in "fV" else int(value)
    number = number if low is None else max(number, type(number)(low))
    return number if high is None else min(number, type(number)(high))


def _clamp(t: Trial, *, dtype: np.dtype) -> None:
    """Limits that are tensors: each element has its own, some crossed, then one for each row."""
    host = (
        samples.extremes(dtype)
        if dtype in dt.INTEGERS
        else np.array([-9, -1, 0, 0.5, 2, 99, math.nan, math.inf, -math.inf], dtype)
    )
    low = np.array([1, 0, 3, 2, 0])[np.arange(host.size) % 5].astype(dtype)
    high = np.array([4, 2, 1])[np.arange(host.size) % 3].astype(dtype)
    rows = [_clipped(*three) for three in zip(host, low, high, strict=True)]
    x = t.tensor(host)
    t.exactly(elementwise.clip(x, t.tensor(low), t.tensor(high)), np.array(rows, dtype), what="clip")
    table = [[_clipped(one, bottom, high[0]) for one in host] for bottom in low[:3]]
    value = elementwise.clip(x, t.tensor(low[:3, None]), t.tensor(high[0]))
    t.exactly(value, np.array(table, dtype), what="clip by limits of other shapes")


def _clamp_by_nan(t: Trial) -> None:
    x, nan = t.tensor(np.array([-3.0, 0.2, 5.0], np.float32)), math.nan
    low, high = np.array([nan, 0.0, 1.0], np.float32), np.array([1.0, nan, 2.0], np.float32)
    value = elementwise.clip(x, t.tensor(low), t.tensor(high))
    t.exactly(value, np.array([nan, nan, 2.0], np.float32), what="clip by limits that are NaN")
    t.exactly(elementwise.clip(x, t.tensor(low)), np.array([nan, 0.2, 5.0], np.float32), what="clip from below")
    t.exactly(elementwise.clip(x, None, t.tensor(high)), np.array([-3.0, nan, 2.0], np.float32), what="clip from above")
