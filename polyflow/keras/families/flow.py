"""Choices and scans of functions, and derivatives along a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import tree
from ...errors import ShapeError
from ...flow import control
from ...flow.transforms import jvp as derivative
from ...ops import elementwise
from ...ops import shape as shapes
from ...ops.rules import normal_axis
from ...tensor import asarray


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function with a number gives of the operands; numbers out of range mean the first or the last one."""
    if not branches:
        raise ValueError("switch needs one function at least.")
    place = elementwise.clip(asarray(index), 0, len(branches) - 1)
    return control.switch_case(place, [_given(branch, operands) for branch in branches])


def _given(branch: Callable[..., Any], operands: tuple[Any, ...]) -> Callable[[], Any]:
    return lambda: branch(*operands)


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function at ``primals`` and its derivative along ``tangents``.

    With ``has_aux`` the function returns a pair, of which the second is returned as it is, as a third.
    """
    if not has_aux:
        return derivative(fun, tuple(primals), tuple(tangents))
    kept: list[Any] = []

    def first(*args: Any) -> Any:
        value, aux = fun(*args)
        kept.append(tree.map(elementwise.stop_gradient, aux))
        return value

    value, tangent = derivative(first, tuple(primals), tuple(tangents))
    return value, tangent, kept[-1]


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """What an associative function of two slices makes of each and all before it, in steps of half as many slices.

    Args:
        f: a function of two structures like ``elems``, of slices side by side along ``axis``; it returns one such.
        elems: a tensor, or a structure of tensors, of one size along ``axis``.
        reverse: whether to begin at the end.
        axis: the axis.

    Raises:
        ShapeError: for different sizes along the axis.
    """
    leaves, structure = tree.flatten(elems)
    leaves = [asarray(leaf) for leaf in leaves]
    lines = [shapes.moveaxis(leaf, normal_axis(axis, len(leaf.shape)), 0) for leaf in leaves]
    sizes = {line.shape[0] for line in lines}
    if len(sizes) > 1:
        raise ShapeError(f"associative_scan needs one size along axis {axis}; got {sorted(sizes)}.")
    places = [normal_axis(axis, len(leaf.shape)) for leaf in leaves]

    def joined(first: list[Any], second: list[Any]) -> list[Any]:
        """The function of slices that lie along the first axis."""
        pair = [
            tree.unflatten(structure, [shapes.moveaxis(x, 0, place) for x, place in zip(one, places, strict=True)])
            for one in (first, second)
        ]
        found = tree.flatten(f(*pair))[0]
        return [shapes.moveaxis(asarray(x), place, 0) for x, place in zip(found, places, strict=True)]

    lines = [shapes.flip(line, axis=0) for line in lines] if reverse else lines
    found = _scanned(joined, lines)
    found = [shapes.flip(line, axis=0) for line in found] if reverse else found
    return tree.unflatten(structure, [shapes.moveaxis(x, 0, p) for x, p in zip(found, places, strict=True)])


def _scanned(joined: Callable[[list[Any], list[Any]], list[Any]], lines: list[Any]) -> list[Any]:
    """The results of pairs, scanned, are those of every second slice; each other one is one step further."""
    size = lines[0].shape[0]
    if size < 2:
        return lines
    odd = _scanned(joined, joined([x[: size - 1 : 2] for x in lines], [x[1::2] for x in lines]))
    last = [x[: (size - 1) // 2] for x in odd]
    even = joined(last, [x[2::2] for x in lines]) if size > 2 else [x[:0] for x in lines]
    even = [shapes.concat([x[:1], one]) for x, one in zip(lines, even, strict=True)]
    return [_alternating(one, other) for one, other in zip(even, odd, strict=True)]


def _alternating(even: Any, odd: Any) -> Any:
    """Slices of both in turn; ``even`` has as many as ``odd``, or one more."""
    count = odd.shape[0]
    pairs = shapes.reshape(shapes.stack([even[:count], odd], axis=1), (2 * count, *odd.shape[1:]))
    return shapes.concat([pairs, even[count:]])
