"""core-1, conversion to narrower dtypes: beyond the largest number, between two numbers, of NaN of every kind.

The suite rounds integers itself, in Python's; what a float rounds to is a matter of longdouble.
"""

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

GROUP = "core-1"
DIGITS = {dt.float16: 11, dt.bfloat16: 8, dt.float32: 24, dt.float64: 53}
"""The binary digits of each float."""
_UNEVEN = [(1 << 60) + (1 << 36) + 1]
"""Integers next to a tie between two numbers of float32, which float64 makes the tie."""


def cases() -> Iterator[Case]:
    """Of every dtype that has numbers which another one does not."""
    for dtype in (*dt.SIGNED, *dt.UNSIGNED):
        check = functools.partial(_of_integers, dtype=dtype)
        yield Case(f"{GROUP}/astype/{dtype.name}/to-floats", check, (dtype,))
    for dtype in dt.FLOATS:
        check = functools.partial(_of_floats, dtype=dtype)
        yield Case(f"{GROUP}/astype/{dtype.name}/to-other-floats", check, (dtype,))
    check = functools.partial(_of_complex)
    yield Case(f"{GROUP}/astype/complex128/to-complex64", check, (dt.complex128, dt.complex64))


def _rounded(number: int, target: np.dtype) -> float:
    """An integer to the nearest number of ``target``, ties to even; infinity beyond the largest."""
    size = abs(number)
    shift = max(size.bit_length() - DIGITS[target], 0)
    whole, rest = divmod(size, 1 << shift)
    half = (1 << shift) / 2
    whole += rest > half or (rest == half and bool(shift) and whole % 2 == 1)
    result = math.ldexp(whole, shift)
    return math.copysign(result if result <= float(dt.finfo(target).max) else math.inf, number)


def _of_integers(t: Trial, *, dtype: np.dtype) -> None:
    """Between two numbers of each float, and beyond its largest; where a library may take two steps, next to no tie."""
    limits = np.iinfo(dtype)
    for target in (one for one in DIGITS if one in t.held):
        digits = DIGITS[target]
        near = [(1 << bits) + step for bits in range(digits, digits + 4) for step in (-1, 0, 1, 2, 3)]
        near += [(1 << 16) - 17, (1 << 16) - 16, 70_000, 100_003, (1 << 23) + 12_347]
        near += _UNEVEN if target is dt.float32 else []
        listed = [sign * one for one in near for sign in (1, -1) if limits.min <= sign * one <= limits.max]
        host = samples.read_only(np.array([*listed, *samples.extremes(dtype).tolist()], dtype))
        true = np.array([_rounded(one, target) for one in host.tolist()]).astype(target)
        t.exactly(elementwise.astype(t.tensor(host), target), true, what=f"{dtype.name} as {target.name}")
    if dt.complex64 in t.held and limits.bits == 64:
        true = np.array([_rounded(one, dt.float32) for one in _UNEVEN]).astype(np.complex64)
        value = elementwise.astype(t.tensor(np.array(_UNEVEN, dtype)), dt.complex64)
        t.exactly(value, true, what=f"{dtype.name} as complex64")


def _of_floats(t: Trial, *, dtype: np.dtype) -> None:
    """The largest number of each float, those next to it and far beyond, of both signs; NaN with any bits."""
    bits = np.dtype(f"u{dtype.itemsize}")
    quiet = np.array([math.nan, -math.nan], dtype).view(bits)
    ones = np.array(math.inf, dtype).view(bits) | ((1 << _mantissa(dtype)) - 1)
    unknown = (
        np.concatenate([quiet, quiet | 1, [ones, ones | (1 << (8 * dtype.itemsize - 1))]]).astype(bits).view(dtype)
    )
    for target in (one for one in DIGITS if one in t.held and one is not dtype):
        top = min(float(dt.finfo(target).max), float(dt.finfo(dtype).max))
        with np.errstate(all="ignore"):
            plain = np.array([top, top * (1 + 2.0 ** -DIGITS[target] / 2), top * 1.5, top * 1000, 0.0], np.longdouble)
            host = samples.read_only(np.concatenate([plain, -plain]).astype(dtype))
            true = host.astype(np.longdouble).astype(target)
        t.close(elementwise.astype(t.tensor(host), target), true, zeros=True, what=f"{dtype.name} as {target.name}")
        value: Any = elementwise.astype(t.tensor(samples.read_only(unknown)), target)
        t.exactly(value, np.full(unknown.shape, math.nan, target), what=f"NaN of {dtype.name} as {target.name}")


def _mantissa(dtype: np.dtype) -> int:
    return DIGITS[dtype] - 1


def _of_complex(t: Trial) -> None:
    """Each part to the nearest, and to infinity beyond the largest."""
    parts = np.array([0.1, -1e-3, 1 / 3, 1e300, -1e39, 3.4e38])
    host = samples.read_only(parts + 1j * parts[::-1])
    true = np.empty(host.shape, np.complex64)
    with np.errstate(over="ignore"):
        true.real, true.imag = parts, parts[::-1]
    t.exactly(elementwise.astype(t.tensor(host), dt.complex64), true, what="complex128 as complex64")
