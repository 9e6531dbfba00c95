"""while_loop: a function repeated as long as a condition holds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from ... import dtypes as dt
from ... import tree
from ...callables import check_function
from ...errors import TraceError
from ...ops.call import interpreter
from ...ops.rules import Spec
from ...ops.several import parts
from .. import eager
from ..graph import Graph
from ..guards import Guards
from ..interpreter import inside
from ..trace import Tracer
from .agreement import handed_on, tensors
from .arrays import Arrays, holds_arrays
from .cond import COND, cond, predicate
from .narrowing import carried, read_for, with_few
from .nested import Nested, Outside, closed, replayed, symbols, values_of
from .op import Control, Narrowed
from .scan import SCAN, scan_attributes


def _while_loop(*arrays, test, body, consts, maximum_iterations):
    """The carries after as many steps ``body(*consts, *carries)`` as ``test(*consts, *carries)`` lets be."""
    fixed, now = arrays[:consts], arrays[consts:]
    for _ in count() if maximum_iterations is None else range(maximum_iterations):
        if not test(*fixed, *now)[0]:
            break
        now = body(*fixed, *now)
    return tuple(now)


WHILE = Control(_while_loop, lambda *specs, consts, **attrs: specs[consts:], ("test", "body"))
WHILE.needs = lambda specs, attrs: {
    "test": (specs, [Spec((), dt.bool_)]),
    "body": (specs, specs[attrs["consts"] :]),
}


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: int | None = None,
    name: str | None = None,
) -> Any:
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)`` is true.

    In a traced function both are traced once. Both may use tensors and variables from outside and assign variables.
    Gradients flow through a traced loop that has ``maximum_iterations``: what each step began with has to be kept.

    Args:
        cond: returns a boolean without axes.
        body: returns new loop variables of the structure, shapes and dtypes of the old ones.
        loop_vars: a list or tuple of tensors or nested containers of tensors, which both get as arguments of their own;
            or a single tensor or dict, which both get and ``body`` returns.
        shape_invariants: shapes never change, so nothing but None is taken.
        parallel_iterations, back_prop, swap_memory, name: accepted as in TensorFlow.
        maximum_iterations: how many steps at most.

    Returns:
        The last loop variables.

    Raises:
        TypeError, ShapeError, DTypeError: where new loop variables differ in structure, shapes or dtypes.
        TraceError: when the gradient is asked for of a traced loop without ``maximum_iterations``.
    """
    if shape_invariants is not None:
        raise TypeError("while_loop: shapes of loop variables do not change, so shape_invariants is not taken.")
    limit = None if maximum_iterations is None else operator.index(maximum_iterations)
    several = isinstance(loop_vars, (list, tuple))
    for label, function in (("cond", cond), ("body", body)):
        check_function("while_loop", label, function, len(loop_vars) if several else 1, "the loop variables")
    if holds_arrays(loop_vars):
        arrays = Arrays("while_loop", loop_vars, lambda held: body(*held) if several else body(held))

        def with_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *held: function(*arrays.given(held)) if several else function(arrays.given(held[0]))

        last = while_loop(
            with_arrays(cond),
            lambda *held: arrays.taken(with_arrays(body)(*held)),
            arrays.start,
            maximum_iterations=maximum_iterations,
        )
        return arrays.given(last)
    carry, structure = tensors(loop_vars)

    def call(function: Callable[..., Any], now: list[Any]) -> Any:
        held = tree.unflatten(structure, now)
        return function(*held) if several else function(held)

    def step(now: list[Any]) -> list[Any]:
        returned = call(body, now)
        if several:
            if len(loop_vars) == 1 and not isinstance(returned, (list, tuple)):
                returned = [returned]
            if type(returned) in (list, tuple) and type(loop_vars) in (list, tuple):
                returned = type(loop_vars)(returned)
        return handed_on("while_loop", "what body returned", returned, now, structure, "loop_vars")

    def test(now: list[Any]) -> Any:
        return predicate("while_loop", call(cond, now))

    top = interpreter.get()
    run = _now if top is None or top.backend is None else _traced
    return tree.unflatten(structure, run(test, step, carry, limit))


Step = Callable[[list[Any]], list[Any]]
Test = Callable[[list[Any]], Any]


def _now(test: Test, step: Step, carry: list[Any], limit: int | None) -> list[Any]:
    """Step by step."""
    carry = [one.copy() for one in carry]  # a body may assign to elements of what it is given
    for _ in count() if limit is None else range(limit):
        if not test(carry):
            break
        carry = step(carry)
    return carry


def _traced(test: Test, step: Step, carry: list[Any], limit: int | None) -> list[Any]:
    """As one op."""
    outer = interpreter.get()
    asked, stepped = Nested(outer), Nested(outer)
    with inside(asked):
        held = symbols(asked, carry, "carry")
        going = asked.lift(_flag(test([one.copy() for one in held]), outer.backend))
    if asked.assigned:
        return _testing_at_the_end(test, step, carry, limit)
    with inside(stepped):
        now = symbols(stepped, carry, "carry")
        new = [stepped.lift(one) for one in step([one.copy() for one in now])]
    outside = Outside(asked, stepped)
    constants = outside.constants()
    graphs = [
        closed(part, [*outside.constants_in(part), *values_of(inputs), *outside.state_in(part)], outputs)
        for part, inputs, outputs in (
            (asked, held, [going.value]),
            (stepped, now, [*values_of(new), *outside.state_of(stepped)]),
        )
    ]
    attrs = {"test": graphs[0], "body": graphs[1], "consts": len(constants), "maximum_iterations": limit}
    results = parts(outer.run(WHILE, (*constants, *carry, *outside.state()), attrs))
    outside.assign(results[len(carry) : len(carry) + len(outside.assigned)])
    return list(results[: len(carry)])


def _testing_at_the_end(test: Test, step: Step, carry: list[Any], limit: int | None) -> list[Any]:
    """The loop of a condition that changes variables: it is asked before the loop, and in it after each step."""
    if limit == 0:
        return carry
    backend = interpreter.get().backend

    def asked(now: list[Any]) -> Any:
        return _flag(test(now), backend)

    def step_and_ask(now: list[Any]) -> list[Any]:
        *held, done, _ = now
        new, done = step(held), done + 1
        if limit is None:
            return [*new, done, asked(new)]
        return [*new, done, cond(done < limit, lambda: asked(new), lambda: _flag(False, backend))]

    done = eager.constant(0, dt.int32, backend)
    return _traced(lambda now: now[-1], step_and_ask, [*carry, done, asked(carry)], limit)[:-2]


def _flag(value: Any, backend: Any) -> Any:
    """A condition as a boolean tensor, also where it is known."""
    return eager.constant(value, dt.bool_, backend) if value.__class__ is bool else value


# Its gradient: that of a scan over as many steps as there may be, which do nothing when the loop has ended ------------


def _recorded(attrs: dict[str, Any], backend: Any) -> tuple[Control, dict[str, Any]]:
    limit = attrs["maximum_iterations"]
    if limit is None:
        return WHILE, attrs
    body, consts = attrs["body"], attrs["consts"]
    tracer = Tracer(backend)
    inputs = symbols(tracer, body.inputs, "carry")
    with inside(tracer):
        (going,) = replayed(attrs["test"], inputs)
        stay = Graph(list(body.inputs), [], list(body.inputs[consts:]))
        now = parts(tracer.run(COND, (going, *inputs), {"then": body, "otherwise": stay}))
    step = closed(tracer, values_of(inputs), values_of(now))
    return SCAN.recorded(scan_attributes(step, consts, len(now), limit), backend)


WHILE.recorded = _recorded


def _narrowed(attrs: dict[str, Any], used: set[int]) -> Narrowed | None:
    """Without carries that neither the condition nor what is used comes from, and constants."""
    test, body, consts = attrs["test"], attrs["body"], attrs["consts"]
    asked = read_for(test, [0])
    wanted = used | {place - consts for place in asked if place >= consts}
    read, results = carried(body, wanted, consts, len(body.outputs))
    inputs = [p for p in range(len(body.inputs)) if (p - consts in results if p >= consts else p in read | asked)]
    if len(inputs) == len(body.inputs):
        return None
    few = {
        "test": with_few(test, inputs, [0]),
        "body": with_few(body, inputs, sorted(results)),
        "consts": sum(place < consts for place in inputs),
        "maximum_iterations": attrs["maximum_iterations"],
    }
    return few, inputs, sorted(results)


WHILE.narrowed = _narrowed


@WHILE.differentiated
def _pull(
    found: dict[int, Any], guards: Guards, live: set[int], args: tuple[Any, ...], attrs: dict[str, Any], out: Any
) -> Iterator[tuple[Any, Any, None]]:
    if found.get(id(out)):
        raise TraceError(
            "the gradient of a traced while_loop needs a bound on its steps, for what each began with has to be kept. "
            "Give it maximum_iterations=, or use scan, or fori_loop with bounds that are Python integers."
        )
    return iter(())
