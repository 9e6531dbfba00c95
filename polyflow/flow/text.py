"""A graph as text, one line for each node; `parse` reads it back.

    graph(%x: float32[2, 3], %dense/kernel: float32[3, 4]) {
      %2: float32[2, 4] = matmul(%x, %dense/kernel)
      %3: float32[2, 4] = multiply(%2, 2.0)
      %4: float32[2] = sum(%3, axis=-1, keepdims=False)
      return %4
    }

Values are called by their names, made unique, or by numbers. A Python number has the dtype that tracing gives it, of
its floating neighbour or the default, or one written after it: ``2.0: float64``. Attributes are literals: numbers,
strings, None, tuples, lists and dicts of these, dtypes by name, slices as ``0:3:1``, arrays, and graphs.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend.keys import Slice
from ..errors import shown_line
from ..ops.several import PACKED
from .graph import Graph, Node, Value
from .notes import FORWARD

WIDTH = 110
"""Longer lists of inputs or results are written one to a line."""

READABLE = 64
"""Arrays of more elements are written as the base64 of their bytes."""


def text(graph: Graph, notes: bool = False) -> str:
    """The text of a graph, with what is known of its nodes' origins as comments where ``notes`` says so."""
    return "\n".join(_lines(graph, notes))


def names(graph: Graph) -> dict[Value, str]:
    """An identifier for each value, without the ``%``: its name where it has one, else its number."""
    found: dict[Value, str] = {}
    taken: set[str] = set()
    for number, value in enumerate(graph.values()):
        base = identifier(value.name)
        name = base or str(number)
        count = 0
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        found[value] = name
    return found


def identifier(name: str) -> str:
    """A name as an identifier: letters, digits and ``_ . / ' -``, not beginning with a digit."""
    name = re.sub(r"[^\w./'-]+", "_", name, flags=re.ASCII)
    return f"_{name}" if name[:1].isdigit() else name


def typed(value: Value) -> str:
    """The dtype and shape of a value: ``float32[2, 3]``, or ``(float32[2], int64[])`` for one of several parts."""
    return _typed(value.shape, value.dtype)


def weak(values: Sequence[Value]) -> list[np.dtype | None]:
    """The dtype that a Python number among these has unless another is written; None for what is none."""
    floats = (value.dtype for value in values if value.scalar is None and value.dtype in (dt.float32, dt.float64))
    neighbour = next(floats, None)
    return [None if value.scalar is None else neighbour or dt.default(value.scalar) for value in values]


def _lines(graph: Graph, notes: bool) -> list[str]:
    called = names(graph)

    def operands(values: Sequence[Value]) -> list[str]:
        return [
            f"%{called[value]}" if dtype is None else _number(value, dtype)
            for value, dtype in zip(values, weak(values), strict=True)
        ]

    lines = _wrapped("graph(", [f"%{called[v]}: {typed(v)}" for v in graph.inputs], ") {", "  ")
    for node in graph.nodes:
        attributes = [f"{name}={literal(value, notes)}" for name, value in node.attrs.items()]
        call = f"{node.op.name}({', '.join([*operands(node.inputs), *attributes])})"
        first, *rest = f"  %{called[node.output]}: {typed(node.output)} = {call}".split("\n")
        comment = origin(node) if notes else ""
        lines += [f"{first}  # {comment}" if comment else first, *(f"  {line}" for line in rest)]
    return [*lines, *_wrapped("  return ", operands(graph.outputs), "", "    "), "}"]


def _wrapped(before: str, items: list[str], after: str, indent: str) -> list[str]:
    """Items on one line, or on as many as there are where that would be long."""
    line = f"{before}{', '.join(items)}{after}".rstrip()
    if len(line) <= WIDTH:
        return [line]
    return [before.rstrip(), *(f"{indent}{item}," for item in items), *([indent[:-2] + after] if after else [])]


def origin(node: Node) -> str:
    """What a node belongs to and where it comes from: ``backward of model/dense, train.py:12``."""
    belongs = node.scope if node.phase == FORWARD else f"{node.phase} of {node.scope}" if node.scope else node.phase
    return ", ".join(part for part in (belongs, shown_line(node.line)) if part)


def _number(value: Value, expected: np.dtype) -> str:
    written = literal(value.scalar)
    return written if value.dtype is expected else f"{written}: {value.dtype.name}"


def _typed(shape: Any, dtype: np.dtype) -> str:
    if dtype is PACKED:
        return f"({', '.join(_typed(*part) for part in shape)})"
    return f"{dtype.name}[{', '.join(map(str, shape))}]"


def literal(value: Any, notes: bool = False) -> str:
    """An attribute's value as text; of what has none, its ``repr`` in angle brackets, which cannot be read back."""
    kind: Any = value.__class__
    if value is None or kind in (bool, int, str, bytes):
        return repr(value)
    if value is ...:
        return "..."
    if kind is float:
        return _real(value)
    if kind is complex:
        return f"complex({_real(value.real)}, {_real(value.imag)})"
    if kind is Slice:
        return f"{value.start}:{'' if value.stop is None else value.stop}:{value.step}"
    if kind is slice:
        return f"slice({', '.join(literal(part) for part in (value.start, value.stop, value.step))})"
    if kind is tuple:
        return f"({', '.join(literal(part, notes) for part in value)}{',' * (len(value) == 1)})"
    if kind is list:
        return f"[{', '.join(literal(part, notes) for part in value)}]"
    if kind is dict:
        return f"{{{', '.join(f'{literal(name)}: {literal(part, notes)}' for name, part in value.items())}}}"
    if isinstance(value, np.dtype) and value in dt.ALL:
        return value.name
    if isinstance(value, np.generic) and value.dtype in dt.ALL:
        return f"{value.dtype.name}({literal(value.item() if value.dtype is not dt.bfloat16 else float(value))})"
    if kind is np.ndarray and value.dtype in dt.ALL:  # type: ignore[union-attr]
        return _array(value)  # type: ignore[arg-type]
    if isinstance(value, Graph):
        return "\n".join(_lines(value, notes))
    return f"<{value!r}>"


def _real(value: float) -> str:
    return repr(value) if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _array(array: np.ndarray) -> str:
    kind = f"{array.dtype.name}[{', '.join(map(str, array.shape))}]"
    if array.size > READABLE:
        return f"array({kind}, {base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()!r})"
    wide = array.astype(dt.float32) if array.dtype is dt.bfloat16 else array
    return f"array({kind}, {literal(wide.reshape(-1).tolist())})"
