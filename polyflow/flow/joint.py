"""Compiled functions under tapes: a graph run as a program whose gradient is a program too.

A tape records one thing for such a call. From the graph and its gradient, traced together, come two programs: the way
forward gives residuals besides the results, which are what the way back needs of it. The way back is called as the way
forward is, so a tape that records it has programs for second derivatives, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from .. import dtypes as dt
from .. import tree
from ..backend.nodes import point_out
from ..ops.call import NOTHING, interpreter
from ..ops.declare import OPS
from ..ops.elementwise import astype
from ..tensor import Tensor
from .control.nested import replay, results_of
from .graph import Graph, Node, Value
from .guards import Guard, Guards, guard_of, late
from .interpreter import inside
from .tape import Tape
from .trace import Compiled, Tracer, compiled

PART = OPS["part"]

Residual = tuple[int, int | None]
"""A value from the way forward: the number of its node, and of a part of it where that gives several."""


class Callee:
    """A graph that tapes may see called.

    Args:
        graph: what to run.
        backend: where.
        constants: tensors for its last inputs.
    """

    def __init__(self, graph: Graph, backend: Any, constants: Sequence[Tensor] = ()) -> None:
        self.graph, self.backend, self.constants = graph, backend, constants
        self._program: Callable[..., tuple[Any, ...]] | None = None
        self._recorded: dict[tuple[bool, ...], Recorded] = {}

    def __call__(self, *given: Tensor) -> list[Tensor]:
        """The results for these tensors; tapes of this context remember them if they live on one."""
        args = (*given, *self.constants)
        tapes: list[Tape] = []
        top = interpreter.get()
        while top is not None:
            tapes.append(top)
            top = top.below
        alive = tuple(
            value.dtype in dt.INEXACT and any(id(arg) in tape.live for tape in tapes)
            for value, arg in zip(self.graph.inputs, args, strict=True)
        )
        if not any(alive):
            if self._program is None:
                self._program = compiled(self.graph, self.backend)
            return self._run(self._program, self.graph, args)
        recorded = self._recorded.get(alive)
        if recorded is None:
            recorded = self._recorded[alive] = Recorded(self.graph, self.backend, alive)
        results = self._run(recorded.program, recorded.whole, args)
        outs = tuple(results)
        for tape in tapes:
            if any(id(arg) in tape.live for arg in args):
                tape.live.update(id(out) for out in outs if out.dtype in dt.INEXACT)
                tape.records += (recorded, args, NOTHING, {}, outs)
        return results[: len(self.graph.outputs)]

    def _run(self, program: Callable[..., tuple[Any, ...]], graph: Graph, args: Sequence[Tensor]) -> list[Tensor]:
        arrays = [arg.array for arg in args]
        try:
            return [Tensor(array, self.backend) for array in program(*arrays)]
        except Exception as error:
            point_out(error, graph, self.backend, arrays)
            raise


def called(program: Compiled, tensors: Sequence[Tensor], top: Any) -> Any:
    """The result of a traced function for these arguments, under a tape; it reads and assigns the variables."""
    traced = program.traced
    if program.callee is None:
        program.callee = Callee(traced.graph, traced.backend)
    used = {value for node in traced.graph.nodes for value in node.inputs}.union(traced.graph.outputs)
    places = traced.graph.inputs[len(tensors) :]
    state = [
        top.read(variable) if value in used else variable._value
        for variable, value in zip(traced.reads, places, strict=False)
    ]
    traced.check_places()
    outs = program.callee(*tensors, *state, *traced.captured)
    for variable, value in zip(traced.writes, outs[traced.results :], strict=True):
        top.assign(variable, value)
    return tree.unflatten(traced.structure, outs[: traced.results])


class Recorded:
    """What a tape records of a call.

    Args:
        graph: what was called.
        backend: where it runs.
        alive: which of its inputs have gradients.

    Attributes:
        wanted: the places of these inputs.
        residuals: what the way back may need of the way forward.
        whole: the graph of the results, then the residuals. program: computes them.
    """

    joint = True

    def __init__(self, graph: Graph, backend: Any, alive: tuple[bool, ...]) -> None:
        self.graph, self.backend = graph, backend
        self.wanted = [place for place, one in enumerate(alive) if one]
        self._ways_back: dict[tuple[tuple[int, ...], tuple[int, ...]], WayBack] = {}
        both = Both(self, [], [place for place, value in enumerate(graph.outputs) if value.dtype in dt.INEXACT])
        self.residuals = both.used()
        values = both.values_of(self.residuals)
        nodes = [*both.forward, *both.parts.values()]
        self.whole = Graph(both.inputs, nodes, [*both.results, *values]).pruned()
        self.program = compiled(self.whole, backend)

    def pull(
        self,
        found: dict[int, Any],
        guards: Guards,
        live: set[int],
        args: tuple[Any, ...],
        attrs: dict[str, Any],
        outs: tuple[Any, ...],
    ) -> Iterator[tuple[Any, Any, Guard | None]]:
        """The cotangents of live arguments and their guards, by the program for those of results and residuals."""
        given = {place: found[id(out)] for place, out in enumerate(outs) if id(out) in found}
        if not given:
            return
        held = [place for place in given if id(outs[place]) in guards]
        key = tuple(given), tuple(held)
        if key not in self._ways_back:
            self._ways_back[key] = WayBack(self, *key)
        back = self._ways_back[key]
        seeds = [g if g.dtype is outs[place].dtype else astype(g, outs[place].dtype) for place, g in given.items()]
        over = {place: partial(guards[id(outs[place])].over, outs[place].shape) for place in held}
        needed = [over[place]() for place in back.needed]
        cotangents = back.cotangents(*args, *outs[len(self.graph.outputs) :], *seeds, *needed)
        masks = cache(lambda: back.masks(*args, *seeds, *[mask() for mask in over.values()]))
        for place, cotangent in zip(back.places, cotangents, strict=True):
            if id(args[place]) in live:
                number = back.guarded.get(place)
                yield args[place], cotangent, None if number is None else late(lambda number=number: masks()[number])


class WayBack:
    """The programs of the way back, for some cotangents.

    Args:
        recorded: what was recorded.
        given: the results and residuals that have cotangents.
        held: those of them whose cotangents have guards.

    Attributes:
        cotangents: the arguments' cotangents, of the arguments, the residuals, the cotangents and the masks needed.
        places: the arguments' places.
        needed: those of ``held`` whose masks it takes.
        masks: the masks of those that have guards, of the arguments, the cotangents and the masks given. It runs
            only if somebody asks.
        guarded: for an argument that has a guard, the number of its mask.
    """

    def __init__(self, recorded: Recorded, given: tuple[int, ...], held: tuple[int, ...]) -> None:
        both = Both(recorded, recorded.residuals, given, held)
        constants = [symbol.value for _, symbol in both.captured]
        tensors = [tensor for tensor, _ in both.captured]
        residuals = both.values_of(recorded.residuals)
        kept = set(residuals)
        # Masks may need of the way forward what was not kept: that is computed again.
        forward = [node for node in (*both.forward, *both.parts.values()) if node.output not in kept]
        cotangents = [cotangent.value for _, cotangent in both.cotangents]
        back = Graph([], [*forward, *both.backward], cotangents).pruned()
        read = {value for node in back.nodes for value in node.inputs}
        self.needed = [place for place, mask in zip(held, both.held, strict=True) if mask in read]
        masks = [mask for mask in both.held if mask in read]
        back.inputs = [*both.inputs, *residuals, *both.seeds, *masks, *constants]
        self.cotangents = Callee(back, recorded.backend, tensors)
        self.places = [place for place, _ in both.cotangents]
        whole = Graph(
            [*both.inputs, *both.seeds, *both.held, *constants],
            [*both.forward, *both.parts.values(), *both.backward],
            [mask.value for _, mask in both.masks],
        )
        self.masks = Callee(whole.pruned(), recorded.backend, tensors)
        self.guarded = {place: number for number, (place, _) in enumerate(both.masks)}


class Both:
    """The way forward and the way back, traced together.

    Args:
        recorded: what is traced.
        residuals: what the way forward gives besides the graph's results.
        given: which of all that has cotangents.
        held: which of these have guards.

    Attributes:
        inputs, results, seeds, held: the values of the graph's inputs, its results, and the cotangents and masks given.
        cotangents: pairs of an input's place and its cotangent. masks: the same of those that have guards.
        forward, backward: the nodes of either way.
        parts: nodes that take a part of what a node of the way forward gives, where the way back reads it.
        captured: tensors that gradient rules brought in, each with its symbol.
    """

    def __init__(
        self, recorded: Recorded, residuals: Sequence[Residual], given: Sequence[int], held: Sequence[int] = ()
    ) -> None:
        tracer = Tracer(recorded.backend)
        inputs = [tracer.input(value.shape, value.dtype, value.name) for value in recorded.graph.inputs]
        tape = Tape(tracer, watch_variables=False)
        for place in recorded.wanted:
            tape.watch(inputs[place])  # type: ignore[arg-type]
        with inside(tape):
            known = replay(recorded.graph, inputs)
            results = results_of(recorded.graph, known)
            self.forward: list[Node] = list(tracer.graph.nodes)
            symbols = {symbol.value: symbol for symbol in (*known.values(), *results)}
            outs = list(results)
            for place, (number, index) in enumerate(residuals, len(results)):
                symbol = symbols[self.forward[number].output]
                outs.append(
                    tape.run(PART, (symbol,), {"index": index}) if index is not None and place in given else symbol
                )
        with inside(tracer):
            seeds = [tracer.input(outs[place].shape, outs[place].dtype, "cotangent") for place in given]
            masks = {place: tracer.input(outs[place].shape, dt.bool_, "guard") for place in held}
            guards: Guards = {}
            found = tape.cotangents(
                [
                    (outs[place], seed, guard_of(masks[place]) if place in masks else None)
                    for place, seed in zip(given, seeds, strict=True)
                ],
                guards,
            )
            self.cotangents = [
                (place, tracer.lift(found[id(inputs[place])]))
                for place in recorded.wanted
                if id(inputs[place]) in found
            ]
            self.masks = [
                (place, tracer.lift(guards[id(inputs[place])].mask))
                for place, _ in self.cotangents
                if id(inputs[place]) in guards
            ]
        self.inputs = [symbol.value for symbol in inputs]
        self.results = [tracer.lift(symbol).value for symbol in results]
        self.seeds = [seed.value for seed in seeds]
        self.held = [mask.value for mask in masks.values()]
        self.captured = list(tracer.captured.values())
        self._numbers = {node.output: number for number, node in enumerate(self.forward)}
        self.parts: dict[Residual, Node] = {}
        self.backward = [self._of_backward(node) for node in tracer.graph.nodes[len(self.forward) :]]
        self.backward = [node for node in self.backward if node not in self.parts.values()]

    def _of_backward(self, node: Node) -> Node:
        """A node of the way back; a part of what the way forward gives is taken once, and there."""
        number = self._numbers.get(node.inputs[0]) if node.op is PART else None
        if number is None:
            return node
        first = self.parts.setdefault((number, node.attrs["index"]), node)
        return node if first is node else node.instead(OPS["identity"], (first.output,), {}, node.output)

    def used(self) -> list[Residual]:
        """What the way back uses of the way forward."""
        read = dict.fromkeys(cotangent.value for _, cotangent in self.cotangents)
        for node in reversed(self.backward):
            if node.output in read:
                read.update(dict.fromkeys(node.inputs))
        numbers = dict.fromkeys(self._numbers[value] for value in read if value in self._numbers)
        return [*((number, None) for number in numbers), *self.parts]

    def values_of(self, residuals: Sequence[Residual]) -> list[Value]:
        """The values of residuals; where the way back reads no such part, one that nobody reads."""
        found = []
        for number, index in residuals:
            output = self.forward[number].output
            if index is None:
                found.append(output)
            elif (number, index) in self.parts:
                found.append(self.parts[number, index].output)
            else:
                found.append(Value(*output.shape[index]))  # type: ignore[misc]  # a packed value has specs for a shape
        return found
