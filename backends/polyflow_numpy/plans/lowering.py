"""Ops of several steps as the steps that their kernels take, so that each finds its place in the plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from polyflow import dtypes as dt
from polyflow.flow.graph import Graph, Node, Value
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec

from ..activations import zeros
from ..limits import at_once

_FLOATS = (dt.float32, dt.float64)

Add = Callable[..., Value]


def lowered(graph: Graph) -> Graph:
    """The graph with composed ops taken apart."""
    nodes: list[Node] = []
    same: dict[Value, Value] = {}

    def add(name: str, *inputs: Value, **attrs: Any) -> Value:
        op = OPS[name]
        spec = op.infer(tuple(Spec(value.shape, value.dtype) for value in inputs), attrs)
        nodes.append(node.instead(op, inputs, attrs, Value(spec.shape, spec.dtype)))
        return nodes[-1].output

    for node in graph.nodes:
        inputs = tuple([same.get(value, value) for value in node.inputs])
        rule = RULES.get(node.op.name)
        found = None
        if rule is not None and inputs[0].dtype in _FLOATS and math.prod(inputs[0].shape):
            found = rule(add, node, inputs[0])
        if found is None:
            nodes.append(node if inputs == node.inputs else node.on(inputs))
        else:
            same[node.output] = found
    return Graph(list(graph.inputs), nodes, [same.get(value, value) for value in graph.outputs])


def _number(value: float, like: Value) -> Value:
    return Value((), like.dtype, scalar=value)


def _sigmoid(add: Add, node: Node, x: Value) -> Value:
    return add("reciprocal", add("add", add("exp", add("negative", x)), _number(1.0, x)))


def _relu(add: Add, node: Node, x: Value) -> Value:
    zero = zeros(x.shape, x.dtype)
    return add("maximum", x, add("full", shape=zero.shape, fill_value=0.0, dtype=x.dtype))


def _clip(add: Add, node: Node, x: Value) -> Value | None:
    low, high = node.attrs["min"], node.attrs["max"]
    if (low is None and high is None) or at_once(math.prod(x.shape), x.dtype, low, high):
        return None
    x = x if low is None else add("maximum", x, _number(float(low), x))
    return x if high is None else add("minimum", x, _number(float(high), x))


def _shifted(add: Add, x: Value, axis: Any) -> Value:
    return add("subtract", x, add("max", x, axis=axis, keepdims=True))


def _softmax(add: Add, node: Node, x: Value) -> Value:
    axis = node.attrs["axis"]
    parts = add("exp", _shifted(add, x, axis))
    return add("divide", parts, _sum(add, parts, axis, True))


def _log_softmax(add: Add, node: Node, x: Value) -> Value:
    axis = node.attrs["axis"]
    shifted = _shifted(add, x, axis)
    return add("subtract", shifted, add("log", _sum(add, add("exp", shifted), axis, True)))


def _sum(add: Add, x: Value, axis: Any, keepdims: bool) -> Value:
    """A sum; of one term, that term and 0, which makes a 0 of -0 as NumPy's sum does."""
    spec = OPS["sum"].infer((Spec(x.shape, x.dtype),), {"axis": axis, "keepdims": keepdims})
    if math.prod(spec.shape) == math.prod(x.shape):
        return add("add", add("reshape", x, shape=spec.shape), _number(0.0, x))
    return add("sum", x, axis=axis, keepdims=keepdims)


def _mean(add: Add, node: Node, x: Value) -> Value:
    total = _sum(add, x, **node.attrs)
    count = math.prod(x.shape) // math.prod(total.shape)
    return total if count == 1 else add("divide", total, _number(float(count), x))


RULES: dict[str, Callable[[Add, Node, Value], Value | None]] = {
    "clip": _clip,
    "log_softmax": _log_softmax,
    "mean": _mean,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "sum": lambda add, node, x: _sum(add, x, **node.attrs),
}
"""How ops of float32 and float64 are taken apart."""
