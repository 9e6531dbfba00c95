"""Traced tensors whose value is known all the same: they follow from shapes and numbers alone.

``tf.shape(x)[0]`` is such a one, for a graph is traced for one shape. A program may ask for its value, as where it
makes zeros of that many rows. What a variable begins with, when a function makes it in its first call, may also follow
from other variables, which have their values while the function is traced: random numbers do, from a generator's state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..ops.elementwise import maximum
from ..threefry import NEXT
from . import eager
from .graph import Graph, Node, Value

MOST = 64
"""How many elements a value that is worked out may have."""

_DTYPES = frozenset({dt.bool_, *dt.INTEGERS})


def known(symbol: Any) -> np.ndarray | None:
    """The value of a traced tensor of whole numbers or booleans, where it depends on no argument and no variable."""
    tracer = symbol.tracer
    captured = {one.value: outside for outside, one in tracer.captured.values()}
    return _value(symbol.value, {node.output: node for node in tracer.graph.nodes}, captured, {})


def _value(
    value: Value, nodes: dict[Value, Node], captured: dict[Value, Any], found: dict[Value, np.ndarray | None]
) -> np.ndarray | None:
    if value not in found:
        found[value] = None
        if value.dtype in _DTYPES and (value.scalar is not None or np.prod(value.shape) <= MOST):
            found[value] = _worked_out(value, nodes, captured, found)
    return found[value]


def _worked_out(value: Value, nodes: dict[Value, Node], captured: dict[Value, Any], found: Any) -> np.ndarray | None:
    if value.scalar is not None:
        return np.asarray(value.scalar, value.dtype)
    if value in captured:
        outside = captured[value]
        return known(outside) if hasattr(outside, "tracer") else outside.numpy()
    node = nodes.get(value)
    if node is None or node.op.graphs or node.op.results != 1:
        return None
    arguments = [_value(one, nodes, captured, found) for one in node.inputs]
    if any(one is None for one in arguments):
        return None
    with np.errstate(all="ignore"):
        return np.asarray(node.op.reference(*arguments, **node.attrs), value.dtype)


def begun(symbol: Any) -> Any:
    """What a traced tensor is in the call that traces it, where it depends on no argument; else None.

    The tracer keeps which generators it was drawn from, and their states after that. To be called outside of
    interpreters.
    """
    tracer = symbol.tracer
    if tracer.outer is not None:
        return None
    values: dict[Value, Any] = {one.value: outside for outside, one in tracer.captured.values()}
    values |= {one.value: variable.read() for variable, one in tracer.variables.values()}
    of = {one.value: variable for variable, one in tracer.variables.values()}
    graph = Graph(list(tracer.graph.inputs), tracer.graph.nodes, [symbol.value]).pruned()
    for node in graph.nodes:
        arguments = [value.scalar if value.scalar is not None else values.get(value) for value in node.inputs]
        if any(one is None or hasattr(one, "tracer") for one in arguments):
            return None
        values[node.output] = (
            eager.run(node.op, tuple(arguments), node.attrs)
            if arguments
            else eager.create(node.op, node.attrs, tracer.backend)
        )
        of.update((node.output, of[value]) for value in node.inputs if value in of)
        if node.op.name == "next_key" and node.output in of:
            generator, state = of[node.output], values[node.inputs[0]] + NEXT
            _, before = tracer.drawn.get(id(generator), (generator, state))
            tracer.drawn[id(generator)] = generator, maximum(before, state)
    return values.get(graph.outputs[0])
