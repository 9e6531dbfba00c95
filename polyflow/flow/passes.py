"""Passes: from a graph to one that computes the same bits with less work.

Every rewriting here is exact: nodes that change nothing are left out, values that are one number everywhere become that
number, equal nodes are computed once, and what nothing depends on is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..ops.declare import OPS
from .graph import Graph, Node, Value

_FLOATS = frozenset({dt.float32, dt.float64})
_EXACT = frozenset({"add", "subtract", "multiply", "divide", "negative"})
_REDUCTIONS = frozenset({"sum", "prod", "mean", "max", "min"})


def simplified(graph: Graph, *, weak_scalars: bool) -> Graph:
    """The graph after all passes.

    Args:
        graph: any graph.
        weak_scalars: whether kernels of two arguments take a Python float for one of them.
    """
    outer = shared(uniform(graph, weak_scalars=weak_scalars)).pruned()
    for node in outer.nodes:
        if node.op.graphs:
            inner = {name: simplified(node.attrs[name], weak_scalars=weak_scalars) for name in node.op.graphs}
            node.attrs = {**node.attrs, **inner}
    return outer


def shared(graph: Graph) -> Graph:
    """Nodes that change nothing left out, and equal nodes computed once."""
    same: dict[Value, Value] = {}
    seen: dict[Any, Value] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple(same.get(value, value) for value in node.inputs)
        unchanged = _unchanged(node, inputs)
        key = (node.op, tuple(map(_identity, inputs)), _hashable(node.attrs))
        if unchanged is None and key in seen:
            unchanged = seen[key]
        if unchanged is not None:
            same[node.output] = unchanged
            continue
        seen[key] = node.output
        nodes.append(node.on(inputs))
    return Graph(list(graph.inputs), nodes, [same.get(value, value) for value in graph.outputs])


def uniform(graph: Graph, *, weak_scalars: bool) -> Graph:
    """Values that are one number everywhere as that number, where kernels take it."""
    number: dict[Value, float] = {}
    nodes = []
    for node in graph.nodes:
        found = _number(node, number)
        if found is not None:
            number[node.output] = found
            attrs = {"shape": node.output.shape, "fill_value": found, "dtype": node.output.dtype}
            nodes.append(node.instead(OPS["full"], (), attrs, node.output))
            continue
        inputs = node.inputs
        if weak_scalars and _takes_number(node):
            inputs = tuple(_as_scalar(value, node, number) for value in inputs)
            if all(value.scalar is not None for value in inputs):
                inputs = node.inputs
        nodes.append(node.on(inputs))
    return Graph(list(graph.inputs), nodes, list(graph.outputs))


def _number(node: Node, number: dict[Value, float]) -> float | None:
    """The one number that all elements of a node's output are, if that is known."""
    if node.output.dtype not in _FLOATS:
        return None
    if node.op.name == "full":
        return float(node.attrs["fill_value"])
    values = [value.scalar if value.scalar is not None else number.get(value) for value in node.inputs]
    if not values or any(value is None for value in values):
        return None
    if node.op.name in ("reshape", "broadcast_to"):
        return values[0]
    if node.op.name in _EXACT:
        with np.errstate(all="ignore"):
            return float(node.op.reference(*[np.asarray(value, node.output.dtype) for value in values]))
    return None


def _takes_number(node: Node) -> bool:
    return node.op.rule.family == "elementwise" and len(node.inputs) == 2 and not node.attrs


def _as_scalar(value: Value, node: Node, number: dict[Value, float]) -> Value:
    """A uniform operand as a scalar, where the other operand alone gives the result's shape and dtype."""
    other = node.inputs[1] if node.inputs[0] is value else node.inputs[0]
    fits = other is not value and other.scalar is None and other not in number
    if value in number and fits and other.dtype is value.dtype and other.shape == node.output.shape:
        return Value((), value.dtype, scalar=number[value])
    return value


def _unchanged(node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """The input that a node's output equals bit by bit, if there is one."""
    rule = _NOTHING_TO_DO.get(node.op.name)
    found = rule(node, inputs) if rule is not None else None
    if (
        found is not None
        and found.scalar is None
        and (found.shape, found.dtype) == (node.output.shape, node.output.dtype)
    ):
        return found
    return None


def _in_order(axes: tuple[int, ...]) -> bool:
    return all(axis % len(axes) == place for place, axis in enumerate(axes))


def _one(at: int) -> Callable[[Node, tuple[Value, ...]], Value | None]:
    """The rule of an op that changes nothing where its argument number ``at`` is 1."""
    return lambda node, inputs: inputs[1 - at] if inputs[at].scalar == 1.0 else None


_NOTHING_TO_DO: dict[str, Callable[[Node, tuple[Value, ...]], Value | None]] = {
    "astype": lambda node, inputs: inputs[0],
    "reshape": lambda node, inputs: inputs[0],
    "broadcast_to": lambda node, inputs: inputs[0],
    "identity": lambda node, inputs: inputs[0],
    "positive": lambda node, inputs: inputs[0],
    "permute_dims": lambda node, inputs: inputs[0] if _in_order(node.attrs["axes"]) else None,
    "multiply": lambda node, inputs: _one(0)(node, inputs) or _one(1)(node, inputs),
    "divide": _one(1),
    **dict.fromkeys(_REDUCTIONS, lambda node, inputs: None if inputs[0].shape else inputs[0]),
}
"""What an op's output equals where it changes nothing; taken only where shape and dtype are the same too."""


def _identity(value: Value) -> Any:
    """What two values must share to be equal: themselves, or the same scalar (with its sign, and NaN like NaN)."""
    return value if value.scalar is None else (value.dtype, type(value.scalar), repr(value.scalar))


def _hashable(attrs: dict[str, Any]) -> Any:
    return tuple(
        (name, type(value), repr(value) if isinstance(value, float) else value) for name, value in attrs.items()
    )
