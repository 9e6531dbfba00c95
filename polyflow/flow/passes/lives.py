"""How long values live: in whose memory each may lie, and which node reads that memory last."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...ops.several import PACKED

VIEWS = frozenset({"permute_dims", "reshape", "broadcast_to", "getitem", "stop_gradient", "identity"})
"""Ops whose result may be a view of their first argument, and of no other."""


class Lives:
    """The lives of a graph's values.

    Args:
        graph: the graph.
        results: those of its outputs that are returned; the others are read at the end.
        makes: whether a node's result is an array of its own, sure to share no memory with its arguments.

    Attributes:
        origins: for each value those in whose memory it may lie; for one that has its own, itself.
        last: for each origin the number of the last node that reads what may lie in it; the number of nodes for what is
            read after all of them.
        returned: origins whose memory goes to the caller.
        copied: outputs that have to be copied, since they may lie in memory that is not the caller's.
    """

    def __init__(self, graph: Any, results: Sequence[Any], makes: Callable[[Any], bool]) -> None:
        self.origins: dict[Any, frozenset[Any]] = {value: frozenset([value]) for value in graph.inputs}
        self.last: dict[Any, int] = {}
        self.returned: set[Any] = set()
        self.copied: set[Any] = set()
        given = set(graph.inputs)
        for at, node in enumerate(graph.nodes):
            for value in node.inputs:
                self._read(value, at)
            if makes(node):
                own: frozenset[Any] = frozenset([node.output])
            else:
                sources = node.inputs[:1] if node.op.name in VIEWS else node.inputs
                own = frozenset().union(*(self._of(value) for value in sources))
                if node.op.name not in VIEWS:
                    own |= {node.output}
            self.origins[node.output] = own
            self._read(node.output, at)
        for value in graph.outputs:
            self._read(value, len(graph.nodes))
        for value in results:
            origins = self._of(value)
            if not given & origins and len(origins) == 1 and _whole(value, *origins):
                self.returned |= origins
            elif value.scalar is None:
                self.copied.add(value)

    def _of(self, value: Any) -> frozenset[Any]:
        found = self.origins.get(value)
        if found is None:  # a scalar
            found = self.origins[value] = frozenset([value])
        return found

    def _read(self, value: Any, at: int) -> None:
        for origin in self._of(value):
            self.last[origin] = at


def nbytes(value: Any) -> int:
    """How many bytes the elements of a value have; of one with several parts, all of theirs."""
    return size_of(value.shape, value.dtype)


def size_of(shape: Any, dtype: Any) -> int:
    """As `nbytes`, of a shape and dtype."""
    if dtype is PACKED:
        return sum(size_of(*part) for part in shape)
    return math.prod(shape) * dtype.itemsize


def peak(graph: Any) -> int:
    """The most bytes that values computed by the graph hold at a time, each from its node to its last reader.

    Views hold none; arguments are not counted, results are. A backend that runs node by node needs so much.
    """
    lives = Lives(graph, graph.outputs, lambda node: node.op.name not in VIEWS)
    given = set(graph.inputs)
    ends: dict[int, int] = {}
    for origin, last in lives.last.items():
        ends[last] = ends.get(last, 0) + nbytes(origin) * (origin not in given)
    held = most = 0
    for at, node in enumerate(graph.nodes):
        if node.output in lives.origins[node.output]:
            held += nbytes(node.output)
        most = max(most, held)
        held -= ends.get(at, 0)
    return most


def _whole(value: Any, origin: Any) -> bool:
    """Whether a value has as many elements as what it lies in, so that nothing else is kept with it."""
    return nbytes(value) == nbytes(origin)
