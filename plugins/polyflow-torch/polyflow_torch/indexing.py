"""Indexing: PyTorch has no negative steps, and its own rule for where the axes of index arrays go.

A key is worked out once (`_plan`): what it selects without its index arrays is a view; the arrays then select from some
axes of that view, by PyTorch's rule; and the result's axes are moved to where NumPy's rule has them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import torch

from polyflow.backend.checks import check_indices
from polyflow.backend.keys import ARRAY, Key, Slice

from .forms import HALVES, SIGNED

_index = torch.ops.aten.index.Tensor
_put = torch.ops.aten.index_put_.default


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
        together = advanced[-1] - advanced[0] < len(advanced)  # to NumPy integers are arrays here, to PyTorch they are not
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


def getitem(x: Any, *indices: Any, key: Key) -> Any:
    """The elements that the key selects: a view where it has neither index arrays nor negative steps."""
    plan = _plan(key)
    if plan.flipped and x.dtype in SIGNED:
        return getitem(x.view(SIGNED[x.dtype]), *indices, key=key).view(x.dtype)
    view = x[plan.view]
    if plan.flipped:
        view = view.flip(plan.flipped)
    if not indices:
        return view
    places, rank = _places(x, view, indices, plan, key)
    found = _index(view, places)
    if plan.at != plan.torch_at:
        return found.movedim(_span(plan.torch_at, rank), _span(plan.at, rank))
    return found


def index_add(x: Any, updates: Any, *indices: Any, key: Key) -> Any:
    """A copy of ``x`` with ``updates`` added at the elements that the key selects; those selected twice get both."""
    if x.dtype in SIGNED:
        twin = SIGNED[x.dtype]
        return index_add(x.view(twin), updates.view(twin), *indices, key=key).view(x.dtype)
    if indices and x.dtype in HALVES:
        return index_add(x.float(), updates.float(), *indices, key=key).to(x.dtype)
    return _updated(x, updates, indices, key, accumulate=True)


def index_set(x: Any, updates: Any, *indices: Any, key: Key) -> Any:
    """A copy of ``x`` with the elements that the key selects replaced."""
    if x.dtype in SIGNED:
        twin = SIGNED[x.dtype]
        return index_set(x.view(twin), updates.view(twin), *indices, key=key).view(x.dtype)
    return _updated(x, updates, indices, key, accumulate=False)


def _updated(x: Any, updates: Any, indices: tuple[Any, ...], key: Key, accumulate: bool) -> Any:
    plan = _plan(key)
    result = x.clone(memory_format=torch.contiguous_format)
    view = result[plan.view]
    if not indices:
        if plan.flipped:
            updates = updates.expand(view.shape).flip(plan.flipped)
        view.add_(updates) if accumulate else view.copy_(updates)
        return result
    if plan.flipped:  # index arrays select from an axis each: the others keep their places in front of and behind them
        view = view.flip(plan.flipped)
    places, rank = _places(x, view, indices, plan, key)
    if plan.at != plan.torch_at and updates.ndim:
        updates = updates[(None,) * (view.ndim - len(plan.axes) + rank - updates.ndim)]
        updates = updates.movedim(_span(plan.at, rank), _span(plan.torch_at, rank))
    _put(view, places, updates, accumulate)
    if plan.flipped:
        result[plan.view] = view.flip(plan.flipped)
    return result


def _places(x: Any, view: Any, indices: tuple[Any, ...], plan: Plan, key: Key) -> tuple[list[Any], int]:
    """The index arrays as PyTorch takes them, one for each axis of the view, and how many axes they have together.

    On the CPU PyTorch raises for an index outside; a GPU would stop working, so there they are looked at before.
    """
    wide = [_int64(index) for index in indices]
    if x.device.type != "cpu":
        sizes = [view.shape[axis] for axis in plan.axes]
        outside = [((i < -n) | (i >= n)).any() for i, n in zip(wide, sizes, strict=True)]
        if bool(torch.stack(outside).any()):
            check_indices(tuple(x.shape), key, [i.cpu().numpy() for i in wide])
    places: list[Any] = [None] * view.ndim
    for axis, index in zip(plan.axes, wide, strict=True):
        places[axis] = index
    return places, max(index.ndim for index in wide)


def _int64(index: Any) -> Any:
    """An index array in the dtype that PyTorch takes for indices; what int64 does not hold is outside of any axis."""
    if index.dtype is torch.uint64:
        bits = index.view(torch.int64)
        return torch.where(bits < 0, torch.iinfo(torch.int64).max, bits)
    return index.long()


def _span(first: int, count: int) -> tuple[int, ...]:
    return tuple(range(first, first + count))
