"""Elements in another order or in several tensors: parts, turns, diagonals, and axes named in a pattern."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

from ...composed import names
from ...convert import integer, short
from ...errors import AxisError, ShapeError
from ...linalg import diag as on_diagonals
from ...ops import creation, elementwise, indexing
from ...ops import shape as shapes
from ...ops.linalg import diagonal
from ...ops.rules import normal_axes, normal_axis
from ...tensor import asarray

# Parts ----------------------------------------------------------------------------------------------------------------


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts of ``x`` along ``axis``: so many, the first ones longer by 1 where they cannot be equal, or by indices."""
    x = asarray(x)
    place = normal_axis(axis, len(x.shape))
    size = x.shape[place]
    if isinstance(indices_or_sections, (list, tuple)) or getattr(indices_or_sections, "shape", ()):
        ends = [integer("array_split", "each index", one) for one in indices_or_sections]
    else:
        count = integer("array_split", "indices_or_sections", indices_or_sections)
        if count < 1:
            raise ShapeError(f"array_split makes 1 part or more; got {count}.")
        least, longer = divmod(size, count)
        ends = [least * i + min(i, longer) for i in range(1, count)]
    before = (slice(None),) * place
    return [indexing.getitem(x, (*before, slice(*pair))) for pair in pairwise([0, *ends, size])]


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Equal parts along the first axis, or those between indices."""
    return _split("vsplit", x, indices_or_sections, 0)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Equal parts along the second axis (the only one of a vector), or those between indices."""
    return _split("hsplit", x, indices_or_sections, 0 if len(asarray(x).shape) == 1 else 1)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Equal parts along the third axis, or those between indices."""
    return _split("dsplit", x, indices_or_sections, 2)


def _split(name: str, x: Any, indices_or_sections: Any, axis: int) -> list[Any]:
    x = asarray(x)
    if len(x.shape) <= axis or (name == "vsplit" and len(x.shape) < 2):
        raise ShapeError(f"{name} needs {max(axis + 1, 1 + (name == 'vsplit'))} axes or more; got shape {x.shape}.")
    if isinstance(indices_or_sections, int) and x.shape[axis] % max(indices_or_sections, 1):
        raise ShapeError(f"{name} cannot cut size {x.shape[axis]} into {indices_or_sections} equal parts.")
    return array_split(x, indices_or_sections, axis)


def dstack(xs: Any) -> Any:
    """Tensors one behind the other, along their third axis; vectors and matrices get the axes that they lack."""
    found = [asarray(x) for x in xs]
    found = [x.reshape((1, -1)) if len(x.shape) < 2 else x for x in found]
    return names.concat([x.reshape((*x.shape, 1)) if len(x.shape) == 2 else x for x in found], axis=2)


# Turns ----------------------------------------------------------------------------------------------------------------


def fliplr(x: Any) -> Any:
    """The columns (the second axis) in reverse order."""
    return shapes.flip(_of_axes("fliplr", x, 2), axis=1)


def flipud(x: Any) -> Any:
    """The rows (the first axis) in reverse order."""
    return shapes.flip(_of_axes("flipud", x, 1), axis=0)


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """``k`` quarter turns from the first of two axes towards the second.

    Raises:
        ShapeError: for fewer than two axes. AxisError: for anything but two different axes.
    """
    x = _of_axes("rot90", array, 2)
    if len(axes) != 2:
        raise AxisError(f"rot90 turns in the plane of two axes; got axes={axes!r}.")
    first, second = normal_axes(tuple(axes), len(x.shape))
    turns = integer("rot90", "k", k) % 4
    if turns == 2:
        return shapes.flip(x, axis=(first, second))
    if turns == 1:
        return shapes.swapaxes(shapes.flip(x, axis=second), first, second)
    return shapes.flip(shapes.swapaxes(x, first, second), axis=second) if turns else x


def _of_axes(name: str, x: Any, least: int) -> Any:
    found = asarray(x)
    if len(found.shape) < least:
        raise ShapeError(f"{name} needs {least} axes or more; got shape {found.shape}.")
    return found


# Diagonals ------------------------------------------------------------------------------------------------------------


def diag(x: Any, k: int = 0) -> Any:
    """A matrix with a vector on its ``k``-th diagonal and 0 elsewhere; of a matrix its ``k``-th diagonal.

    Raises:
        ShapeError: for anything but a vector or a matrix.
    """
    x = asarray(x)
    if len(x.shape) not in (1, 2):
        raise ShapeError(f"diag takes a vector or a matrix; got shape {x.shape}.")
    offset = integer("diag", "k", k)
    return on_diagonals(x, k=offset) if len(x.shape) == 1 else diagonal(x, offset=offset)


def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with all elements of ``x`` on its ``k``-th diagonal."""
    return on_diagonals(shapes.reshape(asarray(x), (-1,)), k=integer("diagflat", "k", k))


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix of N rows and M columns (N, if left out) with ones on and below its ``k``-th diagonal, else zeros."""
    return shapes.tril(names.ones((N, N if M is None else M), "float32" if dtype is None else dtype), k=k)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of the shape of ``x``: what a new tensor holds is the same on every backend."""
    return creation.zeros_like(asarray(x), dtype)


# Choices and places ---------------------------------------------------------------------------------------------------


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element what goes with the first condition that holds, and ``default`` where none does.

    Raises:
        ValueError: unless there are as many choices as conditions, and one at least.
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"select needs a choice for each condition; got {len(choicelist)} for {len(condlist)}.")
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = elementwise.where(asarray(condition), choice, found)
    return found


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The coordinates, a tensor for each axis, of places in a flattened tensor; negative places count from its end."""
    places = asarray(indices)
    places = elementwise.where(elementwise.less(places, 0), places + math.prod(shape), places)
    found = []
    for size in reversed(shape):
        found.append(elementwise.remainder(places, size))
        places = elementwise.floor_divide(places, size)
    return tuple(reversed(found))


# Axes named in a pattern ----------------------------------------------------------------------------------------------


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """``tensor`` with its axes parted, moved and joined as a pattern says, such as ``"b (h h1) c -> (b h1) h c"``.

    Names in parentheses are one axis of the tensor, the last of them the innermost; all names occur once on each side.

    Args:
        tensor: a tensor.
        pattern: its axes, an arrow, and the axes of the result.
        axes_lengths: the sizes of names within parentheses; one of each pair of parentheses may be left out.

    Raises:
        ValueError: for a pattern that is none. ShapeError: for a tensor that it does not fit.
    """
    x = asarray(tensor)
    before, arrow, after = pattern.partition("->")
    given, wanted = _terms(before), _terms(after)
    flat = [name for term in given for name in term]
    if not arrow or sorted(flat) != sorted(name for term in wanted for name in term) or len({*flat}) < len(flat):
        raise ValueError(f"rearrange needs a pattern with the same names on both sides of '->'; got {pattern!r}.")
    if len(given) != len(x.shape):
        raise ShapeError(f"rearrange by {pattern!r} takes {len(given)} axes; got shape {x.shape}.")
    sizes = {}
    for term, size in zip(given, x.shape, strict=True):
        sizes |= _sizes(term, size, axes_lengths, pattern)
    parted = shapes.reshape(x, tuple(sizes[name] for name in flat))
    moved = shapes.permute_dims(parted, tuple(flat.index(name) for term in wanted for name in term))
    return shapes.reshape(moved, tuple(math.prod(sizes[name] for name in term) for term in wanted))


def _terms(side: str) -> list[list[str]]:
    """The names of each axis of a side of a pattern."""
    found = re.findall(r"\(([^()]*)\)|(\w+)|(\S)", side)
    if any(other for _, _, other in found):
        raise ValueError(f"a pattern of rearrange has names and pairs of parentheses; got {side.strip()!r}.")
    return [[one] if one else joined.split() for joined, one, _ in found]


def _sizes(term: list[str], size: int, known: dict[str, int], pattern: str) -> dict[str, int]:
    """The size of each name that makes up an axis."""
    found = {name: known[name] for name in term if name in known}
    open_ = [name for name in term if name not in known]
    rest, left = divmod(size, max(math.prod(found.values()), 1))
    if len(open_) > 1:
        raise ValueError(f"rearrange by {pattern!r} needs the sizes of all but one of {', '.join(open_)}, by name.")
    if left or (not open_ and rest != 1):
        raise ShapeError(f"rearrange by {pattern!r} finds ({' '.join(term)}) of size {size}; got {short(known)}.")
    return found | dict.fromkeys(open_, rest)
