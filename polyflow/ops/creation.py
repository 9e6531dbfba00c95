"""Creation: tensors from numbers. Values are worked out on the host, so that they are the same bits everywhere."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..convert import LARGEST, converted, held, integer, number, short, to_host
from ..errors import DTypeError, ShapeError
from . import call
from .attributes import Attrs
from .declare import OPS, checked_sizes, op, shape_tuple
from .rules import Rule, Spec


@op(Rule(lambda name, given: (), lambda *, shape, fill_value, dtype: Spec(shape, dtype)), name="full")
def _full(*, shape, fill_value, dtype):
    return np.full(shape, fill_value, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, *, backend: Any = None) -> Any:
    """A tensor of ``shape`` holding ``fill_value`` everywhere.

    Args:
        shape: an integer or a sequence of integers, 0 or more.
        fill_value: a Python or NumPy number, or a 0-d tensor.
        dtype: the dtype; without it the number's own (float32, int32, complex64 or bool).
        backend: where to make it; the current backend if left out.

    Raises:
        ShapeError: for negative sizes, or a ``fill_value`` with axes. DTypeError: for one that is no number, or that
            ``dtype`` does not hold. OverflowError: for an integer outside the range of ``dtype``.
    """
    if fill_value.__class__ is int or fill_value.__class__ is bool:
        given = None if dtype is None else dt.as_dtype(dtype)
        return call.create(_FULL, _filling(shape_tuple(shape), fill_value, given), backend)
    sizes = checked_sizes(shape_tuple(shape), None if dtype is None else dt.as_dtype(dtype))
    if fill_value.__class__ is float and (dtype is None or dtype is dt.float32) and -LARGEST <= fill_value <= LARGEST:
        return call.create(_FULL, {"shape": sizes, "fill_value": fill_value, "dtype": dt.float32}, backend)
    if getattr(fill_value, "shape", ()):
        raise ShapeError(f"full needs one fill_value; got one of shape {tuple(fill_value.shape)}. Use broadcast_to.")
    if hasattr(fill_value, "read"):  # a tensor, which may be traced or watched
        value = call.operand(fill_value)
        value = value if dtype is None else value.astype(dtype, copy=False)
        return call.apply(OPS["broadcast_to"], (value,), {"shape": sizes})
    value = fill_value.item() if hasattr(fill_value, "item") else fill_value
    given = getattr(fill_value, "dtype", None) if dtype is None else dtype
    if not isinstance(value, dt.SCALARS):
        raise DTypeError(f"full needs a number as fill_value; got {short(value)} ({type(value).__name__}).")
    target = dt.default(value) if given is None else dt.as_dtype(given)
    return call.create(_FULL, {"shape": sizes, "fill_value": held(value, target), "dtype": target}, backend)


_FULL = OPS["full"]


def filled(shape: Any, bit: int, dtype: Any, backend: Any) -> Any:
    """`full` of 0 or 1, which every dtype holds."""
    target = dtype if dtype is dt.DEFAULT_FLOAT else dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
    return call.create(_FULL, _filling(shape_tuple(shape), bit, target), backend)


@lru_cache(4096, typed=True)
def _filling(shape: tuple[int, ...], value: int, dtype: np.dtype | None) -> Attrs:
    """The attributes of `full` that fill a shape with an integer, or a boolean, which the dtype has to hold."""
    target = dt.default(value) if dtype is None else dtype
    sizes = checked_sizes(shape, target)
    return Attrs(_FULL, {"shape": sizes, "fill_value": held(value, target), "dtype": target})


def zeros(shape: Any, dtype: Any = None, *, backend: Any = None) -> Any:
    """A tensor of zeros, of float32 if no dtype is given."""
    return filled(shape, 0, dtype, backend)


def ones(shape: Any, dtype: Any = None, *, backend: Any = None) -> Any:
    """A tensor of ones, of float32 if no dtype is given."""
    return filled(shape, 1, dtype, backend)


def full_like(x: Any, /, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of ``x``'s shape, dtype and backend holding ``fill_value``."""
    if not hasattr(x, "backend"):
        x = call.operand(x)
    return full(x.shape, fill_value, x.dtype if dtype is None else dtype, backend=x.backend)


def zeros_like(x: Any, /, dtype: Any = None) -> Any:
    """Zeros of ``x``'s shape, dtype and backend."""
    return _filled_like(x, 0, dtype)


def ones_like(x: Any, /, dtype: Any = None) -> Any:
    """Ones of ``x``'s shape, dtype and backend."""
    return _filled_like(x, 1, dtype)


def _filled_like(x: Any, bit: int, dtype: Any) -> Any:
    if not hasattr(x, "backend"):
        x = call.operand(x)
    sizes = x.array.shape if x.__class__ is call.kind else x.shape
    return filled(sizes, bit, x.dtype if dtype is None else dtype, x.backend)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, backend: Any = None) -> Any:
    """Numbers from ``start`` up to but without ``stop`` in steps of ``step`` (``arange(stop)`` starts at 0).

    The dtype is int32 where all three are integers (int64 if they do not fit), else float32.
    """
    first, last = (0, start) if stop is None else (start, stop)
    if (dtype is None or dtype is dt.int32 or dtype is dt.int64) and step and _all_near(first, last, step):
        return call.fresh(np.arange(first, last, step, dtype=dtype or dt.int32), backend)
    bounds = [number("arange", bound) for bound in (first, last, step)]
    if bounds[2] == 0:
        raise ValueError("arange needs a step other than 0.")
    if not all(map(math.isfinite, bounds)):
        raise ValueError(f"numbers in steps need finite ends and steps; got {bounds[0]}, {bounds[1]} and {bounds[2]}.")
    target = dt.as_dtype(dtype) if dtype is not None else _range_dtype(bounds)
    count = max(math.ceil((bounds[1] - bounds[0]) / bounds[2]), 0)
    checked_sizes((count,), dt.float64)
    if all(isinstance(bound, int) for bound in bounds):
        values = np.arange(*bounds, dtype=np.int64)
    else:
        values = bounds[0] + np.arange(count, dtype=np.float64) * bounds[2]
    return call.fresh(converted(values, target), backend)


_FAR = 2**31


def _all_near(*numbers: Any) -> bool:
    """Whether all are Python integers that int32 holds, and so whatever lies between them."""
    for one in numbers:  # noqa: SIM110  (half the time that `all` takes)
        if one.__class__ is not int or not -_FAR < one < _FAR:
            return False
    return True


def _range_dtype(bounds: list[Any]) -> np.dtype:
    dtype = dt.result_type(*(type(bound) for bound in bounds))
    return dt.promote(dtype, dt.promote(dt.default(bounds[0]), dt.default(bounds[1]))) if dtype is dt.int32 else dtype


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, endpoint: bool = True, axis: int = 0, backend: Any = None
) -> Any:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, computed in float64 and rounded once.

    The ends may be tensors or lists, which broadcast; the new axis is then ``axis``. The dtype is float32 unless an end
    is a tensor or an array of a wider float, or ``dtype`` is given.
    """
    count = integer("linspace", "num", num)
    if count < 0:
        raise ValueError(f"linspace needs num >= 0; got {num}.")
    checked_sizes((count,), dt.float64)
    for end in (start, stop):
        to_host(end, dt.complex128)  # raises where it holds no numbers
    ends = [np.asarray(end.numpy() if hasattr(end, "numpy") else end) for end in (start, stop)]
    given = [
        dt.as_dtype(end.dtype)
        if hasattr(end, "dtype")
        else dt.DEFAULT_COMPLEX
        if host.dtype.kind == "c"
        else dt.DEFAULT_FLOAT
        for end, host in zip((start, stop), ends, strict=True)
    ]
    common = dt.result_type(*given)
    target = dt.as_dtype(dtype) if dtype is not None else common if common in dt.INEXACT else dt.DEFAULT_FLOAT
    wide = np.complex128 if any(host.dtype.kind == "c" for host in ends) else np.float64
    values = np.linspace(ends[0].astype(wide), ends[1].astype(wide), count, endpoint=endpoint, axis=axis)
    return call.fresh(converted(np.floor(values) if target in dt.INTEGERS else values, target), backend)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, backend: Any = None) -> Any:
    """A matrix with ones on its ``k``-th diagonal and zeros elsewhere, of float32 if no dtype is given."""
    target = dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
    checked_sizes(shape_tuple((n_rows, n_rows if n_cols is None else n_cols)), target)
    return call.fresh(np.eye(n_rows, n_cols, k, target), backend)


def alike(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two arguments in their common dtype; a Python number takes the other's backend."""
    given = [x if x.__class__ in dt.SCALARS else call.operand(x) for x in (x1, x2)]
    dtype = dt.result_type(*[x.__class__ if x.__class__ in dt.SCALARS else x.dtype for x in given])
    backend = next((x.backend for x in given if hasattr(x, "backend")), None)
    first, second = (
        full((), x, dtype, backend=backend) if x.__class__ in dt.SCALARS else x.astype(dtype, copy=False) for x in given
    )
    return first, second
