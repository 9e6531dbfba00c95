"""A user's own gradient in a graph that may be differentiated later: an op that carries the pullback as a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ... import dtypes as dt
from ...ops.declare import OPS
from ...ops.several import parts
from ..graph import Graph, Node, Value
from ..guards import Guards
from ..interpreter import inside
from ..tape import CustomGradient
from ..trace import Symbol
from .nested import Nested, Outside, closed, or_zeros, replayed, symbols, values_of
from .op import Control


def _custom_gradient(*arrays, pullback, consts, args):
    """The last arrays: those after the constants of the pullback and the arguments that it gives cotangents of."""
    return arrays[consts + args :]


CUSTOM = Control(_custom_gradient, lambda *specs, consts, args, **attrs: specs[consts + args :], ())
CUSTOM.needs = lambda specs, attrs: {
    "pullback": (
        [*specs[: attrs["consts"]], *specs[attrs["consts"] + attrs["args"] :]],
        specs[attrs["consts"] : attrs["consts"] + attrs["args"]],
    )
}


def customized(part: Nested, args: tuple[Any, ...], values: list[Any], pullback: Callable[..., Any]) -> list[Any]:
    """Values of a part under new identities, whose gradient to ``args`` is ``pullback`` alone."""
    inner = Nested(part)
    record = CustomGradient(pullback)
    live = {id(arg) for arg in args if arg.dtype in dt.INEXACT}
    with inside(inner):
        seeds = symbols(inner, values, "cotangent")
        found = {id(value): seed for value, seed in zip(values, seeds, strict=True)}
        pulled = list(record.pull(found, {}, live, args, {}, tuple(values)))  # type: ignore[arg-type]
        cotangents = [inner.lift(or_zeros(cotangent, arg)) for arg, cotangent, _ in pulled]
    outside = Outside(inner)
    constants = outside.constants()
    graph = closed(inner, [*outside.constants_in(inner), *values_of(seeds)], values_of(cotangents))
    reached = [arg for arg, *_ in pulled]
    attrs = {"pullback": graph, "consts": len(constants), "args": len(reached)}
    with inside(part):
        return list(parts(part.run(CUSTOM, (*constants, *reached, *values), attrs)))


def replaced(part: Nested, one: Symbol, value: Symbol) -> tuple[Symbol, Node]:
    """``value`` of a part under a new identity whose gradient is ``one``'s alone, and the node that gives it."""
    cotangent = Value(value.shape, value.dtype, "cotangent")
    attrs = {"pullback": Graph([cotangent], [], [cotangent]), "consts": 0, "args": 1}
    found = part.run(OPS["part"], (part.run(CUSTOM, (one, value), attrs),), {"index": 0})
    return found, found.node


@CUSTOM.differentiated
def _pull(
    found: dict[int, Any], guards: Guards, live: set[int], args: tuple[Any, ...], attrs: dict[str, Any], out: Any
) -> Iterator[tuple[Any, Any, None]]:
    given = found.get(id(out))
    if not given:
        return
    consts, count = attrs["consts"], attrs["args"]
    values = args[consts + count :]
    seeds = [or_zeros(given.get(place), value) for place, value in enumerate(values)]
    for arg, cotangent in zip(
        args[consts : consts + count], replayed(attrs["pullback"], [*args[:consts], *seeds]), strict=True
    ):
        if id(arg) in live:
            yield arg, cotangent, None
