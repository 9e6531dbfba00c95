"""Graph: a function as data. Inputs, nodes in order, outputs; every value has a shape and a dtype."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..ops.declare import Op
    from .summary import Summary


class Value:
    """A value of a graph: an input, a node's output, or a constant (a Python scalar with a dtype).

    An input's ``kind`` says what stands behind it: a trainable ``parameter``, other ``state``, or nothing of the kind.
    """

    __slots__ = ("dtype", "kind", "name", "scalar", "shape")

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype, name: str = "", scalar: Any = None, kind: str = ""
    ) -> None:
        self.shape, self.dtype, self.name, self.scalar, self.kind = shape, dtype, name, scalar, kind

    def __repr__(self) -> str:
        from .text import typed

        return repr(self.scalar) if self.scalar is not None else f"{self.name}: {typed(self)}"


@dataclass(eq=False, slots=True)
class Node:
    """One op in a graph: ``output = op(*inputs, **attrs)``.

    Attributes:
        scope: the path of what it belongs to, such as ``model/dense``; empty where nothing was said.
        phase: ``forward``, ``backward``, ``update`` or ``metrics``.
        line: the file and line of the user's code that it comes from, or None.
    """

    op: Op
    inputs: tuple[Value, ...]
    attrs: dict[str, Any]
    output: Value
    scope: str = ""
    phase: str = "forward"
    line: tuple[str, int] | None = None

    def on(self, inputs: tuple[Value, ...]) -> Node:
        """The same of other inputs."""
        return Node(self.op, inputs, self.attrs, self.output, self.scope, self.phase, self.line)

    def instead(self, op: Op, inputs: tuple[Value, ...], attrs: dict[str, Any], output: Value) -> Node:
        """Another op in its place."""
        return Node(op, inputs, attrs, output, self.scope, self.phase, self.line)


@dataclass(eq=False)
class Graph:
    """A pure function of arrays.

    ``str(graph)`` is its text, which `parse` reads.

    Attributes:
        inputs: its arguments, in order.
        nodes: what is computed, in an order in which every input of a node stands before it.
        outputs: its results, in order.
    """

    inputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)

    def values(self) -> Iterator[Value]:
        """Its inputs, and what its nodes compute."""
        yield from self.inputs
        for node in self.nodes:
            yield node.output

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        counts = f"{len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs"
        return f"<graph: {counts}>"

    def text(self, notes: bool = False) -> str:
        """The graph as text, one line for each node.

        Args:
            notes: whether lines end in comments that say what a node belongs to and from which line of code it comes.
        """
        from .text import text

        return text(self, notes)

    @staticmethod
    def parse(text: str) -> Graph:
        """The graph that a text describes, as ``str(graph)`` gives it.

        Raises:
            GraphTextError: where it is no such text; the message names the line, what is there and what was expected.
        """
        from .parse import parse

        return parse(text)

    def __reduce__(self) -> tuple[Any, ...]:
        notes = [(node.scope, node.phase, node.line) for node in self.nodes]
        return _read, (self.text(), [value.kind for value in self.inputs], notes)

    def summary(self, backends: Sequence[str] = ("numpy",)) -> Summary:
        """What the graph computes: nodes, floating-point operations and bytes moved by op, parameters, memory.

        Args:
            backends: whose memory is asked for, by name. JAX compiles the graph to tell.

        Returns:
            An object with these as data, whose ``str()`` is a table.
        """
        from .summary import summary

        return summary(self, backends)

    def draw(self, file: Any, title: str = "") -> str:
        """Draw the graph into a file, as its name ends: ``.svg``, ``.html`` (pans, zooms, folds) or ``.mmd`` (Mermaid).

        Nodes stand in a group for each layer and phase, forward, backward and update side by side; every value is shown
        with its dtype and shape. Returns the file's name.
        """
        from .drawing import draw

        return draw(self, file, title)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return f'<div style="max-height:640px;overflow:auto">{self._repr_svg_()}</div>'

    def _repr_svg_(self) -> str:
        """The drawing as SVG."""
        from .drawing.svg import svg

        return svg(self)

    def pruned(self) -> Graph:
        """The graph without nodes that no output depends on, and without identities.

        Stops of the gradient stay: a graph may be differentiated.
        """
        same: dict[Value, Value] = {}
        nodes = []
        for node in self.nodes:
            inputs = tuple([same.get(value, value) for value in node.inputs])
            if node.op.name == "identity":
                same[node.output] = inputs[0]
            else:
                nodes.append(node if inputs == node.inputs else node.on(inputs))
        outputs = [same.get(value, value) for value in self.outputs]
        needed = set(outputs)
        kept = []
        for node in reversed(nodes):
            if node.output in needed:
                needed.update(node.inputs)
                kept.append(node)
        return Graph(list(self.inputs), kept[::-1], outputs)


def _read(text: str, kinds: list[str], notes: list[tuple[str, str, tuple[str, int] | None]]) -> Graph:
    """What a graph was pickled as: dtypes and ops are known by identity, which a copy of them would lose."""
    graph = Graph.parse(text)
    for value, kind in zip(graph.inputs, kinds, strict=True):
        value.kind = kind
    for node, note in zip(graph.nodes, notes, strict=True):
        node.scope, node.phase, node.line = note
    return graph
