"""Common subexpressions: nodes of one op, equal attributes and the same inputs are computed once.

Draws of random numbers too: an op that draws is a function of its key.
"""

from __future__ import annotations

from typing import Any

from ..graph import Graph, Value


def common(graph: Graph) -> Graph:
    """The graph with equal nodes computed once, by the first of them."""
    same: dict[Value, Value] = {}
    seen: dict[Any, Value] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple([same.get(value, value) for value in node.inputs])
        alike = tuple([value if value.scalar is None else _alike(value) for value in inputs])
        key = (node.op, alike, _hashable(node.attrs) if node.attrs else ())
        try:
            first = seen.setdefault(key, node.output)
        except TypeError:  # an attribute that is compared by nothing but itself, such as an array
            first = node.output
        if first is not node.output:
            same[node.output] = first
        else:
            nodes.append(node if inputs == node.inputs else node.on(inputs))
    return Graph(list(graph.inputs), nodes, [same.get(value, value) for value in graph.outputs])


def _alike(value: Value) -> Any:
    """What two scalars share that are the same, with its sign, and NaN like NaN."""
    return value.dtype, type(value.scalar), repr(value.scalar)


def _hashable(attrs: dict[str, Any]) -> Any:
    return tuple(
        [(name, type(value), repr(value) if isinstance(value, float) else value) for name, value in attrs.items()]
    )
