"""One kernel from a group of elementwise nodes: its text, and in which order it takes the group's values.

A thread computes one element of all the group's outputs, each node's result in a variable of its own dtype. Arrays that
have one element come as ``raw`` parameters, and numbers by value: so what is left mostly has the shape of the result,
and CuPy walks through it as through one row. Nothing in a kernel's text depends on shapes or on the values of floats.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow.passes import Group

from ..kernels import Elementwise, stored_as
from .formulas import LARGER, SMALLER, block, conversion, expression, literal

HALVES = """
#if __has_include(<cupy/float16.cuh>)
#include <cupy/float16.cuh>
#endif
#if __has_include(<cupy/bfloat16.cuh>)
#include <cupy/bfloat16.cuh>
#endif
"""
"""CuPy declares the halves only where a parameter is one; here a value between two nodes may be."""


@dataclass(frozen=True, eq=False)
class Fused:
    """A kernel and its arguments.

    Attributes:
        text: the kernel's.
        arrays: the values that it takes as arrays, in order. numbers: what it takes after them.
        outputs: the values that it gives, in order.
        alone: whether the kernel can tell the outputs' shape from its arguments; else it is given arrays for them.
    """

    text: Elementwise
    arrays: tuple[Any, ...]
    numbers: tuple[np.generic, ...]
    outputs: tuple[Any, ...]
    alone: bool


def fused(group: Group, known: dict[Any, Any]) -> Fused:
    """The kernel of a group of nodes that are all `computable`.

    Args:
        group: the group.
        known: the values of the graph that are one number everywhere.
    """
    return _Writer(group, known).finished()


class _Writer:
    def __init__(self, group: Group, known: dict[Any, Any]) -> None:
        self.group, self.known = group, known
        self.shape = group.nodes[0].output.shape
        self.names: dict[Any, str] = {}
        self.lines: list[str] = []
        self.arrays: list[Any] = []
        self.numbers: dict[tuple[bytes, np.dtype], str] = {}
        self.given: list[np.generic] = []
        for node in group.nodes:
            self._node(node)
        self.lines += [f"y{at} = {self.names[value]};" for at, value in enumerate(group.outputs)]

    def finished(self) -> Fused:
        arrays, outputs = tuple(self.arrays), self.group.outputs
        inputs = [f"{'raw ' * self._single(value)}{value.dtype.name} x{at}" for at, value in enumerate(arrays)]
        inputs += [f"{number.dtype.name} s{at}" for at, number in enumerate(self.given)]
        made = [f"{value.dtype.name} y{at}" for at, value in enumerate(outputs)]
        halves = any(node.output.dtype in dt.HALVES for node in self.group.nodes)
        parts = (", ".join(inputs), ", ".join(made), "\n".join(self.lines), HALVES if halves else "")
        name = f"polyflow_fused_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
        walked = [value.shape for value in arrays if not self._single(value)]
        alone = bool(walked) and np.broadcast_shapes(*walked) == self.shape
        return Fused(Elementwise(name, *parts), arrays, tuple(self.given), outputs, alone)

    def _single(self, value: Any) -> bool:
        """Whether an array has one element for all that the kernel goes through."""
        return math.prod(value.shape) == 1 != math.prod(self.shape)

    def _node(self, node: Any) -> None:
        name, output = node.op.name, node.output
        if output in self.known or name == "full":
            self.names[output] = self._number(self.known.get(output, node.attrs.get("fill_value")), output.dtype)
            return
        operands = [self._operand(value) for value in node.inputs]
        kind = node.inputs[-1].dtype
        if name == "clip":
            self.names[output] = self._clipped(operands[0], kind, **node.attrs)
        elif name == "astype":
            text = conversion(kind, output.dtype) or ""
            self.names[output] = self._result(text.format(*operands), output.dtype)
        elif (text := expression(name, kind)) is not None:
            self.names[output] = self._result(text.format(*operands, T=stored_as(output.dtype)), output.dtype)
        else:
            self.names[output] = self._block(block(name, kind) or "", operands, output.dtype)

    def _result(self, text: str, dtype: np.dtype) -> str:
        """A new variable that holds what an expression gives, rounded to a dtype."""
        name, stored = f"t{len(self.lines)}", stored_as(dtype)
        self.lines.append(f"const {stored} {name} = ({stored})({text});")
        return name

    def _block(self, statements: str, operands: list[str], dtype: np.dtype) -> str:
        """A new variable that statements fill, in which the operands are ``x`` and ``y`` and the result ``z``."""
        name, stored = f"t{len(self.lines)}", stored_as(dtype)
        given = " ".join(f"const {stored} {own} = {one};" for own, one in zip("xy", operands, strict=False))
        self.lines.append(f"{stored} {name}; {{ {given} {stored} z;\n{statements.strip()}\n{name} = z; }}")
        return name

    def _clipped(self, x: str, dtype: np.dtype, min: Any, max: Any) -> str:
        """As the backend's `clip` does it: bfloat16 in float32."""
        wide = dt.float32 if dtype is dt.bfloat16 else dtype
        if wide is not dtype:
            x = self._result(x, wide)
        for limit, text, plain in ((min, LARGER, "max({0}, {1})"), (max, SMALLER, "min({0}, {1})")):
            if limit is not None:
                chosen = text if wide in dt.FLOATING else plain
                x = self._result(chosen.format(x, self._number(limit, wide), T=stored_as(wide)), wide)
        return x if wide is dtype else self._result(x, dtype)

    def _operand(self, value: Any) -> str:
        """The name of a value that a node reads: another node's result, a number, or a parameter."""
        if value in self.names:
            return self.names[value]
        if value.scalar is not None or value in self.known:
            return self._number(self.known[value] if value.scalar is None else value.scalar, value.dtype)
        self.arrays.append(value)
        name = f"x{len(self.arrays) - 1}"
        if self._single(value):
            name += "[0]"
        name = self.names[value] = self._result(name, value.dtype)
        return name

    def _number(self, value: Any, dtype: np.dtype) -> str:
        """A number in an expression: integers are written, floats are parameters; the halves come as float32."""
        if dtype not in dt.FLOATING:
            return literal(value, dtype)
        with np.errstate(all="ignore"):
            exact = np.asarray(value).astype(dtype)
        number: Any = exact.astype(dt.float32 if dtype in dt.HALVES else dtype)[()]
        key = (number.tobytes(), dtype)
        if key not in self.numbers:
            name = f"s{len(self.given)}"
            self.given.append(number)
            self.numbers[key] = self._result(name, dtype) if dtype in dt.HALVES else name
        return self.numbers[key]
