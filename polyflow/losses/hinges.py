"""Hinge losses: of scores that should be far on the right side of 0. Labels are -1 and 1; 0 and 1 are converted."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import equal, logical_or, maximum, square, where
from ..ops.reduction import all as every
from ..ops.reduction import max as largest
from ..ops.reduction import mean, sum
from .base import LossFunctionWrapper
from .shapes import paired

_MEAN = "sum_over_batch_size"


def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0))`` over the last axis."""
    y_true, y_pred = paired(y_true, y_pred, "hinge")
    return mean(maximum(1.0 - _signs(y_true) * y_pred, 0.0), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0)**2)`` over the last axis."""
    y_true, y_pred = paired(y_true, y_pred, "squared_hinge")
    return mean(square(maximum(1.0 - _signs(y_true) * y_pred, 0.0)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(largest wrong score - right score + 1, 0)`` over the last axis, for one-hot targets."""
    y_true, y_pred = paired(y_true, y_pred, "categorical_hinge")
    return maximum(largest((1.0 - y_true) * y_pred, -1) - sum(y_true * y_pred, -1) + 1.0, 0.0)


def _signs(labels: Any) -> Any:
    """Labels that are all 0 or 1 become -1 and 1; others stay."""
    binary = every(logical_or(equal(labels, 0), equal(labels, 1)))
    return where(binary, 2.0 * labels - 1.0, labels)


# As classes -----------------------------------------------------------------------------------------------------------


class Hinge(LossFunctionWrapper):
    """`hinge` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """`squared_hinge` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """`categorical_hinge` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
