"""Dead code: what no output depends on is dropped, inside loops and branches too."""

from __future__ import annotations

from ...ops.rules import Spec
from ...ops.several import PACKED
from ..graph import Graph, Node, Value


def dead(graph: Graph) -> Graph:
    """The graph without nodes, and results of loops and branches, that no output depends on; without identities."""
    graph = graph.pruned()
    return _narrowed(graph) if any(node.op.graphs for node in graph.nodes) else graph


def _narrowed(graph: Graph) -> Graph:
    needed, whole = set(graph.outputs), set(graph.outputs)
    taken: dict[Value, set[int]] = {}
    places: dict[Value, tuple[Value, dict[int, int]]] = {}
    kept: list[Node] = []
    for node in reversed(graph.nodes):  # every reader of a value comes before the node that makes it
        if node.output not in needed:
            continue
        if node.op.name == "part":
            taken.setdefault(node.inputs[0], set()).add(node.attrs["index"])
        else:
            whole.update(value for value in node.inputs if value.dtype is PACKED)
        if node.op.graphs and node.output not in whole:
            node = _with_few(node, taken[node.output], places)
        needed.update(node.inputs)
        kept.append(node)
    return Graph(graph.inputs, [_moved(node, places) for node in reversed(kept)], graph.outputs)


def _with_few(node: Node, used: set[int], places: dict[Value, tuple[Value, dict[int, int]]]) -> Node:
    """A loop or branch without the results that are not used, and what only they depend on, if there are any."""
    found = node.op.narrowed(node.attrs, used)  # type: ignore[attr-defined]
    if found is None:
        return node
    attrs, read, results = found
    inputs = tuple([node.inputs[place] for place in read])
    spec = node.op.infer(tuple(Spec(value.shape, value.dtype) for value in inputs), attrs)
    output = Value(spec.shape, spec.dtype)
    places[node.output] = output, {old: new for new, old in enumerate(results)}
    return node.instead(node.op, inputs, attrs, output)


def _moved(node: Node, places: dict[Value, tuple[Value, dict[int, int]]]) -> Node:
    """A node that takes a result from where it is now."""
    if node.op.name != "part" or node.inputs[0] not in places:
        return node
    packed, index = places[node.inputs[0]]
    return node.instead(node.op, (packed,), {"index": index[node.attrs["index"]]}, node.output)
