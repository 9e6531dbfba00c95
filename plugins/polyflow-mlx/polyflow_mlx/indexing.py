"""Indexing on MLX by row numbers.

MLX reads and writes whatever lies in memory where an index array leads outside, traps on empty arrays, and places
index arrays that stand apart otherwise when it writes than when it reads. So keys with index arrays become the numbers
of rows of a matrix (`polyflow.backend.flat`), and rows of a matrix are what MLX takes and scatters well.

In a program, what is outside reads as NaN (the dtype's minimum, for integers) and is not written. Ops that run now have
their index arrays checked before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mlx.core as mx

from polyflow.backend import flat
from polyflow.backend.keys import ARRAY, Key, library_key


def getitem(backend: Any, x: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """Read."""
    if not indices:
        return x[library_key(key, ())]
    rows = _rows(backend, x, indices, key)
    missing = _missing(x.dtype)
    if not x.size or not math.prod(rows.shape):
        return mx.broadcast_to(missing, rows.shape)
    inside = rows.numbers < rows.total
    taken = mx.take(mx.reshape(x, (rows.total, rows.width)), mx.where(inside, rows.numbers, 0), 0)
    return mx.reshape(mx.where(inside[:, None], taken, missing), rows.shape)


def index_add(backend: Any, x: Any, updates: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """Add up."""

    def add(matrix: Any, where: Any, updates: Any) -> Any:
        place = matrix.at[where]
        return place.maximum(updates) if matrix.dtype == mx.bool_ else place.add(updates)

    return _written(backend, x, updates, indices, key, add, kept=True)


def index_set(backend: Any, x: Any, updates: Any, indices: tuple[Any, ...], key: Key) -> Any:
    """Replace; of several updates to one element the last wins."""

    def put(matrix: Any, where: Any, updates: Any) -> Any:
        result = mx.array(matrix)
        result[where] = updates
        return result

    return _written(backend, x, updates, indices, key, put, kept=False)


def _written(
    backend: Any,
    x: Any,
    updates: Any,
    indices: tuple[Any, ...],
    key: Key,
    write: Callable[[Any, Any, Any], Any],
    kept: bool,
) -> Any:
    """``x`` after a write; ``kept`` says whether what was there before still counts, and so has a gradient."""
    if not indices:
        where = library_key(key, ())
        updates = mx.broadcast_to(updates, x[where].shape)
        return _differentiable(write, where, kept)(x, updates) if updates.size else x
    rows = _rows(backend, x, indices, key)
    updates = mx.broadcast_to(updates, rows.shape)
    if not x.size or not updates.size:
        return x
    matrix = mx.reshape(x, (rows.total, rows.width))
    matrix = mx.concatenate([matrix, mx.zeros((1, rows.width), x.dtype)])  # the last row is for what lies outside
    matrix = _differentiable(write, rows.numbers, kept)(matrix, mx.reshape(updates, (-1, rows.width)))
    return mx.reshape(matrix[: rows.total], x.shape)


def _differentiable(write: Callable[[Any, Any, Any], Any], where: Any, kept: bool) -> Callable[[Any, Any], Any]:
    """A write with a derivative of its own: MLX's has the wrong shape where updates are slices."""
    function = mx.custom_function(lambda x, updates: write(x, where, updates))

    @function.vjp
    def _(primals: Any, cotangent: Any, output: Any) -> Any:
        return (cotangent if kept else write(cotangent, where, mx.zeros_like(primals[1]))), cotangent[where]

    return function


def _rows(backend: Any, x: Any, indices: tuple[Any, ...], key: Key) -> flat.Rows:
    """What a key selects, as numbers of rows; the number of all that lies outside is that of the rows."""
    axes = [axis for axis, part in enumerate(part for part in key if part is not None) if part == ARRAY]
    far = max(math.prod(x.shape), 1)
    counted = tuple(_inside(index, x.shape[axis], far) for index, axis in zip(indices, axes, strict=True))
    rows = flat.rows_of(backend, tuple(x.shape), key, counted)
    return rows._replace(numbers=mx.minimum(rows.numbers, rows.total))


def _inside(index: Any, size: int, far: int) -> Any:
    """An index array as int64, with ``far`` for what lies outside."""
    if index.dtype == mx.uint64:
        index = mx.minimum(index, mx.array(size, mx.uint64))
    index = index.astype(mx.int64)
    return mx.where((index < size) & (index >= -size), index, far)


def _missing(dtype: Any) -> Any:
    if mx.issubdtype(dtype, mx.inexact):
        return mx.array(float("nan"), dtype)
    return mx.array(False) if dtype == mx.bool_ else mx.array(int(mx.iinfo(dtype).min), dtype)
