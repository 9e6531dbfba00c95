"""A graph as a straight-line Python function: one line for each node, each calling the function for its dtype.

    v3 = f0(v0, v1)
    del v0
    v4 = f1(v3, **a1)
    ...
    return (v4, v2,)

What a kernel looks up each time it runs op by op is known here beforehand: the dtypes, hence the functions, and the
numbers, which become tensors without axes once for all. Graphs inside of nodes become programs of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow.backend.nodes import with_functions

from .forms import TORCH, Forms


class Program:
    """The text of a program and what its names stand for.

    Args:
        graph: a graph of polyflow's.
        resolve: gives the kernel of an op.
        number: makes a tensor without axes of a number and a NumPy dtype.
    """

    def __init__(self, graph: Any, resolve: Callable[[Any], Any], number: Callable[[Any, np.dtype], Any]) -> None:
        self.scope: dict[str, Any] = {}
        self.resolve, self.number = resolve, number
        self.names: dict[Any, str] = {value: f"v{i}" for i, value in enumerate(graph.inputs)}
        self.numbers: dict[Any, str] = {}
        inputs = ", ".join(self.names.values())
        returned = set(graph.outputs)
        last = {value: i for i, node in enumerate(graph.nodes) for value in (*node.inputs, node.output)}
        lines = []
        for i, node in enumerate(graph.nodes):
            if node.op.name == "full" and node.output not in returned:
                self._constant(node)
                continue
            arguments = [self._name(value) for value in node.inputs]
            self.scope[f"f{i}"], self.scope[f"a{i}"] = self.called(node)
            if node.attrs:
                arguments.append(f"**a{i}")
            target = self.names[node.output] = f"v{len(self.names)}"
            lines.append(f"{target} = f{i}({', '.join(arguments)})")
            done = {value for value in (*node.inputs, node.output) if last[value] == i} - returned
            dead = [self.names[value] for value in sorted(done, key=self._order) if self._order(value) >= 0]
            if dead:
                lines.append(f"del {', '.join(dead)}")
        results = "".join(f"{self._name(value)}, " for value in graph.outputs)
        body = "".join(f"    {line}\n" for line in lines)
        self.text = f"def program({inputs}):\n{body}    return ({results})\n"

    def called(self, node: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
        """What runs a node's kernel for inputs of the dtypes that the node's have, and its attributes."""
        kernel = self.resolve(node.op)
        attrs = with_functions(node, lambda inner: type(self)(inner, self.resolve, self.number).function())
        if not isinstance(kernel, Forms):
            return kernel, attrs
        return kernel.by_dtype[TORCH[node.inputs[kernel.at].dtype]], kernel.ready(attrs)

    def _order(self, value: Any) -> int:
        """The number of a variable of the program; -1 for a constant."""
        name = self.names.get(value, "")
        return int(name[1:]) if name.startswith("v") else -1

    def _constant(self, node: Any) -> None:
        """A value that is one number everywhere: no memory but for that number."""
        filled = self.number(node.attrs["fill_value"], node.output.dtype)
        self.names[node.output] = name = f"c{len(self.names)}"
        self.scope[name] = filled.expand(node.output.shape)

    def _name(self, value: Any) -> str:
        if value.scalar is None:
            return self.names[value]
        key = (value.dtype, type(value.scalar), repr(value.scalar))
        if key not in self.numbers:
            self.numbers[key] = name = f"s{len(self.numbers)}"
            self.scope[name] = self.number(value.scalar, value.dtype)
        return self.numbers[key]

    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The program as a function from the graph's input arrays to its output arrays."""
        exec(compile(self.text, "<polyflow program>", "exec"), self.scope)
        return self.scope["program"]
