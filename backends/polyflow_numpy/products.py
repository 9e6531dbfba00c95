"""Matrix products of the dtypes that BLAS does not know, through those that it does.

NumPy multiplies float16 and integer matrices in plain loops, up to a hundred times slower. float16 and bfloat16 are
multiplied in float32; integers in float64 where the result is exact, which their sizes tell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow import dtypes as dt

BLAS = "fdFD"
_EXACT = 2**53
_SMALL = 4096
"""Products of fewer multiplications than this are not worth a conversion."""


def matmul(x1: np.ndarray, x2: np.ndarray) -> Any:
    """The matrix product, in the operands' dtype; integers wrap."""
    dtype = x1.dtype
    if dtype.char in BLAS:  # the same product; `dot` takes half as long to begin with it
        return np.dot(x1, x2) if 0 < x1.ndim <= 2 and 0 < x2.ndim <= 2 else np.matmul(x1, x2)
    if dtype.kind not in "iu":
        return np.matmul(x1.astype(dt.float32), x2.astype(dt.float32)).astype(dtype)
    work = x1.size * (x2.shape[-1] if x2.ndim > 1 else 1)
    if work < _SMALL or _largest(x1) * _largest(x2) * x1.shape[-1] >= _EXACT:
        return np.matmul(x1, x2)
    return np.matmul(x1.astype(dt.float64), x2.astype(dt.float64)).astype(dt.int64).astype(dtype)


def _largest(x: np.ndarray) -> int:
    """A bound for the absolute values: by the dtype where that is narrow, else by looking."""
    if x.dtype.itemsize < 4:
        return 1 << 8 * x.dtype.itemsize
    return max(abs(int(x.min())), abs(int(x.max())))
