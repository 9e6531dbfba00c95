"""Numbers: uniform operands of elementwise ops as Python numbers, which kernels of two arguments take for less."""

from __future__ import annotations

from typing import Any

from ... import dtypes as dt
from ..graph import Graph, Node, Value
from .fold import uniform

WEAK = frozenset({dt.float32, dt.float64})


def numbers(graph: Graph) -> Graph:
    """The graph with numbers in the place of uniform operands; for backends with ``weak_scalars``."""
    known = uniform(graph)
    if not known:
        return graph
    nodes = []
    for node in graph.nodes:
        if node.op.rule.family == "elementwise" and len(node.inputs) == 2 and not node.attrs:
            first, second = node.inputs
            if first in known or second in known:
                node = node.on((_weak(first, second, node, known), _weak(second, first, node, known)))
        nodes.append(node)
    return Graph(list(graph.inputs), nodes, list(graph.outputs))


def _weak(value: Value, other: Value, node: Node, known: dict[Value, Any]) -> Value:
    """A uniform operand as a scalar, where the other operand alone gives the result's shape and dtype."""
    fits = value in known and value.dtype in WEAK and other is not value and other.scalar is None and other not in known
    if fits and other.dtype is value.dtype and other.shape == node.output.shape:
        return Value((), value.dtype, scalar=float(known[value]))
    return value
