"""Algebra: nodes that change no bit of their argument are left out, and pairs of nodes that undo each other.

Every rule holds for all values of the dtype, for -0, infinities and NaN. So x + 0 stays, which makes a 0 of -0, and
x * 0, and x - x; and x + (-0) goes, x - 0, x * 1 and x / 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes as dt
from ...backend.keys import Slice
from ..graph import Graph, Node, Value
from .fold import number

Rule = Callable[["Scene", Node, tuple[Value, ...]], Value | Node | None]


class Scene:
    """What is known while a graph is gone through.

    Attributes:
        made_by: the node that computes a value, in the new graph.
        known: values that are one number everywhere.
    """

    def __init__(self) -> None:
        self.made_by: dict[Value, Node] = {}
        self.known: dict[Value, Any] = {}

    def under(self, value: Value, op: str) -> Value | None:
        """The first argument of the node of that op which computes a value."""
        node = self.made_by.get(value)
        return node.inputs[0] if node is not None and node.op.name == op else None

    def number(self, value: Value) -> Any:
        """The number that a value is everywhere, or None."""
        return value.scalar if value.scalar is not None else self.known.get(value)


def algebra(graph: Graph) -> Graph:
    """The graph without the nodes that exact rules find superfluous."""
    same: dict[Value, Value] = {}
    scene = Scene()
    nodes = []
    for node in graph.nodes:
        inputs = tuple([same.get(value, value) for value in node.inputs])
        rule = RULES.get(node.op.name)
        found = rule(scene, node, inputs) if rule is not None else None
        if isinstance(found, Value) and _equal(found, node.output):
            same[node.output] = found
            continue
        if isinstance(found, Node):
            node = found
        elif inputs != node.inputs:
            node = node.on(inputs)
        nodes.append(node)
        scene.made_by[node.output] = node
        one = number(node, scene.known)
        if one is not None:
            scene.known[node.output] = one
    return Graph(list(graph.inputs), nodes, [same.get(value, value) for value in graph.outputs])


def _equal(found: Value, output: Value) -> bool:
    return found.scalar is None and (found.shape, found.dtype) == (output.shape, output.dtype)


# Rules: the value that a node's output equals, or another node in its place, or None -------------------------------


def _as_given(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """A value that has a gradient of its own, which nobody asks for any more, is that value."""
    made = scene.made_by.get(inputs[0])
    if made is None or made.op.name != "custom_gradient":
        return None
    return made.inputs[made.attrs["consts"] + made.attrs["args"] + node.attrs["index"]]


def _argument(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """An op that changes nothing where shape and dtype stay."""
    return inputs[0]


def _through(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | Node | None:
    """An op that alone decides on its result, whatever the same op did before: reshape, broadcast_to."""
    if _equal(inputs[0], node.output):
        return inputs[0]
    below = scene.under(inputs[0], node.op.name)
    if below is None:
        return None
    return below if _equal(below, node.output) else node.on((below,))


def _twice(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """An op that undoes itself."""
    return scene.under(inputs[0], node.op.name)


def _once(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """An op that changes nothing the second time, of real numbers."""
    if node.output.dtype in dt.COMPLEX:
        return None
    return inputs[0] if scene.under(inputs[0], node.op.name) is not None else None


def _neutral(*operands: tuple[int, Any]) -> Rule:
    """An op of two arguments that changes nothing where argument number ``at`` is that number, with its sign."""

    def rule(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
        if node.output.dtype in dt.COMPLEX:  # a product with 1 + 0j makes NaN of an infinity
            return None
        for at, neutral in operands:
            one = scene.number(inputs[at])
            same = one is not None and one == neutral and _sign(one) == _sign(neutral)
            if same and _equal(inputs[1 - at], node.output):
                return inputs[1 - at]
        return None

    return rule


def _sign(value: Any) -> float:
    return math.copysign(1.0, value) if isinstance(value, float) else 1.0


def _add(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    zero = -0.0 if node.output.dtype in dt.FLOATING else 0
    return _neutral((0, zero), (1, zero))(scene, node, inputs)  # type: ignore[return-value]


def _both(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    """An op of two arguments that gives either where they are one."""
    return inputs[0] if inputs[0] is inputs[1] else None


def _where(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    condition, first, second = inputs
    known = scene.number(condition)
    if known is not None:
        return first if known else second
    return first if first is second else None


def _permute(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | Node | None:
    axes = _order(node)
    if axes == tuple(range(len(axes))):
        return inputs[0]
    below = scene.made_by.get(inputs[0])
    if below is None or below.op.name != "permute_dims":
        return None
    inner = _order(below)
    both = tuple([inner[axis] for axis in axes])
    if both == tuple(range(len(both))):
        return below.inputs[0]
    return node.instead(node.op, below.inputs, {"axes": both}, node.output)


def _order(node: Node) -> tuple[int, ...]:
    axes = node.attrs["axes"]
    return tuple([axis % len(axes) for axis in axes])


def _astype(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | Node | None:
    if inputs[0].dtype is node.output.dtype:
        return inputs[0]
    below = scene.under(inputs[0], "astype")
    if below is None or below.scalar is not None or not lossless(below.dtype, inputs[0].dtype):
        return None
    return below if below.dtype is node.output.dtype else node.on((below,))


def lossless(source: np.dtype, target: np.dtype) -> bool:
    """Whether every number of a dtype, of real numbers, is one of another too."""
    if source in dt.COMPLEX or target in dt.COMPLEX:
        return False
    if source is dt.bool_ or source is target:
        return True
    if target is dt.bool_ or (source in dt.FLOATING and target not in dt.FLOATING):
        return False
    if target in dt.FLOATING:
        bits = {dt.float16: (11, 5), dt.bfloat16: (8, 8), dt.float32: (24, 8), dt.float64: (53, 11)}
        if source in dt.FLOATING:
            return all(a <= b for a, b in zip(bits[source], bits[target], strict=True))
        room = 2 ** bits[target][0] if target is not dt.float16 else 2**11
        return -room <= np.iinfo(source).min and np.iinfo(source).max <= room
    return np.iinfo(target).min <= np.iinfo(source).min and np.iinfo(source).max <= np.iinfo(target).max


def _flip(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    below = scene.made_by.get(inputs[0])
    return below.inputs[0] if below is not None and below.op is node.op and below.attrs == node.attrs else None


def _getitem(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    whole = tuple([Slice(0, size, 1) for size in inputs[0].shape])
    return inputs[0] if len(inputs) == 1 and node.attrs["key"] == whole and -1 not in inputs[0].shape else None


def _pad(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    return inputs[0] if not any(map(any, node.attrs["widths"])) else None


def _concat(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    return inputs[0] if len(inputs) == 1 else None


def _reduced(scene: Scene, node: Node, inputs: tuple[Value, ...]) -> Value | None:
    if inputs[0].shape or (node.op.name in ("sum", "mean") and inputs[0].dtype.kind not in "biu"):
        return None  # a library may add 0 to the one term, which makes a 0 of -0
    return inputs[0]


RULES: dict[str, Rule] = {
    "identity": _argument,
    "positive": _argument,
    "astype": _astype,
    "reshape": _through,
    "broadcast_to": _through,
    "permute_dims": _permute,
    "flip": _flip,
    "getitem": _getitem,
    "pad": _pad,
    "concat": _concat,
    "where": _where,
    "add": _add,
    "subtract": _neutral((1, 0.0)),
    "multiply": _neutral((0, 1), (1, 1)),
    "divide": _neutral((1, 1)),
    "bitwise_or": _neutral((0, 0), (1, 0)),
    "bitwise_xor": _neutral((0, 0), (1, 0)),
    "bitwise_left_shift": _neutral((1, 0)),
    "bitwise_right_shift": _neutral((1, 0)),
    "logical_or": lambda scene, node, inputs: (
        _neutral((0, False), (1, False))(scene, node, inputs) or _both(scene, node, inputs)
    ),
    "logical_and": lambda scene, node, inputs: (
        _neutral((0, True), (1, True))(scene, node, inputs) or _both(scene, node, inputs)
    ),
    "logical_xor": _neutral((0, False), (1, False)),
    "bitwise_and": _both,
    "maximum": _both,
    "minimum": _both,
    "negative": _twice,
    "logical_not": _twice,
    "bitwise_invert": _twice,
    "conj": _twice,
    "abs": _once,
    "relu": _once,
    "floor": _once,
    "ceil": _once,
    "trunc": _once,
    "round": _once,
    "sign": _once,
    "stop_gradient": _once,
    "part": _as_given,
    **dict.fromkeys(("sum", "prod", "mean", "max", "min"), _reduced),
}
"""The rule of each op that has one; what it finds is taken only where shape and dtype are the output's."""
