"""Indexing: PyTorch has no negative steps, and its own rule for where the axes of index arrays go.

A key is worked out once (`_plan`): what it selects without its index arrays is a view; the arrays then select from some
axes of that view, by PyTorch's rule; and the result's axes are moved to where NumPy's rule has them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import torch

from polyflow.backend.checks import check_indices
from polyflow.backend.keys import ARRAY, Key, Slice

from .forms import SIGNED, Forms, Function

_index = torch.ops.aten.index.Tensor
_put = torch.ops.aten.index_put.default
_NARROW = 16
"""Rows of fewer elements are added one element at a time."""


class Plan(NamedTuple):
    """How PyTorch is told of a key.

    Attributes:
        view: the key without arrays, whose steps are positive.
        flipped: the axes of the selection that run backwards.
        axes: the axes of the view that index arrays select from.
        at: the axis of the selection at which NumPy's rule puts the arrays' axes.
        torch_at: that at which PyTorch's rule does.
    """

    view: tuple[Any, ...]
    flipped: tuple[int, ...]
    axes: tuple[int, ...]
    at: int
    torch_at: int


def _ready(attrs: dict[str, Any]) -> dict[str, Any]:
    return {**attrs, "plan": _plan(attrs["key"])}


@lru_cache(4096)
def _plan(key: Key) -> Plan:
    view: list[Any] = []
    backwards: list[int] = []
    axes: list[int] = []
    place = 0  # in the view
    for part in key:
        if part.__class__ is int:
            view.append(part)
            continue
        if part == ARRAY:
            axes.append(place)
            view.append(slice(None))
        elif part is None:
            view.append(None)
        else:
            view.append(_forwards(part))
            if part.step < 0:
                backwards.append(place)
        place += 1
    advanced = [i for i, part in enumerate(key) if part == ARRAY or part.__class__ is int]
    at = torch_at = 0
    if axes:
        together = advanced[-1] - advanced[0] < len(advanced)  # integers are arrays to NumPy here, not to PyTorch
        at = sum(part.__class__ is not int for part in key[: advanced[0]]) if together else 0
        torch_at = axes[0] if axes[-1] - axes[0] < len(axes) else 0
    return Plan(tuple(view), tuple(backwards), tuple(axes), at, torch_at)


def _forwards(part: Slice) -> slice:
    """What a slice selects, in the order of the axis."""
    start, stop, step = part
    if step > 0:
        return slice(start, stop, step)
    count = start // -step + 1 if stop is None else len(range(start, stop, step))
    return slice(start + (count - 1) * step, start + 1, -step) if count else slice(0, 0)


def _getitem(x: Any, *indices: Any, key: Key, plan: Plan) -> Any:
    """The elements that the key selects: a view where it has neither index arrays nor negative steps."""
    view = _selected(x, plan)
    if not indices:
        return view
    found = _index(view, _places(x, view, indices, plan, key))
    if plan.at == plan.torch_at:
        return found
    rank = _rank(indices)
    return found.movedim(_span(plan.torch_at, rank), _span(plan.at, rank))


def _index_add(x: Any, updates: Any, *indices: Any, key: Key, plan: Plan) -> Any:
    view = _selected(x, plan)
    if not indices:
        return _replaced(x, plan, view + updates)
    places = _places(x, view, indices, plan, key)
    if x.is_cpu and not torch.compiler.is_compiling():
        return _replaced(x, plan, _rows_added(view, places, updates, plan))
    return _replaced(x, plan, _put(view, places, _as_torch_places(updates, view, indices, plan), True))


def _index_set(x: Any, updates: Any, *indices: Any, key: Key, plan: Plan) -> Any:
    view = _selected(x, plan)
    if not indices:
        return _replaced(x, plan, updates.expand(view.shape))
    places = _places(x, view, indices, plan, key)
    return _replaced(x, plan, _put(view, places, _as_torch_places(updates, view, indices, plan), False))


def _index_add_halves(x: Any, updates: Any, *indices: Any, key: Key, plan: Plan) -> Any:
    """In float32, for elements that get several updates."""
    if not indices:
        return _index_add(x, updates, key=key, plan=plan)
    return _index_add(x.float(), updates.float(), *indices, key=key, plan=plan).to(x.dtype)


def _selected(x: Any, plan: Plan) -> Any:
    """What a key selects but for its index arrays."""
    view = x[plan.view]
    return view.flip(plan.flipped) if plan.flipped else view


def _replaced(x: Any, plan: Plan, changed: Any) -> Any:
    """A copy of ``x`` in which ``changed`` stands in the place of what was selected."""
    if plan.flipped:
        changed = changed.flip(plan.flipped)
    if changed.shape == x.shape:  # no element is selected twice here, so all of them are selected, in their order
        return changed
    result = x.clone()
    result[plan.view] = changed
    return result


def _as_torch_places(updates: Any, view: Any, indices: tuple[Any, ...], plan: Plan) -> Any:
    """Updates whose axes are in the order in which PyTorch has those of the selection."""
    if plan.at == plan.torch_at or not updates.ndim:
        return updates
    rank = _rank(indices)
    updates = updates[(None,) * (view.ndim - len(plan.axes) + rank - updates.ndim)]
    return updates.movedim(_span(plan.at, rank), _span(plan.torch_at, rank))


def _rank(indices: tuple[Any, ...]) -> int:
    """How many axes index arrays have together."""
    return max(index.ndim for index in indices)


def _rows_added(view: Any, places: list[Any], updates: Any, plan: Plan) -> Any:
    """The view with updates added to it, in their order: `index_put_` adds in any order on CPUs, in several threads.

    The axes that index arrays select from become one axis of rows, in front; all others make up the columns.
    """
    axes = plan.axes
    others = [axis for axis in range(view.ndim) if axis not in axes]
    front = view.permute(*axes, *others)
    sizes, columns = front.shape[: len(axes)], front.shape[len(axes) :]
    width = math.prod(columns)
    rows = _rows([places[axis] for axis in axes], sizes)
    selected = (*columns[: plan.at], *rows.shape, *columns[plan.at :])
    updates = updates.expand(selected).movedim(_span(plan.at, rows.ndim), _span(0, rows.ndim))
    updates, rows = updates.reshape(rows.numel(), width), rows.reshape(-1)
    matrix = front.reshape(math.prod(sizes), width)
    if width < _NARROW:
        elements = (rows[:, None] * width + torch.arange(width, device=rows.device)).reshape(-1)
        matrix = _added(matrix.reshape(-1), elements, updates.reshape(-1))
    else:
        matrix = _added(matrix, rows, updates)
    order = [*axes, *others]
    return matrix.reshape(front.shape).permute([order.index(axis) for axis in range(view.ndim)])


def _added(rows: Any, places: Any, updates: Any) -> Any:
    """PyTorch multiplies updates by a factor of 1 first: of complex ones with an infinite part it makes NaN."""
    if not rows.is_complex():
        return torch.index_add(rows, 0, places, updates)
    parts = [torch.view_as_real(array.resolve_conj()) for array in (rows, updates)]
    return torch.view_as_complex(torch.index_add(parts[0], 0, places, parts[1]))


def _rows(indices: list[Any], sizes: Any) -> Any:
    """The number of the row that each tuple of indices names.

    Raises:
        IndexError: for one outside its axis.
    """
    numbers: Any = 0
    for index, size in zip(indices, sizes, strict=True):
        if index.numel() and not bool(((index >= -size) & (index < size)).all()):
            raise IndexError("an index is out of bounds")
        numbers = numbers * size + torch.where(index < 0, index + size, index)
    return numbers


def _places(x: Any, view: Any, indices: tuple[Any, ...], plan: Plan, key: Key) -> list[Any]:
    """The index arrays as PyTorch takes them, one for each axis of the view.

    On the CPU PyTorch raises for an index outside; a GPU would stop working, so there they are looked at before.
    """
    wide = [_int64(index) for index in indices]
    if not x.is_cpu:
        sizes = [view.shape[axis] for axis in plan.axes]
        outside = [((i < -n) | (i >= n)).any() for i, n in zip(wide, sizes, strict=True)]
        if bool(torch.stack(outside).any()):
            check_indices(tuple(x.shape), key, [i.cpu().numpy() for i in wide])
    places: list[Any] = [None] * view.ndim
    for axis, index in zip(plan.axes, wide, strict=True):
        places[axis] = index
    return places


def _int64(index: Any) -> Any:
    """An index array in the dtype that PyTorch takes for indices; what int64 does not hold is outside of any axis."""
    if index.dtype is torch.uint64:
        bits = index.view(torch.int64)
        return torch.where(bits < 0, torch.iinfo(torch.int64).max, bits)
    return index.long()


def _span(first: int, count: int) -> tuple[int, ...]:
    return tuple(range(first, first + count))


def _on_bits(function: Function, arrays: int) -> Function:
    """``function`` of unsigned numbers by way of signed ones, which its first ``arrays`` arguments become."""

    def kernel(*given: Any, **attrs: Any) -> Any:
        dtype = given[0].dtype
        bits = [array.view(SIGNED[dtype]) for array in given[:arrays]]
        return function(*bits, *given[arrays:], **attrs).view(dtype)

    return kernel


class Indexing:
    """A part of `TorchBackend`."""

    getitem = Forms(_getitem, ready=_ready, unsigned=_on_bits(_getitem, 1))
    index_add = Forms(_index_add, ready=_ready, unsigned=_on_bits(_index_add, 2), half=_index_add_halves)
    index_set = Forms(_index_set, ready=_ready, unsigned=_on_bits(_index_set, 2))
