"""Three slips of NumPy's that the libraries over it share, mended where asking shows them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes as dt


def takes_roots(backend: Any) -> frozenset[np.dtype]:
    """The dtypes of which a backend's ``xp.pow`` by the number 0.5 is a square root: NaN for -inf, where pow is inf."""

    def taken(dtype: np.dtype) -> bool:
        base, half = backend.asarray(np.full(1, -np.inf, dtype)), backend.asarray(np.full((), 0.5, dtype))
        return bool(np.isnan(backend.to_numpy(backend.xp.pow(base, half)))[0])

    return frozenset(dtype for dtype in dt.FLOATS if dtype in backend.capabilities.dtypes and taken(dtype))


def powers(xp: Any, x1: Any, x2: Any) -> Any:
    """``x1 ** x2`` of floats by a library that takes roots."""
    special = (x2 == 0.5) & ((x1 == 0.0) | (x1 == -math.inf))
    return xp.where(special, abs(x1), xp.pow(x1, x2))


def loses_digits(backend: Any, dtype: np.dtype) -> bool:
    """Whether a backend's ``xp.log1p`` of complex numbers adds 1 to them, and gives a real part of 0 near 0."""
    return backend.to_numpy(backend.xp.log1p(backend.asarray(np.full(1, 1e-30 + 1e-30j, dtype))))[0].real == 0


def log1p(xp: Any, x: Any) -> Any:
    """The logarithm of ``1 + x`` of complex numbers by a library that loses digits."""
    real, imag = xp.real(x), xp.imag(x)
    size = 0.5 * xp.log1p(real * (2.0 + real) + imag * imag)
    angle = xp.atan2(imag, 1.0 + real)
    near = xp.astype(size, x.dtype) + 1j * xp.astype(angle, x.dtype)
    return xp.where(xp.abs(x) < 0.5, near, xp.log1p(x))


def keeps_zero(backend: Any, dtype: np.dtype) -> bool:
    """Whether after 0.0 towards -0.0 a backend's ``xp.nextafter`` has 0.0, and not the second of two equal numbers."""
    zero, other = (backend.asarray(np.full(1, value, dtype)) for value in (0.0, -0.0))
    return not np.signbit(backend.to_numpy(backend.xp.nextafter(zero, other)))[0]


def nextafter(xp: Any, x1: Any, x2: Any) -> Any:
    """The number after ``x1`` towards ``x2`` by a library that keeps a zero."""
    return xp.where(x1 == x2, x2, xp.nextafter(x1, x2))
