"""Running sums and places of extremes that pass over NaN."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes as dt
from ...ops import elementwise, reduction
from ...ops import shape as shapes
from ...tensor import asarray


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of each element and those before it, NaN as 0; of all elements in a row without an axis."""
    return _running(reduction.cumulative_sum, x, 0, axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of each element and those before it, NaN as 1; of all elements in a row without an axis."""
    return _running(reduction.cumulative_prod, x, 1, axis, dtype)


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest element along ``axis`` that is not NaN, as int64; -1 where there is none."""
    return _place(reduction.argmax, x, -math.inf, axis, keepdims)


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest element along ``axis`` that is not NaN, as int64; -1 where there is none."""
    return _place(reduction.argmin, x, math.inf, axis, keepdims)


def _running(function: Any, x: Any, neutral: int, axis: int | None, dtype: Any) -> Any:
    found = asarray(x)
    if found.dtype in dt.INEXACT:
        found = elementwise.where(elementwise.isnan(found), neutral, found)
    line = shapes.reshape(found, (-1,)) if axis is None else found
    return function(line, axis=0 if axis is None else axis, dtype=dtype)


def _place(function: Any, x: Any, least: float, axis: int | None, keepdims: bool) -> Any:
    found = asarray(x)
    if found.dtype not in dt.FLOATING:
        return function(found, axis, keepdims)
    missing = elementwise.isnan(found)
    place = function(elementwise.where(missing, least, found), axis, keepdims)
    return elementwise.where(reduction.all(missing, axis, keepdims), -1, place)
