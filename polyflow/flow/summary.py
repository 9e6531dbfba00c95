"""A summary of a graph: its ops, what they cost, and the memory that it takes to run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..backend import discovery
from .costs import flops, moved
from .graph import Graph, Node
from .passes import simplified
from .passes.lives import nbytes, peak

NODE_BY_NODE = "node by node"
"""The name of the memory that running node by node takes, as backends do that say nothing else."""


@dataclass(frozen=True)
class Cost:
    """What some nodes cost together: how many they are, their floating-point operations, and the bytes they move."""

    nodes: int = 0
    flops: int = 0
    bytes: int = 0

    def plus(self, node: Node) -> Cost:
        """With one more node."""
        return Cost(self.nodes + 1, self.flops + flops(node), self.bytes + moved(node))


@dataclass(frozen=True)
class Summary:
    """What `Graph.summary` tells. ``str()`` is a table.

    Attributes:
        total: the cost of all nodes. ops, phases: that of each op, and of each phase.
        parameters: how many numbers the trainable variables among the inputs hold. state: the other variables.
        inputs, outputs: how many bytes arguments and results have.
        memory: the most bytes held at a time besides the arguments, by backend.
    """

    total: Cost
    ops: dict[str, Cost]
    phases: dict[str, Cost]
    parameters: int
    state: int
    inputs: int
    outputs: int
    memory: dict[str, int]

    def data(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        console = Console(file=StringIO(), width=100, color_system=None)
        console.print(self)
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()).strip("\n")  # type: ignore[attr-defined]

    def __rich__(self) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.console import Group
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=True)
        total = self.total
        table.add_column("op", "all")
        for name, whole in (("nodes", total.nodes), ("flops", total.flops), ("bytes", total.bytes)):
            table.add_column(name, f"{whole:,}", justify="right")
        for name, cost in sorted(self.ops.items(), key=lambda pair: (-pair[1].flops, -pair[1].bytes, pair[0])):
            table.add_row(name, f"{cost.nodes:,}", f"{cost.flops:,}", f"{cost.bytes:,}")
        facts = Table(box=None, pad_edge=False, show_header=False)
        facts.add_column()
        facts.add_column(justify="right")
        if len(self.phases) > 1:
            for phase, cost in self.phases.items():
                facts.add_row(phase, f"{cost.nodes:,} nodes, {cost.flops:,} flops")
        facts.add_row("parameters", f"{self.parameters:,}")
        facts.add_row("other state", f"{self.state:,}")
        facts.add_row("arguments", size(self.inputs))
        facts.add_row("results", size(self.outputs))
        for name, held in self.memory.items():
            facts.add_row(f"memory, {name}", size(held))
        return Group(table, facts)


def summary(graph: Graph, backends: Sequence[str] = ("numpy",)) -> Summary:
    """Count what a graph computes; see `Summary`.

    Args:
        graph: the graph.
        backends: whose memory is asked for, by name; one that says nothing runs node by node.
    """
    ops: dict[str, Cost] = {}
    phases: dict[str, Cost] = {}
    total = Cost()
    for node in graph.nodes:
        total = total.plus(node)
        ops[node.op.name] = ops.get(node.op.name, Cost()).plus(node)
        phases[node.phase] = phases.get(node.phase, Cost()).plus(node)
    held = {kind: sum(math.prod(v.shape) for v in graph.inputs if v.kind == kind) for kind in ("parameter", "state")}
    known = not any(_open(value.shape) for value in graph.values())
    memory = {NODE_BY_NODE: peak(graph)} if known else {}
    for name in backends if known else ():
        backend = discovery.get(name)
        found = backend.memory_of(simplified(graph, weak_scalars=backend.weak_scalars))
        if found is not None:
            memory[name] = found
    return Summary(
        total,
        ops,
        phases,
        held["parameter"],
        held["state"],
        sum(nbytes(value) for value in graph.inputs) if known else 0,
        sum(nbytes(value) for value in dict.fromkeys(graph.outputs)) if known else 0,
        memory,
    )


def _open(shape: Any) -> bool:
    return any(one == -1 for one in shape if one.__class__ is int)


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} B" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.2f} GiB"
