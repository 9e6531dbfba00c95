"""Batching: a graph of one element becomes a graph of many elements, stacked along a new first axis.

One rule for each family of ops says how an op runs when some of its inputs have that axis; what has not got it is the
same for all elements and is computed once. How many elements there are is not part of the graph: the batch axis has
size -1 in the shapes of its values, and in the shapes that ``reshape`` is given, so that one graph serves every number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend.keys import ARRAY, Key, Slice
from ..ops.declare import OPS
from ..ops.rules import Shape, broadcast, normal_axes, normal_axis
from .graph import Graph, Node, Value

__all__ = ["batched"]

ALL = -1
"""The size of the batch axis: however many elements there are."""


class _NoRule(Exception):
    """An op cannot be batched, or not with these inputs."""


def batched(graph: Graph, inputs: Sequence[bool]) -> Graph | None:
    """The graph that computes for every element of a stack what ``graph`` computes for one.

    Args:
        graph: from the values of one element to its results. All sizes are known.
        inputs: for each of its inputs, whether it has the batch axis; at least one has.

    Returns:
        a graph of as many inputs and outputs, all of whose outputs have the batch axis; or None where an op has no
        batching rule: random draws from keys of elements, index arrays that differ between elements, and shapes without
        elements.
    """
    writer = _Writer(graph, inputs)
    try:
        for node in graph.nodes:
            writer.write(node)
        outputs = [writer.spread(writer.new[value]) for value in graph.outputs]
    except _NoRule:
        return None
    return Graph(writer.inputs, writer.nodes, outputs)


class _Writer:
    """Writes the new graph.

    Attributes:
        node: the node of one element that is being written for all.
        new: the value in the new graph for each value of the old one.
        wide: the values of the new graph that have the batch axis.
    """

    def __init__(self, graph: Graph, inputs: Sequence[bool]) -> None:
        self.nodes: list[Node] = []
        self.node: Any = None
        self.wide: set[Value] = set()
        self.inputs = [
            Value((ALL, *value.shape), value.dtype, value.name) if has_axis else value
            for value, has_axis in zip(graph.inputs, inputs, strict=True)
        ]
        self.wide.update(new for new, has_axis in zip(self.inputs, inputs, strict=True) if has_axis)
        self.new = _Values(zip(graph.inputs, self.inputs, strict=True))
        self._one_each: Value | None = None

    def write(self, node: Node) -> None:
        """Add what a node of one element is for all of them."""
        self.node = node
        args = tuple(self.new[value] for value in node.inputs)
        if not any(arg in self.wide for arg in args):
            self.nodes.append(node.on(args))
            return
        rule = RULES.get(node.op.name) or FAMILIES.get(node.op.rule.family)
        if rule is None:
            raise _NoRule
        self.new[node.output] = rule(self, node, args)

    def add(self, op: str, args: Sequence[Value], shape: Shape, dtype: np.dtype, /, **attrs: Any) -> Value:
        """Add a node whose result has the batch axis before ``shape``."""
        output = Value((ALL, *shape), dtype)
        self.nodes.append(self._like(OPS[op], tuple(args), attrs, output))
        self.wide.add(output)
        return output

    def same(self, node: Node, args: Sequence[Value], /, **attrs: Any) -> Value:
        """Add the same op; ``attrs`` replace its own."""
        return self.add(node.op.name, args, node.output.shape, node.output.dtype, **{**node.attrs, **attrs})

    def reshape(self, value: Value, shape: Shape) -> Value:
        """A value with the batch axis and then ``shape``; one without that axis in that shape."""
        if value not in self.wide:
            return value if value.shape == shape else self.alone("reshape", (value,), shape, value.dtype, shape=shape)
        if value.shape[1:] == shape:
            return value
        if not math.prod(shape):
            raise _NoRule  # how many elements there are could not be told from how many numbers there are
        return self.add("reshape", (value,), shape, value.dtype, shape=(ALL, *shape))

    def _like(self, op: Any, args: tuple[Value, ...], attrs: dict[str, Any], output: Value) -> Node:
        make = Node if self.node is None else self.node.instead
        return make(op, args, attrs, output)

    def alone(self, op: str, args: Sequence[Value], shape: Shape, dtype: np.dtype, /, **attrs: Any) -> Value:
        """Add a node that is the same for all elements."""
        output = Value(shape, dtype)
        self.nodes.append(self._like(OPS[op], tuple(args), attrs, output))
        return output

    def ranked(self, value: Value, ndim: int) -> Value:
        """A value whose elements have ``ndim`` axes, new ones in front, so that the batch axes of all meet."""
        if value not in self.wide:
            return value
        shape = value.shape[1:]
        return self.reshape(value, (1,) * (ndim - len(shape)) + shape)

    def spread(self, value: Value) -> Value:
        """A value with the batch axis: what is the same for all elements, repeated."""
        if value in self.wide:
            return value
        if value.scalar is not None:
            value = self.alone("full", (), (), value.dtype, shape=(), fill_value=value.scalar, dtype=value.dtype)
        chosen = self.ranked(self._chosen(), len(value.shape))
        return self.add("where", (chosen, value, value), value.shape, value.dtype)

    def _chosen(self) -> Value:
        """A truth value for each element; which, does not matter."""
        if self._one_each is None:
            source = next(value for value in self.inputs if value in self.wide)
            shape = source.shape[1:]
            if not math.prod(shape):
                raise _NoRule
            first = self.add("getitem", (source,), (), source.dtype, key=_whole((0,) * len(shape)))
            self._one_each = self.add("equal", (first, first), (), dt.bool_)
        return self._one_each


class _Values(dict[Value, Value]):
    """Values by the old value; constants stand for themselves."""

    def __missing__(self, value: Value) -> Value:
        return value


def _whole(key: Key) -> Key:
    """A key of one element as a key of all."""
    return (Slice(0, None, 1), *key)


# Rules: from a node and its new inputs to the new output ----------------------------------------------------------


def _elementwise(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    ndim = len(node.output.shape)
    return writer.same(node, [writer.ranked(arg, ndim) for arg in args])


def _reduction(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    (x,) = args
    axis = node.attrs["axis"]
    shape = x.shape[1:]
    if axis is None and node.op.name in ("argmax", "argmin"):  # these know one axis only
        flat = writer.reshape(x, (math.prod(shape),))
        place = writer.add(node.op.name, (flat,), (), node.output.dtype, axis=1, keepdims=False)
        return writer.reshape(place, node.output.shape)
    return writer.same(node, args, axis=_later(axis, len(shape)))


def _along(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    return writer.same(node, args, axis=_later(node.attrs["axis"], len(node.output.shape)))


def _later(axis: Any, ndim: int) -> Any:
    """The axes of an element as axes of the stack."""
    if axis.__class__ is int:
        return normal_axis(axis, ndim) + 1
    axes = tuple(one + 1 for one in normal_axes(axis, ndim))
    return axes[0] if len(axes) == 1 else axes


def _reshape(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    return writer.reshape(args[0], node.output.shape)


def _permute_dims(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    axes = node.attrs["axes"]
    return writer.same(node, args, axes=(0, *(axis % len(axes) + 1 for axis in axes)))


def _broadcast_to(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    shape = node.output.shape
    x = writer.ranked(args[0], len(shape))
    if x.shape[1:] == shape:
        return x
    everywhere = writer.alone("full", (), shape, dt.bool_, shape=shape, fill_value=True, dtype=dt.bool_)
    return writer.add("where", (everywhere, x, x), shape, x.dtype)


def _concat(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    return writer.same(
        node, [writer.spread(arg) for arg in args], axis=_later(node.attrs["axis"], len(node.output.shape))
    )


def _pad(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    return writer.same(node, args, widths=((0, 0), *node.attrs["widths"]))


def _getitem(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    x, *indices = args
    key, shape = node.attrs["key"], node.output.shape
    if any(index in writer.wide for index in indices):
        raise _NoRule
    front = _front(key) if indices else 0
    if not front:
        return writer.same(node, args, key=_whole(key))
    # what index arrays select comes first where they do not stand side by side, and so before the batch axis
    count = len(broadcast(*(index.shape for index in indices)))
    raw = writer.add(node.op.name, args, shape, x.dtype, key=_whole(key))
    order = (count, *range(count), *range(count + 1, len(shape) + 1))
    return writer.add("permute_dims", (raw,), shape, x.dtype, axes=order)


def _front(key: Key) -> bool:
    """Whether what index arrays select comes before all other axes: where they do not stand side by side."""
    places = [i for i, part in enumerate(key) if part == ARRAY or part.__class__ is int]
    return places != list(range(places[0], places[0] + len(places)))


def _update(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    """index_add and index_set, without index arrays."""
    x, updates, *indices = args
    if indices:
        raise _NoRule
    key = node.attrs["key"]
    selected = sum(part.__class__ is not int for part in key)
    return writer.same(node, (writer.spread(x), writer.ranked(updates, selected)), key=_whole(key))


def _searchsorted(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    if args[0] in writer.wide:
        raise _NoRule
    return writer.same(node, args)


def _matmul(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    x, y = args
    left, right = (value.shape[value in writer.wide :] for value in args)
    if y not in writer.wide and len(right) <= 2:  # rows of elements are rows of one matrix, or of a stack of them
        return writer.same(node, args)
    shape, dtype = node.output.shape, node.output.dtype
    rows = left if len(left) > 1 else (1, *left)
    columns = right if len(right) > 1 else (*right, 1)
    ndim = max(len(rows), len(columns))
    stacks = [writer.ranked(writer.reshape(*pair), ndim) for pair in ((x, rows), (y, columns))]
    full = (*broadcast(rows[:-2], columns[:-2]), rows[-2], columns[-1])
    return writer.reshape(writer.add("matmul", stacks, full, dtype), shape)


def _matrices(writer: _Writer, node: Node, args: tuple[Value, ...]) -> Value:
    """Functions of the matrices in the last two axes."""
    return writer.same(node, args)


FAMILIES: dict[str, Callable[[_Writer, Node, tuple[Value, ...]], Value]] = {
    "elementwise": _elementwise,
    "reduction": _reduction,
    "along": _along,
    "matrices": _matrices,
}
"""The batching rule for all ops of a family."""

RULES: dict[str, Callable[[_Writer, Node, tuple[Value, ...]], Value]] = {
    "astype": _elementwise,
    "where": _elementwise,
    "reshape": _reshape,
    "permute_dims": _permute_dims,
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "pad": _pad,
    "flip": _along,
    "getitem": _getitem,
    "index_add": _update,
    "index_set": _update,
    "searchsorted": _searchsorted,
    "matmul": _matmul,
}
"""The batching rule of single ops."""
