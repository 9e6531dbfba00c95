"""Running a graph one node at a time: the execution every backend has from its first day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import RAN, point


def run_node_by_node(
    graph: Any,
    resolve: Callable[[Any], Callable[..., Any]],
    asarray: Callable[..., Any],
    name: str = "",
    weak: bool = True,
) -> Callable[..., tuple[Any, ...]]:
    """A function from the graph's input arrays to its output arrays that calls one kernel per node, in order.

    Args:
        graph: a `polyflow.flow.Graph`.
        resolve: maps an op to its kernel.
        asarray: makes an array of a Python scalar and its dtype, for graphs that return a constant as it is.
        name: the backend's, for the sentence about a kernel that returns no array.
        weak: whether kernels take Python scalars; else they get arrays of them.

    Kernels get graphs among the attributes of their nodes as functions of arrays, run in the same way.
    """

    def runnable(inner: Any) -> Callable[..., tuple[Any, ...]]:
        return run_node_by_node(inner, resolve, asarray, name, weak)

    slots: dict[Any, int] = {value: i for i, value in enumerate(graph.inputs)}
    steps = []
    last_use: dict[int, int] = {}
    constants: list[tuple[int, Any]] = []
    returned = {value for value in graph.outputs if value.scalar is not None}

    def slot(value: Any) -> int:
        if value not in slots:
            slots[value] = len(slots)
            as_it_is = weak and value not in returned
            constants.append((slots[value], value.scalar if as_it_is else _array(value, asarray)))
        return slots[value]

    for step, node in enumerate(graph.nodes):
        sources = tuple(slot(value) for value in node.inputs)
        for source in sources:
            last_use[source] = step
        slots[node.output] = len(slots)
        last_use[slots[node.output]] = step
        steps.append((node.op, resolve(node.op), sources, with_functions(node, runnable), slots[node.output]))
    results = tuple(slot(value) for value in graph.outputs)
    size, count = len(slots), len(graph.inputs)
    keep = set(results) | {index for index, _ in constants} | set(range(count))
    plan = [
        (*parts, sources, attrs, target, tuple(i for i in {*sources, target} if last_use[i] == step and i not in keep))
        for step, (*parts, sources, attrs, target) in enumerate(steps)
    ]

    ran = False

    def run(*arrays: Any) -> tuple[Any, ...]:
        nonlocal ran
        values: list[Any] = [None] * size
        values[:count] = arrays
        for index, scalar in constants:
            values[index] = scalar
        target = -1
        try:
            for op, kernel, sources, attrs, target, dead in plan:
                values[target] = found = kernel(*[values[i] for i in sources], **attrs)
                if not ran or not hasattr(found, "dtype"):
                    looked_at(op, name, found)
                for i in dead:
                    values[i] = None
        except Exception as error:
            point(error, next(node for node in graph.nodes if slots[node.output] == target))
            raise
        ran = True
        return tuple([values[i] for i in results])

    return run


def point_out(error: Exception, graph: Any, backend: Any, arrays: Sequence[Any]) -> None:
    """Note on an error that a program of a graph raised which node it was, where the backend did not say so itself.

    Run node by node on the same arrays, the graph stops there too.
    """
    if any(note.startswith(RAN) for note in getattr(error, "__notes__", ())):
        return
    try:
        run_node_by_node(graph, backend.resolve, backend.asarray, backend.name, weak=False)(*arrays)
    except Exception as again:
        if isinstance(again, type(error)) or isinstance(error, type(again)):
            for note in getattr(again, "__notes__", ()):
                error.add_note(note)


def looked_at(op: Any, name: str, found: Any) -> Any:
    """``found``, which a kernel of ``op`` of backend ``name`` returned; BackendBrokenError where that is no array."""
    if _is_result(op, found):
        return found
    from .contract import no_result  # here, so that importing polyflow does not take the time for it

    raise no_result(op, name, found)


def _is_result(op: Any, found: Any) -> bool:
    """Whether it may be what a kernel of ``op`` returned: a library's array, or a tuple of so many."""
    if op.joint:  # of control flow: as many as its graphs give
        return isinstance(found, tuple)
    if op.results > 1:
        return isinstance(found, tuple) and len(found) == op.results and all(map(_is_array, found))
    return _is_array(found)


def _is_array(found: Any) -> bool:
    return hasattr(found, "dtype") and hasattr(found, "shape") and found.__class__.__module__ != "polyflow.tensor"


def with_functions(node: Any, runnable: Callable[[Any], Callable[..., tuple[Any, ...]]]) -> dict[str, Any]:
    """The attributes of a node for its kernel, with what ``runnable`` makes of those that are graphs."""
    if not node.op.graphs:
        return node.attrs
    return {**node.attrs, **{name: runnable(node.attrs[name]) for name in node.op.graphs}}


def _array(value: Any, asarray: Callable[..., Any]) -> Any:
    return asarray(np.asarray(value.scalar).astype(value.dtype), value.dtype)
