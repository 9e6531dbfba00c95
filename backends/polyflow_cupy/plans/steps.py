"""A step: one call of a plan, with the numbers of the values that it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .order import Unit


class Step(NamedTuple):
    """One call of a plan.

    Attributes:
        call: what is called, with arrays alone; it gives one, or a tuple of them.
        sources: the numbers of the values that it takes. targets: of those that it gives.
        ended: of those that nobody reads after it.
        unit: what it computes; None for several steps as one.
    """

    call: Callable[..., Any]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    ended: tuple[int, ...]
    unit: Unit | None


def described(step: Step) -> str:
    """A step as lines of text; what is recorded as one is set in."""
    unit = step.unit
    if unit is None:
        inside: Any = step.call
        lines = [f"{_names(step.targets)} = graph({_names(step.sources)})", *map(described, inside.steps)]
        return "\n    ".join(lines)
    if unit.fused is None:
        name = unit.node.op.name
    else:
        name = unit.fused.text.name.removeprefix("polyflow_")
    return f"{_names(step.targets)} = {name}({_names(step.sources)})"


def _names(numbers: Sequence[int]) -> str:
    return ", ".join(f"v{number}" for number in numbers)
