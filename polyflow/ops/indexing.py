"""Indexing as ops: reading, adding to and replacing the elements that a key selects.

A key is brought to a static form (integers counted from 0, slices with known ends, None) in which index arrays are
placeholders; the arrays themselves are tensors of the op. The three ops are closed under differentiation: the gradient
of reading is adding, that of adding is reading.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend.keys import ARRAY, Key, Slice, library_key
from ..errors import DTypeError, ShapeError
from . import call
from .creation import arange, zeros, zeros_like
from .declare import gradient, op
from .elementwise import astype, equal, where
from .rules import Rule, Spec, broadcast, leading, normal_axis


def _selected(x: Spec, indices: tuple[Spec, ...], key: Key) -> tuple[int, ...]:
    """The shape that a key selects, asked of NumPy on an array without memory."""
    for i in indices:
        if i.dtype not in dt.INTEGERS:
            raise DTypeError(
                f"index arrays hold integers or booleans; got {i.dtype.name}. Convert with .astype('int32')."
            )
    broadcast(*(i.shape for i in indices))
    hollow = np.broadcast_to(np.False_, tuple(max(size, 1) if indices else size for size in x.shape))
    return hollow[library_key(key, tuple(np.broadcast_to(np.int8(0), i.shape) for i in indices))].shape


_INDEXED = leading("any", "integer")


@op(Rule(_INDEXED, lambda x, *indices, key: Spec(_selected(x, indices, key), x.dtype)), name="getitem")
def _getitem(x, /, *indices, key):
    return x[library_key(key, indices)]


def _updates_operands(name, given):
    first = dt.result_type(given[0])
    return (first, first, *_INDEXED(name, (first, *given[2:]))[1:])


def _updated(x: Spec, updates: Spec, *indices: Spec, key: Key) -> Spec:
    place = _selected(x, indices, key)
    if broadcast(place, updates.shape) != place:
        raise ShapeError(f"updates of shape {updates.shape} do not fit the selected elements' shape {place}.")
    return x


@op(Rule(_updates_operands, _updated), name="index_add")
def _index_add(x, updates, /, *indices, key):
    result = np.array(x)
    np.add.at(result, library_key(key, indices), updates)
    return result


@op(Rule(_updates_operands, _updated), name="index_set")
def _index_set(x, updates, /, *indices, key):
    result = np.array(x)
    result[library_key(key, indices)] = updates
    return result


gradient(
    _getitem,
    lambda index, g, y, x, *indices, key: (
        None if index else call.apply(_index_add.op, (zeros_like(x, g.dtype), g, *indices), {"key": key})
    ),
)


def _index_add_rule(index, g, y, x, updates, *indices, key):
    if index == 0:
        return g
    return call.apply(_getitem.op, (g, *indices), {"key": key}) if index == 1 else None


def _index_set_rule(index, g, y, x, updates, *indices, key):
    if index == 0:
        return call.apply(_index_set.op, (g, zeros_like(updates), *indices), {"key": key})
    return call.apply(_getitem.op, (g, *indices), {"key": key}) if index == 1 else None


gradient(_index_add, _index_add_rule)
gradient(_index_set, _index_set_rule)


# Public functions -----------------------------------------------------------------------------------------------------


def getitem(x: Any, key: Any) -> Any:
    """The elements of ``x`` that ``key`` selects, by NumPy's rules; what ``x[key]`` does.

    A key is an integer, a slice, None, ``...``, an integer array, a boolean mask, or a tuple of these.

    Raises:
        IndexError: for an integer, an index array's element or too many indices outside the tensor's shape.
    """
    static, indices = static_key(x, key)
    return call.apply(_getitem.op, (x, *indices), {"key": static})


def index_add(x: Any, key: Any, updates: Any, /) -> Any:
    """``x`` with ``updates`` added at the elements that ``key`` selects; elements selected twice get both."""
    static, indices = static_key(x, key)
    return call.apply(_index_add.op, (x, updates, *indices), {"key": static})


def index_set(x: Any, key: Any, values: Any, /) -> Any:
    """``x`` with the elements that ``key`` selects replaced by ``values``.

    Raises:
        ValueError: where an element is selected twice, which has no defined result.
    """
    static, indices = static_key(x, key)
    if indices and call.interpreter.get() is None:
        _refuse_duplicates(x.shape, static, indices)
    return call.apply(_index_set.op, (x, values, *indices), {"key": static})


def _refuse_duplicates(shape: tuple[int, ...], key: Key, indices: tuple[Any, ...]) -> None:
    places = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    try:
        chosen = places[library_key(key, tuple(np.asarray(i.numpy()) for i in indices))].ravel()
    except IndexError:
        return  # the op itself raises the error that names the index
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(
            "index_set selects an element twice, which has no defined result. Use index_add to add up, or select each once."
        )


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The slices of ``x`` at ``indices`` along ``axis`` (which may be left out for a one-dimensional ``x``)."""
    ndim = len(x.shape)
    if axis is None and ndim != 1:
        raise ValueError(f"take needs axis= for a tensor of shape {x.shape}.")
    place = normal_axis(0 if axis is None else axis, ndim)
    return getitem(x, (*[slice(None)] * place, _index_array(indices, x.backend)))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The elements of ``x`` at ``indices`` along ``axis``, element by element; other axes broadcast."""
    ndim = len(x.shape)
    place = normal_axis(axis, ndim)
    index = _index_array(indices, x.backend)
    if len(index.shape) != ndim:
        raise ShapeError(
            f"take_along_axis needs indices with {ndim} axes like x, of shape {x.shape}; got {index.shape}."
        )
    parts = []
    for i, size in enumerate(x.shape):
        if i == place:
            parts.append(index)
        else:
            line = np.arange(size if size != 1 else 1, dtype=np.int64)
            parts.append(call.constant(line.reshape([-1 if j == i else 1 for j in range(ndim)]), x.backend))
    return getitem(x, tuple(parts))


def one_hot(
    indices: Any, depth: int, *, axis: int = -1, on_value: Any = 1, off_value: Any = 0, dtype: Any = dt.DEFAULT_FLOAT
) -> Any:
    """A new axis of size ``depth`` that is ``on_value`` at each index and ``off_value`` elsewhere.

    An index outside 0 … depth - 1 gives a row of ``off_value`` (TensorFlow's rule).
    """
    index = _index_array(indices, None)
    if index.dtype not in dt.INTEGERS:
        raise DTypeError(f"one_hot needs integer indices; got {index.dtype.name}.")
    place = normal_axis(axis, len(index.shape) + 1)
    key = (*[slice(None)] * place, None)
    line = arange(int(depth), dtype=dt.int32, backend=index.backend)
    line = getitem(line, (slice(None), *[None] * (len(index.shape) - place)))
    hot = equal(astype(getitem(index, key), dt.int64), astype(line, dt.int64))
    target = dt.as_dtype(dtype)
    if on_value == 1 and off_value == 0:
        return astype(hot, target)
    return astype(where(hot, on_value, off_value), target)


def scatter(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros of ``shape`` with ``updates`` added at ``indices``, whose last axis counts coordinates (``tf.scatter_nd``)."""
    index = _index_array(indices, updates.backend)
    coordinates = tuple(getitem(index, (..., i)) for i in range(index.shape[-1]))
    return index_add(zeros(shape, updates.dtype, backend=updates.backend), coordinates, updates)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The indices of the elements that are not 0, one tensor per axis. Not possible while tracing: the count is data."""
    if not x.shape:
        raise ShapeError("nonzero needs at least one axis; got a 0-d tensor.")
    return tuple(call.constant(np.asarray(part, np.int64), x.backend) for part in np.nonzero(x.numpy()))


# Static keys ------------------------------------------------------------------------------------------------------------


def static_key(x: Any, key: Any) -> tuple[Key, tuple[Any, ...]]:
    """The static form of a key for ``x``, and its index arrays as tensors."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [_part(part, x.backend) for part in parts]
    expanded: list[Any] = []
    for part in parts:
        if getattr(part, "dtype", None) is dt.bool_:
            expanded.extend(_mask(part, x, expanded))
        else:
            expanded.append(part)
    used = sum(part is not None and part is not Ellipsis for part in expanded)
    ndim = len(x.shape)
    if used > ndim:
        raise IndexError(
            f"too many indices: {used} for a tensor of {ndim} dimension{'s' * (ndim != 1)}, shape {x.shape}."
        )
    if sum(part is Ellipsis for part in expanded) > 1:
        raise IndexError("an index holds '...' once at most.")
    at = next((i for i, part in enumerate(expanded) if part is Ellipsis), len(expanded))
    expanded[at : at + 1] = [slice(None)] * (ndim - used)
    static: list[Any] = []
    arrays = []
    axis = 0
    for part in expanded:
        if part is None:
            static.append(None)
            continue
        size = x.shape[axis]
        if isinstance(part, slice):
            static.append(_slice(part, size))
        elif isinstance(part, int):
            static.append(_integer(part, size, axis, x.shape))
        else:
            static.append(ARRAY)
            arrays.append(part)
        axis += 1
    return tuple(static), tuple(arrays)


def _part(part: Any, backend: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, (bool, np.bool_)):
        return call.constant(np.asarray(part), backend)
    if isinstance(part, (int, np.integer)):
        return int(part)
    if isinstance(part, (list, tuple, np.ndarray)) or hasattr(part, "shape"):
        array = _index_array(part, backend)
        if array.dtype not in dt.INTEGERS and array.dtype is not dt.bool_:
            raise IndexError(
                f"index arrays hold integers or booleans; got {array.dtype.name}. Convert with .astype('int32')."
            )
        return array
    if hasattr(part, "__index__"):
        return int(part.__index__())
    raise IndexError(
        f"{part!r} ({type(part).__name__}) is no index. Expected an integer, a slice, None, '...', an integer array or a mask."
    )


def _index_array(indices: Any, backend: Any) -> Any:
    if hasattr(indices, "read"):
        return indices.read()
    host = np.asarray(indices)
    return call.constant(host.astype(np.int64) if not host.size and host.dtype.kind == "f" else host, backend)


def _integer(index: int, size: int, axis: int, shape: tuple[int, ...]) -> int:
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for axis {axis} of size {size} (shape {shape}).")
    return index + size if index < 0 else index


def _slice(part: slice, size: int) -> Slice:
    ends = (None if end is None else int(end.__index__()) for end in (part.start, part.stop, part.step))
    start, stop, step = slice(*ends).indices(size)
    return Slice(start, None if stop < 0 else stop, step)


def _mask(mask: Any, x: Any, before: list[Any]) -> list[Any]:
    """A boolean mask as index arrays: where it is true. (Its count is data: not possible while tracing.)"""
    first = sum(part is not None and part is not Ellipsis for part in before)
    host = np.asarray(mask.numpy())
    if Ellipsis not in [part for part in before if not hasattr(part, "shape")]:
        covered = x.shape[first : first + host.ndim]
        if tuple(covered) != host.shape:
            raise IndexError(
                f"a boolean mask of shape {host.shape} does not fit axes {first} to {first + host.ndim - 1} of shape {x.shape}."
            )
    if not host.ndim:
        return [None, call.constant(np.zeros(int(host), np.int64), x.backend)]
    return [call.constant(np.asarray(part, np.int64), x.backend) for part in np.nonzero(host)]
