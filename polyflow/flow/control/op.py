"""Ops of control flow: ops some of whose attributes are graphs.

They stand in graphs only; run op by op, a program's own Python decides and repeats. A kernel gets each of these graphs
as a function from arrays to a tuple of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...ops.declare import Op
from ...ops.rules import Rule, Spec
from ...ops.several import packed

CONTROL: dict[str, Control] = {}
"""The ops of control flow by name. They are in no table of ops on arrays."""

Narrowed = tuple[dict[str, Any], list[int], list[int]]

Pull = Callable[[dict[int, Any], set[int], tuple[Any, ...], dict[str, Any], Any], Iterator[tuple[Any, Any]]]


class Control(Op):
    """An op with graphs among its attributes, and several results: a packed value, also where it is one.

    Args:
        reference: what it does, by the functions that its graphs have become; its parameters are the op's.
        infer: the specs of its results, from those of its arguments and its attributes.
        graphs: the attributes that are graphs.

    Attributes:
        pull: its gradient, for all arguments at once: pairs of a live argument and its cotangent.
        recorded: what is run in its place, the op and its attributes, where a tape is to remember it.
        narrowed: what gives only some of its results, of which the places are told: its attributes then, and the places
            of the arguments and of the results that are left; None if that is all of them.
    """

    joint = True
    pull: Pull
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

    def differentiated(self, pull: Pull) -> Pull:
        """Give the op its gradient (a decorator)."""
        self.pull, self.rules = pull, (pull,)
        return pull


def _as_they_are(name: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    return given


def specs_of(values: Any) -> tuple[Spec, ...]:
    """The specs of values of a graph."""
    return tuple(Spec(value.shape, value.dtype) for value in values)
