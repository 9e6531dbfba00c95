"""vectorized_map: a function of one element run for all of them at once, op by op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import tree
from ...callables import check_function
from ...errors import TraceError
from ...ops import call
from ..batching import batched
from ..graph import Graph
from ..interpreter import inside
from ..trace import Tracer
from .agreement import elements, length_of, tensors
from .map_fn import map_fn
from .nested import Nested, closed, values_of


def vectorized_map(fn: Callable[[Any], Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """What `map_fn` gives, with each op of ``fn`` run once for all elements instead of once for each.

    ``fn`` is traced for one element. Where it assigns variables (as random draws without a key do), asks for values, or
    uses an op that does not run for many elements at once, this is `map_fn`.

    Args:
        fn: gets an element, in the structure of ``elems``; returns a tensor or a nested container of tensors.
        elems: a tensor or a nested container of tensors with a first axis of one size.
        fallback_to_while_loop: False for an error in place of `map_fn`.
        warn: accepted as in TensorFlow.

    Raises:
        ShapeError: where first axes differ in size. ValueError: where `map_fn` is not wanted, and needed.
    """
    check_function("vectorized_map", "fn", fn, 1, "an element")
    leaves, structure = tensors(elems)
    length = length_of("vectorized_map", "elems", leaves, structure)
    found = _at_once(fn, leaves, structure) if length else None
    if found is not None:
        return found
    if not fallback_to_while_loop:
        raise ValueError(
            "vectorized_map cannot run this function for all elements at once: it assigns variables, asks for values, "
            "or uses an op that only runs for one. Leave out fallback_to_while_loop=False."
        )
    return map_fn(fn, elems)


def _at_once(fn: Callable[[Any], Any], leaves: list[Any], structure: Any) -> Any:
    """The results for all elements, or None where they have to be computed one by one."""
    outer = call.interpreter.get()
    part = Tracer(leaves[0].backend) if outer is None or outer.backend is None else Nested(outer)
    with inside(part):
        symbols = [part.input(*spec, "element") for spec in elements(leaves)]
        try:
            given, kind = tensors(fn(tree.unflatten(structure, [one.copy() for one in symbols])))
        except TraceError:
            return None
        results = [part.lift(one) for one in given]
    if part.assigned or not results:
        return None
    if isinstance(part, Nested):
        part.settle(())
    outside = [*part.captured.values(), *((variable.read(), symbol) for variable, symbol in part.variables.values())]
    inputs = [*values_of(symbols), *(symbol.value for _, symbol in outside)]
    which = [place < len(symbols) for place in range(len(inputs))]
    graph = batched(closed(part, inputs, values_of(results)), which)
    if graph is None:
        return None
    return tree.unflatten(kind, _run(graph, [*leaves, *(value for value, _ in outside)]))


def _run(graph: Graph, arguments: list[Any]) -> list[Any]:
    """The results of a graph whose nodes are applied one by one, as ops of whoever looks on."""
    known = dict(zip(graph.inputs, arguments, strict=True))
    backend = arguments[0].backend
    for node in graph.nodes:
        if node.inputs:
            args = tuple([known[value] if value.scalar is None else value.scalar for value in node.inputs])
            known[node.output] = call.apply(node.op, args, node.attrs)
        else:
            known[node.output] = call.create(node.op, node.attrs, backend)
    return [known[value] for value in graph.outputs]
