"""What NumPy references need where NumPy itself is less exact than polyflow promises.

NumPy adds the halves (float16 and bfloat16) in their own few digits, and it adds pairwise only along the axis that lies
contiguous in memory.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes as dt
from .rules import normal_axes, reduced


def widened(reference: Callable[..., Any]) -> Callable[..., Any]:
    """A reference that computes the halves in float32 and rounds its result once; other dtypes as they are."""

    @functools.wraps(reference)
    def in_float32(*arrays: Any, **attrs: Any) -> Any:
        halves = getattr(arrays[0], "dtype", dt.bool_) if arrays else dt.bool_
        if halves not in dt.HALVES:
            return reference(*arrays, **attrs)
        wide = [x.astype(dt.float32) if getattr(x, "dtype", None) == halves else x for x in arrays]
        result = reference(*wide, **attrs)
        return result.astype(halves) if result.dtype == dt.float32 else result

    return in_float32


def total(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    """The sum over ``axis`` in the dtype of ``x``, added pairwise whichever the axis."""
    axes = normal_axes(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    count = math.prod(x.shape[i] for i in axes)
    rows = np.ascontiguousarray(np.transpose(x, (*kept, *axes))).reshape(*(x.shape[i] for i in kept), count)
    return np.sum(rows, axis=-1, dtype=x.dtype).reshape(reduced(x.shape, axis, keepdims))
