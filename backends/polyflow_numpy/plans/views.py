"""Other shapes of the same memory: views, made once where the memory is the plan's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..indexing import static
from .places import Order, Place, c_order


def permute(p: Any, node: Any) -> bool:
    """The axes in another order."""
    place, shape = p.place(node.inputs[0]), node.output.shape
    axes = tuple(axis % len(shape) for axis in node.attrs["axes"])
    order = None if place.order is None else _plain(tuple(map(axes.index, place.order)), shape)
    return _put(p, node, place, f"{{}}.transpose({axes})", order)


def reshape(p: Any, node: Any) -> bool:
    """The same elements in other axes; a copy of what is not in order, which is for its kernel to make."""
    place, shape = p.place(node.inputs[0]), node.output.shape
    in_order = place.order == c_order(node.inputs[0].shape)
    if place.fixed and not in_order:
        return False
    return _put(p, node, place, f"{{}}.reshape({shape})", c_order(shape) if in_order else None)


def broadcast(p: Any, node: Any) -> bool:
    """The same elements again and again."""
    place = p.place(node.inputs[0])
    if not place.fixed:
        return False
    view = p.source.once(f"{p.named(np.broadcast_to)}({place.name}, {node.output.shape})", "w")
    p.places[node.output] = Place(view, True)
    return True


def getitem(p: Any, node: Any) -> bool:
    """What a key without index arrays selects."""
    if len(node.inputs) > 1 or not node.output.shape:
        return False
    return _put(p, node, p.place(node.inputs[0]), f"{{}}[{p.named(static(node.attrs['key']))}]", None)


def same(p: Any, node: Any) -> bool:
    """The value itself."""
    p.places[node.output] = p.place(node.inputs[0])
    return True


def _put(p: Any, node: Any, place: Place, what: str, order: Order | None) -> bool:
    if place.number:
        return False
    if place.fixed:
        p.places[node.output] = Place(p.view(place, what), True, order, place.writable)
    else:
        p.local(node.output, what.format(place.name), order=order, writable=place.writable)
    return True


def _plain(order: Order, shape: tuple[int, ...]) -> Order:
    """The order itself, or the usual one, which it is but for axes of one element."""
    moved = [axis for axis in order if shape[axis] != 1]
    return c_order(shape) if moved == sorted(moved) else order


EMITTERS = {
    "permute_dims": permute,
    "reshape": reshape,
    "broadcast_to": broadcast,
    "getitem": getitem,
    "identity": same,
    "stop_gradient": same,
}
