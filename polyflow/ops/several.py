"""Ops with several results, such as the factors of a matrix.

The kernel of such an op returns a tuple of arrays, which travels as one value; the op `part` takes one array out of it.
So interpreters, graphs and compilers know of ops with one result only. No user meets such a value: public functions end
in `parts`. Its cotangent is a `Cotangents`, the cotangents of some of its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import call
from .declare import gradient, op
from .rules import Rule, Spec

PACKED = np.dtype(object)
"""What a packed value has for a dtype; it has the specs of its parts for a shape."""


class Cotangents(dict[int, Any]):
    """The cotangents of the parts of a packed value, by index; those left out are zero."""

    def plus(self, other: Cotangents) -> Cotangents:
        """The sum of two."""
        both = {index: self[index] + other[index] for index in self.keys() & other.keys()}
        return Cotangents({**self, **other, **both})


def packed(*parts: Spec) -> Spec:
    """The spec of a packed value."""
    return Spec(parts, PACKED)  # type: ignore[arg-type]


@op(Rule(lambda name, given: given, lambda value, *, index: value.shape[index]), name="part", standard=False)  # type: ignore[arg-type, return-value]
def _part(value, /, index):
    return value[index]


gradient(_part, lambda g, y, value, *, index: Cotangents({index: g}))


def parts(value: Any) -> tuple[Any, ...]:
    """The results of an op that has several, each as a tensor."""
    if hasattr(value, "array"):
        count = len(value.array)
    else:
        count = len(value.shape)  # of a graph: the specs of its parts
    return tuple([_taken(value, index) for index in range(count)])


def _taken(value: Any, index: int) -> Any:
    """What `part` gives: the general way in would ask for the dtype of a packed value."""
    top = call.interpreter.get()
    if top is not None:
        return top.run(_part.op, (value,), {"index": index})  # type: ignore[attr-defined]
    return value.__class__(value.array[index], value.backend)


def gradient_of_parts(function: Callable[..., Any], rule: Callable[..., Any]) -> None:
    """Give an op of one tensor and several results its gradient.

    ``rule(cotangents, results, x, **attrs)`` is as in `gradient`, with tuples of the results and of their cotangents;
    None is the cotangent of a result that nothing depends on.
    """

    def pulled(g: Cotangents, y: Any, x: Any, **attrs: Any) -> Any:
        results = parts(y)
        return rule(tuple(g.get(index) for index in range(len(results))), results, x, **attrs)

    gradient(function, pulled)
