"""Fusion groups: sets of elementwise nodes that one kernel could compute in one walk over their elements.

A group is closed: no path leads out of it and back in, not even by way of other groups, so that each can run as one
node once its inputs are there. All its nodes give the same shape; what they read may be smaller and repeat.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..graph import Graph, Node, Value

JOINING = frozenset({"astype", "where", "clip", "full"})
"""Ops of families of their own that go through their elements one by one too."""


@dataclass(frozen=True, eq=False)
class Group:
    """Nodes that can run as one.

    Attributes:
        nodes: in their order in the graph, two at least.
        inputs: the values that they read and others compute.
        outputs: those of their values that others read, or the graph returns.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]

    @property
    def saved(self) -> int:
        """How many bytes need not be written and read again when the group runs as one."""
        inside = [node.output for node in self.nodes if node.output not in self.outputs]
        return sum(2 * math.prod(value.shape) * value.dtype.itemsize for value in inside)


def elementwise(node: Node) -> bool:
    """Whether a node goes through elements one by one."""
    return node.op.rule.family == "elementwise" or node.op.name in JOINING


def fusion_groups(graph: Graph, joins: Callable[[Node], bool] = elementwise) -> list[Group]:
    """The elementwise nodes of a graph in groups, as large as they get going forward; no node is in two.

    A node joins the groups of its arguments where none of what it or they read from outside depends on them.

    Args:
        graph: the graph.
        joins: which nodes may be in a group; all elementwise ones if left out.
    """
    place = {node.output: i for i, node in enumerate(graph.nodes)}
    unit_of: dict[Value, _Growing] = {}
    units: list[_Growing] = []
    for i, node in enumerate(graph.nodes):
        before = dict.fromkeys(unit_of[value] for value in node.inputs if value in unit_of)
        fits = elementwise(node) and joins(node) and -1 not in node.output.shape
        joined, known = _Growing(node, 1 << i, before, fits), -1
        for other in before if fits else ():
            if other.shape == joined.shape:
                both = joined.with_(other)
                outside = {unit_of[value] for value in both.outside(place) if value in unit_of}
                if not any((unit.above | unit.bits) & both.bits for unit in outside):
                    joined, known = both, known & (other.above | other.bits)
                    units.remove(other)
        if (joined.above | joined.bits ^ 1 << i) & ~known:  # who depends on one node depends on what the others do
            for unit in units:
                if unit.above & joined.bits:
                    unit.above |= joined.above
        units.append(joined)
        for member in joined.nodes:
            unit_of[member.output] = joined
    readers: dict[Value, int] = dict.fromkeys(graph.outputs, 1 << len(graph.nodes))
    for i, node in enumerate(graph.nodes):
        for value in node.inputs:
            readers[value] = readers.get(value, 0) | 1 << i
    return [unit.finished(readers, place) for unit in units if unit.worth_it()]


def gathered(graph: Graph, groups: Sequence[Sequence[Node]]) -> Graph:
    """The graph with the nodes of each group one after the other; the rest in its order, as far as that lets it."""
    place = {id(node): at for at, node in enumerate(graph.nodes)}
    inside = {id(node) for nodes in groups for node in nodes}
    units = [*groups, *((node,) for node in graph.nodes if id(node) not in inside)]
    told = [
        (place[id(nodes[-1])], [v for node in nodes for v in node.inputs], [node.output for node in nodes])
        for nodes in units
    ]
    return Graph(graph.inputs, [node for at in in_order(told) for node in units[at]], graph.outputs)


def in_order(units: Sequence[tuple[int, Iterable[Value], Iterable[Value]]]) -> list[int]:
    """The numbers of units in the order of their places, as far as what they read lets them.

    Args:
        units: for each its place, what it reads and what it makes.
    """
    maker = {value: number for number, (_, _, makes) in enumerate(units) for value in makes}
    after: list[list[int]] = [[] for _ in units]
    missing = []
    for number, (_, reads, _) in enumerate(units):
        before = {maker[value] for value in reads if value in maker} - {number}
        missing.append(len(before))
        for one in before:
            after[one].append(number)
    ready = [(place, number) for number, (place, _, _) in enumerate(units) if not missing[number]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(number)
        for one in after[number]:
            missing[one] -= 1
            if not missing[one]:
                heapq.heappush(ready, (units[one][0], one))
    return order


class _Growing:
    """A group, or a node that is in none.

    Attributes:
        bits, above: the numbers of its nodes, and of those that it depends on, as bits.
        shape: that of what its nodes give; None for a node that may be in no group.
    """

    def __init__(self, node: Node, bits: int, before: Iterable[_Growing], fits: bool) -> None:
        self.nodes, self.bits, self.above = [node], bits, 0
        self.shape = node.output.shape if fits else None
        for unit in before:
            self.above |= unit.above | unit.bits

    def with_(self, other: _Growing) -> _Growing:
        both = _Growing(self.nodes[0], self.bits | other.bits, (self, other), True)
        both.above &= ~both.bits
        both.nodes = [*other.nodes, *self.nodes]
        return both

    def outside(self, place: dict[Value, int]) -> list[Value]:
        """What the nodes read that none of them computes."""
        read = dict.fromkeys(value for node in self.nodes for value in node.inputs if value.scalar is None)
        return [value for value in read if value not in place or not self.bits >> place[value] & 1]

    def worth_it(self) -> bool:
        return sum(node.op.name != "full" for node in self.nodes) > 1

    def finished(self, readers: dict[Value, int], place: dict[Value, int]) -> Group:
        nodes = sorted(self.nodes, key=lambda node: place[node.output])
        outputs = tuple([node.output for node in nodes if readers.get(node.output, 0) & ~self.bits])
        return Group(tuple(nodes), tuple(self.outside(place)), outputs)
