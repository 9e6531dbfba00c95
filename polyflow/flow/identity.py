"""What a graph computes, as a key: graphs that have the same one differ in nothing but names and origins."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from .graph import Graph, Value
from .text import literal


class _NoTextError(Exception):
    """An attribute that is compared by nothing but itself."""


def identity(graph: Graph) -> Hashable | None:
    """The key of a graph: its ops, their attributes, and which values, of which shapes and dtypes, each takes.

    None where an attribute has no text that says all of it, such as a function.
    """
    try:
        return _identity(graph)
    except _NoTextError:
        return None


def _identity(graph: Graph) -> Hashable:
    numbers: dict[Value, int] = {value: number for number, value in enumerate(graph.values())}

    def operand(value: Value) -> Hashable:
        return numbers[value] if value.scalar is None else (literal(value.scalar), value.dtype)

    return (
        tuple((value.shape, value.dtype) for value in graph.inputs),
        tuple(
            (
                node.op,
                tuple(map(operand, node.inputs)),
                tuple((name, _attribute(value)) for name, value in node.attrs.items()),
                (node.output.shape, node.output.dtype),
            )
            for node in graph.nodes
        ),
        tuple(map(operand, graph.outputs)),
    )


def _attribute(value: Any) -> Hashable:
    if isinstance(value, Graph):
        return _identity(value)
    if value.__class__ in (tuple, list):
        return value.__class__, tuple(map(_attribute, value))
    if value.__class__ is dict:
        return dict, tuple((literal(name), _attribute(part)) for name, part in value.items())
    written = literal(value)
    if written.startswith("<"):
        raise _NoTextError
    return written
