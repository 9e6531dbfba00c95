"""Elements by tables of coordinates, as TensorFlow names them: each row of ``indices`` is a place in a tensor."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError
from ..ops import creation, elementwise, indexing, sets
from ..ops import shape as shapes
from ..ops.declare import shape_tuple
from ..ops.reduction import argsort
from ..tensor import Tensor, asarray
from . import segments


class Unique(NamedTuple):
    """What `unique` gives."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """What `unique_with_counts` gives."""

    y: Any
    idx: Any
    count: Any


class IndexedSlices(NamedTuple):
    """Slices along the first axis and their places, as the methods ``scatter_…`` of a variable take them."""

    values: Any
    indices: Any
    dense_shape: Any = None


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Tensor:
    """The elements, or slices, of ``params`` at the coordinates along the last axis of ``indices``.

    The first ``batch_dims`` axes of both belong together: the coordinates are those of the axes after them.

    Raises:
        ShapeError: for coordinates of more axes than ``params`` has. IndexError: for those outside its shape.
    """
    params = asarray(params)
    if batch_dims:
        table = asarray(indices, backend=params.backend)
        grids = _grids(params, table.shape[:-1], batch_dims)
        rest = builtins.range(table.shape[-1])
        return indexing.getitem(params, (*grids, *(indexing.getitem(table, (..., i)) for i in rest)))
    return indexing.getitem(params, _coordinates(params, indices))


def batched_gather(params: Tensor, indices: Tensor, axis: int | None, batch_dims: int) -> Tensor:
    """The slices at ``indices`` along ``axis``, for each element of the first ``batch_dims`` axes by itself.

    The result has the shape ``params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]``.

    Raises:
        ShapeError: where those axes differ, or ``axis`` is one of them.
    """
    count = batch_dims + (len(indices.shape) if batch_dims < 0 else 0)
    place = count if axis is None else axis + (len(params.shape) if axis < 0 else 0)
    if place < count:
        raise ShapeError(f"gather along axis {axis} leaves no {count} axes before it for batch_dims={batch_dims}.")
    index = indices.to(params.backend)
    grids = _grids(params, index.shape, count)
    found = indexing.getitem(shapes.moveaxis(params, place, count), (*grids, index))
    inner, between = len(index.shape) - count, place - count
    order = (*builtins.range(count), *builtins.range(count + inner, count + inner + between))
    order += tuple(builtins.range(count, count + inner))
    return shapes.permute_dims(found, (*order, *builtins.range(len(order), len(found.shape))))


def _grids(params: Tensor, shape: tuple[int, ...], count: int) -> list[Tensor]:
    """For each of the first ``count`` axes the places along it, to index with beside indices of this shape."""
    if params.shape[:count] != shape[:count] or len(shape) < count:
        raise ShapeError(
            f"the first {count} axes belong together, so they have equal sizes; got shapes {params.shape} and {shape}."
        )
    return [
        shapes.reshape(creation.arange(shape[axis], backend=params.backend), (-1, *[1] * (len(shape) - axis - 1)))
        for axis in builtins.range(count)
    ]


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with the elements (or slices) at the coordinates replaced by ``updates``.

    Raises:
        ValueError: where one place is named twice, which has no defined result.
    """
    tensor = asarray(tensor)
    return indexing.index_set(tensor, _coordinates(tensor, indices), updates)


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with ``updates`` added at the coordinates; a place named twice gets both."""
    tensor = asarray(tensor)
    return indexing.index_add(tensor, _coordinates(tensor, indices), updates)


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with ``updates`` subtracted at the coordinates; a place named twice loses both."""
    return tensor_scatter_nd_add(tensor, indices, -asarray(updates))


def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor``, and at the coordinates the largest of it and ``updates``."""
    tensor = asarray(tensor)
    return elementwise.maximum(tensor, _extremes(segments.unsorted_segment_max, tensor, indices, updates))


def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor``, and at the coordinates the smallest of it and ``updates``."""
    tensor = asarray(tensor)
    return elementwise.minimum(tensor, _extremes(segments.unsorted_segment_min, tensor, indices, updates))


def _extremes(function: Any, tensor: Tensor, indices: Any, updates: Any) -> Tensor:
    """For each place of ``tensor`` what a function of segments makes of the updates that go there."""
    coordinates = _coordinates(tensor, indices)
    outer, inner = tensor.shape[: len(coordinates)], tensor.shape[len(coordinates) :]
    count = math.prod(outer)
    numbers = shapes.reshape(creation.arange(count, backend=tensor.backend), outer)
    places = indexing.getitem(numbers, coordinates)
    given = elementwise.astype(asarray(updates, backend=tensor.backend), tensor.dtype)
    rows = shapes.broadcast_to(given, (*places.shape, *inner))
    return shapes.reshape(function(rows, places, count), tensor.shape)


def _coordinates(tensor: Tensor, indices: Any) -> tuple[Any, ...]:
    table = asarray(indices, backend=tensor.backend)
    if not table.shape or not 1 <= table.shape[-1] <= len(tensor.shape):
        raise ShapeError(
            f"the last axis of indices holds coordinates, 1 to {len(tensor.shape)} for a tensor of shape "
            f"{tensor.shape}; got indices of shape {table.shape}."
        )
    return tuple(indexing.getitem(table, (..., axis)) for axis in builtins.range(table.shape[-1]))


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block of ``size`` that starts at ``begin``; -1 in ``size`` stands for the rest of an axis.

    Raises:
        ShapeError: for a block that does not lie inside ``input_``.
    """
    tensor = asarray(input_)
    starts, sizes = (tuple(map(operator.index, np.asarray(part).ravel().tolist())) for part in (begin, size))
    if not len(starts) == len(sizes) == len(tensor.shape):
        raise ShapeError(
            f"slice needs a begin and a size for each axis of shape {tensor.shape}; got begin {starts}, size {sizes}."
        )
    ends = [
        whole if length == -1 else start + length
        for whole, start, length in zip(tensor.shape, starts, sizes, strict=True)
    ]
    if any(not 0 <= a <= b <= whole for whole, a, b in zip(tensor.shape, starts, ends, strict=True)):
        raise ShapeError(f"slice begin {starts}, size {sizes} does not lie inside a tensor of shape {tensor.shape}.")
    return indexing.getitem(tensor, tuple(builtins.slice(a, b) for a, b in zip(starts, ends, strict=True)))


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    name: str | None = None,
) -> Tensor:
    """``input_[begin[0]:end[0]:strides[0], begin[1]:...]``.

    A mask has a bit for each place of ``begin``: it leaves out that bound, or makes the place ``...``, a new axis, or
    the one index ``begin`` instead of a slice.
    """
    starts, ends = (np.asarray(part).ravel().tolist() for part in (begin, end))
    steps = [1] * len(starts) if strides is None else np.asarray(strides).ravel().tolist()
    if not len(starts) == len(ends) == len(steps):
        raise ShapeError(
            f"strided_slice needs as many ends and strides as begins; got {len(starts)}, {len(ends)} and {len(steps)}."
        )

    def part(place: int) -> Any:
        def bit(mask: int) -> int:
            return mask >> place & 1

        if bit(ellipsis_mask):
            return ...
        if bit(new_axis_mask):
            return None
        if bit(shrink_axis_mask):
            return starts[place]
        start = None if bit(begin_mask) else starts[place]
        return builtins.slice(start, None if bit(end_mask) else ends[place], steps[place])

    return indexing.getitem(asarray(input_), tuple(map(part, builtins.range(len(starts)))))


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates of places in an array of shape ``dims``, counted row by row: an axis of coordinates, first."""
    rest, found = asarray(indices), []
    for size in reversed(shape_tuple(dims)):
        found.append(elementwise.remainder(rest, size))
        rest = elementwise.floor_divide(rest, size)
    return shapes.stack(found[::-1], axis=0)


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Tensor]:
    """For each number below ``num_partitions`` the rows of ``data`` at which ``partitions`` has it.

    (Not for traced functions: how many rows there are is data.)
    """
    rows, marks = asarray(data), asarray(partitions)
    return [indexing.getitem(rows, elementwise.equal(marks, number)) for number in builtins.range(num_partitions)]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """The rows of several tensors in one, each row where ``indices`` says; of rows for one place the last is taken.

    Places that nobody names are 0. (Not for traced functions: how many rows there are is data.)
    """
    places = [np.asarray(one) for one in indices]
    parts = [asarray(one) for one in data]
    inner = parts[0].shape[places[0].ndim :]
    rows = shapes.concat([shapes.reshape(one, (-1, *inner)) for one in parts], axis=0)
    order = np.concatenate([one.ravel() for one in places])
    last = {int(place): row for row, place in enumerate(order.tolist())}
    empty = creation.zeros((int(order.max(initial=-1)) + 1, *inner), rows.dtype, backend=rows.backend)
    taken = indexing.take(rows, np.array([*last.values()], int), axis=0)
    return indexing.index_set(empty, (np.array([*last], int),), taken)


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None, name: str | None = None
) -> Tensor:
    """``input`` with the first ``seq_lengths[i]`` steps along ``seq_axis`` reversed, for each ``i`` of a batch."""
    tensor, lengths = asarray(input), asarray(seq_lengths)
    axis, batch = (seq_axis or 0) % len(tensor.shape), (batch_axis or 0) % len(tensor.shape)
    if axis == batch:
        raise ShapeError(f"reverse_sequence needs two axes; got seq_axis {seq_axis} and batch_axis {batch_axis}.")

    def along(values: Tensor, place: int) -> Tensor:
        return shapes.reshape(values, tuple(-1 if i == place else 1 for i in builtins.range(len(tensor.shape))))

    line = along(creation.arange(tensor.shape[axis], dtype=lengths.dtype, backend=tensor.backend), axis)
    size = along(lengths, batch)
    places = elementwise.where(elementwise.less(line, size), size - 1 - line, line)
    return indexing.take_along_axis(tensor, shapes.broadcast_to(places, tensor.shape), axis=axis)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dt.bool_, name: str | None = None) -> Tensor:
    """For each length a row that is true in its first so many places, of ``maxlen`` (the longest, if left out)."""
    lengths = asarray(lengths)
    if maxlen is None:
        maxlen = lengths.numpy().max(initial=0)
    line = creation.arange(int(maxlen), dtype=lengths.dtype, backend=lengths.backend)
    return elementwise.astype(elementwise.less(line, shapes.expand_dims(lengths, -1)), dt.as_dtype(dtype))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """``x`` as it is, if its shape is this one; None stands for any size.

    Raises:
        ShapeError: for another shape.
    """
    tensor = asarray(x)
    wanted = tuple(shape)
    if len(wanted) != len(tensor.shape) or any(
        size is not None and size != given for size, given in zip(wanted, tensor.shape, strict=True)
    ):
        raise ShapeError(f"ensure_shape expected {wanted}; got a tensor of shape {tensor.shape}.")
    return tensor


def unique(x: Any, out_idx: Any = dt.int32, name: str | None = None) -> Unique:
    """The different values of a vector in the order in which they first occur, and which one each element is.

    Raises:
        ShapeError: unless ``x`` has one axis.
    """
    vector = asarray(x)
    if len(vector.shape) != 1:
        raise ShapeError(f"unique takes a vector; got a tensor of shape {vector.shape}.")
    found = sets.unique_all(vector)
    order = argsort(found.indices)
    return Unique(
        indexing.getitem(found.values, order),
        elementwise.astype(indexing.getitem(argsort(order), found.inverse_indices), dt.as_dtype(out_idx)),
    )


def unique_with_counts(x: Any, out_idx: Any = dt.int32, name: str | None = None) -> UniqueWithCounts:
    """What `unique` gives, and how often each value occurs.

    Raises:
        ShapeError: unless ``x`` has one axis.
    """
    values, places = unique(x, out_idx)
    empty = creation.zeros(values.shape, places.dtype, backend=values.backend)
    counts = indexing.index_add(empty, places, creation.ones(places.shape, places.dtype, backend=values.backend))
    return UniqueWithCounts(values, places, counts)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> tuple[int, ...]:
    """The shape that two shapes broadcast to."""
    from ..ops.rules import broadcast

    return broadcast(shape_tuple(shape_x), shape_tuple(shape_y))
