"""What callers of the standard ask for beyond it: NumPy's names for a few things that xarray, einx and others use."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import call, elementwise, indexing, reduction, shape
from ..ops.linalg import einsum
from ..ops.rules import normal_axes
from ..ops.shape import pad, swapaxes, transpose

__all__ = [
    "einsum",
    "median",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "pad",
    "ravel",
    "swapaxes",
    "transpose",
]


def ravel(x: Any, /) -> Any:
    """All elements on one axis."""
    return shape.reshape(x, (-1,))


def nansum(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """The sum over ``axis`` of what is not NaN."""
    return reduction.sum(_filled(x, 0), axis, dtype=dtype, keepdims=keepdims)


def nanprod(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """The product over ``axis`` of what is not NaN."""
    return reduction.prod(_filled(x, 1), axis, dtype=dtype, keepdims=keepdims)


def nanmax(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The largest element over ``axis`` that is not NaN; NaN where there is none."""
    return _unless_empty(x, axis, keepdims, reduction.max(_filled(x, -np.inf), axis, keepdims))


def nanmin(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The smallest element over ``axis`` that is not NaN; NaN where there is none."""
    return _unless_empty(x, axis, keepdims, reduction.min(_filled(x, np.inf), axis, keepdims))


def nanmean(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """The mean over ``axis`` of what is not NaN."""
    total = nansum(x, axis, dtype=dtype, keepdims=keepdims)
    return total / elementwise.astype(_count(x, axis, keepdims), total.dtype)


def nanvar(x: Any, /, axis: Any = None, *, dtype: Any = None, ddof: float = 0.0, keepdims: bool = False) -> Any:
    """The variance over ``axis`` of what is not NaN."""
    x = call.operand(x) if dtype is None else call.operand(x).astype(dtype)
    distance = elementwise.abs(x - nanmean(x, axis, keepdims=True))
    total = nansum(distance * distance, axis, keepdims=keepdims)
    count = elementwise.astype(_count(x, axis, keepdims), total.dtype) - ddof
    return total / elementwise.where(count > 0, count, np.nan)


def nanstd(x: Any, /, axis: Any = None, *, dtype: Any = None, ddof: float = 0.0, keepdims: bool = False) -> Any:
    """The standard deviation over ``axis`` of what is not NaN."""
    return elementwise.sqrt(nanvar(x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims))


def median(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The middle element over ``axis``, or the mean of the two middle ones; NaN if there is one."""
    x = call.operand(x)
    axes = normal_axes(axis, len(x.shape))
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    flat = shape.reshape(shape.permute_dims(x, (*kept, *axes)), (*(x.shape[i] for i in kept), -1))
    line = reduction.sort(flat, -1)
    size = line.shape[-1]
    if not size:
        raise ValueError(f"median of a tensor of shape {x.shape} over axis {axis}: it has no elements there.")
    middle = reduction.mean(indexing.getitem(line, (..., slice((size - 1) // 2, size // 2 + 1))), -1)
    last = indexing.getitem(line, (..., -1))
    result = elementwise.where(elementwise.isnan(last), np.nan, middle)  # NaN is sorted last
    return shape.expand_dims(result, axes) if keepdims and axes else result


def _filled(x: Any, value: Any) -> Any:
    x = call.operand(x)
    return elementwise.where(elementwise.isnan(x), value, x) if x.dtype.kind in "fcV" else x


def _count(x: Any, axis: Any, keepdims: bool) -> Any:
    return reduction.count_nonzero(elementwise.logical_not(elementwise.isnan(x)), axis, keepdims=keepdims)


def _unless_empty(x: Any, axis: Any, keepdims: bool, found: Any) -> Any:
    if found.dtype.kind not in "fV":
        return found
    return elementwise.where(_count(x, axis, keepdims) == 0, np.nan, found)
