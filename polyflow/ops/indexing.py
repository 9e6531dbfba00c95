"""Indexing as ops: reading, adding to and replacing the elements that a key selects.

A key is brought to a static form (integers counted from 0, slices with known ends, None) in which index arrays are
placeholders; the arrays themselves are tensors of the op. The three ops are closed under differentiation: the gradient
of reading is adding, that of adding is reading.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend.checks import check_indices, index_error
from ..backend.keys import ARRAY, Key, Slice, library_key
from ..convert import nested
from ..errors import DTypeError, ShapeError
from . import call
from .attributes import Attrs
from .creation import zeros, zeros_like
from .declare import OPS, checked_sizes, gradient, op
from .elementwise import astype, equal, where
from .host import count_from_0
from .rules import Rule, Spec, broadcast, common, direct, leading, normal_axis


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


def _outside(args, attrs):
    """What is wrong where a kernel refuses index arrays."""
    x, count = args[0], attrs["key"].count(ARRAY)
    check_indices(x.shape, attrs["key"], [np.asarray(index.numpy()) for index in args[len(args) - count :]])


@op(
    Rule(_INDEXED, lambda x, *indices, key: Spec(_selected(x, indices, key), x.dtype), direct("any")),
    name="getitem",
    diagnose=_outside,
)
def _getitem(x, /, *indices, key):
    """The elements that ``key`` selects; ``indices`` stand where it says that an index array goes."""
    return x[library_key(key, indices)]


def _updates_operands(name, given):
    domain = "any" if name == "index_set" else "numeric"
    ((first,), updates) = common(domain)(name, given[:1]), dt.result_type(given[1])
    if dt.kind(updates) > dt.kind(first):
        raise DTypeError(
            f"{name} cannot store {updates.name} in a tensor of {first.name} without losing part of it. "
            f"Convert one of them, e.g. with .astype({updates.name!r})."
        )
    return (first, first, *_INDEXED(name, (first, *given[2:]))[1:])


def _updated(x: Spec, updates: Spec, *indices: Spec, key: Key) -> Spec:
    place = _selected(x, indices, key)
    given = (1,) * (len(place) - len(updates.shape)) + updates.shape
    if len(given) > len(place) or any(size not in (1, wanted) for size, wanted in zip(given, place, strict=True)):
        raise ShapeError(f"updates of shape {updates.shape} do not fit the selected elements' shape {place}.")
    return x


@op(Rule(_updates_operands, _updated, direct("numeric")), name="index_add", diagnose=_outside)
def _index_add(x, updates, /, *indices, key):
    result = np.array(x)
    np.add.at(result, library_key(key, indices), updates)
    return result


@op(Rule(_updates_operands, _updated), name="index_set", diagnose=_outside)
def _index_set(x, updates, /, *indices, key):
    result = np.array(x)
    result[library_key(key, indices)] = updates
    return result


def _getitem_rule(index, g, y, x, *indices, key):
    if index:
        return None
    if key.__class__ is np.ndarray or key.__class__ is list:  # a mask or integers, as they were given
        _, key, indices, _ = static_key(x, key)
    elif not indices:
        known = _basic_key(key, x.shape)
        key = key if known is None else known
    return call.apply(OPS["index_add"], (zeros_like(x, g.dtype), g, *indices), {"key": key})


gradient(_getitem, _getitem_rule)


def _index_add_rule(index, g, y, x, updates, *indices, key):
    if index == 0:
        return g
    return call.apply(OPS["getitem"], (g, *indices), {"key": key}) if index == 1 else None


def _index_set_rule(index, g, y, x, updates, *indices, key):
    if index == 0:
        return call.apply(OPS["index_set"], (g, 0, *indices), {"key": key})
    return call.apply(OPS["getitem"], (g, *indices), {"key": key}) if index == 1 else None


gradient(_index_add, _index_add_rule)
gradient(_index_set, _index_set_rule)


# Public functions -------------------------------------------------------------------------------------------------


def getitem(x: Any, key: Any) -> Any:
    """The elements of ``x`` that ``key`` selects, by NumPy's rules; what ``x[key]`` does.

    A key is an integer, a slice, None, ``...``, an integer array, a boolean mask, or a tuple of these.

    Raises:
        IndexError: for an integer, an index array's element or too many indices outside the tensor's shape.
    """
    if x.__class__ is not call.kind:
        x = call.operand(x)
    known, kind = x.__class__ is call.kind, key.__class__
    if kind in _BASIC:
        if known and _is_basic(key):
            selected = _selection(x, key)
            if selected is not None:
                return selected
    elif kind is call.kind or kind is list or kind is np.ndarray:
        if known and _is_short(key):
            selected = _selection(x, key if call.interpreter.get() is None else key.copy())
            if selected is not None:
                return selected
        key = _index_array(key, x.backend)
        sizes = x.array.shape if known else x.shape
        held = key.__class__ is call.kind
        dtype = key.array.dtype if held and key.backend.numpy_dtypes else key.dtype
        if dtype in dt.INTEGERS and sizes:
            return _WITH_ARRAYS((x, key), _rows(sizes, 0))
        if dtype is dt.bool_ and known and held and x.backend is key.backend and key.shape:
            selected = _selection(x, key.array)
            if selected is not None:
                return selected
    static = _basic_key(key, x.shape)
    if static is not None:
        return _GETITEM.prepared(x, {"key": static})
    x, static, indices, _ = static_key(x, key)
    return call.apply(_GETITEM, (x, *indices), {"key": static})


_BASIC = frozenset({int, slice, tuple, type(None), type(Ellipsis)})


class _Selectors(dict[Any, Any]):
    """On each backend, what selects by such a key as it is, as NumPy does; None where nothing does."""

    def __missing__(self, backend: Any) -> Any:
        selector = self[backend] = getattr(_GETITEM.quick.form(backend), "basic", None)
        return selector


_GETITEM = OPS["getitem"]
_WITH_ARRAYS = call.together(_GETITEM)
_SELECTORS = _Selectors()


def _selection(x: Any, key: Any) -> Any:
    """What a basic key, a mask or some integers select from a tensor, in the quickest way.

    None where there is no such way or the key is wrong.
    """
    array, backend, top = x.array, x.backend, call.interpreter.get()
    selector = _SELECTORS[backend]
    if selector is None or (top is not None and (top.below is not None or top.live is None)):
        return None
    result = call.new(call.kind)
    try:
        result.array = selector(array, key)
    except Exception:
        return None
    result.backend = backend
    if top is not None and id(x) in top.live:
        top.remember(_GETITEM, (x,), {"key": key}, result)  # as it was written: its rule works out the static form
    return result


def _is_short(key: Any) -> bool:
    """Whether a key is some integers on the host, a list or an array."""
    if key.__class__ is list:
        return {*map(type, key)} == {int}
    return key.__class__ is np.ndarray and key.size < _LONG and key.dtype.kind in "iu"


_LONG = 256
"""From so many indices on, each backend's own way of gathering is worth its preparation."""


def _is_basic(key: Any) -> bool:
    """Whether a key is made of integers, slices, None and ``...`` alone."""
    if key.__class__ is int:
        return True
    for part in key if key.__class__ is tuple else (key,):
        kind = part.__class__
        if kind is slice:
            if not (
                part.start.__class__ in _PLAIN_ENDS
                and part.stop.__class__ in _PLAIN_ENDS
                and part.step.__class__ in _PLAIN_ENDS
            ):
                return False
        elif not (kind is int or part is None or part is Ellipsis):
            return False
    return True


@lru_cache(1024)
def _rows(shape: tuple[int, ...], axis: int) -> Attrs:
    """The attributes of the op that selects by one index array along an axis."""
    key = tuple([ARRAY if i == axis else _known_slice(None, None, None, n) for i, n in enumerate(shape)])
    return Attrs(_GETITEM, {"key": key})


def index_add(x: Any, key: Any, updates: Any, /) -> Any:
    """``x`` with ``updates`` added at the elements that ``key`` selects; elements selected twice get both."""
    x, static, indices, back = static_key(call.operand(x), key)
    result = call.apply(OPS["index_add"], (x, updates, *indices), {"key": static})
    return result if back is None else back(result)


def index_set(x: Any, key: Any, values: Any, /) -> Any:
    """``x`` with the elements that ``key`` selects replaced by ``values``.

    Raises:
        ValueError: where an index array selects an element twice, which has no defined result. (Inside a traced
            function the indices are not known, and are not checked.)
    """
    x, static, indices, back = static_key(call.operand(x), key)
    if indices:
        _refuse_duplicates(x.shape, static, indices)
    result = call.apply(OPS["index_set"], (x, values, *indices), {"key": static})
    return result if back is None else back(result)


def _refuse_duplicates(shape: tuple[int, ...], key: Key, indices: tuple[Any, ...]) -> None:
    if not all(hasattr(i, "array") for i in indices):
        return  # traced: the indices have no values yet
    hosts = [np.asarray(i.numpy()).astype(np.int64) for i in indices]
    check_indices(shape, key, hosts)
    if 0 in _selected(Spec(shape, dt.bool_), tuple(Spec(host.shape, dt.int64) for host in hosts), key):
        return
    axes = [axis for axis, part in enumerate(part for part in key if part is not None) if part == ARRAY]
    places = 0
    for axis, host in zip(axes, hosts, strict=True):
        places = places * shape[axis] + np.where(host < 0, host + shape[axis], host)
    if len(np.unique(places)) < np.size(places):
        raise ValueError(
            "index_set selects an element twice, which has no defined result. "
            "Use index_add to add up, or select each once."
        )


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The slices of ``x`` at ``indices`` along ``axis`` (which may be left out for a one-dimensional ``x``)."""
    x = call.operand(x)
    sizes = x.array.shape if x.__class__ is call.kind else x.shape
    ndim = len(sizes)
    if axis is None and ndim != 1:
        raise ValueError(f"take needs axis= for a tensor of shape {x.shape}.")
    place = normal_axis(0 if axis is None else axis, ndim)
    index = _index_array(indices, x.backend)
    if index.dtype in dt.INTEGERS:
        return _WITH_ARRAYS((x, index), _rows(sizes, place))
    return getitem(x, (*[slice(None)] * place, index))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The elements of ``x`` at ``indices`` along ``axis``, element by element; other axes broadcast."""
    x = call.operand(x)
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


_FIT_ALL = 127
"""Numbers up to this fit every dtype of integers."""


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
    if not hasattr(depth, "__index__") or depth < 0:
        raise ValueError(f"one_hot needs a depth, an integer of 0 or more; got {depth!r}.")
    count, ndim = depth.__index__(), len(index.shape)
    key = (*[slice(None)] * place, None)
    if count > _FIT_ALL and count > np.iinfo(index.dtype).max:
        index = astype(index, dt.int64)
    checked_sizes((*index.shape, count), index.dtype)
    line = call.fresh(count_from_0(count, ndim - place, index.dtype), index.backend)
    hot = equal(getitem(index, key), line)
    target = dt.as_dtype(dtype)
    if type(on_value) in dt.SCALARS and type(off_value) in dt.SCALARS and on_value == 1 and off_value == 0:
        return astype(hot, target)
    return astype(where(hot, on_value, off_value), target)


def scatter(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros of ``shape`` with ``updates`` added at ``indices``, whose last axis holds coordinates."""
    updates = call.operand(updates)
    index = _index_array(indices, updates.backend)
    if not index.shape:
        raise ShapeError("scatter needs indices whose last axis holds coordinates; got a 0-d tensor.")
    coordinates = tuple(getitem(index, (..., i)) for i in range(index.shape[-1]))
    return index_add(zeros(shape, updates.dtype, backend=updates.backend), coordinates, updates)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The indices of the elements that are not 0, one tensor per axis. (Not while tracing: how many is data.)"""
    x = call.operand(x)
    if not x.shape:
        raise ShapeError("nonzero needs at least one axis; got a 0-d tensor.")
    return tuple(call.fresh(np.asarray(part, np.int64), x.backend) for part in np.nonzero(x.numpy()))


# Static keys ------------------------------------------------------------------------------------------------------


def static_key(x: Any, key: Any) -> tuple[Any, Key, tuple[Any, ...], Any]:
    """The static form of a key for ``x``, and its index arrays as tensors.

    Returns:
        the tensor to be indexed, its key, the index arrays, and what leads a result of its shape back to that of ``x``:
        None but where a mask without axes has added an axis, or ``...`` has parted index arrays.
    """
    parts = [_part(part, x.backend) for part in (key if isinstance(key, tuple) else (key,))]
    if sum([part is Ellipsis for part in parts]) > 1:
        raise IndexError("an index holds '...' once at most.")
    used = sum([_axes_of(part) for part in parts])
    ndim = len(x.shape)
    if used > ndim:
        axes = f"{ndim} dimension{'s' * (ndim != 1)}"
        raise IndexError(f"too many indices: {used} for a tensor of {axes}, shape {tuple(x.shape)}.")
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    if used < ndim:
        parts[at : at + 1] = [slice(None)] * (ndim - used)
    if any(_is_flag(part) for part in parts):
        return _with_axes_for_flags(x, parts)
    if used == ndim and at < len(parts):
        del parts[at]
        if any(map(_is_fancy, parts[:at])) and any(map(_is_fancy, parts[at:])):
            return _with_fancy_axes_first(x, parts)
    static: list[Any] = []
    arrays: list[Any] = []
    axis = 0
    for part in parts:
        if part is None:
            static.append(None)
        elif isinstance(part, slice):
            static.append(_slice(part, x.shape[axis]))
        elif isinstance(part, int):
            static.append(_integer(part, axis, x.shape))
        elif part.dtype is dt.bool_:
            found = _places(part, x.shape, axis, x.backend)
            static.extend([ARRAY] * len(found))
            arrays.extend(found)
        else:
            static.append(ARRAY)
            arrays.append(part)
        axis += _axes_of(part)
    return x, tuple(static), tuple(arrays), None


def _basic_key(key: Any, shape: tuple[int, ...]) -> Key | None:
    """The static form of a key of integers, slices, None and ``...`` alone; None for any other, and for a wrong one."""
    if key.__class__ is int and shape:
        size = shape[0]
        return (key % size, *[_known_slice(None, None, None, n) for n in shape[1:]]) if -size <= key < size else None
    parts = key if key.__class__ is tuple else (key,)
    static: list[Any] = []
    axis, ndim = 0, len(shape)
    for at, part in enumerate(parts):
        kind = part.__class__
        if part is None:
            static.append(None)
            continue
        if part is Ellipsis:
            rest = parts[at + 1 :]
            left = ndim - axis - len(rest) + sum([one is None for one in rest])
            if left < 0 or any(one is Ellipsis for one in rest):
                return None
            for size in shape[axis : axis + left]:
                static.append(_known_slice(None, None, None, size))
            axis += left
            continue
        if axis == ndim:
            return None
        size = shape[axis]
        axis += 1
        if kind is int and -size <= part < size:
            static.append(part if part >= 0 else part + size)
        elif kind is slice and {part.start.__class__, part.stop.__class__, part.step.__class__} <= _PLAIN_ENDS:
            if part.step == 0:
                return None
            static.append(_known_slice(part.start, part.stop, part.step, size))
        else:
            return None
    for size in shape[axis:]:
        static.append(_known_slice(None, None, None, size))
    return tuple(static)


_PLAIN_ENDS = {int, type(None)}


@lru_cache(maxsize=4096)
def _known_slice(start: int | None, stop: int | None, step: int | None, size: int) -> Slice:
    first, last, by = slice(start, stop, step).indices(size)
    return Slice(first, None if last < 0 else last, by) if range(first, last, by) else Slice(0, 0, 1)


def _axes_of(part: Any) -> int:
    """How many axes of the tensor a part of a key selects from."""
    if part is None or part is Ellipsis:
        return 0
    return len(part.shape) if getattr(part, "dtype", None) is dt.bool_ else 1


def _is_flag(part: Any) -> bool:
    """Whether a part is a mask without axes."""
    return getattr(part, "dtype", None) is dt.bool_ and not part.shape


def _with_axes_for_flags(x: Any, parts: list[Any]) -> tuple[Any, Key, tuple[Any, ...], Any]:
    """The static key where a mask without axes selects all or nothing along a new axis of size 1."""
    layout: list[Any] = []
    replaced = []
    for part in parts:
        if _is_flag(part):
            layout.append(None)
            replaced.append(call.constant(np.zeros(int(part.numpy()), np.int64), x.backend))
        else:
            layout.extend([slice(None)] * _axes_of(part))
            replaced.append(part)
    wide, static, arrays, back = static_key(getitem(x, tuple(layout)), tuple(replaced))
    narrow = tuple([0 if part is None else part for part in layout])
    return wide, static, arrays, lambda result: getitem(result if back is None else back(result), narrow)


def _is_fancy(part: Any) -> bool:
    """Whether a part is an index array, or an integer, which counts as one beside index arrays."""
    return part is not None and not isinstance(part, slice)


def _with_fancy_axes_first(x: Any, parts: list[Any]) -> tuple[Any, Key, tuple[Any, ...], Any]:
    """The static key where ``...`` stands for no axis and parts index arrays: what they select comes first then."""
    ends = np.cumsum([_axes_of(part) for part in parts])
    axes = [range(end - _axes_of(part), end) for end, part in zip(ends, parts, strict=True)]
    places = sorted(range(len(parts)), key=lambda i: not _is_fancy(parts[i]))
    order = tuple([int(axis) for i in places for axis in axes[i]])
    turn = OPS["permute_dims"].prepared
    turned, static, arrays, _ = static_key(turn(x, {"axes": order}), tuple([parts[i] for i in places]))
    inverse = tuple([order.index(axis) for axis in range(len(order))])
    return turned, static, arrays, lambda result: turn(result, {"axes": inverse})


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
        f"{part!r} ({type(part).__name__}) is no index. "
        "Expected an integer, a slice, None, '...', an integer array or a mask."
    )


def _index_array(indices: Any, backend: Any) -> Any:
    if indices.__class__ is call.kind:
        return indices
    if indices.__class__ is np.ndarray and indices.dtype.kind in "iu":
        return call.constant(indices, backend)
    if hasattr(indices, "read"):
        return indices.read()
    if indices.__class__ is list and {*map(type, indices)} == {int}:
        try:
            return call.fresh(np.array(indices, np.int64), backend)
        except OverflowError:
            pass
    found = nested(indices) if isinstance(indices, (list, tuple)) else np.asarray(indices)
    host = found if isinstance(found, np.ndarray) else found.values
    return call.constant(host.astype(np.int64) if not host.size and host.dtype.kind == "f" else host, backend)


def _integer(index: int, axis: int, shape: tuple[int, ...]) -> int:
    if not -shape[axis] <= index < shape[axis]:
        raise index_error(index, axis, shape)
    return index % shape[axis]


def _slice(part: slice, size: int) -> Slice:
    ends = [None if end is None else _end(end) for end in (part.start, part.stop, part.step)]
    if ends[2] == 0:
        raise ValueError("a slice needs a step other than 0.")
    return _known_slice(*ends, size)


def _end(end: Any) -> int:
    if not hasattr(end, "__index__"):
        raise TypeError(f"the ends and the step of a slice are integers or None; got {end!r}.")
    return int(end.__index__())


def _places(mask: Any, shape: tuple[int, ...], axis: int, backend: Any) -> list[Any]:
    """Where a mask is true, as index arrays. (How often is data: not possible while tracing.)

    An axis of the mask is as long as the tensor's, or has no elements.
    """
    host = np.asarray(mask.numpy())
    covered = tuple(shape[axis : axis + host.ndim])
    if any(size not in (0, full) for size, full in zip(host.shape, covered, strict=True)):
        raise IndexError(
            f"a boolean mask of shape {host.shape} does not fit axes {axis} to {axis + host.ndim - 1} "
            f"of a tensor of shape {tuple(shape)}."
        )
    return [call.fresh(np.asarray(part, np.int64), backend) for part in np.nonzero(host)]
