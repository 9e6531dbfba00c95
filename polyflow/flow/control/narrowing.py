"""Graphs of control flow without some of their results."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..graph import Graph


def read_for(graph: Graph, outputs: Iterable[int]) -> set[int]:
    """The places of the inputs on which some outputs depend."""
    few = Graph(graph.inputs, graph.nodes, [graph.outputs[place] for place in outputs]).pruned()
    read = {value for node in few.nodes for value in node.inputs} | set(few.outputs)
    return {place for place, value in enumerate(few.inputs) if value in read}


def with_few(graph: Graph, inputs: Iterable[int], outputs: Iterable[int]) -> Graph:
    """The graph with these inputs and outputs alone."""
    return Graph(
        [graph.inputs[place] for place in inputs], graph.nodes, [graph.outputs[place] for place in outputs]
    ).pruned()


def carried(body: Graph, wanted: Collection[int], first: int, count: int) -> tuple[set[int], set[int]]:
    """What a loop has to go on with so that it gives some results.

    Args:
        body: one step; its first outputs are the new carries.
        wanted: the places of the outputs that are asked for.
        first, count: the places of the carries among the inputs.

    Returns:
        The places of the inputs that some step reads, and of the outputs that are computed.
    """
    computed = set(wanted)
    while True:
        read = read_for(body, sorted(computed))
        more = {place - first for place in read if first <= place < first + count} - computed
        if not more:
            return read, computed
        computed |= more
