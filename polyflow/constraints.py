"""Constraints: what takes the place of a weight after each step of an optimizer, so that it stays as it should be."""

from __future__ import annotations

from typing import Any

from .arguments import check_axes, check_numbers
from .naming import Family, by_name, snake_case
from .ops.elementwise import astype, clip, greater_equal, sqrt, square
from .ops.reduction import sum

_LEAST = 1e-7
"""What is added to norms that are divided by."""


class Constraint:
    """The base of constraints: called with a weight, one gives what is to take its place."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what it allows: define __call__(self, w).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint that ``get_config`` described."""
        return cls(**config)


class NonNeg(Constraint):
    """No element is below 0."""

    def __call__(self, w: Any) -> Any:
        return w * astype(greater_equal(w, 0), w.dtype)


class MaxNorm(Constraint):
    """The norms along ``axis`` are ``max_value`` at most."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        check_numbers(self, "[0, inf)", max_value=max_value)
        check_axes(self, optional=True, axis=axis)
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        return w * (clip(norms, 0, self.max_value) / (_LEAST + norms))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """The norms along ``axis`` are 1."""

    def __init__(self, axis: Any = 0) -> None:
        check_axes(self, optional=True, axis=axis)
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return w / (_LEAST + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """The norms along ``axis`` lie between two values; with a ``rate`` below 1 they only move there by that share."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        check_numbers(self, "[0, inf)", min_value=min_value, max_value=max_value)
        check_numbers(self, "[0, 1]", rate=rate)
        check_axes(self, optional=True, axis=axis)
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        wanted = self.rate * clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (_LEAST + norms))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


def _norms(w: Any, axis: Any) -> Any:
    places = tuple(axis) if isinstance(axis, list) else axis
    return sqrt(sum(square(w), places, keepdims=True))


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_CLASSES = by_name(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)

FAMILY = Family(
    "constraint",
    _CLASSES | {snake_case(name): cls for name, cls in _CLASSES.items()},
    count=1,
    methods={"__call__": ("w",)},
)

get = FAMILY.get
register = FAMILY.register
serialize = FAMILY.serialize
deserialize = FAMILY.get
