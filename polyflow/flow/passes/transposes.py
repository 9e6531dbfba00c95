"""Transposes: an order of axes that is undone after elementwise ops is left out, and they run in the order before.

A transpose before a product of matrices stays: it is a view, and kernels of products take the rows and columns of
either in any order.
"""

from __future__ import annotations

from collections import Counter

from ...ops.declare import OPS
from ..graph import Graph, Node, Value
from .fold import EXACT

THROUGH = EXACT | {"where", "astype"}
"""Elementwise ops that give an element the same bits wherever it lies."""


def transposes(graph: Graph) -> Graph:
    """The graph without orders of axes that meet their inverse after elementwise ops."""
    if sum(node.op.name == "permute_dims" for node in graph.nodes) < 2:
        return graph
    made_by = {node.output: node for node in graph.nodes}
    readers = Counter(value for node in graph.nodes for value in node.inputs)
    readers.update(graph.outputs)
    nodes: list[Node] = []
    for node in graph.nodes:
        turned = _Turned(node, made_by, readers) if node.op.name == "permute_dims" else None
        if turned is not None and turned.value(node.inputs[0]) is not None and turned.met:
            nodes += turned.nodes[:-1]
            last = turned.nodes[-1]
            nodes.append(last.instead(last.op, last.inputs, last.attrs, node.output))
        else:
            nodes.append(node)
    return Graph(list(graph.inputs), nodes, list(graph.outputs))


class _Turned:
    """What stands above a node that orders axes, written anew in that order.

    Attributes:
        nodes: the new nodes. met: whether an inverse order was met.
    """

    def __init__(self, node: Node, made_by: dict[Value, Node], readers: Counter[Value]) -> None:
        axes = node.attrs["axes"]
        self.axes = tuple([axis % len(axes) for axis in axes])
        self.made_by, self.readers = made_by, readers
        self.nodes: list[Node] = []
        self.met = False

    def value(self, value: Value) -> Value | None:
        """The value with its axes in the order asked for, or None where that would cost a new node."""
        node = self.made_by.get(value)
        if node is None or self.readers[value] != 1 or node.op.name not in THROUGH:
            return None
        inputs = []
        for one in node.inputs:
            new = self._operand(one)
            if new is None:
                return None
            inputs.append(new)
        shape = tuple([value.shape[axis] for axis in self.axes])
        self.nodes.append(node.instead(node.op, tuple(inputs), node.attrs, Value(shape, value.dtype)))
        return self.nodes[-1].output

    def _operand(self, value: Value) -> Value | None:
        if value.scalar is not None or not value.shape:
            return value
        node = self.made_by.get(value)
        if node is None or len(value.shape) != len(self.axes):
            return None
        if node.op.name == "permute_dims":
            inner = node.attrs["axes"]
            if tuple([inner[axis] % len(inner) for axis in self.axes]) == tuple(range(len(inner))):
                self.met = True
                return node.inputs[0]
            return None
        if node.op.name == "full":
            shape = tuple([value.shape[axis] for axis in self.axes])
            attrs = {**node.attrs, "shape": shape}
            self.nodes.append(node.instead(OPS["full"], (), attrs, Value(shape, value.dtype)))
            return self.nodes[-1].output
        return self.value(value)
