"""Ops of several kernels as the ops of which the backend makes them, so that their elementwise parts find a group."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from polyflow import dtypes as dt
from polyflow.flow.graph import Graph, Node, Value
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec

Add = Callable[..., Value]


def lowered(graph: Graph) -> Graph:
    """The graph with composed ops taken apart, as the backend's kernels of these do it: with the same bits."""
    nodes: list[Node] = []
    same: dict[Value, Value] = {}
    for node in graph.nodes:
        inputs = tuple([same.get(value, value) for value in node.inputs])
        rule = RULES.get(node.op.name)
        if rule is None or not math.prod(inputs[0].shape):
            nodes.append(node.on(inputs))
        else:
            same[node.output] = _wide(rule, _adding(nodes, node), inputs[0], node.attrs["axis"])
    return Graph(list(graph.inputs), nodes, [same.get(value, value) for value in graph.outputs])


def _adding(nodes: list[Node], node: Node) -> Add:
    """A function that appends nodes in the place of one."""

    def add(name: str, *inputs: Value, **attrs: Any) -> Value:
        op = OPS[name]
        spec = op.infer(tuple(Spec(value.shape, value.dtype) for value in inputs), attrs)
        nodes.append(node.instead(op, inputs, attrs, Value(spec.shape, spec.dtype)))
        return nodes[-1].output

    return add


def _wide(rule: Callable[[Add, Value, Any], Value], add: Add, x: Value, axis: Any) -> Value:
    """A rule's result; of the halves computed in float32."""
    if x.dtype not in dt.HALVES:
        return rule(add, x, axis)
    return add("astype", rule(add, add("astype", x, dtype=dt.float32), axis), dtype=x.dtype)


def _softmax(add: Add, x: Value, axis: Any) -> Value:
    parts = add("exp", _shifted(add, x, axis))
    return add("divide", parts, add("sum", parts, axis=axis, keepdims=True))


def _log_softmax(add: Add, x: Value, axis: Any) -> Value:
    shifted = _shifted(add, x, axis)
    total = add("sum", add("exp", shifted), axis=axis, keepdims=True)
    return add("subtract", shifted, add("log", total))


def _shifted(add: Add, x: Value, axis: Any) -> Value:
    return add("subtract", x, add("max", x, axis=axis, keepdims=True))


RULES: dict[str, Callable[[Add, Value, Any], Value]] = {"softmax": _softmax, "log_softmax": _log_softmax}
"""Composed ops, of one argument and an axis."""
