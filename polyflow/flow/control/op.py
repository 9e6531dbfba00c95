"""Ops of control flow: ops some of whose attributes are graphs.

They stand in graphs only; run op by op, a program's own Python decides and repeats. A kernel gets each of these graphs
as a function from arrays to a tuple of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...errors import GraphTextError
from ...ops.declare import Op
from ...ops.rules import Rule, Spec
from ...ops.several import packed
from ..graph import Value
from ..guards import Guard, Guards
from ..text import typed

CONTROL: dict[str, Control] = {}
"""The ops of control flow by name. They are in no table of ops on arrays."""

Narrowed = tuple[dict[str, Any], list[int], list[int]]

Needs = dict[str, tuple[Sequence[Spec], Sequence[Spec]]]
"""The specs of a graph's inputs and outputs, by the attribute that it is."""

Pull = Callable[
    [dict[int, Any], Guards, set[int], tuple[Any, ...], dict[str, Any], Any], Iterator[tuple[Any, Any, Guard | None]]
]


class Control(Op):
    """An op with graphs among its attributes, and several results: a packed value, also where it is one.

    Args:
        reference: what it does, by the functions that its graphs have become; its parameters are the op's.
        infer: the specs of its results, from those of its arguments and its attributes.
        graphs: the attributes that are graphs.

    Attributes:
        pull: its gradient, for all arguments at once: triples of a live argument, its cotangent and
            its guard.
        recorded: what is run in its place, the op and its attributes, where a tape is to remember it.
        needs: for each graph, what it has to take and to give, from the specs of the op's arguments and its attributes.
        narrowed: what gives only some of its results, of which the places are told: its attributes then, and the places
            of the arguments and of the results that are left; None if that is all of them.
    """

    joint = True
    pull: Pull
    needs: Callable[[tuple[Spec, ...], dict[str, Any]], Needs]
    recorded: Callable[[dict[str, Any], Any], tuple[Control, dict[str, Any]]]
    narrowed: Callable[[dict[str, Any], set[int]], Narrowed | None]

    def __init__(
        self, reference: Callable[..., Any], infer: Callable[..., tuple[Spec, ...]], graphs: tuple[str, ...]
    ) -> None:
        super().__init__(reference, Rule(_as_they_are, lambda *specs, **attrs: packed(*infer(*specs, **attrs))))
        self.graphs, self.standard = graphs, False
        self.recorded = lambda attrs, backend: (self, attrs)
        self.narrowed = lambda attrs, used: None
        CONTROL[self.name] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return CONTROL.__getitem__, (self.name,)

    def check(self, specs: tuple[Spec, ...], attrs: dict[str, Any]) -> None:
        """Raise GraphTextError unless its numbers are some, and its graphs fit its arguments and each other."""
        for name, value in attrs.items():
            wanted = NUMBERS.get(name)
            if wanted and not (value.__class__ in wanted and (value is None or value >= 0)):
                kinds = " or ".join(WORDS[kind] for kind in wanted)
                raise GraphTextError(f"{self.name} has {value!r} for {name}; expected {kinds}.")
        for name, sides in self.needs(specs, attrs).items():
            graph = attrs[name]
            for what, values, wanted in zip(("takes", "gives"), (graph.inputs, graph.outputs), sides, strict=True):
                if specs_of(values) != tuple(Spec(tuple(spec.shape), spec.dtype) for spec in wanted):
                    raise GraphTextError(
                        f"{self.name}: {name} {what} ({', '.join(map(typed, values))}); expected "
                        f"({', '.join(typed(Value(*spec)) for spec in wanted)}) of these arguments."
                    )

    def differentiated(self, pull: Pull) -> Pull:
        """Give the op its gradient (a decorator)."""
        self.pull, self.rules = pull, (pull,)
        return pull


NUMBERS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("consts", "carries", "length", "args"), (int,)),
    **dict.fromkeys(("reverse", "history"), (bool,)),
    "maximum_iterations": (int, type(None)),
}
"""The attributes that are no graphs: the types of their values."""

WORDS: dict[type, str] = {int: "an integer of 0 or more", bool: "True or False", type(None): "None"}


def _as_they_are(name: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    return given


def specs_of(values: Any) -> tuple[Spec, ...]:
    """The specs of values of a graph."""
    return tuple(Spec(value.shape, value.dtype) for value in values)
