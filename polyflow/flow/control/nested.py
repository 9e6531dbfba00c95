"""Graphs inside a graph: tracing a part of what is traced, and running a graph as ops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from ... import dtypes as dt
from ...ops.call import interpreter
from ...ops.creation import zeros_like
from ...ops.declare import OPS
from ...ops.elementwise import astype
from ...ops.several import PACKED
from ...variable import Variable
from .. import eager, notes
from ..graph import Graph, Node, Value
from ..guards import STEEP, Guard, Guards
from ..interpreter import Interpreter, inside
from ..tape import Tape
from ..trace import Symbol, Tracer, encloses


class Nested(Tracer):
    """Traces a branch, or the body of a loop, for a graph of its own.

    What it uses of the traced functions around it becomes an input, as tensors and variables do.

    A trainable variable is read under an identity of its own, whose gradient is the variable's: it does not flow into
    what was assigned before, here or in an earlier turn of a loop, as it does not op by op.

    Args:
        outer: the interpreter that the op with this graph will go to.

    Attributes:
        leaves: variables that were read so, each with the symbol that takes its gradient.
    """

    def __init__(self, outer: Interpreter) -> None:
        super().__init__(outer.backend)
        self.outer = outer
        self.leaves: dict[int, tuple[Variable, Symbol]] = {}
        self._seen: dict[int, tuple[Symbol, Symbol]] = {}
        self._reads: dict[int, list[tuple[Node, Value]]] = {}

    def read(self, variable: Variable) -> Any:
        held, key = super().read(variable), id(variable)
        if not variable.trainable or variable.dtype not in dt.INEXACT:
            return held
        if key not in self._seen or self._seen[key][0] is not held:
            self._seen[key] = held, self._leaf(variable, held)
        return self._seen[key][1]

    def _leaf(self, variable: Variable, held: Symbol) -> Symbol:
        """What a variable holds, under an identity that derives from the variable alone."""
        from .custom import replaced

        if id(variable) not in self.leaves:
            self.leaves[id(variable)] = variable, self.input(variable.shape, variable.dtype, variable.path)
        symbol, node = replaced(self, self.leaves[id(variable)][1], held)
        self._reads.setdefault(id(variable), []).append((node, held.value))
        return symbol

    def settle(self, assigned: Collection[int]) -> None:
        """Once it is known which variables are assigned: of the others there is one identity, their input."""
        for key in self.leaves.keys() - assigned:
            del self.leaves[key]
            for node, held in self._reads[key]:
                node.op, node.inputs, node.attrs = OPS["identity"], (held,), {}

    def lift(self, value: Any) -> Symbol:
        if isinstance(value, Symbol) and value.tracer is not self and encloses(self.outer, value.tracer):
            if id(value) not in self.captured:
                self.captured[id(value)] = (value, self.input(value.shape, value.dtype, "captured"))  # type: ignore[assignment]
            return self.captured[id(value)][1]
        return super().lift(value)

    def customized(self, args: tuple[Any, ...], values: list[Any], pullback: Callable[..., Any]) -> list[Any]:
        from .custom import customized

        return customized(self, args, values, pullback)


class Outside:
    """What the graphs of one op take from outside, in one order for all of them.

    Args:
        parts: what was traced for each graph.

    Attributes:
        assigned: the variables that any of them assigns.
    """

    def __init__(self, *parts: Nested) -> None:
        self.parts = parts
        self.assigned: list[Variable] = _united([part.assigned for part in parts])
        for part in parts:
            for variable in self.assigned:
                part.held(variable)
        changed = set(map(id, self.assigned))
        for part in parts:
            part.settle(changed)
        self._captured = {key: pair for part in parts for key, pair in part.captured.items()}
        self._read = {key: pair for part in parts for key, pair in part.variables.items() if key not in changed}
        self._leaves = {key: pair for part in parts for key, pair in part.leaves.items()}

    def constants(self) -> list[Any]:
        """What is read from outside, as seen there: captured tensors, variables that nobody assigns, and leaves."""
        outer = self.parts[0].outer
        return [
            *(value for value, _ in self._captured.values()),
            *(_seen(outer, variable) for variable, _ in (*self._read.values(), *self._leaves.values())),
        ]

    def state(self) -> list[Any]:
        """The values of the assigned variables, as seen outside."""
        return [_seen(self.parts[0].outer, variable) for variable in self.assigned]

    def constants_in(self, part: Nested) -> list[Value]:
        """The inputs of a graph for `constants`."""
        return [
            held[key][1].value if key in held else Value(symbol.shape, symbol.dtype, symbol.value.name)
            for wanted, held in (
                (self._captured, part.captured),
                (self._read, part.variables),
                (self._leaves, part.leaves),
            )
            for key, (_, symbol) in wanted.items()
        ]

    def state_in(self, part: Nested) -> list[Value]:
        """The inputs of a graph for `state`."""
        return [part.variables[id(variable)][1].value for variable in self.assigned]

    def state_of(self, part: Nested) -> list[Value]:
        """The outputs of a graph that the assigned variables are to hold."""
        return [part.held(variable).value for variable in self.assigned]

    def assign(self, values: Sequence[Any]) -> None:
        """Give the assigned variables their new values, outside."""
        for variable, value in zip(self.assigned, values, strict=True):
            self.parts[0].outer.assign(variable, value)


def _seen(outer: Interpreter, variable: Variable) -> Any:
    value = outer.read(variable)
    value.fixed = True
    return value


def _united(held: Sequence[dict[int, tuple[Any, Any]]]) -> list[Any]:
    return list({key: pair[0] for one in held for key, pair in one.items()}.values())


def symbols(part: Tracer, values: Sequence[Any], name: str) -> list[Symbol]:
    """Inputs of a graph like these values."""
    return [part.input(value.shape, value.dtype, name) for value in values]


def values_of(found: Sequence[Symbol]) -> list[Value]:
    """What symbols stand for in their graph."""
    return [symbol.value for symbol in found]


def closed(part: Tracer, inputs: Sequence[Value], outputs: Sequence[Value]) -> Graph:
    """The graph of what was traced."""
    return Graph(list(inputs), part.graph.nodes, list(outputs)).pruned()


def replayed(graph: Graph, arguments: Sequence[Any]) -> list[Any]:
    """The results of a graph whose nodes go to the current interpreter one by one."""
    return results_of(graph, replay(graph, arguments))


def replay(graph: Graph, arguments: Sequence[Any]) -> dict[Value, Any]:
    """What the values of a graph become whose nodes go to the current interpreter one by one."""
    top = interpreter.get()
    known: dict[Value, Any] = dict(zip(graph.inputs, arguments, strict=True))
    with notes.again() as at:
        for node in graph.nodes:
            at(node)
            if node.inputs:
                args = tuple([known[value] if value.scalar is None else value.scalar for value in node.inputs])
                known[node.output] = top.run(node.op, args, node.attrs)
            else:
                known[node.output] = top.create(node.op, node.attrs, top.backend)
    return known


def results_of(graph: Graph, known: dict[Value, Any]) -> list[Any]:
    """The results of a graph from what its values are; Python numbers among them become tensors."""
    backend = interpreter.get().backend
    return [
        known[value] if value.scalar is None else eager.constant(value.scalar, value.dtype, backend)
        for value in graph.outputs
    ]


def pulled_back(
    graph: Graph,
    arguments: Sequence[Symbol],
    wanted: Sequence[int],
    seeds: dict[int, Any],
    held: dict[int, Guard],
) -> list[tuple[Any, Guard | None]]:
    """The cotangents of some of a graph's arguments, in a part that is being traced (None: it does not depend on it).

    Beside each is its guard.

    Args:
        graph: what to differentiate.
        arguments: its arguments.
        wanted: which of these.
        seeds: cotangents of its results, by their places. held: the guards of those that have some.
    """
    tape = Tape(interpreter.get(), watch_variables=False)
    for place in wanted:
        tape.watch(arguments[place])  # type: ignore[arg-type]
    with inside(tape):
        results = replayed(graph, arguments)
    guards: Guards = {}
    found = tape.cotangents([(results[place], seed, held.get(place)) for place, seed in seeds.items()], guards)
    return [(_of(found, arguments[place]), guards.get(id(arguments[place]))) for place in wanted]


def _of(found: dict[int, Any], value: Any) -> Any:
    cotangent = found.get(id(value))
    if cotangent is None or cotangent.dtype is value.dtype:
        return cotangent
    return astype(cotangent, value.dtype)


def masks_of(guards: Guards, out: Any, cotangents: dict[int, Any]) -> dict[int, Any]:
    """The masks of the cotangents of a packed value's parts that have guards, by their places."""
    return {
        place: guards.pop((id(out), place)).over(g.shape)
        for place, g in cotangents.items()
        if (id(out), place) in guards
    }


def or_zeros(cotangent: Any, value: Any) -> Any:
    """A cotangent of a value, zeros for None."""
    return zeros_like(value) if cotangent is None else cotangent


def steep(graph: Graph, places: Collection[int]) -> bool:
    """Whether outputs of a graph come from an op whose derivative may be infinite."""
    read = {graph.outputs[place] for place in places}
    for node in reversed(graph.nodes):
        if node.output in read:
            inner = (node.attrs[name] for name in node.op.graphs)
            if node.op.name in STEEP or any(steep(one, range(len(one.outputs))) for one in inner):
                return True
            read.update(node.inputs)
    return False


def depending(graph: Graph, live: Sequence[bool], inexact: frozenset[np.dtype]) -> list[bool]:
    """Which outputs of a graph depend on its live inputs by way of values of these dtypes."""
    reached = {value for value, one in zip(graph.inputs, live, strict=True) if one and value.dtype in inexact}
    for node in graph.nodes:
        flows = node.op.rules and (node.output.dtype in inexact or node.output.dtype is PACKED)
        if flows and not reached.isdisjoint(node.inputs):
            reached.add(node.output)
    return [value in reached for value in graph.outputs]
