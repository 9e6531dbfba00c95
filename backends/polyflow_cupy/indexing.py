"""Index arrays on CuPy, which wraps indices outside around and lets any of several assignments to one element win.

The axes that index arrays select from become one axis of rows, in front of a matrix; all others make up its columns.
What is outside has row -1: it reads as NaN, the smallest integer or False, and is not written. `check` raises for it
instead, which waits for the GPU; compiled programs leave that out.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from polyflow import dtypes as dt
from polyflow.backend.checks import index_error
from polyflow.backend.keys import ARRAY, Slice, library_key


def check(backend: Any, x: Any, key: Any, indices: tuple[Any, ...]) -> None:
    """Raise IndexError for an index outside its axis; one wait for the GPU, however many index arrays there are."""
    axes = [axis for axis, part in enumerate(part for part in key if part is not None) if part == ARRAY]
    found = None
    for axis, index in zip(axes, indices, strict=True):
        if index.size:
            bad = backend.kernels("outside", dt.as_dtype(index.dtype))(index, x.shape[axis])
            found = bad if found is None else found | bad
    if found is None or not bool(found):
        return
    for axis, index in zip(axes, indices, strict=True):
        host, size = index.get(), x.shape[axis]
        wrong = host[(host < -size) | (host >= size)]
        if wrong.size:
            raise index_error(int(wrong[0]), axis, x.shape)


def take(backend: Any, x: Any, *indices: Any, key: Any) -> Any:
    """``x[key]``."""
    if not indices:
        return x[library_key(key, ())]
    cp, place = backend.cp, _place(x, key)
    rows = _row_numbers(backend, indices, place.sizes)
    matrix = in_a_row(cp, place.front)
    width = math.prod(place.selected)
    kernel = backend.kernels("gather", dt.as_dtype(x.dtype))
    taken = kernel(rows.reshape(-1), matrix, width, size=rows.size * width).reshape((*rows.shape, *place.selected))
    return cp.moveaxis(taken, tuple(range(rows.ndim)), tuple(range(place.at, place.at + rows.ndim)))


def add(backend: Any, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
    """``x`` with updates added, those of one element in the order in which they are given."""
    if indices:
        return _updated(backend, "index_add", x, updates, indices, key)
    result = x.copy()
    place = result[library_key(key, ())]
    backend.cp.add(place, updates, out=place)
    return result


def put(backend: Any, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
    """``x`` with elements replaced; of several updates of one element the last wins."""
    if indices:
        return _updated(backend, "index_set", x, updates, indices, key)
    result = x.copy()
    result[library_key(key, ())] = updates
    return result


def _updated(backend: Any, family: str, x: Any, updates: Any, indices: tuple[Any, ...], key: Any) -> Any:
    """Updates at index arrays, as updates of the rows of a matrix, in order (see `kernels.index_add`)."""
    cp = backend.cp
    result = x.copy()
    place = _place(result, key)
    matrix = in_a_row(cp, place.front)
    rows = _row_numbers(backend, indices, place.sizes)
    shape, at = tuple(rows.shape), place.at
    rows = rows.reshape(-1)
    if updates.__class__ is float:
        updates = cp.full((), updates, dtype=x.dtype)
    spread = cp.broadcast_to(updates, place.selected[:at] + shape + place.selected[at:])
    spread = in_a_row(cp, cp.moveaxis(spread, tuple(range(at, at + len(shape))), tuple(range(len(shape)))))
    width = matrix.size // max(math.prod(place.sizes), 1)
    if spread.size:
        order = cp.argsort(rows)
        kernel = backend.kernels(family, dt.as_dtype(x.dtype))
        kernel(rows[order], order, spread, rows.size, width, matrix, size=rows.size * width)
        if matrix is not place.front:
            place.front[...] = matrix
    return result


def _row_numbers(backend: Any, indices: tuple[Any, ...], sizes: list[int]) -> Any:
    """The row that each index, or each tuple of indices, names."""
    rows: Any = 0
    for index, size in zip(indices, sizes, strict=True):
        rows = backend.kernels("row_numbers", dt.as_dtype(index.dtype))(rows, index, size)
    return rows


def in_a_row(cupy: Any, x: Any) -> Any:
    """``x`` in contiguous memory, as kernels need arguments that they index themselves."""
    return x if x.flags.c_contiguous else cupy.ascontiguousarray(x)


class Place(NamedTuple):
    """What a key with index arrays selects from.

    Attributes:
        front: a view of what its static parts select, with the axes of index arrays in front.
        sizes: of these axes. selected: the sizes of the others.
        at: where among the others the arrays' own axes go: the place of the first array, or the front where a slice or
            None stands between them (integers count as arrays here, by NumPy's rule).
    """

    front: Any
    sizes: list[int]
    selected: tuple[int, ...]
    at: int


def _place(x: Any, key: Any) -> Place:
    view = x[tuple(slice(None) if part == ARRAY else slice(*part) if part.__class__ is Slice else part for part in key)]
    advanced = [at for at, part in enumerate(key) if part == ARRAY or isinstance(part, int)]
    together = advanced == list(range(advanced[0], advanced[-1] + 1))
    kept = [part for part in key if not isinstance(part, int)]
    axes = [axis for axis, part in enumerate(kept) if part == ARRAY]
    others = [axis for axis in range(view.ndim) if axis not in axes]
    before = sum(part != ARRAY and not isinstance(part, int) for part in key[: advanced[0]])
    sizes, selected = [view.shape[axis] for axis in axes], tuple(view.shape[axis] for axis in others)
    return Place(view.transpose(*axes, *others), sizes, selected, before if together else 0)
