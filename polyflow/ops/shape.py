"""Ops that move elements without changing them: reshape, transpose, broadcast, join, split, pad, flip, roll, tile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..convert import held, integer, short
from ..errors import AxisError, ShapeError
from . import call
from .attributes import Attrs, are_integers
from .creation import full, zeros_like
from .declare import OPS, checked_sizes, gradient, op, shape_tuple
from .elementwise import identity, not_equal, subtract, where
from .host import triangle
from .indexing import getitem, take
from .rules import broadcast, normal_axes, normal_axis, reshaped, shaped


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The same elements, in order, in another shape; one size may be -1 and is worked out."""
    if x.__class__ is not call.kind:
        x = call.operand(x)
    attrs = _reshaping(
        x.array.shape if x.__class__ is call.kind else x.shape, shape if are_integers(shape) else shape_tuple(shape)
    )
    if attrs is None:
        return x if copy is False else identity(x)
    return _RESHAPE(x, attrs)


def _sizes(x: Any) -> tuple[int, ...]:
    """The shape of an operand, to be looked up by."""
    return x.array.shape if x.__class__ is call.kind else x.shape


@lru_cache(4096)
def _reshaping(given: tuple[int, ...], shape: tuple[int, ...]) -> Attrs | None:
    """The attributes of the op that gives a tensor another shape; None where it has that shape."""
    target = reshaped(given, shape)
    return None if target == given else Attrs(OPS["reshape"], {"shape": target})


@op(shaped(lambda s, *, shape: reshaped(s, shape)), name="reshape")
def _reshape(x, /, shape):
    return np.reshape(x, shape)


_RESHAPE = OPS["reshape"].fixed
gradient(_reshape, lambda g, y, x, *, shape: reshape(g, x.shape))


@op(shaped(lambda s, *, axes: _permuted(s, axes)))
def permute_dims(x, /, axes):
    """The axes in the order that ``axes`` names."""
    return np.transpose(x, axes)


def _permuted(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    order = normal_axes(axes, len(shape))
    if len(order) != len(shape):
        raise AxisError(f"axes={axes} must name each of the {len(shape)} axes of shape {shape} once.")
    return tuple(shape[i] for i in order)


_PERMUTE_DIMS = OPS["permute_dims"].fixed
gradient(permute_dims, lambda g, y, x, *, axes: permute_dims(g, _inverse(axes)))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    order = [axis % len(axes) for axis in axes]
    return tuple(order.index(i) for i in range(len(order)))


def transpose(x: Any, /, axes: Any = None) -> Any:
    """The axes reversed, or in the order that ``axes`` names."""
    if axes is not None:
        return permute_dims(call.operand(x), axes)
    if x.__class__ is not call.kind:
        x = call.operand(x)
    return _PERMUTE_DIMS(x, _reversal(len(_sizes(x))))


@lru_cache(64)
def _reversal(ndim: int) -> Attrs:
    return Attrs(OPS["permute_dims"], {"axes": tuple(range(ndim))[::-1]})


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    x = call.operand(x)
    ndim = len(_sizes(x))
    if ndim < 2:
        raise ShapeError(f"matrix_transpose needs at least 2 axes; got shape {x.shape}.")
    return _PERMUTE_DIMS(x, _exchange(ndim, ndim - 2, ndim - 1))


@lru_cache(256)
def _exchange(ndim: int, i: int, j: int) -> Attrs:
    """The attributes that exchange two axes."""
    axes = list(range(ndim))
    axes[i], axes[j] = j, i
    return Attrs(OPS["permute_dims"], {"axes": tuple(axes)})


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = call.operand(x)
    ndim = len(x.shape)
    return _PERMUTE_DIMS(x, _exchange(ndim, normal_axis(axis1, ndim), normal_axis(axis2, ndim)))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    """Axes moved to other places; the others keep their order."""
    x = call.operand(x)
    ndim = len(x.shape)
    origins, targets = normal_axes(source, ndim), normal_axes(destination, ndim)
    if len(origins) != len(targets):
        raise AxisError(f"moveaxis needs as many destinations as sources; got {source} and {destination}.")
    order = [i for i in range(ndim) if i not in origins]
    for target, origin in sorted(zip(targets, origins, strict=True)):
        order.insert(target, origin)
    return permute_dims(x, tuple(order))


@op(shaped(lambda s, *, shape: _broadcast_to(s, shape)))
def broadcast_to(x, /, shape):
    """``x`` repeated along new axes and along axes of size 1, to ``shape``."""
    return np.broadcast_to(x, shape)


def _broadcast_to(given: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    checked_sizes(shape)
    if len(given) > len(shape) or broadcast(given, shape) != shape:
        raise ShapeError(f"shape {given} cannot be broadcast to {shape}.")
    return shape


_BROADCAST_TO = OPS["broadcast_to"].fixed

gradient(broadcast_to, lambda g, y, x, *, shape: g)  # summed back where gradients are added up


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """All arrays broadcast to their common shape."""
    values = [call.operand(array) for array in arrays]
    shape = broadcast(*(value.shape for value in values))
    return tuple(broadcast_to(value, shape) for value in values)


def expand_dims(x: Any, /, axis: Any = 0) -> Any:
    """With new axes of size 1 at the places that ``axis`` names in the result."""
    if x.__class__ is not call.kind:
        x = call.operand(x)
    return _RESHAPE(x, (_expanding if axis.__class__ is int else _expanding.__wrapped__)(_sizes(x), axis))


@lru_cache(4096)
def _expanding(shape: tuple[int, ...], axis: Any) -> Attrs:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = len(shape) + len(axes)
    places = normal_axes(tuple(axes), ndim)
    sizes = iter(shape)
    return Attrs(OPS["reshape"], {"shape": tuple([1 if i in places else next(sizes) for i in range(ndim)])})


def squeeze(x: Any, /, axis: Any = None) -> Any:
    """Without the axes that ``axis`` names, each of size 1 (None: all of size 1)."""
    if x.__class__ is not call.kind:
        x = call.operand(x)
    attrs = (_squeezing if axis is None or axis.__class__ is int else _squeezing.__wrapped__)(_sizes(x), axis)
    return identity(x) if attrs is None else _RESHAPE(x, attrs)


@lru_cache(4096)
def _squeezing(shape: tuple[int, ...], axis: Any) -> Attrs | None:
    if axis is None:
        return _reshaping(shape, tuple([size for size in shape if size != 1]))
    axes = normal_axes(axis, len(shape))
    for i in axes:
        if shape[i] != 1:
            raise ShapeError(f"squeeze cannot remove axis {i} of shape {tuple(shape)}: its size is {shape[i]}, not 1.")
    return _reshaping(shape, tuple([size for i, size in enumerate(shape) if i not in axes]))


# Joining and splitting --------------------------------------------------------------------------------------------


def _concat_shape(*shapes: tuple[int, ...], axis: int) -> tuple[int, ...]:
    if not shapes:
        raise ValueError("concat needs at least one tensor; got none.")
    first = shapes[0]
    place = normal_axis(axis, len(first))
    for i, shape in enumerate(shapes):
        if len(shape) != len(first) or any(
            a != b for j, (a, b) in enumerate(zip(shape, first, strict=True)) if j != place
        ):
            raise ShapeError(
                f"concat along axis {axis} needs equal sizes on the others; tensor 0 is {first}, tensor {i} {shape}."
            )
    return (*first[:place], sum(shape[place] for shape in shapes), *first[place + 1 :])


@op(shaped(_concat_shape), name="concat")
def _concat(*arrays, axis):
    return np.concatenate(arrays, axis)


def _concat_part(index, g, y, *arrays, axis):
    place = normal_axis(axis, len(y.shape))
    start = sum(array.shape[place] for array in arrays[:index])
    return getitem(g, (*[slice(None)] * place, slice(start, start + arrays[index].shape[place])))


gradient(_concat, _concat_part)
_CONCAT = OPS["concat"]
_JOIN = call.together(_CONCAT)


@lru_cache(256)
def _joining(axis: int) -> Attrs:
    return Attrs(_CONCAT, {"axis": axis})


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Any:
    """The arrays joined along an axis they have (None: flattened first)."""
    parts = arrays if arrays.__class__ is list else list(arrays)
    if not parts:
        raise ValueError("concat needs at least one tensor; got none.")
    if axis is None:
        parts, axis = [reshape(part, (-1,)) for part in parts], 0
    if axis.__class__ is int:
        return _JOIN(parts, _joining(axis))
    return _concat(*parts, axis=axis)  # type: ignore[call-arg]


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    """The arrays, all of one shape, joined along a new axis."""
    if not isinstance(arrays, Iterable):
        raise TypeError(f"stack takes a list of tensors; got {short(arrays)} ({type(arrays).__name__}).")
    parts = [array if hasattr(array, "backend") else identity(array) for array in arrays]
    if not parts:
        raise ValueError("stack needs at least one tensor; got none.")
    sizes = _sizes(parts[0])
    for i, part in enumerate(parts):
        if _sizes(part) != sizes:
            found = tuple(_sizes(part))
            raise ShapeError(f"stack needs tensors of one shape; tensor 0 is {tuple(sizes)}, tensor {i} is {found}.")
    place = normal_axis(axis, len(sizes) + 1)
    if place == len(sizes):
        return _JOIN([expand_dims(part, place) for part in parts], _joining(place))
    return _RESHAPE(_JOIN(parts, _joining(place)), _stacking(sizes, place, len(parts)))


@lru_cache(4096)
def _stacking(sizes: tuple[int, ...], place: int, count: int) -> Attrs:
    """The attributes that part ``count`` tensors of one shape, which were joined along an axis."""
    return Attrs(OPS["reshape"], {"shape": (*sizes[:place], count, *sizes[place:])})


def split(x: Any, /, indices_or_sections: Any, *, axis: int = 0) -> list[Any]:
    """``x`` cut along ``axis``: into equal parts (an integer), or parts of the sizes given (one of them may be -1)."""
    x = call.operand(x)
    place = normal_axis(axis, len(x.shape))
    size = x.shape[place]
    if hasattr(indices_or_sections, "__index__") and not getattr(indices_or_sections, "shape", ()):
        count = int(indices_or_sections.__index__())
        if count < 1 or size % count:
            raise ShapeError(f"cannot split axis {axis} of size {size} into {count} equal parts.")
        sizes = [size // count] * count
    else:
        sizes = [integer("split", "each size", part) for part in indices_or_sections]
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = size - sum(part for part in sizes if part != -1)
        if sum(sizes) != size or min(sizes, default=0) < 0:
            raise ShapeError(f"parts of sizes {list(indices_or_sections)} do not make up axis {axis} of size {size}.")
    parts, start = [], 0
    for length in sizes:
        parts.append(getitem(x, (*[slice(None)] * place, slice(start, start + length))))
        start += length
    return parts


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices of ``x`` along ``axis``."""
    x = call.operand(x)
    sizes = _sizes(x)
    place = normal_axis(axis, len(sizes))
    before = (slice(None),) * place
    return tuple([getitem(x, (*before, i) if before else i) for i in range(sizes[place])])


# Rearranging ------------------------------------------------------------------------------------------------------


def _padded(shape: tuple[int, ...], *, widths: tuple[tuple[int, int], ...], value: Any) -> tuple[int, ...]:
    return tuple(low + size + high for size, (low, high) in zip(shape, widths, strict=True))


def _pad_by_parts(x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    for axis, (low, high) in enumerate(widths):
        ends = [
            full((*x.shape[:axis], width, *x.shape[axis + 1 :]), value, x.dtype, backend=x.backend)
            for width in (low, high)
        ]
        if low or high:
            x = _concat(ends[0], x, ends[1], axis=axis)  # type: ignore[call-arg]
    return x


@op(shaped(_padded), name="pad", standard=False, decomposition=_pad_by_parts)
def _pad(x, /, widths, value):
    """``x`` with ``value`` added before and after, as often as ``widths`` says for each axis."""
    return np.pad(x, widths, constant_values=value)


def _pad_gradient(g, y, x, *, widths, value):
    return getitem(g, tuple(slice(low, low + size) for size, (low, _) in zip(x.shape, widths, strict=True)))


gradient(_pad, _pad_gradient)


def pad(x: Any, /, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """``x`` with elements added at the ends of its axes.

    Args:
        x: the tensor.
        pad_width: ``(before, after)`` for each axis, one such pair for all, or one integer for all ends; 0 or more.
        mode: "constant", "reflect" (without the edge), "symmetric" (with it) or "edge".
        constant_values: what is added in mode "constant".
    """
    x = call.operand(x)
    ndim = len(x.shape)
    widths = np.asarray(pad_width)
    widths = np.broadcast_to(widths, (ndim, 2)) if widths.shape in ((), (1,), (2,), (1, 2)) else widths
    if widths.shape != (ndim, 2) or (widths.size and (widths.dtype.kind not in "iu" or widths.min() < 0)):
        raise ShapeError(f"pad needs a pair of sizes of 0 or more for each of {ndim} axes; got {pad_width}.")
    pairs = tuple((int(low), int(high)) for low, high in widths)
    if mode.lower() == "constant":
        value = constant_values.item() if hasattr(constant_values, "item") else constant_values
        return _pad(x, pairs, held(value, x.dtype))
    if mode.lower() not in ("reflect", "symmetric", "edge"):
        raise ValueError(f"pad has the modes 'constant', 'reflect', 'symmetric' and 'edge'; got {mode!r}.")
    for axis, pair in enumerate(pairs):
        if pair != (0, 0):
            if not x.shape[axis]:
                raise ShapeError(
                    f"pad in mode {mode!r} repeats elements, and axis {axis} of shape {x.shape} has none; use the mode "
                    "'constant'."
                )
            order = np.pad(np.arange(x.shape[axis]), pair, mode=mode.lower())  # type: ignore[call-overload]
            x = take(x, order, axis=axis)
    return x


@op(shaped(lambda s, *, axis: (normal_axes(axis, len(s)), s)[1]))
def flip(x, /, axis=None):
    """The elements in reverse order along ``axis`` (None: along every axis)."""
    return np.flip(x, axis)


gradient(flip, lambda g, y, x, *, axis: flip(g, axis))


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """The elements shifted along ``axis``, those pushed out coming in at the other end (None: of all, flattened)."""
    x = call.operand(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), x.shape)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise AxisError(f"roll needs one shift per axis; got shift={shift} and axis={axis}.")
    for places, one in zip(axes, shifts, strict=True):
        place = normal_axis(places, len(x.shape))
        if not hasattr(one, "__index__"):
            raise TypeError(f"roll shifts by integers; got {one!r}.")
        size = x.shape[place]
        cut = -one.__index__() % size if size else 0
        if cut:
            before = (slice(None),) * place
            x = concat([getitem(x, (*before, slice(cut, None))), getitem(x, (*before, slice(None, cut)))], axis=place)
    return x


def tile(x: Any, repetitions: Any, /) -> Any:
    """``x`` laid out ``repetitions`` times along each axis (counted from the last)."""
    x = call.operand(x)
    counts = shape_tuple(repetitions)
    if min(counts, default=0) < 0:
        raise ShapeError(f"tile needs repetitions of 0 or more; got {counts}.")
    parted, wide, whole = _tiling(_sizes(x), counts)
    return _RESHAPE(_BROADCAST_TO(_RESHAPE(x, parted), wide), whole)


@lru_cache(256)
def _tiling(sizes: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Attrs, Attrs, Attrs]:
    """The attributes of three steps: each axis gets one before it, along which it is repeated, and is one with it."""
    ndim = max(len(counts), len(sizes))
    counts, sizes = ((1,) * (ndim - len(one)) + tuple(one) for one in (counts, sizes))
    pairs = list(zip(counts, sizes, strict=True))
    parted, wide = tuple(n for _, size in pairs for n in (1, size)), tuple(n for pair in pairs for n in pair)
    reshape_, broadcast_to_ = OPS["reshape"], OPS["broadcast_to"]
    return (
        Attrs(reshape_, {"shape": parted}),
        Attrs(broadcast_to_, {"shape": wide}),
        Attrs(reshape_, {"shape": tuple(count * size for count, size in pairs)}),
    )


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Each element along ``axis`` repeated: ``repeats`` times, or each its own number of times (None: flattened)."""
    x = call.operand(x)
    if axis is None:
        return repeat(reshape(x, (-1,)), repeats, axis=0)
    place = normal_axis(axis, len(x.shape))
    counts = np.asarray(repeats.numpy() if hasattr(repeats, "numpy") else repeats)
    if (
        counts.dtype.kind not in "iu"
        or (counts < 0).any()
        or (counts.ndim and counts.shape not in ((1,), (x.shape[place],)))
    ):
        raise ShapeError(f"repeat needs one count of 0 or more, or {x.shape[place]} of them; got {repeats}.")
    checked_sizes(
        (*x.shape[:place], int(np.broadcast_to(counts, x.shape[place]).sum()), *x.shape[place + 1 :]), x.dtype
    )
    return take(x, np.repeat(np.arange(x.shape[place]), counts), axis=place)


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Coordinate grids from one-dimensional tensors ("xy": the first two axes exchanged; "ij": in order)."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid has indexing 'xy' or 'ij'; got {indexing!r}.")
    values = [call.operand(array) for array in arrays]
    for value in values:
        if len(value.shape) > 1:
            raise ShapeError(f"meshgrid needs one-dimensional tensors; got shape {value.shape}.")
    order = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        order[:2] = [1, 0]
    shaped_ = [
        reshape(value, tuple(-1 if axis == place else 1 for axis in range(len(values))))
        for place, value in zip(order, values, strict=True)
    ]
    return broadcast_arrays(*shaped_)


def tril(x: Any, /, *, k: int = 0) -> Any:
    """``x`` with the elements above the ``k``-th diagonal set to 0."""
    return _triangle(x, k, lower=True)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """``x`` with the elements below the ``k``-th diagonal set to 0."""
    return _triangle(x, k, lower=False)


def _triangle(x: Any, k: int, *, lower: bool) -> Any:
    x = call.operand(x)
    shape = x.shape
    if len(shape) < 2:
        raise ShapeError(f"tril and triu need at least 2 axes; got shape {shape}.")
    mask = call.fresh(triangle(*shape[-2:], integer("tril and triu", "k", k), lower), x.backend)
    return where(mask, x, zeros_like(x) if x.dtype is dt.bool_ else 0)


def diff(x: Any, /, n: int = 1, *, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The ``n``-th difference of neighbours along ``axis``, with ``prepend`` and ``append`` put at its ends first."""
    x = call.operand(x)
    n = integer("diff", "n", n)
    if n < 0:
        raise ValueError(f"diff needs n of 0 or more; got {n}.")
    place = normal_axis(axis, len(x.shape))
    x = concat([part for part in (prepend, x, append) if part is not None], axis=place)
    before = (slice(None),) * place
    minus = not_equal if x.dtype == np.bool_ else subtract
    for _ in range(n):
        x = minus(getitem(x, (*before, slice(1, None))), getitem(x, (*before, slice(None, -1))))
    return x
