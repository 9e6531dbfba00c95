"""What a plan runs one after the other: nodes, and groups of nodes in one kernel, each after what it reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from polyflow import dtypes as dt
from polyflow.flow.passes.fold import uniform
from polyflow.flow.passes.fusion import in_order

from .fused import Fused, fused
from .groups import ALIASES, groups


class Unit:
    """A node, or a group of nodes in one kernel.

    Attributes:
        node: the node, or the group's last. fused: the kernel, or None.
        reads, makes: the values that it takes as arguments and gives, in order.
        at: where it stands in the graph.
    """

    __slots__ = ("at", "fused", "makes", "node", "reads")

    def __init__(self, node: Any, at: int, kernel: Fused | None = None) -> None:
        self.node, self.at, self.fused = node, at, kernel
        self.reads: tuple[Any, ...] = node.inputs if kernel is None else kernel.arrays
        self.makes: tuple[Any, ...] = (node.output,) if kernel is None else kernel.outputs


def units(graph: Any, held: Collection[Any] = frozenset(dt.ALL)) -> tuple[list[Unit], dict[Any, Any]]:
    """The units of a graph in order, without those that nothing needs; and for each alias the value it stands for.

    Args:
        graph: the graph.
        held: the dtypes that the backend holds.
    """
    filled = {node.output: node.attrs["fill_value"] for node in graph.nodes if node.op.name == "full"}
    known = {value: number for value, number in filled.items() if value.dtype in dt.HALVES} | uniform(graph)
    places = {id(node): at for at, node in enumerate(graph.nodes)}
    grouped: set[int] = set()
    found = []
    for group in groups(graph, known, held):
        grouped.update(id(node) for node in group.nodes)
        found.append(Unit(group.nodes[-1], places[id(group.nodes[-1])], fused(group, known)))
    same: dict[Any, Any] = {}
    for at, node in enumerate(graph.nodes):
        if id(node) in grouped:
            continue
        if node.op.name in ALIASES:
            same[node.output] = node.inputs[0]
        else:
            found.append(Unit(node, at))
    same = {value: _behind(value, same) for value in same}
    for unit in found:
        unit.reads = tuple([same.get(value, value) for value in unit.reads])
    order = [found[number] for number in in_order([(unit.at, unit.reads, unit.makes) for unit in found])]
    return _needed(order, [same.get(value, value) for value in graph.outputs]), same


def _behind(value: Any, same: dict[Any, Any]) -> Any:
    while value in same:
        value = same[value]
    return value


def _needed(order: list[Unit], outputs: list[Any]) -> list[Unit]:
    """The units that the outputs depend on."""
    wanted, kept = set(outputs), []
    for unit in reversed(order):
        if not wanted.isdisjoint(unit.makes):
            wanted.update(unit.reads)
            kept.append(unit)
    return kept[::-1]
