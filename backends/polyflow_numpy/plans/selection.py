"""Choosing by a condition through the bits of the numbers (see `select`), limits, conversions, and joining."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..limits import at_once
from ..select import WORDS
from .places import size

FEW = 64
"""For fewer elements NumPy's `where` is as fast as a mask of the bits where the other value is 0."""

SOME = 512
"""For fewer elements NumPy's `where` is as fast as three operations on the bits."""


def where(p: Any, node: Any) -> bool:
    """A choice between two arrays of numbers, or an array and a number."""
    condition, first, second = node.inputs
    out = node.output
    word = WORDS.get(out.dtype.itemsize)
    full = out.shape and condition.shape == out.shape and {first.shape, second.shape} <= {out.shape, ()}
    if not full or first.dtype is not out.dtype or second.dtype is not out.dtype or word is None:
        return False
    masks = first.shape == out.shape and _zero(p, second)
    if size(out) < (FEW if masks else SOME):
        return False
    ones, mask = p.scratch(out.shape, np.dtype(np.int8)), p.scratch(out.shape, word)
    flags = p.view(p.place(condition), f"{{}}.view({p.named(np.dtype(np.int8))})")
    p.line(f"{p.named(np.negative)}({flags}, {ones.name})")
    p.line(f"{mask.name}[...] = {ones.name}")
    a, b = (_bits(p, value, word) for value in (first, second))
    bits = p.view(p.result(node, over=(first,) if masks else ()), f"{{}}.view({p.named(word)})")
    if masks:
        p.line(f"{p.named(np.bitwise_and)}({a}, {mask.name}, {bits})")
        return True
    p.line(f"{p.named(np.bitwise_xor)}({a}, {b}, {bits})")
    p.line(f"{p.named(np.bitwise_and)}({bits}, {mask.name}, {bits})")
    p.line(f"{p.named(np.bitwise_xor)}({bits}, {b}, {bits})")
    return True


def clip(p: Any, node: Any) -> bool:
    """Many numbers limited from both sides."""
    (value,), out = node.inputs, node.output
    low, high = (node.attrs[name] for name in ("min", "max"))
    if not at_once(size(out), out.dtype, low, high):
        return False
    limits = [p.named(out.dtype.type(limit)) for limit in (low, high)]
    p.call(node, np.clip, (p.array(value), *limits), over=(value,), order=p.place(value).order)
    return True


def clamp(p: Any, node: Any) -> bool:
    """Numbers limited by arrays."""
    value, low, high = node.inputs
    if not node.output.shape or np.broadcast_shapes(value.shape, low.shape) != node.output.shape:
        return False
    order = p.place(value).order if value.shape == node.output.shape else None
    p.call(node, np.maximum, (p.array(value), p.array(low)), keyword=True, order=order)
    out = p.array(node.output)
    p.line(f"{p.named(np.minimum)}({out}, {p.array(high)}, out={out})")
    return True


def astype(p: Any, node: Any) -> bool:
    """Real numbers in another dtype."""
    (value,) = node.inputs
    place = p.place(value)
    if not node.output.shape or place.number or "c" in (value.dtype.kind, node.output.dtype.kind):
        return False
    out = p.result(node, place.order)
    p.line(f"{out.name}[...] = {place.name}")
    return True


def concat(p: Any, node: Any) -> bool:
    """Arrays one after the other."""
    parts = ", ".join(p.array(value) for value in node.inputs)
    p.call(node, np.concatenate, (f"({parts},)", repr(node.attrs["axis"])))
    return True


def _bits(p: Any, value: Any, word: np.dtype) -> str:
    """The name of a value's bits as integers."""
    place = p.place(value)
    if place.number:
        return f"{p.array(value)}.view({p.named(word)})"
    return p.view(place, f"{{}}.view({p.named(word)})")


def _zero(p: Any, value: Any) -> bool:
    known = p.place(value).value
    return known is not None and not value.shape and not any(known.tobytes())


EMITTERS = {"where": where, "clip": clip, "clamp": clamp, "astype": astype, "concat": concat}
