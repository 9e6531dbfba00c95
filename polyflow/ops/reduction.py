"""Reductions and cumulative ops, sorting and searching."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import ANY, check_numbers
from ..errors import ShapeError
from . import call
from .creation import alike, zeros_like
from .declare import gradient, op
from .elementwise import (
    astype,
    conj,
    equal,
    exp,
    imag,
    isinf,
    log,
    not_equal,
    real,
    sqrt,
    square,
    stop_gradient,
    where,
)
from .indexing import take, take_along_axis
from .reference import total, widened
from .rules import Rule, Spec, along, common, normal_axes, normal_axis, reduced, reduction
from .shape import broadcast_to, expand_dims, flip, pad, permute_dims, reshape


def _spread(value: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced value laid over the elements it came from."""
    shape = reduced(x.shape, axis, True)
    return broadcast_to(value if keepdims else reshape(value, shape), x.shape)


@op(reduction("accumulating"), name="sum")
@widened
def _sum(x, /, axis=None, keepdims=False):
    return total(x, axis, keepdims)


gradient(_sum, lambda g, y, x, *, axis, keepdims: _spread(g, x, axis, keepdims))


def sum(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """The sum over ``axis`` (an integer, a tuple, None for all).

    Booleans and integers narrower than 32 bits are summed in int32, or uint32 where they are unsigned.
    """
    if dtype is not None:
        return _as(_sum(_as(x, dtype), axis, keepdims), dtype)
    return _sum(x, axis, keepdims)


@op(reduction("accumulating"), name="prod")
@widened
def _prod(x, /, axis=None, keepdims=False):
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _prod_gradient(g, y, x, *, axis, keepdims):
    """The product of all the other elements, from both sides, so that zeros are right."""
    axes = normal_axes(axis, len(x.shape))
    if not math.prod(x.shape):
        return zeros_like(x)
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    order = (*kept, *axes)
    count = math.prod(x.shape[i] for i in axes)
    flat = reshape(permute_dims(x, order), (*(x.shape[i] for i in kept), count))
    others = _products_before(flat) * flip(_products_before(flip(flat, -1)), -1)
    spread = reshape(others, tuple(x.shape[i] for i in order))
    inverse = tuple(order.index(i) for i in range(len(order)))
    return _spread(g, x, axis, keepdims) * conj(permute_dims(spread, inverse))


def _products_before(x: Any) -> Any:
    """Along the last axis, the product of the elements before each one."""
    ahead = pad(x[..., :-1], [(0, 0)] * (len(x.shape) - 1) + [(1, 0)], constant_values=1)
    return _cumulative_prod(ahead, -1)


gradient(_prod, _prod_gradient)


def prod(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Any:
    """The product over ``axis``. Small integers and booleans are multiplied in int32 or uint32."""
    return _prod(x, axis, keepdims) if dtype is None else _as(_prod(_as(x, dtype), axis, keepdims), dtype)


def _as(x: Any, dtype: Any) -> Any:
    return call.operand(x).astype(dtype, copy=False)


@op(reduction("floating"))
@widened
def mean(x, /, axis=None, keepdims=False):
    """The mean over ``axis``; integers in float32. NaN where there are no elements."""
    sums = total(x, axis, keepdims)
    return sums / x.real.dtype.type(x.size // sums.size) if x.size else np.full_like(sums, np.nan)


gradient(
    mean,
    lambda g, y, x, *, axis, keepdims: _spread(g * (1.0 / _count(x.shape, axis)), x, axis, keepdims),
)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements go into one result of a reduction (1 where there are none)."""
    return math.prod(shape[i] for i in normal_axes(axis, len(shape))) or 1


def var(x: Any, /, axis: Any = None, *, correction: float = 0, keepdims: bool = False) -> Any:
    """The variance over ``axis``: the mean squared distance from the mean, divided by ``count - correction``."""
    if correction.__class__ is not int:
        check_numbers("var", ANY, correction=correction)
    x = call.operand(x)
    count = math.prod(x.shape[i] for i in normal_axes(axis, len(x.shape)))
    total = sum(_squared_size(x - mean(x, axis, True)), axis, keepdims=keepdims)
    return total / float(count - correction) if count > correction else total * float("nan")


def std(x: Any, /, axis: Any = None, *, correction: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation over ``axis``; its gradient where all elements are equal is 0."""
    return _safe_sqrt(var(x, axis, correction=correction, keepdims=keepdims))


def _squared_size(x: Any) -> Any:
    """``|x|**2``, in a form that has all derivatives."""
    return square(x) if x.dtype not in dt.COMPLEX else square(real(x)) + square(imag(x))


def _safe_sqrt(x: Any) -> Any:
    """The square root with gradient 0 at 0."""
    if call.interpreter.get() is None:  # nobody will ask for the gradient
        return sqrt(x)
    zero = equal(x, 0)
    return where(zero, 0, sqrt(where(zero, 1, x)))


def norm(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The Euclidean norm over ``axis``; its gradient at 0 is 0."""
    x = call.operand(x)
    squares = _squared_size(x if x.dtype in dt.INEXACT else _as(x, dt.DEFAULT_FLOAT))
    return _safe_sqrt(sum(squares, axis, keepdims=keepdims))


# Extremes ---------------------------------------------------------------------------------------------------------


@op(reduction("ordered", empty=False))
def max(x, /, axis=None, keepdims=False):
    """The largest element over ``axis``; NaN if there is one. Equal largest elements share the gradient."""
    return np.max(x, axis=axis, keepdims=keepdims)


@op(reduction("ordered", empty=False))
def min(x, /, axis=None, keepdims=False):
    """The smallest element over ``axis``; NaN if there is one. Equal smallest elements share the gradient."""
    return np.min(x, axis=axis, keepdims=keepdims)


def _extreme_gradient(g, y, x, *, axis, keepdims):
    chosen = astype(equal(x, _spread(y, x, axis, keepdims)), g.dtype)
    share = chosen / sum(chosen, axis, keepdims=True)
    return _spread(g, x, axis, keepdims) * share


gradient(max, _extreme_gradient)
gradient(min, _extreme_gradient)


@op(reduction("ordered", "index", empty=False, several=False))
def argmax(x, /, axis=None, keepdims=False):
    """The index of the first largest element along ``axis`` (of the first NaN, if any), as int64."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@op(reduction("ordered", "index", empty=False, several=False))
def argmin(x, /, axis=None, keepdims=False):
    """The index of the first smallest element along ``axis`` (of the first NaN, if any), as int64."""
    return np.argmin(x, axis=axis, keepdims=keepdims)


# Logic ------------------------------------------------------------------------------------------------------------


@op(reduction("boolean", "bool"))
def any(x, /, axis=None, keepdims=False):
    """Whether any element over ``axis`` is true (False where there are none)."""
    return np.any(x, axis=axis, keepdims=keepdims)


@op(reduction("boolean", "bool"))
def all(x, /, axis=None, keepdims=False):
    """Whether all elements over ``axis`` are true (True where there are none)."""
    return np.all(x, axis=axis, keepdims=keepdims)


def count_nonzero(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """How many elements over ``axis`` are not 0, as int64."""
    x = call.operand(x)
    return sum(astype(not_equal(x, 0) if x.dtype is not dt.bool_ else x, dt.int64), axis, keepdims=keepdims)


# Cumulative -------------------------------------------------------------------------------------------------------


@op(along("accumulating"), name="cumulative_sum")
@widened
def _cumulative_sum(x, /, axis=-1):
    return np.cumsum(x, axis=axis, dtype=x.dtype)


gradient(_cumulative_sum, lambda g, y, x, *, axis: flip(_cumulative_sum(flip(g, axis), axis), axis))


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The running sum along ``axis`` (not needed where there is one axis), starting with 0 if ``include_initial``."""
    return _cumulate(_cumulative_sum, x, axis, dtype, 0 if include_initial else None)


@op(along("accumulating"), name="cumulative_prod")
@widened
def _cumulative_prod(x, /, axis=-1):
    return np.cumprod(x, axis=axis, dtype=x.dtype)


def _cumulative_prod_gradient(g, y, x, *, axis):
    """Each element's share in the products after it; elements equal to 0 are seen as factors of their own."""
    place = normal_axis(axis, len(x.shape))
    size = x.shape[place]
    last = (*(i for i in range(len(x.shape)) if i != place), place)
    flat, cotangent = permute_dims(x, last), permute_dims(g, last)
    rows = broadcast_to(expand_dims(flat, -2), (*flat.shape[:-1], size, size))
    diagonal = call.constant(np.eye(size, dtype=bool), x.backend)
    products = _cumulative_prod(where(diagonal, 1, rows), -1)
    upper = call.constant(np.triu(np.ones((size, size), bool)), x.backend)
    result = sum(where(upper, conj(products), 0) * expand_dims(cotangent, -2), -1)
    return permute_dims(result, tuple(last.index(i) for i in range(len(last))))


gradient(_cumulative_prod, _cumulative_prod_gradient)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The running product along ``axis`` (not needed where there is one axis), from 1 on if ``include_initial``."""
    return _cumulate(_cumulative_prod, x, axis, dtype, 1 if include_initial else None)


def _cumulate(function: Any, x: Any, axis: int | None, dtype: Any, initial: int | None) -> Any:
    x = call.operand(x)
    if axis is None and len(x.shape) != 1:
        raise ValueError(f"a cumulative op needs axis= for a tensor of shape {x.shape}.")
    place = normal_axis(0 if axis is None else axis, len(x.shape))
    result = function(x, place) if dtype is None else _as(function(_as(x, dtype), place), dtype)
    if initial is None:
        return result
    return pad(result, [(1 if i == place else 0, 0) for i in range(len(x.shape))], constant_values=initial)


# Sorting and searching --------------------------------------------------------------------------------------------


def _descending(order: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """A stable descending order, NaN last, by ascending order of the flipped array."""
    back = x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=True), axis)
    if x.dtype.kind != "f":
        return back
    behind = np.take_along_axis(np.isnan(x), back, axis)
    return np.take_along_axis(back, np.argsort(behind, axis=axis, stable=True), axis)


@op(along("ordered", "index"), name="argsort")
@widened
def _argsort(x, /, axis=-1, descending=False):
    order = np.argsort(x, axis=axis, stable=True)
    return _descending(order, x, axis) if descending else order


@op(along("ordered"), name="sort")
@widened
def _sort(x, /, axis=-1, descending=False):
    if descending:
        return np.take_along_axis(x, _descending(x, x, axis), axis)
    return np.sort(x, axis=axis, stable=True)


def _sort_gradient(g, y, x, *, axis, descending):
    back = _argsort(_argsort(x, axis, descending), axis, False)
    return take_along_axis(g, back, axis=axis)


gradient(_sort, _sort_gradient)


def argsort(x: Any, /, axis: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
    """The indices that sort ``x`` along ``axis``, as int64, NaN last; always stable, whatever ``stable`` says."""
    return _argsort(x, axis, descending)


def sort(x: Any, /, axis: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
    """The elements of ``x`` in order along ``axis``, NaN last; always stable, whatever ``stable`` says."""
    return _sort(x, axis, descending)


def _searchsorted_shape(x1: Spec, x2: Spec, *, side: str) -> Spec:
    if len(x1.shape) != 1:
        raise ShapeError(f"expected a one-dimensional sorted tensor; got one of shape {x1.shape}.")
    return Spec(x2.shape, dt.int64)


@op(Rule(common("ordered"), _searchsorted_shape), name="searchsorted")
@widened
def _searchsorted(x1, x2, /, side: Any = "left"):
    return np.searchsorted(x1, x2, side=side)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Where each element of ``x2`` would go in the sorted one-dimensional ``x1``, as int64."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted has side 'left' or 'right'; got {side!r}.")
    x1, x2 = alike(x1, x2)
    if sorter is not None:
        x1 = take(x1, sorter, axis=0)
    return _searchsorted(x1, x2, side=side)


# Exponential sums -------------------------------------------------------------------------------------------------


@op(
    reduction("floating"),
    decomposition=lambda x, *, axis, keepdims: _logsumexp_by_parts(x, axis, keepdims),
    standard=False,
)
def logsumexp(x, /, axis=None, keepdims=False):
    """``log(sum(exp(x)))`` over ``axis`` without overflow."""
    with np.errstate(all="ignore"):
        top = np.max(x.real, axis=axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isinf(top), 0, top)
        result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
        return result.reshape(reduced(x.shape, axis, keepdims)).astype(x.dtype)


def _shifted(x: Any, axis: Any) -> tuple[Any, Any, Any]:
    """``exp(x - top)``, its sum, and ``top``, the largest element (0 where that is infinite)."""
    top = max(real(x) if x.dtype in dt.COMPLEX else x, axis, True)
    top = stop_gradient(where(isinf(top), 0, top))
    terms = exp(x - top)
    return terms, sum(terms, axis, keepdims=True), top


def _logsumexp_by_parts(x: Any, axis: Any, keepdims: bool) -> Any:
    if not math.prod(x.shape):
        return log(sum(exp(x), axis, keepdims=keepdims))
    _, total, top = _shifted(x, axis)
    return reshape(log(total) + top, reduced(x.shape, axis, keepdims))


def _logsumexp_gradient(g, y, x, *, axis, keepdims):
    """The softmax of ``x``, by its own sum: ``exp(x - y)`` would lose the digits that rounding ``y`` has lost."""
    if not math.prod(x.shape):
        return zeros_like(x)
    terms, total, _ = _shifted(x, axis)
    empty = equal(total, 0)
    return _spread(g, x, axis, keepdims) * conj(where(empty, 0, terms / where(empty, 1, total)))


gradient(logsumexp, _logsumexp_gradient)
