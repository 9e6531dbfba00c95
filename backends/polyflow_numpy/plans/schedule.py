"""When updates are done: each large one as soon as its gradient is there and its old state has been read.

So the gradient is still in a cache, and its memory is free for that of the layer before. What an update needs of
numbers, such as the rate that Adam corrects, is worked out before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyflow.flow.graph import Graph, Node, Value
from polyflow.flow.passes.lives import VIEWS, Lives

from .updates import Group


def scheduled(graph: Graph, groups: Sequence[Group], reads: Mapping[Value, int]) -> Graph:
    """The graph in an order in which the nodes of each group follow each other, which only the state depends on.

    Args:
        graph: a part of a loop.
        groups: the groups of updates in it.
        reads: the places of the state behind its inputs.
    """
    moved = {id(node) for group in groups for node in group.nodes}
    others = [node for node in graph.nodes if id(node) not in moved]
    order = _Order(graph.inputs, others, reads)
    after: dict[int, list[Node]] = {}
    for group in groups:
        at, before = order.earliest(group) if len(group.updates) == 1 else (len(others) - 1, [])
        after.setdefault(at, []).extend([*before, *group.nodes])
    nodes = list(after.pop(-1, ()))
    for at, node in enumerate(others):
        nodes += [node, *after.get(at, ())]
    return Graph(graph.inputs, list({id(node): node for node in nodes}.values()), graph.outputs)


class _Order:
    """The order that nodes stand in, and what they need of each other."""

    def __init__(self, inputs: list[Value], nodes: list[Node], reads: Mapping[Value, int]) -> None:
        self.nodes = nodes
        self._at = {node.output: at for at, node in enumerate(nodes)}
        lives = Lives(Graph(inputs, nodes, []), [], lambda node: node.op.name not in VIEWS)
        self._read_at = {place: lives.last.get(value, -1) for value, place in reads.items()}

    def earliest(self, group: Group) -> tuple[int, list[Node]]:
        """The number of the node after which a group can be done, and the later nodes that have to be run before it."""
        (update,) = group.updates
        places = [place for flat in (*group.state, *group.written.values()) for place in flat or ()]
        at = max((self._read_at.get(place, -1) for place in places), default=-1)
        at = max([at, *(self._at.get(value, -1) for value in update.arrays)])
        numbers = [what for read in update.sources for kind, what in read if kind == "value"]
        later = self._later(numbers, at)
        if any(self.nodes[one].output.shape for one in later):  # numbers that depend on other gradients, as their norm
            return max(later), []
        return at, [self.nodes[one] for one in sorted(later)]

    def _later(self, values: Sequence[Value], at: int) -> set[int]:
        """The numbers of the nodes after ``at`` that values depend on."""
        found: set[int] = set()
        waiting = list(values)
        while waiting:
            number = self._at.get(waiting.pop(), -1)
            if number > at and number not in found:
                found.add(number)
                waiting += self.nodes[number].inputs
        return found
