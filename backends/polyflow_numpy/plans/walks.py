"""Walks: elementwise nodes over arrays that no cache holds, done together in pieces that one does hold.

Node after node, each reads from memory what the one before has written there. A walk cuts all arrays along their first
axis, and takes every node over a piece before the next, so that what the nodes leave to each other stays in the cache
and needs arrays as large as a piece. The bits are those of one call for each node: a piece begins where a vector of
the processor's begins in the whole array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from polyflow.flow.graph import Graph, Node
from polyflow.flow.passes.fusion import Group, fusion_groups, gathered
from polyflow.flow.passes.lives import nbytes

from .elementwise import KEYWORD, argument, function, repeated
from .places import c_order, size

LARGE = 1 << 22
"""Arrays of fewer bytes stay in a cache from one node to the next as they are."""

PIECE = 1 << 18
"""How many bytes of the widest array a piece has, about."""

VECTOR = 64
"""Pieces have a multiple of so many elements."""


def walks(graph: Graph, resolve: Any, updates: Sequence[Sequence[Node]] = ()) -> tuple[Graph, list[Group]]:
    """The groups of nodes that are worth a walk, and the graph with the nodes of each side by side.

    Args:
        graph: the graph, lowered.
        resolve: maps an op to its ordinary kernel.
        updates: nodes that are done in another way, those of each together; they stay side by side.
    """
    taken = {id(node) for nodes in updates for node in nodes}

    def joins(node: Any) -> bool:
        out = node.output
        large = len(out.shape) > 0 and nbytes(out) >= LARGE and bool(_rows(out))
        return large and id(node) not in taken and (_is_choice(node) or function(resolve(node.op)) is not None)

    if not any(nbytes(node.output) >= LARGE for node in graph.nodes if node.output.shape):
        return graph, []
    groups = fusion_groups(graph, joins)
    return (gathered(graph, [*(group.nodes for group in groups), *updates]) if groups else graph), groups


def _is_choice(node: Any) -> bool:
    """Whether a node picks or limits real numbers, by a kernel that gives an array of its own."""
    return node.op.name in ("where", "clip", "clamp") and node.output.dtype.kind in "biuf"


def _rows(value: Any) -> int:
    """How many rows a piece of an array has; 0 where its rows are too long or too few."""
    count = value.shape[0]
    if not size(value):
        return 0
    row = size(value) // count
    step = VECTOR // math.gcd(row, VECTOR)
    rows = max(PIECE // (row * value.dtype.itemsize) // step, 1) * step
    return rows if rows * row * value.dtype.itemsize <= 4 * PIECE and rows < count else 0


class Walk:
    """What a plan does for a group of elementwise nodes.

    Args:
        planner: the planner.
        group: the group, whose nodes follow each other in the planner's graph.
    """

    def __init__(self, planner: Any, group: Group) -> None:
        self.planner, self.group, self.nodes = planner, group, group.nodes
        self.shape = group.nodes[0].output.shape
        widest = max((node.output for node in group.nodes), key=lambda value: value.dtype.itemsize)
        self.rows = _rows(widest)
        self._pieces: dict[str, str] = {}
        self._free: dict[Any, list[str]] = {}
        self._owners: list[object] = []

    def write(self) -> bool:
        """Write the lines; False, and nothing written, where the nodes cannot go through the arrays side by side."""
        planner = self.planner
        if not self.rows or not all(map(self._in_order, self.group.inputs)):
            return False
        names = {value: self._argument(value) for node in self.nodes for value in self._read_from_outside(node)}
        targets = {node.output: self._target(node) for node in self.nodes if node.output in self.group.outputs}
        names |= {value: self._piece(f"{name}[{{0}}:{{0}} + {self.rows}]") for value, name in targets.items()}
        steps = self._steps(names)
        start = planner.source.name("i")
        planner.line(f"for {start} in range(0, {self.shape[0]}, {self.rows}):")
        for cut, piece in self._pieces.items():
            planner.line(f"    {piece} = {cut.format(start)}")
        for node, line in steps:
            planner.source.node = node
            planner.line(f"    {line}")
        for owner in self._owners:
            planner.memory.free(owner)
        return True

    def _in_order(self, value: Any) -> bool:
        """Whether an argument is not known to lie in another order than C's, in which its rows would be torn apart."""
        return len(value.shape) < 2 or self.planner.place(value).order in (None, c_order(value.shape))

    def _read_from_outside(self, node: Any) -> list[Any]:
        made = {node.output for node in self.nodes}
        return [value for value in node.inputs if value not in made]

    def _argument(self, value: Any) -> str:
        """What a step reads of a value: the rows of the piece, or all of what is repeated for every row."""
        planner = self.planner
        if len(value.shape) == len(self.shape) and value.shape[0] == self.shape[0]:
            return self._piece(f"{planner.array(value)}[{{0}}:{{0}} + {self.rows}]")
        whole = argument(planner, value, self.nodes[0].output)
        if whole.isidentifier():
            return whole
        name = planner.source.name("v")
        planner.line(f"{name} = {whole}")
        return name

    def _piece(self, cut: str) -> str:
        """The name of a piece, which ``cut`` makes with the number of its first row."""
        name = self._pieces.get(cut)
        if name is None:
            name = self._pieces[cut] = self.planner.source.name("p")
        return name

    def _target(self, node: Any) -> str:
        """The array for a value that is read after the walk: that of an argument that nobody reads again, or another.

        No piece that is still to be read may lie in it, so that no other argument may share its memory.
        """
        planner, value = self.planner, node.output
        over: list[Any] = []
        if not planner.sent(value) and repeated(planner, node) is None:
            origins = planner.lives.origins
            for one in self._read_from_outside(node):
                others = [origins[other] for other in self.group.inputs if other is not one]
                if one.scalar is None and not any(origins[one] & other for other in others):
                    over.append(one)
        first, planner.at = planner.at, planner.number_of(node) if over else planner.at
        name = planner.result(node, over=tuple(over)).name
        planner.at = first
        return name

    def _steps(self, names: dict[Any, str]) -> list[tuple[Any, str]]:
        """A line for each node, with it."""
        planner, found = self.planner, []
        last = {value: at for at, node in enumerate(self.nodes) for value in node.inputs}
        own: dict[Any, str] = {}
        for at, node in enumerate(self.nodes):
            value, copied = node.output, repeated(planner, node)
            ended = [one for one in dict.fromkeys(node.inputs) if one in own and last[one] == at]
            if copied is None:
                self._let_go(own, ended)
            if value not in names:
                names[value] = own[value] = self._temporary(value.dtype)
            if copied is not None:
                self._let_go(own, ended)
            out, arguments = names[value], [names[one] for one in node.inputs]
            kernel = planner.kernel(node.op)
            ufunc = function(kernel)
            if ufunc is None:
                called = planner.named(partial(kernel, **node.attrs) if node.attrs else kernel)
                found.append((node, f"{out}[...] = {called}({', '.join(arguments)})"))
                continue
            if copied is not None:
                found.append((node, f"{out}[...] = {arguments[copied]}"))
                arguments[copied] = out
            keyword = "out=" if ufunc in KEYWORD else ""
            found.append((node, f"{planner.named(ufunc)}({', '.join(arguments)}, {keyword}{out})"))
        return found

    def _let_go(self, own: dict[Any, str], values: list[Any]) -> None:
        for value in values:
            self._free.setdefault(value.dtype, []).append(own[value])

    def _temporary(self, dtype: Any) -> str:
        """The piece of an array for a value that no other walk or node reads."""
        if free := self._free.get(dtype):
            return free.pop()
        owner = object()
        self._owners.append(owner)
        shape = (self.rows, *self.shape[1:])
        whole = self.planner.memory.array(owner, shape, dtype, c_order(shape))
        return self._piece(f"{whole}[:{self.shape[0]} - {{0}}]")
