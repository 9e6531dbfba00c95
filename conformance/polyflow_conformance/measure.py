"""How far a result is from the truth: in ulp, or in units of eps times a scale of the case's choice."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt

WIDE = np.longdouble
WIDE_COMPLEX = np.clongdouble

_MANTISSA = {dt.float16: 10, dt.bfloat16: 7, dt.float32: 23, dt.float64: 52}
_LOWEST = {dt.float16: -14, dt.bfloat16: -126, dt.float32: -126, dt.float64: -1022}


class Distance(NamedTuple):
    """The largest distance of any element, and where (an index into the flattened array)."""

    worst: float
    at: int


def eps(dtype: np.dtype) -> float:
    """The distance from 1 to the next number of a floating dtype (of a complex one's parts)."""
    return math.ldexp(1.0, -_MANTISSA[dt.real_of(dtype)])


def tiny(dtype: np.dtype) -> float:
    """The smallest normal number."""
    return math.ldexp(1.0, _LOWEST[dt.real_of(dtype)])


def widened(host: np.ndarray) -> np.ndarray:
    """Values in the widest dtype of their kind: longdouble, clongdouble, or Python integers as objects."""
    dtype = dt.as_dtype(host.dtype)
    if dtype in dt.COMPLEX:
        return host.astype(WIDE_COMPLEX)
    return host.astype(WIDE) if dtype in dt.FLOATING else host.astype(object)


def ulp(expected: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The spacing of ``dtype``'s numbers at each true value (at the modulus, for complex ones)."""
    real = dt.real_of(dtype)
    size = np.abs(expected).astype(WIDE)
    _, exponent = np.frexp(np.where(np.isfinite(size), size, 1))
    return np.ldexp(WIDE(1), np.maximum(exponent - 1, _LOWEST[real]) - _MANTISSA[real])


def distance(
    host: np.ndarray, expected: np.ndarray, dtype: np.dtype, scale: Any = None, *, signs: bool = False
) -> Distance:
    """The largest distance of ``host`` from ``expected``.

    Integers and booleans are right (0) or wrong (infinitely far). Floats are measured in ulp of the true value, or in
    eps · ``scale``. Infinities and NaN have to stand in the same places. Numbers below the smallest normal one may be
    flushed to zero. The sign of a zero, in each part of a complex number, counts where ``signs`` says so.
    """
    if not host.size:
        return Distance(0.0, 0)
    if dtype not in dt.INEXACT:
        wrong = np.asarray(host.astype(object) != np.asarray(expected).astype(object), bool).ravel()
        return Distance(math.inf, int(np.argmax(wrong))) if wrong.any() else Distance(0.0, 0)
    with np.errstate(all="ignore"):
        found = _complex(host, expected, dtype, scale) if dtype in dt.COMPLEX else _real(host, expected, dtype, scale)
        if signs:
            found = np.where(_zero_signs_differ(host, expected), math.inf, found)
    found = np.asarray(found, dtype=WIDE).ravel()
    at = int(np.argmax(found))
    return Distance(float(found[at]), at)


def _real(host: np.ndarray, expected: np.ndarray, dtype: np.dtype, scale: Any) -> np.ndarray:
    given, true = host.astype(WIDE), np.asarray(expected).astype(WIDE)
    rounded = true.astype(dtype).astype(WIDE)  # infinite where the true value is beyond the largest number
    regular = np.isfinite(true) & np.isfinite(rounded)
    unit = ulp(true, dtype) if scale is None else np.maximum(np.asarray(scale, WIDE) * eps(dtype), _least(dtype))
    error = np.abs(given - true) / unit
    small = (np.abs(true) < tiny(dtype)) & (np.abs(given) <= tiny(dtype))
    error = np.where(small, 0, np.where(np.isfinite(given), error, math.inf))
    special = np.where(np.isnan(true), np.isnan(given), given == rounded)
    return np.where(regular, error, np.where(special, 0, math.inf))


def _complex(host: np.ndarray, expected: np.ndarray, dtype: np.dtype, scale: Any) -> np.ndarray:
    given, true = host.astype(WIDE_COMPLEX), np.asarray(expected).astype(WIDE_COMPLEX)
    unit = ulp(true, dtype) if scale is None else np.maximum(np.asarray(scale, WIDE) * eps(dtype), _least(dtype))
    error = np.abs(given - true) / unit
    small = (np.abs(true) < tiny(dtype)) & (np.abs(given) <= 2 * tiny(dtype))
    error = np.where(small, 0, error)
    regular = np.isfinite(true.real) & np.isfinite(true.imag)
    parts = [
        _real(getattr(host, part), getattr(np.asarray(expected), part), dt.real_of(dtype), scale)
        for part in ("real", "imag")
    ]
    return np.where(regular, np.where(np.isnan(error), math.inf, error), np.maximum(*parts))


def _zero_signs_differ(host: np.ndarray, expected: np.ndarray) -> np.ndarray:
    if host.dtype in dt.COMPLEX:
        return np.logical_or(*[_zero_signs_differ(part(host), part(expected)) for part in (np.real, np.imag)])
    zero = (host == 0) & (expected == 0)
    return zero & (np.signbit(host.astype(WIDE)) != np.signbit(np.asarray(expected).astype(WIDE)))


def _least(dtype: np.dtype) -> float:
    return (
        math.ldexp(1.0, _LOWEST[dt.real_of(dtype)] - _MANTISSA[dt.real_of(dtype)])
        if dtype is not dt.float64
        else 5e-324
    )
