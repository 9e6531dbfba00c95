"""Guards: where a cotangent is 0 because `where` did not take the branch that it flows into.

The derivative of a branch may be infinite or NaN just where it was not taken, and 0 times that is NaN. So the backward
walk keeps, beside a cotangent that came through a `where`, its guard: the condition under which it may differ from 0.
Elsewhere the cotangents that a rule makes of it are set to 0, whatever the rule says. (Comparing cotangents with 0
would not do: jvp and higher orders rest on a rule being linear in its cotangent, also at 0.)

A guard follows values as they fan out and meet again, through elementwise ops, moves, reductions and ops along an axis,
and through control flow, whose gradients take masks and give some. (A carry that is not used after a loop begins with a
mask of its own, where a step is steep: op by op, no cotangent flows there.) It ends where an op mixes elements
otherwise, as matrix products do. Masks are computed where they are needed, if they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from .. import dtypes as dt
from ..ops import creation, elementwise, shape
from ..ops.declare import OPS
from ..ops.rules import Shape, reduced
from ..ops.several import Cotangents
from .unbroadcast import unbroadcast

if TYPE_CHECKING:
    from ..ops.declare import Op

WHERE = OPS["where"]

SAFE = frozenset(
    """
    add astype clip conj identity imag mean negative positive real relu subtract sum
    """.split()  # noqa: SIM905
)
"""Elementwise ops and reductions whose rules make 0 of a cotangent that is 0, whatever the values are."""

MOVES = frozenset(
    """
    broadcast_to concat cumulative_sum flip getitem index_add index_set pad permute_dims reshape sort to
    """.split()  # noqa: SIM905
)
"""Ops whose rules only move and add up cotangents: what they make of a mask's ones is not 0 where the mask reaches."""

STEEP = frozenset(
    """
    acos acosh asin atan2 atanh cosh cumulative_prod divide erfinv exp expm1 floor_divide hypot log log10 log1p log2
    logsumexp pow prod reciprocal remainder rsqrt sinh sqrt tan
    """.split()  # noqa: SIM905
)
"""Ops with derivatives that may be infinite or NaN at finite arguments: what they make of a cotangent 0 may be NaN."""


class Guard:
    """Where a cotangent may differ from 0: where all conditions hold.

    Attributes:
        conditions: each condition, a tensor or a function that computes one, by its identity and whether it has to hold
            (True) or to fail (False).
    """

    __slots__ = ("_mask", "conditions")

    def __init__(self, conditions: dict[tuple[int, bool], Any]) -> None:
        self.conditions = conditions
        self._mask: Any = None

    @property
    def mask(self) -> Any:
        """A boolean tensor that broadcasts to the cotangent's shape; computed once."""
        if self._mask is None:
            parts = []
            for (_, holds), condition in self.conditions.items():
                part = condition() if callable(condition) else condition
                parts.append(part if holds else elementwise.logical_not(part))
            self._mask = reduce(elementwise.logical_and, parts)
        return self._mask

    def zeroed(self, cotangent: Any) -> Any:
        """``cotangent``, 0 wherever the guard says so."""
        if len(self.conditions) == 1:
            ((_, holds), condition) = next(iter(self.conditions.items()))
            if not callable(condition):
                parts = (condition, cotangent, 0) if holds else (condition, 0, cotangent)
                return elementwise.where(*parts)
        return elementwise.where(self.mask, cotangent, 0)

    def over(self, shape_: Shape) -> Any:
        """The mask in the shape of the cotangent."""
        mask = self.mask
        return mask if mask.shape == shape_ else shape.broadcast_to(mask, shape_)


Guards = dict[int | tuple[int, int], Guard]
"""Guards by the ids of the values whose cotangents they are beside; with a part's number for a packed value."""


def late(compute: Callable[[], Any]) -> Guard:
    """A guard whose mask is computed when it is first needed."""
    compute = cache(compute)
    return Guard({(id(compute), True): compute})


def guard_of(mask: Any) -> Guard:
    """The guard that a mask is."""
    return Guard({(id(mask), True): mask})


def mask_of(exists: bool, guard: Guard | None, like: Any) -> Any:
    """Where a cotangent of ``like`` may differ from 0: nowhere if none exists, anywhere if it has no guard."""
    if exists and guard is not None:
        return guard.over(like.shape)
    return creation.full(like.shape, exists, dt.bool_, backend=like.backend)


def both(first: Guard, second: Guard) -> Guard:
    """Where two guards both let a cotangent differ from 0."""
    return Guard({**first.conditions, **second.conditions})


def either(first: Guard | None, second: Guard | None) -> Guard | None:
    """Where one of two guards, or both, let a cotangent differ from 0 (None: anywhere)."""
    if first is None or second is None:
        return None
    a, b = first.conditions, second.conditions
    if a.keys() <= b.keys():
        return first
    if b.keys() <= a.keys():
        return second
    (place, holds), *more = a.keys() - b.keys()
    if not more and b.keys() - a.keys() == {(place, not holds)}:  # the two branches of one `where`
        rest = {key: condition for key, condition in a.items() if key in b}
        return Guard(rest) if rest else None
    return late(lambda: elementwise.logical_or(first.mask, second.mask))


def pulled(
    op: Op, index: int, g: Any, guard: Guard | None, y: Any, args: tuple[Any, ...], attrs: dict[str, Any]
) -> tuple[Any, Guard | None]:
    """The cotangent of argument ``index`` (None: it has none) and its guard, from those of the result ``y``."""
    cotangent = op.pullback(index, g, y, args, attrs)
    if op is WHERE:
        taken = Guard({(id(args[0]), index == 1): args[0]})
        guard = taken if guard is None else both(guard, taken)
    if cotangent is None or guard is None:
        return cotangent, None
    if cotangent.__class__ is Cotangents:  # of a part
        return cotangent, guard if op.name == "part" else None
    name, family, source, target = op.name, op.rule.family, y.shape, args[index].shape
    if name in MOVES:
        reached = late(lambda: _marked(op.pullback(index, _ones(guard.over(source)), y, args, attrs), target))
    elif family == "elementwise" or name in ("where", "astype"):
        if op is not WHERE and name not in SAFE and not _is_scaling(op, index, args):
            cotangent = guard.zeroed(cotangent)
        reached = guard if source == target else late(lambda: _marked(_ones(guard.over(source)), target))
    elif family == "along":
        several = {"axis": attrs["axis"], "keepdims": True}
        reached = late(lambda: OPS["any"].prepared(guard.over(source), several))
        cotangent = cotangent if name in SAFE else reached.zeroed(cotangent)
    elif family == "reduction":
        kept = {"shape": reduced(target, attrs["axis"], True)}
        reached = late(lambda: OPS["reshape"].prepared(guard.over(source), kept))
        cotangent = cotangent if name in SAFE else reached.zeroed(cotangent)
    else:
        return cotangent, None
    return cotangent, reached


def _ones(mask: Any) -> Any:
    """A mask as a cotangent of ones and zeros."""
    return elementwise.astype(mask, dt.float32)


def _marked(ones: Any, target: Shape) -> Any:
    """Where a cotangent of ones and zeros is not 0, once it is summed to the shape of its value."""
    return elementwise.not_equal(unbroadcast(ones, target), 0)


def _is_scaling(op: Op, index: int, args: tuple[Any, ...]) -> bool:
    """Whether an op multiplies argument ``index`` by a finite Python number, or divides it by one."""
    if op.name != "multiply" and (op.name != "divide" or index):
        return False
    other = args[1 - index]
    return other.__class__ is float and math.isfinite(other) and (other != 0 or op.name == "multiply")
