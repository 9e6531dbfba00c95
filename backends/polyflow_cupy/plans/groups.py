"""Which nodes run in one kernel: fusion groups, bettered by what moving and joining them saves.

A group is closed (no path leads out of it and back in), and stays so:

- `sink` moves nodes to the group that alone reads them, where reading what they read again costs fewer bytes than
  writing and reading what they give; the backward of an activation goes to where its result is used.
- `beside` joins groups of one shape and phase that do not depend on each other, where they read an array in common or
  are so small that a launch is all they cost.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any

from polyflow.flow.passes import Group, fusion_groups

from .formulas import computable

MOST = 40
"""How many arrays a fused kernel takes and gives at most: older GPUs pass 4 KB of arguments to a kernel."""

SMALL = 4096
"""Up to how many elements groups are joined without an array in common."""

ALIASES = frozenset({"identity", "stop_gradient"})
"""Ops whose result is their argument; alone they take no kernel."""

Nodes = list[Any]


def groups(graph: Any, known: dict[Any, Any], held: Collection[Any]) -> list[Group]:
    """The groups of a graph of two nodes or more, none with more arrays than a kernel takes.

    Args:
        graph: the graph.
        known: its values that are one number everywhere, which no kernel has to read.
        held: the dtypes that the backend holds; nodes of others are left to kernels that say so.
    """
    return _Groups(graph, known, held).finished()


class _Groups:
    def __init__(self, graph: Any, known: dict[Any, Any], held: Collection[Any]) -> None:
        self.graph, self.known, self.held = graph, known, held
        self.place = {id(node): at for at, node in enumerate(graph.nodes)}
        self.readers: dict[Any, list[Any]] = {value: [None] for value in graph.outputs}  # None stands for the caller
        for node in graph.nodes:
            for value in node.inputs:
                self.readers.setdefault(value, []).append(node)
        self.found: list[Nodes] = [list(group.nodes) for group in fusion_groups(graph, self._computable)]
        grouped = {id(node) for nodes in self.found for node in nodes}
        for node in graph.nodes:
            if id(node) not in grouped and self._single(node):
                self.found.append([node])

    def finished(self) -> list[Group]:
        self.sink()
        self.beside()
        return [part for nodes in self.found if len(nodes) > 1 for part in self._split(nodes)]

    def _single(self, node: Any) -> bool:
        """Whether a node of no group could be in one."""
        name, family = node.op.name, node.op.rule.family
        like = (family == "elementwise" and name not in ALIASES) or name in ("astype", "where", "clip")
        return like and node.output not in self.known and -1 not in node.output.shape and self._computable(node)

    def _computable(self, node: Any) -> bool:
        return computable(node) and all(value.dtype in self.held for value in (*node.inputs, node.output))

    # Moving what one other group reads ------------------------------------------------------------------------------

    def sink(self) -> None:
        """Move nodes to the group that reads them, where that saves bytes."""
        home = {id(node): nodes for nodes in self.found for node in nodes}
        for nodes in self.found:
            others = (home.get(id(r)) for node in nodes for r in self.readers.get(node.output, ()) if r is not None)
            for other in {id(one): one for one in others if one is not None and one is not nodes}.values():
                if other[0].output.shape == nodes[0].output.shape:
                    moved = self._read_by(nodes, other)
                    if moved and len(moved) < len(nodes) and self._saved(nodes, other, moved) > 0:
                        chosen = {id(node) for node in moved}
                        nodes[:] = [node for node in nodes if id(node) not in chosen]
                        other[:] = [*moved, *other]
                        home.update((id(node), other) for node in moved)

    def _read_by(self, nodes: Nodes, other: Nodes) -> Nodes:
        """The nodes whose results only ``other`` reads, directly or through each other; in order."""
        inside, found = {id(node) for node in other}, []
        for node in reversed(nodes):
            if all(reader is not None and id(reader) in inside for reader in self.readers.get(node.output, (None,))):
                inside.add(id(node))
                found.append(node)
        return found[::-1]

    def _saved(self, nodes: Nodes, other: Nodes, moved: Nodes) -> int:
        """How many bytes less are written and read where ``moved`` is in ``other``."""
        gone, there = {id(node) for node in moved}, {id(node) for node in other}
        staying = {node.output: node for node in nodes if id(node) not in gone}
        before = sum(
            2 * _nbytes(node.output)
            for node in moved
            if any(id(reader) in there for reader in self.readers[node.output])
        )
        after, read = 0, set(self._inputs(other))
        for value in self._inputs(moved):
            after += _nbytes(value) * (value not in read)
            if value in staying and all(self._within(reader, nodes) for reader in self.readers[value]):
                after += _nbytes(value)
        return before - after

    def _within(self, reader: Any, nodes: Nodes) -> bool:
        return reader is not None and any(reader is node for node in nodes)

    # Joining groups side by side ------------------------------------------------------------------------------------

    def beside(self) -> None:
        """Join groups that do not depend on each other."""
        units: list[Nodes] = [*self.found]
        grouped = {id(node) for nodes in units for node in nodes}
        units += [[node] for node in self.graph.nodes if id(node) not in grouped]
        above = self._above(units)
        bits = [1 << number for number in range(len(units))]
        alike: dict[Any, list[int]] = {}
        for number in sorted(range(len(self.found)), key=lambda one: self.place[id(units[one][-1])]):
            last = units[number][-1]
            row = alike.setdefault((last.output.shape, last.phase), [])
            for other in row:
                free = not (above[number] & bits[other] or above[other] & bits[number])
                if free and self._worth(units[other], units[number]):
                    units[other] += units[number]
                    units[number] = []
                    bits[other] |= bits[number]
                    both = above[other] | above[number] | bits[other]
                    above = [one | both if one & bits[other] else one for one in above]
                    above[other] = both & ~bits[other]
                    break
            else:
                row.append(number)
        self.found = [nodes for nodes in units[: len(self.found)] if nodes]

    def _above(self, units: list[Nodes]) -> list[int]:
        """For each unit the units that it depends on, as bits."""
        number = {node.output: at for at, nodes in enumerate(units) for node in nodes}
        above: dict[int, int] = {}
        waiting = list(range(len(units) - 1, -1, -1))
        while waiting:
            at = waiting[-1]
            before = {number[value] for node in units[at] for value in node.inputs if value in number} - {at}
            missing = [one for one in before if one not in above]
            if at in above or not missing:
                waiting.pop()
                total = 0
                for one in before:
                    total |= above[one] | 1 << one
                above[at] = total
            else:
                waiting += missing
        return [above[at] for at in range(len(units))]

    def _worth(self, first: Nodes, second: Nodes) -> bool:
        """Whether two groups are better off in one kernel."""
        one, other = self._inputs(first), self._inputs(second)
        if len(one) + len(other) + len(first) + len(second) > MOST:
            return False
        shape = first[0].output.shape
        return math.prod(shape) <= SMALL or any(value.shape == shape for value in other if value in one)

    # Results --------------------------------------------------------------------------------------------------------

    def _inputs(self, nodes: Iterable[Any]) -> dict[Any, None]:
        """The arrays that nodes read from outside."""
        nodes = list(nodes)
        own = {node.output for node in nodes}
        read = [value for node in nodes for value in node.inputs]
        return dict.fromkeys(v for v in read if v.scalar is None and v not in own and v not in self.known)

    def _split(self, nodes: Nodes) -> list[Group]:
        """Nodes as groups that one kernel can take the arguments of.

        What stands first of a closed group is closed itself, and so is the rest.
        """
        nodes = sorted(nodes, key=lambda node: self.place[id(node)])
        group = self._group(nodes)
        if len(group.inputs) + len(group.outputs) <= MOST or len(nodes) == 1:
            return [group]
        half = len(nodes) // 2
        return [*self._split(nodes[:half]), *self._split(nodes[half:])]

    def _group(self, nodes: Nodes) -> Group:
        own = {id(node) for node in nodes}
        read_outside = [
            node.output
            for node in nodes
            if any(reader is None or id(reader) not in own for reader in self.readers.get(node.output, ()))
        ]
        return Group(tuple(nodes), tuple(self._inputs(nodes)), tuple(read_outside))


def _nbytes(value: Any) -> int:
    return math.prod(value.shape) * value.dtype.itemsize
