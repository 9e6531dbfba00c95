"""Constant folding: nodes whose elements all are one number that is known now become that number.

A graph's constants are numbers, alone or repeated in an array; of them one element is worked out, by the op's own
reference, so it costs nothing however large the array is. Only ops that have one right result, to the last bit, are
folded: what a library rounds in its own way is left to it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import dtypes as dt
from ...ops.declare import OPS
from ..graph import Graph, Node, Value

DTYPES = frozenset({dt.bool_, *dt.INTEGERS, dt.float32, dt.float64})

ALIKE = frozenset({"reshape", "broadcast_to", "permute_dims", "flip", "stop_gradient", "identity", "positive"})
"""Ops whose elements are elements of their argument."""

PICKED = frozenset({"max", "min", "any", "all"})
"""Reductions that give one of equal elements."""

ROUNDED = frozenset({"add", "subtract", "multiply", "divide", "negative", "square", "sqrt", "reciprocal"})
"""Elementwise ops whose results IEEE 754 or the integers' arithmetic pins."""

EXACT = ROUNDED | frozenset(
    """
    abs bitwise_and bitwise_invert bitwise_or bitwise_xor ceil equal floor greater greater_equal isfinite isinf isnan
    less less_equal logical_and logical_not logical_or logical_xor maximum minimum not_equal relu round sign signbit
    trunc
    """.split()  # noqa: SIM905
)
"""Elementwise ops that are folded."""


def fold(graph: Graph) -> Graph:
    """The graph with known numbers in the place of the nodes that compute them."""
    known: dict[Value, Any] = {}
    nodes = []
    for node in graph.nodes:
        found = number(node, known)
        if found is None:
            nodes.append(node)
            continue
        known[node.output] = found
        nodes.append(node if node.op.name == "full" else filled(node, found))
    return Graph(list(graph.inputs), nodes, list(graph.outputs))


def filled(node: Node, value: Any) -> Node:
    """A node that fills the shape of another's output."""
    output = node.output
    return node.instead(OPS["full"], (), {"shape": output.shape, "fill_value": value, "dtype": output.dtype}, output)


def uniform(graph: Graph) -> dict[Value, Any]:
    """The values that are one number everywhere, with that number."""
    known: dict[Value, Any] = {}
    for node in graph.nodes:
        found = number(node, known)
        if found is not None:
            known[node.output] = found
    return known


def number(node: Node, known: dict[Value, Any]) -> Any:
    """The one number that all elements of a node's output are, as a Python number, or None."""
    output, name = node.output, node.op.name
    for value in node.inputs:  # the usual case: nothing is known
        if value.scalar is None and value not in known:
            return None
    if output.dtype not in DTYPES or -1 in output.shape:
        return None
    if name == "full":
        value = node.attrs["fill_value"]
        return float(value) if output.dtype in dt.FLOATING else _plain(np.asarray(value), output.dtype)
    values = []
    for value in node.inputs:
        if value.dtype not in DTYPES:
            return None
        values.append(known[value] if value.scalar is None else value.scalar)
    if not values:
        return None
    if name in ALIKE:
        return values[0]
    if name == "astype":
        return _converted(values[0], node.inputs[0].dtype, output.dtype)
    if name in PICKED and math.prod(node.inputs[0].shape):
        return values[0] if name in ("max", "min") else bool(values[0])
    if name in EXACT:
        operands = [np.asarray(value).astype(one.dtype) for value, one in zip(values, node.inputs, strict=True)]
        with np.errstate(all="ignore"):
            return _plain(np.asarray(node.op.reference(*operands, **node.attrs)), output.dtype)
    return None


def _plain(array: np.ndarray, dtype: np.dtype) -> Any:
    """A number of a dtype as Python's; None where a library would have to choose how to convert it."""
    if array.dtype != dtype:
        return _converted(array.item(), array.dtype, dtype)
    return array.item()


def _converted(value: Any, source: np.dtype, target: np.dtype) -> Any:
    if isinstance(value, complex):
        return None
    if isinstance(value, float) and target in dt.INTEGERS:
        limits = np.iinfo(target)
        if not limits.min <= value <= limits.max:  # nor for NaN
            return None
    with np.errstate(all="ignore"):
        return np.asarray(value).astype(source).astype(target).item()
