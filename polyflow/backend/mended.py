"""Functions of NumPy's that are not everywhere what the specification says, mended."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt

_THIRD, _FOURTH = 3.0, 4.0


def power(x1: Any, x2: Any) -> Any:
    """``x1 ** x2``; one exponent of 0.5 is no square root, which differs at -inf and -0.0: there pow is inf and 0.

    Third and fourth powers of numbers are products, in a twentieth of the time.
    """
    if x2.__class__ is float and x2 in (_THIRD, _FOURTH) and x1.dtype.char in "fd":
        square = x1 * x1
        return square * (x1 if x2 == _THIRD else square)
    result = np.power(x1, x2)
    if x2 != 0.5 if x2.__class__ is float else result.size > 1 and result.shape == x2.shape and 0 not in x2.strides:
        return result
    if result.dtype.kind == "f" and np.count_nonzero(x2 == 0.5):
        special = (x2 == 0.5) & ((x1 == 0) | np.isneginf(x1))
        result = np.where(special, np.abs(x1, dtype=result.dtype), result)
    return result


def sign(x: Any) -> Any:
    """-1, 0 or 1, or NaN; ml_dtypes keeps the signs of bfloat16's zeros."""
    return np.sign(x) if x.dtype is not dt.bfloat16 else np.sign(x) + dt.bfloat16.type(0)


def log1p(x: Any, xp: Any = np) -> Any:
    """The logarithm of ``1 + x``, also where ``x`` is complex and near 0: there NumPy's real part loses its digits.

    Args:
        x: an array.
        xp: the library that it is of, whose functions are NumPy's.
    """
    if x.dtype.kind != "c":
        return xp.log1p(x)
    real, imag = x.real, x.imag
    near = 0.5 * xp.log1p(real * (2 + real) + imag * imag) + 1j * xp.arctan2(imag, 1 + real)
    return xp.where(xp.abs(x) < 0.5, near, xp.log1p(x)).astype(x.dtype, copy=False)


def nextafter(x1: Any, x2: Any, xp: Any = np) -> Any:
    """The number after ``x1`` towards ``x2``; of equal ones ``x2``, also as float16: there NumPy 2.4's is 0.0 of -0.0.

    Args:
        x1: an array, or a number beside one. x2: likewise.
        xp: the library that they are of, whose functions are NumPy's.
    """
    result = xp.nextafter(x1, x2)
    if result.dtype.char != "e":
        return result
    return xp.where(x1 == x2, x2, result).astype(result.dtype, copy=False)
