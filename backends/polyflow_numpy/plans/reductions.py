"""Sums and extremes, by the ways that `sums` and `extremes` take: the same bits, into arrays made beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..extremes import narrow
from ..sums import FEW, factors
from .places import Place, c_order, size

_ADD: Any = np.add.reduce
_EXTREMES: dict[str, Any] = {"max": np.maximum.reduce, "min": np.minimum.reduce}


def total(p: Any, node: Any) -> bool:
    """A sum of float32 or float64, of an array in order."""
    (value,) = node.inputs
    place, shape, axis = p.place(value), value.shape, _axis(node)
    if value.dtype.char not in "fd" or not size(value) or place.order != c_order(shape) or place.number:
        return False
    if axis is None or len(shape) == 1:
        if node.output.shape:
            return False
        p.scalar(node.output, f"{p.named(_ADD)}({place.name}, None)")
        return True
    if isinstance(axis, tuple):
        return False
    axis %= len(shape)
    if len(shape) == 2 and size(value) == shape[axis] > FEW:
        flat, out = p.view(place, "{}.reshape(-1)"), p.view(p.result(node), "{}.reshape(())")
        p.line(f"{p.named(_ADD)}({flat}, 0, None, {out})")
        return True
    ones = factors(shape, axis, value.dtype) if size(value) > FEW else ()
    if ones:
        return _products(p, node, place, axis, ones)
    if size(value) <= FEW or shape[axis] <= FEW or axis == len(shape) - 1:
        return _reduce(p, node, _ADD, place)
    return False


def _products(p: Any, node: Any, place: Place, axis: int, ones: tuple[np.ndarray, ...]) -> bool:
    """Products with ones, one after the other."""
    *before, last = ones
    count = size(node.inputs[0])
    for one in before:
        count //= len(one)
        part = p.scratch((count,), node.output.dtype)
        rows = p.view(place, f"{{}}.reshape({(len(one), count)})")
        p.line(f"{p.named(np.dot)}({p.named(one)}, {rows}, {part.name})")
        place = part
    rows = p.view(place, f"{{}}.reshape({(len(last), count // len(last))})") if before else place.name
    arguments = (rows, p.named(last)) if axis else (p.named(last), rows)
    if len(node.output.shape) == 1:
        p.call(node, np.dot, arguments)
    else:
        out = p.view(p.result(node), f"{{}}.reshape({size(node.output)})")
        p.line(f"{p.named(np.dot)}({', '.join(arguments)}, {out})")
    return True


def extreme(p: Any, node: Any) -> bool:
    """A maximum or minimum."""
    (value,) = node.inputs
    place, reduce = p.place(value), _EXTREMES[node.op.name]
    if not value.shape or not size(value):
        return False
    if not node.output.shape:
        p.scalar(node.output, f"{p.named(reduce)}({place.name}, None)")
        return True
    if not narrow(value.shape, node.attrs["axis"]):
        return _reduce(p, node, reduce, place)
    turned = p.scratch(value.shape[::-1], value.dtype)
    p.line(f"{turned.name}[...] = {p.view(place, '{}.T')}")
    out = p.view(p.result(node), f"{{}}.reshape({value.shape[0]})")
    p.line(f"{p.named(reduce)}({turned.name}, 0, None, {out})")
    return True


def _reduce(p: Any, node: Any, reduce: Any, place: Place) -> bool:
    """NumPy's own reduction."""
    axis, keepdims = node.attrs["axis"], node.attrs["keepdims"]
    call = f"{p.named(reduce)}({place.name}, {axis}, None, {{}}, {keepdims})"
    if p.made_by_call(node.output):
        p.local(node.output, call.format(None))
    else:
        p.line(call.format(p.result(node).name))
    return True


def _axis(node: Any) -> Any:
    axis = node.attrs["axis"]
    return axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis


EMITTERS = {"sum": total, "max": extreme, "min": extreme}
