"""Indexing with arrays in the standard's own functions, for libraries that offer no more.

The array API standard takes rows of a matrix by their numbers, but neither mixes index arrays with slices nor adds at
indices. So the tensor is seen as a matrix whose rows are addressed by all axes up to the last one that the key touches,
and a key becomes the numbers of the rows that it selects.

Adding at row numbers: the updates are sorted by row (stably), added up within each run of equal numbers by a segmented
scan, and the last of each run goes to its row. Nothing is read back to the host on the way, and the result does not
depend on chance.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from .keys import ARRAY, Key, Slice, library_key, whole_axes_before


class Rows(NamedTuple):
    """What a key selects, as rows of a matrix.

    Attributes:
        total: how many rows the tensor has as a matrix.
        width: how many elements each has.
        numbers: the numbers of the selected rows, one-dimensional.
        shape: the shape of what is selected.
    """

    total: int
    width: int
    numbers: Any
    shape: tuple[int, ...]


def rows_of(backend: Any, shape: tuple[int, ...], key: Key, indices: tuple[Any, ...]) -> Rows:
    """The rows that a key selects from a tensor of ``shape``; index arrays hold valid indices, negative ones too."""
    xp = backend.xp
    near, far = _touched(key, shape)
    sizes = shape[: sum(part is not None for part in near)]
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    static = _static_numbers(near, sizes, strides, [tuple(index.shape) for index in indices])
    numbers = backend.asarray(static)
    axes = [axis for axis, part in enumerate(part for part in near if part is not None) if part == ARRAY]
    rank = max((len(index.shape) for index in indices), default=0)
    after = static.ndim - _place_of_arrays(near) - rank
    for axis, index in zip(axes, indices, strict=True):
        index = backend.astype(index, dtype=dt.int64)
        index = xp.where(index < 0, index + sizes[axis], index) * strides[axis]
        numbers = numbers + xp.reshape(index, (*index.shape, *(1,) * after))
    selected = (*static.shape, *(1 if part is None else len(range(*part)) for part in far))
    return Rows(math.prod(sizes), math.prod(shape[len(sizes) :]), xp.reshape(numbers, (static.size,)), selected)


def _touched(key: Key, shape: tuple[int, ...]) -> tuple[Key, Key]:
    """The key up to the last axis of which it does not select all, and the rest, made of whole slices and None."""
    axes = [i for i, part in enumerate(key) if part is not None]
    end = next(
        (i + 1 for axis, i in reversed([*enumerate(axes)]) if key[i] != Slice(0, shape[axis], 1)),
        0,
    )
    return key[:end], key[end:]


def _static_numbers(key: Key, sizes: tuple[int, ...], strides: list[int], indices: list[tuple[int, ...]]) -> np.ndarray:
    """The row numbers that a key would select if its index arrays, of these shapes, were all 0; NumPy lays them out."""
    zeros = library_key(key, tuple(np.broadcast_to(np.int8(0), shape) for shape in indices))
    numbers = np.zeros((), np.int64)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        line = np.arange(size, dtype=np.int64).reshape(-1, *(1,) * (len(sizes) - axis - 1)) * stride
        numbers = numbers + np.broadcast_to(line, sizes)[zeros]
    return numbers


def _place_of_arrays(key: Key) -> int:
    """The axis of the selection at which the index arrays' own axes begin: the first, where the arrays stand apart."""
    advanced = [i for i, part in enumerate(key) if part == ARRAY or part.__class__ is int]
    together = bool(advanced) and advanced[-1] - advanced[0] < len(advanced)
    return advanced[0] if together else 0


# The three ops -----------------------------------------------------------------------------------------------------


def getitem(backend: Any, x: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """The elements that the key selects."""
    xp = backend.xp
    rows = rows_of(backend, x.shape, key, indices)
    return xp.reshape(xp.take(xp.reshape(x, (rows.total, rows.width)), rows.numbers, axis=0), rows.shape)


def index_add(backend: Any, x: Any, updates: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """``x`` with ``updates`` added at the elements that the key selects."""
    add = operator.or_ if backend.dtype_of(x) is dt.bool_ else operator.add
    before = whole_axes_before(key, x.shape)
    if not before:
        return _updated(backend, x, updates, indices, key, add)
    # with the index arrays' axes first there are fewer rows to sort, and wider ones
    xp, rank = backend.xp, max(len(index.shape) for index in indices)
    selected = rows_of(backend, x.shape, key, indices).shape
    updates = xp.permute_dims(xp.broadcast_to(updates, selected), _turned(len(selected), before, rank))
    order = _turned(len(x.shape), before, len(indices))
    result = _updated(backend, xp.permute_dims(x, order), updates, indices, tuple([key[i] for i in order]), add)
    return xp.permute_dims(result, tuple(sorted(range(len(order)), key=order.__getitem__)))


def index_set(backend: Any, x: Any, updates: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """``x`` with the elements that the key selects replaced; of several updates to one the last wins."""
    return _updated(backend, x, updates, indices, key, None)


def _turned(ndim: int, start: int, count: int) -> tuple[int, ...]:
    """The order of axes that puts ``count`` of them, from ``start`` on, first."""
    return (*range(start, start + count), *range(start), *range(start + count, ndim))


def _updated(
    backend: Any, x: Any, updates: Any, indices: tuple[Any, ...], key: Key, add: Callable[..., Any] | None
) -> Any:
    xp = backend.xp
    rows = rows_of(backend, x.shape, key, indices)
    count = math.prod(rows.shape) // rows.width if rows.width else 0
    if not count:
        return x
    order = xp.argsort(rows.numbers, stable=True)
    numbers = xp.take(rows.numbers, order)
    flat = xp.reshape(xp.broadcast_to(updates, rows.shape), (count, rows.width))
    flat = xp.take(flat, order, axis=0)
    if add is not None and indices:  # slices and integers select nothing twice
        flat = _run_totals(xp, numbers, flat, add)
    every = backend.asarray(np.arange(rows.total))
    end = xp.searchsorted(numbers, every, side="right")
    chosen = xp.reshape(end > xp.searchsorted(numbers, every, side="left"), (rows.total, 1))
    last = xp.take(flat, xp.where(end > 0, end - 1, end), axis=0)
    matrix = xp.reshape(x, (rows.total, rows.width))
    return xp.reshape(xp.where(chosen, last if add is None else add(matrix, last), matrix), x.shape)


def _run_totals(xp: Any, numbers: Any, values: Any, add: Callable[..., Any]) -> Any:
    """At each row, the sum of the rows of ``values`` from the start of its run of equal ``numbers`` up to it.

    Neighbours are added in pairs, and the pairs' totals give those of all: 2 n additions, in the order of a tree.
    """
    count, width = values.shape
    if count < 2:
        return values
    pairs = count // 2
    first, second = numbers[: 2 * pairs : 2], numbers[1::2]
    left, right = values[: 2 * pairs : 2, :], values[1::2, :]
    joined = xp.where(xp.reshape(first == second, (pairs, 1)), add(left, right), right)
    odd = _run_totals(xp, second, joined, add)
    rest = (count - 1) // 2
    goes_on = xp.reshape(numbers[2::2] == numbers[1 : count - 1 : 2], (rest, 1))
    late = values[2::2, :]
    even = xp.concat([values[:1, :], xp.where(goes_on, add(odd[:rest, :], late), late)], axis=0)
    halves = [xp.reshape(half, (pairs, 1, width)) for half in (even[:pairs, :], odd)]
    both = xp.reshape(xp.concat(halves, axis=1), (2 * pairs, width))
    return both if count == 2 * pairs else xp.concat([both, even[pairs:, :]], axis=0)
