"""Segments: rows that have the same id belong together, and are summed, averaged, or compared with one another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes as dt
from ..flow.transforms import custom_gradient
from ..ops import creation, elementwise, indexing, reduction
from ..ops.shape import reshape
from ..tensor import Tensor, asarray


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The sums of the rows of ``data`` that have the same segment id; 0 for a segment without rows.

    Rows with a negative id belong to no segment.
    """
    rows, ids = asarray(data), asarray(segment_ids)
    inner = rows.shape[len(ids.shape) :]
    empty = creation.zeros((int(num_segments), *inner), rows.dtype, backend=rows.backend)
    nowhere = elementwise.less(ids, 0)
    kept = elementwise.where(_beside(nowhere, inner), 0, rows)
    return indexing.index_add(empty, elementwise.where(nowhere, 0, ids), kept)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """`unsorted_segment_sum` with as many segments as the ids say. (Not for traced functions: that is data.)"""
    return unsorted_segment_sum(data, segment_ids, how_many(segment_ids))


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The means of the rows of ``data`` that have the same segment id; 0 for a segment without rows."""
    return _sums_over(data, segment_ids, num_segments, lambda counts: counts)


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The sums of the rows of ``data`` that have the same segment id, divided by the square root of their number."""
    return _sums_over(data, segment_ids, num_segments, elementwise.sqrt)


def _sums_over(data: Any, segment_ids: Any, num_segments: int, divisor: Callable[[Tensor], Tensor]) -> Tensor:
    """The sums of segments, divided by a function of the number of rows."""
    rows, ids = asarray(data), asarray(segment_ids)
    sums = unsorted_segment_sum(rows, ids, num_segments)
    counts = elementwise.maximum(_rows_of(ids, num_segments), 1)  # more than a half may hold
    found = sums / divisor(elementwise.astype(_beside(counts, sums.shape[1:]), dt.DEFAULT_FLOAT))
    return elementwise.astype(found, sums.dtype) if sums.dtype in dt.INEXACT else found


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """`unsorted_segment_mean` with as many segments as the ids say. (Not for traced functions: that is data.)"""
    return unsorted_segment_mean(data, segment_ids, how_many(segment_ids))


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The largest of the rows of ``data`` that have the same segment id, element by element.

    A segment without rows has the smallest number of the dtype; rows with a negative id belong to no segment. Equal
    elements share the gradient.
    """
    return _extreme(data, segment_ids, num_segments, largest=True)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The smallest of the rows, as `unsorted_segment_max`; a segment without rows has the dtype's largest number."""
    return _extreme(data, segment_ids, num_segments, largest=False)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """`unsorted_segment_max` with as many segments as the ids say; 0 for one without rows. (Not for traced code.)"""
    return _with_zeros(unsorted_segment_max, data, segment_ids)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """`unsorted_segment_min` with as many segments as the ids say; 0 for one without rows. (Not for traced code.)"""
    return _with_zeros(unsorted_segment_min, data, segment_ids)


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Tensor:
    """The products of the rows of ``data`` that have the same segment id; 1 for a segment without rows.

    Rows with a negative id belong to no segment. Memory is taken for each row in each segment.
    """
    rows, ids = asarray(data), reshape(asarray(segment_ids), (-1,))
    inner = rows.shape[len(asarray(segment_ids).shape) :]
    segments = creation.arange(int(num_segments), backend=rows.backend)
    own = elementwise.equal(ids, indexing.getitem(segments, (slice(None), None)))
    factors = elementwise.where(_beside(own, inner), reshape(rows, (*ids.shape, *inner)), 1)
    return reduction.prod(factors, axis=1, dtype=rows.dtype)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """`unsorted_segment_prod` with as many segments as the ids say. (Not for traced functions: that is data.)"""
    return unsorted_segment_prod(data, segment_ids, how_many(segment_ids))


def how_many(segment_ids: Any) -> int:
    """How many segments there are, by the largest id."""
    return int(asarray(segment_ids).numpy().max(initial=-1)) + 1


def _rows_of(ids: Tensor, count: int) -> Tensor:
    """How many rows each segment has."""
    return unsorted_segment_sum(creation.ones(ids.shape, dt.int64, backend=ids.backend), ids, count)


def _beside(values: Tensor, inner: tuple[int, ...]) -> Tensor:
    """A value for each row or segment, with axes to stand beside rows of this shape."""
    return indexing.getitem(values, (..., *[None] * len(inner)))


def _with_zeros(function: Any, data: Any, segment_ids: Any) -> Tensor:
    rows, ids = asarray(data), asarray(segment_ids)
    count = how_many(ids)
    found = function(rows, ids, count)
    return elementwise.where(_beside(elementwise.greater(_rows_of(ids, count), 0), found.shape[1:]), found, 0)


def _extreme(data: Any, segment_ids: Any, count: int, largest: bool) -> Tensor:
    """The rows are sorted, then sorted by segment with equal ids in order; each segment's last row is what is asked."""
    rows, ids = asarray(data), asarray(segment_ids)
    inner = rows.shape[len(ids.shape) :]
    length, width = math.prod(ids.shape), math.prod(inner)
    line = reshape(ids, (-1,))
    each = _rows_of(line, count)

    @custom_gradient
    def found(rows: Tensor) -> tuple[Tensor, Any]:
        table = reshape(rows, (length, width))
        order = reduction.argsort(table, axis=0, descending=not largest, stable=True)
        by_segment = reduction.argsort(indexing.getitem(line, order), axis=0, stable=True)
        order = indexing.take_along_axis(order, by_segment, axis=0)
        nowhere = reduction.sum(elementwise.astype(elementwise.less(line, 0), dt.int64))
        last = elementwise.maximum(nowhere + reduction.cumulative_sum(each, axis=0) - 1, 0)
        taken = indexing.take(indexing.take_along_axis(table, order, axis=0), last, axis=0)
        lowest, highest = _limits(rows.dtype)
        some = elementwise.greater(reshape(each, (-1, 1)), 0)
        result = elementwise.where(some, taken, lowest if largest else highest)

        def shared(g: Tensor) -> Tensor:
            wanted = elementwise.equal(table, _of_rows(result, line))
            ties = unsorted_segment_sum(elementwise.astype(wanted, g.dtype), line, count)
            share = reshape(g, (count, width)) / elementwise.maximum(ties, 1)
            inside = elementwise.greater_equal(reshape(line, (-1, 1)), 0)
            chosen = elementwise.logical_and(wanted, inside)
            return reshape(elementwise.where(chosen, _of_rows(share, line), 0), rows.shape)

        return reshape(result, (count, *inner)), shared

    return found(rows)


def _of_rows(values: Tensor, ids: Tensor) -> Tensor:
    """For each row what its segment has."""
    return indexing.take(values, elementwise.maximum(ids, 0), axis=0)


def _limits(dtype: Any) -> tuple[Any, Any]:
    """The smallest and the largest number of a dtype."""
    found = dt.iinfo(dtype) if dtype in dt.INTEGERS else dt.finfo(dtype)
    return found.min, found.max
