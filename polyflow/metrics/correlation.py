"""Metrics of how far predictions rise and fall with targets."""

from __future__ import annotations

from typing import Any

from ..losses.regression import EPSILON
from ..losses.shapes import paired
from ..ops.elementwise import square
from ..ops.reduction import mean, std, var
from .reduction import MeanMetricWrapper


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The correlation of targets and predictions along ``axis``: 1 where one is a rising line of the other."""
    y_true, y_pred = (_centered(x, axis) for x in paired(y_true, y_pred, "pearson_correlation"))
    y_true, y_pred = (x / std(x, axis, keepdims=True) for x in (y_true, y_pred))
    return mean(y_true * y_pred, axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The correlation along ``axis``, less where means or scales differ: 1 where predictions are the targets."""
    y_true, y_pred = paired(y_true, y_pred, "concordance_correlation")
    apart = square(mean(y_true, axis, keepdims=True) - mean(y_pred, axis, keepdims=True))
    spread = var(y_true, axis, keepdims=True) + var(y_pred, axis, keepdims=True) + apart
    return mean(2.0 * _centered(y_true, axis) * _centered(y_pred, axis) / (spread + EPSILON), axis)


def _centered(x: Any, axis: int) -> Any:
    return x - mean(x, axis, keepdims=True)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation` over samples."""

    direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation` over samples."""

    direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
