"""Graph: a function as data. Inputs, nodes in order, outputs; every value has a shape and a dtype."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..ops.declare import Op


class Value:
    """A value of a graph: an input, a node's output, or a constant (a Python scalar with a dtype)."""

    __slots__ = ("dtype", "name", "scalar", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, name: str = "", scalar: Any = None) -> None:
        self.shape, self.dtype, self.name, self.scalar = shape, dtype, name, scalar

    def __repr__(self) -> str:
        if self.scalar is not None:
            return repr(self.scalar)
        return f"{self.name}: {self.dtype.name}[{', '.join(map(str, self.shape))}]"


@dataclass(eq=False, slots=True)
class Node:
    """One op in a graph: ``output = op(*inputs, **attrs)``."""

    op: Op
    inputs: tuple[Value, ...]
    attrs: dict[str, Any]
    output: Value


@dataclass(eq=False)
class Graph:
    """A pure function of arrays.

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
        names = {value: f"%{i}" for i, value in enumerate(self.values())}

        def shown(value: Value) -> str:
            return repr(value.scalar) if value.scalar is not None else names[value]

        def typed(value: Value) -> str:
            return f"{shown(value)}: {value.dtype.name}[{', '.join(map(str, value.shape))}]"

        lines = [f"graph({', '.join(typed(v) for v in self.inputs)}) {{"]
        for node in self.nodes:
            arguments = [*map(shown, node.inputs), *(f"{name}={value!r}" for name, value in node.attrs.items())]
            lines.append(f"  {typed(node.output)} = {node.op.name}({', '.join(arguments)})")
        return "\n".join([*lines, f"  return {', '.join(map(shown, self.outputs))}", "}"])

    def pruned(self) -> Graph:
        """The graph without nodes that no output depends on, and without identities.

        Stops of the gradient stay: a graph may be differentiated.
        """
        same: dict[Value, Value] = {}
        nodes = []
        for node in self.nodes:
            inputs = tuple(same.get(value, value) for value in node.inputs)
            if node.op.name == "identity":
                same[node.output] = inputs[0]
            else:
                nodes.append(Node(node.op, inputs, node.attrs, node.output))
        outputs = [same.get(value, value) for value in self.outputs]
        needed = set(outputs)
        kept = []
        for node in reversed(nodes):
            if node.output in needed:
                needed.update(node.inputs)
                kept.append(node)
        return Graph(list(self.inputs), kept[::-1], outputs)
