"""Where a value lies while a plan runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Order = tuple[int, ...]
"""The axes of an array as they lie in memory, the one with the longest steps first."""


@dataclass(slots=True)
class Place:
    """Where a value lies.

    Attributes:
        name: the name of the array, or of the NumPy scalar.
        fixed: whether it is the same array in every call, so that its views are made only once.
        order: the order of its axes, where it is known, and known that they lie in memory without gaps.
        writable: whether whoever reads it last may write over it.
        number: whether it is a NumPy scalar.
        value: the array itself, where it is known beforehand.
    """

    name: str
    fixed: bool = False
    order: Order | None = None
    writable: bool = False
    number: bool = False
    value: Any = None


def c_order(shape: tuple[int, ...]) -> Order:
    """The order in which NumPy lays out a new array."""
    return tuple(range(len(shape)))


def size(value: Any) -> int:
    """How many elements a value of a graph has."""
    return math.prod(value.shape)
