"""Counting and ranking: how often whole numbers occur, and the largest elements."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import DTypeError, LabelError, ShapeError
from ..ops import creation, elementwise, indexing, reduction
from ..ops.shape import reshape
from ..tensor import Tensor, asarray


class TopK(NamedTuple):
    """What `top_k` gives."""

    values: Any
    indices: Any


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = dt.int32, name: str | None = None) -> TopK:
    """The ``k`` largest elements along the last axis, largest first, and where they are; of equal ones the first.

    Raises:
        ShapeError: where there are fewer than ``k``.
    """
    x = asarray(input)
    if not x.shape or not 0 <= int(k) <= x.shape[-1]:
        raise ShapeError(f"top_k needs at least k={k} elements along the last axis; got a tensor of shape {x.shape}.")
    order = indexing.getitem(reduction.argsort(x, -1, True), (..., slice(int(k))))
    return TopK(indexing.take_along_axis(x, order, axis=-1), elementwise.astype(order, dt.as_dtype(index_type)))


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Tensor:
    """For each row of ``predictions`` whether the target's is among the ``k`` largest; ties with the k-th count."""
    scores, labels = asarray(predictions), asarray(targets)
    own = indexing.take_along_axis(scores, indexing.getitem(labels, (slice(None), None)), axis=1)
    above = reduction.sum(elementwise.astype(elementwise.greater(scores, own), dt.int32), 1)
    return elementwise.less(above, int(k))


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: int | None = None,
    maxlength: int | None = None,
    dtype: Any = dt.int32,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """How often 0, 1, 2 … occur (or the sums of their weights): in all values, or with ``axis=-1`` in each row.

    The length is one more than the largest value, at least ``minlength`` and at most ``maxlength``, beyond which values
    do not count. It is data, so this is not for traced functions.

    Raises:
        DTypeError: for values that are no integers. ValueError: for negative ones, or another axis.
    """
    if axis not in (None, 0, -1):
        raise ValueError(
            f"bincount counts all values, with axis None or 0, or those of each row, with -1; got {axis!r}."
        )
    values = asarray(arr)
    _check_integers(values, "bincount")
    host = values.numpy()
    if host.size and host.min() < 0:
        raise ValueError(f"bincount counts 0, 1, 2 …; got {host.min()}.")
    length = max(int(host.max(initial=-1)) + 1, minlength or 0)
    length = length if maxlength is None else min(length, maxlength)
    counted = elementwise.less(values, length)
    flat = indexing.getitem(values, counted)
    if weights is None:
        ones = creation.ones_like(flat, dt.as_dtype(dtype))
    else:
        ones = indexing.getitem(asarray(weights, backend=values.backend), counted)
    if axis == -1 and len(values.shape) > 1:
        row = np.broadcast_to(np.arange(len(values))[:, None], values.shape)[counted.numpy()]
        empty = creation.zeros((len(values), length), ones.dtype, backend=values.backend)
        return indexing.index_add(empty, (row, flat), ones)
    return indexing.index_add(creation.zeros((length,), ones.dtype, backend=values.backend), flat, ones)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dt.int32, name: str | None = None
) -> Tensor:
    """In which of ``nbins`` parts of equal width of a range each value lies; what lies outside, in the nearest.

    NaN counts as lying in the first.

    Raises:
        ValueError: for no part, or a range whose end is not larger than its start.
    """
    values, ends = asarray(values), np.asarray(asarray(value_range).numpy())
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"a histogram needs a range from a smaller number to a larger one; got {ends.tolist()}.")
    if nbins < 1:
        raise ValueError(f"a histogram needs at least one bin; got {nbins}.")
    low, high = ends.tolist()
    place = elementwise.floor((values - low) / (high - low) * nbins)
    return elementwise.saturate_cast(elementwise.clip(place, 0, nbins - 1), dtype)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dt.int32, name: str | None = None
) -> Tensor:
    """How many values lie in each of ``nbins`` parts, as `histogram_fixed_width_bins` says."""
    bins = reshape(histogram_fixed_width_bins(values, value_range, nbins), (-1,))
    ones = creation.ones_like(bins, dt.as_dtype(dtype))
    return indexing.index_add(creation.zeros((nbins,), ones.dtype, backend=bins.backend), bins, ones)


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: int | None = None,
    weights: Any = None,
    dtype: Any = dt.int32,
    name: str | None = None,
) -> Tensor:
    """How often each class (a row) was predicted as each (a column).

    Raises:
        LabelError: for classes outside 0 … num_classes - 1. ShapeError: for labels and predictions of two lengths.
    """
    true, pred = asarray(labels), asarray(predictions)
    if true.shape != pred.shape or len(true.shape) != 1:
        raise ShapeError(
            f"confusion_matrix takes two vectors of one length; got labels of shape {true.shape} and predictions of "
            f"shape {pred.shape}."
        )
    floats = {true.dtype, pred.dtype} & dt.FLOATING  # NumPy knows of no dtype for bfloat16 and another one
    wide = np.float64 if floats else np.result_type(true.dtype, pred.dtype, np.int8)
    host = np.concatenate([true.numpy().astype(wide), pred.numpy().astype(wide)])
    count = int(np.nan_to_num(host).max(initial=-1)) + 1 if num_classes is None else int(num_classes)
    outside = host[~((host >= 0) & (host < count) & (host == np.floor(host)))]
    if outside.size:
        raise LabelError(f"confusion_matrix got the class {outside[0]}; expected whole numbers from 0 to {count - 1}.")
    target = dt.as_dtype(dtype)
    amounts = creation.ones_like(true, target) if weights is None else elementwise.astype(asarray(weights), target)
    places = tuple([elementwise.astype(classes, dt.DEFAULT_INT) for classes in (true, pred)])
    return indexing.index_add(creation.zeros((count, count), target, backend=true.backend), places, amounts)


def _check_integers(values: Tensor, name: str) -> None:
    if values.dtype not in dt.INTEGERS:
        raise DTypeError(f"{name} takes integers; got {values.dtype.name}. Convert with .astype('int32').")
