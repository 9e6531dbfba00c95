"""The functions whose signature in the standard is stricter than the op's: keywords where it takes positions too."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import discovery
from ..ops import call, reduction, rules
from ..ops import shape as shapes

# Dtypes ---------------------------------------------------------------------------------------------------------------


def astype(x: Any, dtype: Any, /, *, copy: builtins.bool = True, device: str | None = None) -> Any:
    """``x`` converted to ``dtype``; ``copy=False`` gives ``x`` itself where it has that dtype."""
    x = call.operand(x)
    value = x.astype(dtype, copy=copy)
    return value if device is None or device == value.device else value.to(_elsewhere(value, device))


def _elsewhere(x: Any, device: str) -> Any:
    return discovery.get(f"{x.backend.name}:{device}")


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether promotion may turn a dtype (or an array's) into another."""
    return dt.can_cast(dt.as_dtype(getattr(from_, "dtype", from_)), dt.as_dtype(to))


def finfo(type: Any, /) -> dt.finfo:
    """Machine limits of a floating dtype (or an array's), as Python floats."""
    return dt.finfo(type)


def iinfo(type: Any, /) -> dt.iinfo:
    """The range of an integer dtype (or an array's)."""
    return dt.iinfo(type)


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: a dtype, the name of a kind, or a tuple of these."""
    return dt.isdtype(dtype, kind)


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The dtype in which an operation on arrays, dtypes and Python numbers is computed."""
    if not arrays_and_dtypes:
        raise ValueError("result_type needs an array, a dtype or a number; got none.")
    found = [
        type(one) if one.__class__ in dt.SCALARS else dt.as_dtype(getattr(one, "dtype", one))
        for one in arrays_and_dtypes
    ]
    if not builtins.any(isinstance(one, np.dtype) for one in found):
        raise ValueError("result_type needs at least one array or dtype beside Python numbers.")
    return dt.result_type(*found)


# Shapes ---------------------------------------------------------------------------------------------------------------


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The common shape of ``shapes`` by broadcasting."""
    return rules.broadcast(*(tuple(shape) for shape in shapes))


def expand_dims(x: Any, /, axis: Any) -> Any:
    """With new axes of size 1 at the places that ``axis`` names in the result."""
    return shapes.expand_dims(x, axis)


def squeeze(x: Any, /, axis: Any) -> Any:
    """Without the axes that ``axis`` names, each of size 1."""
    return shapes.squeeze(x, axis)


def flip(x: Any, /, *, axis: Any = None) -> Any:
    """The elements in reverse order along ``axis`` (None: along every axis)."""
    return shapes.flip(x, axis)


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The axes in the order that ``axes`` names."""
    return shapes.permute_dims(x, axes)


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """``x`` repeated along new axes and along axes of size 1, to ``shape``."""
    return shapes.broadcast_to(x, shape)


# Reductions -----------------------------------------------------------------------------------------------------------


def all(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """Whether all elements over ``axis`` are true (True where there are none)."""
    return reduction.all(x, axis, keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """Whether any element over ``axis`` is true (False where there are none)."""
    return reduction.any(x, axis, keepdims)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: builtins.bool = False) -> Any:
    """The index of the first largest element along ``axis`` (None: of all, flattened)."""
    return reduction.argmax(x, axis, keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: builtins.bool = False) -> Any:
    """The index of the first smallest element along ``axis`` (None: of all, flattened)."""
    return reduction.argmin(x, axis, keepdims)


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """How many elements over ``axis`` are not 0."""
    return reduction.count_nonzero(x, axis, keepdims=keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The largest element over ``axis``; NaN if there is one."""
    return reduction.max(x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The smallest element over ``axis``; NaN if there is one."""
    return reduction.min(x, axis, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The mean over ``axis``."""
    return reduction.mean(x, axis, keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Any:
    """The product over ``axis``; small integers are multiplied in 32 bits."""
    return reduction.prod(x, axis, dtype=dtype, keepdims=keepdims)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Any:
    """The standard deviation over ``axis``."""
    return reduction.std(x, axis, correction=correction, keepdims=keepdims)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Any:
    """The sum over ``axis``; small integers are summed in 32 bits."""
    return reduction.sum(x, axis, dtype=dtype, keepdims=keepdims)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Any:
    """The variance over ``axis``: squared distances from the mean, divided by ``count - correction``."""
    return reduction.var(x, axis, correction=correction, keepdims=keepdims)


# Order ----------------------------------------------------------------------------------------------------------------


def argsort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Any:
    """The indices that sort ``x`` along ``axis``, NaN last; always stable."""
    return reduction.argsort(x, axis, descending)


def sort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Any:
    """The elements of ``x`` in order along ``axis``, NaN last; always stable."""
    return reduction.sort(x, axis, descending)
