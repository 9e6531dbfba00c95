"""What needs elements in order: quantiles, medians, histograms, and the different values."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes as dt
from ...composed.segments import unsorted_segment_sum
from ...convert import integer
from ...errors import ShapeError, TraceError
from ...ops import creation, elementwise, indexing, reduction
from ...ops import shape as shapes
from ...ops.rules import normal_axes, normal_axis
from ...tensor import Tensor, asarray, concrete
from .elementary import floating

# Quantiles ------------------------------------------------------------------------------------------------------------

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The numbers below which a share ``q`` of the elements over ``axis`` lies; NaN if there is one.

    Args:
        x: a tensor; integers count as float32.
        q: a number from 0 to 1, or a vector of them, which is then the first axis of the result.
        axis: an axis, several, or None for all elements.
        method: what to take between two elements: "linear", their weighted mean; "lower" or "higher"; "midpoint",
            their mean; "nearest", of two at the same distance the one with the even number.
        keepdims: whether the axes stay, with size 1.

    Raises:
        ValueError: for another method, or where there are no elements.
        ShapeError: for a ``q`` of two axes or more.
    """
    x = floating(x)
    found = _quantile(x, q, axis, method, keepdims, skip=False)
    undefined = reduction.any(elementwise.isnan(x), tuple(axis) if isinstance(axis, list) else axis, keepdims)
    return elementwise.where(undefined, math.nan, found)


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` with ``q`` from 0 to 100."""
    x = floating(x)
    return quantile(x, _shares(q, x) / 100, axis, method, keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of the elements that are not NaN; NaN where there are none."""
    return _quantile(floating(x), q, axis, method, keepdims, skip=True)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`nanquantile` with ``q`` from 0 to 100."""
    x = floating(x)
    return nanquantile(x, _shares(q, x) / 100, axis, method, keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle element over ``axis`` of those that are not NaN, or the mean of the two middle ones."""
    return nanquantile(x, 0.5, axis, "midpoint", keepdims)


def _shares(q: Any, x: Any) -> Any:
    """The quantiles asked for, in the dtype of ``x``."""
    return elementwise.astype(q, x.dtype) if hasattr(q, "backend") else asarray(q, dtype=x.dtype, backend=x.backend)


def _quantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, skip: bool) -> Any:
    """Elements at places between the first and the last in order, the last of those that are not NaN if ``skip``."""
    if method not in _METHODS:
        raise ValueError(f"quantiles have the methods {', '.join(_METHODS)}; got {method!r}.")
    shares = _shares(q, x)
    if len(shares.shape) > 1:
        raise ShapeError(f"quantiles are a number or a vector; got q of shape {shares.shape}.")
    axes = normal_axes(axis, len(x.shape))
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    moved = shapes.permute_dims(x, (*kept, *axes))
    line = reduction.sort(shapes.reshape(moved, (*moved.shape[: len(kept)], -1)), -1)  # NaN is sorted last
    size = line.shape[-1]
    if not size:
        raise ValueError(f"quantile of a tensor of shape {x.shape} over axis {axis}: it has no elements there.")
    last: Any = size - 1
    if skip:
        count = reduction.count_nonzero(elementwise.logical_not(elementwise.isnan(line)), -1, keepdims=True)
        last = elementwise.astype(elementwise.maximum(count - 1, 0), x.dtype)
    place = shapes.reshape(shares, (*[1] * len(kept), -1)) * last
    place = shapes.broadcast_to(place, (*line.shape[:-1], place.shape[-1]))
    found = _between(line, place, method)
    found = shapes.reshape(shapes.moveaxis(found, -1, 0), (*shares.shape, *line.shape[:-1]))
    if not keepdims:
        return found
    return shapes.reshape(found, (*shares.shape, *(1 if i in axes else n for i, n in enumerate(x.shape))))


def _between(line: Any, place: Any, method: str) -> Any:
    """The elements at fractional places of an ordered last axis."""

    def at(place: Any) -> Any:
        return indexing.take_along_axis(line, elementwise.astype(elementwise.stop_gradient(place), dt.int64), axis=-1)

    if method in ("lower", "higher", "nearest"):
        rounded = {"lower": elementwise.floor, "higher": elementwise.ceil, "nearest": elementwise.round}[method]
        return at(rounded(place))
    low, high = at(elementwise.floor(place)), at(elementwise.ceil(place))
    weight = 0.5 if method == "midpoint" else place - elementwise.floor(place)
    apart = elementwise.not_equal(low, high)  # equal infinities have no difference
    return low + elementwise.where(apart, elementwise.where(apart, high - low, 0) * weight, 0)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """How far the largest and the smallest element over ``axis`` are apart."""
    x = asarray(x)
    return reduction.max(x, axis, keepdims) - reduction.min(x, axis, keepdims)


def argpartition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """Indices along ``axis`` (None: of all elements), the ``kth + 1`` smallest first: they are all in order."""
    x = asarray(x)
    line = shapes.reshape(x, (-1,)) if axis is None else x
    place = normal_axis(-1 if axis is None else axis, len(line.shape))
    size = line.shape[place]
    for one in kth if isinstance(kth, (list, tuple)) else (kth,):
        if not -size <= integer("argpartition", "kth", one) < size:
            raise ValueError(f"argpartition has kth from {-size} to {size - 1} for size {size}; got {kth!r}.")
    return reduction.argsort(line, place)


# Counting -------------------------------------------------------------------------------------------------------------


def digitize(x: Any, bins: Any) -> Any:
    """How many of the ``bins``' edges, which rise or fall, an element has reached, as int64.

    Raises:
        ShapeError: for edges that are no vector.
    """
    x, edges = creation.alike(asarray(x), asarray(bins))
    if len(edges.shape) != 1:
        raise ShapeError(f"digitize needs a vector of edges; got shape {edges.shape}.")
    rising = reduction.searchsorted(edges, x, side="right")
    if not edges.shape[0]:
        return rising
    falling = edges.shape[0] - reduction.searchsorted(shapes.flip(edges), x, side="left")
    return elementwise.where(elementwise.greater_equal(edges[-1], edges[0]), rising, falling)


def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Any, Any]:
    """How many elements lie in each of neighbouring intervals, and the edges between these.

    Args:
        x: a tensor of any shape.
        bins: how many equal intervals, or a vector of rising edges. The last interval contains both its ends.
        range: the first and the last edge; the smallest and the largest element if left out.

    Returns:
        the counts and the edges, both of the dtype of the elements (float32 for integers).

    Raises:
        ValueError: for fewer than one interval, or a range that does not rise.
    """
    line = shapes.reshape(floating(x), (-1,))
    edges = floating(bins) if _is_vector(bins) else _even_edges(line, bins, range)
    count = edges.shape[0] - 1
    place = reduction.searchsorted(edges, line, side="right") - 1
    place = elementwise.where(elementwise.equal(line, edges[-1]), count - 1, place)
    place = elementwise.where(elementwise.greater_equal(place, count), -1, place)
    place = elementwise.where(elementwise.isnan(line), -1, place)
    return unsorted_segment_sum(creation.ones_like(line), place, count), edges


def _is_vector(bins: Any) -> bool:
    return isinstance(bins, (list, tuple)) or bool(getattr(bins, "shape", ()))


def _even_edges(line: Any, bins: Any, limits: Any) -> Any:
    count = integer("histogram", "bins", bins)
    if count < 1:
        raise ValueError(f"histogram needs 1 bin or more; got {count}.")
    if limits is not None:
        low, high = (elementwise.asarray_like(end, line) for end in limits)
        if not limits[0] <= limits[1]:
            raise ValueError(f"histogram needs a range that rises; got {limits!r}.")
    elif line.shape[0]:
        low, high = reduction.min(line), reduction.max(line)
    else:
        low, high = creation.full((), 0.0, line.dtype), creation.full((), 1.0, line.dtype)
    flat = elementwise.equal(low, high)
    low, high = elementwise.where(flat, low - 0.5, low), elementwise.where(flat, high + 0.5, high)
    steps = creation.arange(count, dtype=line.dtype, backend=line.backend) / count
    return shapes.concat([low + (high - low) * steps, shapes.reshape(high, (1,))])


# The different values -------------------------------------------------------------------------------------------------


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements in order, or with ``axis`` the different slices; every NaN is a value of its own.

    Args:
        x: a tensor.
        sorted: accepted and ignored: they are always in order.
        return_index: whether to return where each first occurs.
        return_inverse: whether to return which one each element (or slice) is.
        return_counts: whether to return how often each occurs.
        axis: the axis of the slices; None for single elements of all axes.
        size: how many to return: those too many are left out, those that lack are ``fill_value``. Without it their
            number is data, which no traced function can wait for.
        fill_value: what fills up; the first one if left out.

    Returns:
        the values, alone or in a tuple with what else was asked for, in the order of the arguments, as int64.
    """
    x = asarray(x)
    place = 0 if axis is None else normal_axis(axis, len(x.shape))
    rows = shapes.reshape(x, (-1, 1)) if axis is None else shapes.moveaxis(x, place, 0)
    table = shapes.reshape(rows, (rows.shape[0], math.prod(rows.shape[1:])))
    length = table.shape[0]
    order = _lexical_order(table)
    in_order = indexing.take(table, order, axis=0)
    fresh = reduction.any(elementwise.not_equal(in_order[1:], in_order[:-1]), -1)
    number = elementwise.astype(reduction.cumulative_sum(elementwise.astype(fresh, dt.int64)), dt.int64)
    number = shapes.concat([creation.zeros((min(length, 1),), dt.int64, backend=x.backend), number])
    count = _how_many(number) if size is None else integer("unique", "size", size)
    first = reduction.searchsorted(number, creation.arange(count + 1, dtype=dt.int64, backend=x.backend))
    kept = indexing.take(order, elementwise.minimum(first[:-1], max(length - 1, 0)), axis=0) if length else first[:-1]
    there = elementwise.less(first[:-1], length)
    kept = elementwise.where(there, kept, kept[0]) if count and length else kept
    values = indexing.take(rows, kept, axis=0)
    if fill_value is not None and size is not None:
        values = elementwise.where(shapes.reshape(there, (-1, *[1] * (len(rows.shape) - 1))), values, fill_value)
    values = shapes.reshape(values, (-1,)) if axis is None else shapes.moveaxis(values, 0, place)
    found = [values]
    if return_index:
        found.append(kept)
    if return_inverse:
        inverse = indexing.index_set(creation.zeros_like(order), order, number) if length else order
        found.append(shapes.reshape(inverse, x.shape) if axis is None else inverse)
    if return_counts:
        found.append(first[1:] - first[:-1])
    return tuple(found) if len(found) > 1 else values


def _lexical_order(table: Any) -> Any:
    """The stable order of rows by their first column, then their second, and so on."""
    order = reduction.argsort(creation.zeros_like(table[:, 0], dt.int32)) if not table.shape[1] else None
    for column in reversed(range(table.shape[1])):
        line = table[:, column]
        order = reduction.argsort(line) if order is None else order[reduction.argsort(line[order])]
    return order


def _how_many(number: Tensor) -> int:
    if not concrete(number):
        raise TraceError("unique without size= gives as many values as there are, which a traced function cannot know.")
    return int(number[-1]) + 1 if number.shape[0] else 0
