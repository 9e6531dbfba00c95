"""Losses of predicted quantities. Each function returns one value per sample: the mean over the last axis."""

from __future__ import annotations

import math
from typing import Any

from ..ops.elementwise import abs as absolute
from ..ops.elementwise import less_equal, log, maximum, square, where
from ..ops.nn import softplus
from ..ops.reduction import mean, norm, sum
from .base import LossFunctionWrapper
from .shapes import paired

EPSILON = 1e-7
"""Keras's fuzz factor: what keeps divisors and logarithms away from 0."""


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y_true - y_pred)**2)`` over the last axis: shape (n, …, k) to (n, …)."""
    y_true, y_pred = paired(y_true, y_pred, "mean_squared_error")
    return mean(square(y_true - y_pred), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y_true - y_pred|)`` over the last axis."""
    y_true, y_pred = paired(y_true, y_pred, "mean_absolute_error")
    return mean(absolute(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 * mean(|y_true - y_pred| / max(|y_true|, 1e-7))`` over the last axis."""
    y_true, y_pred = paired(y_true, y_pred, "mean_absolute_percentage_error")
    return 100.0 * mean(absolute((y_true - y_pred) / maximum(absolute(y_true), EPSILON)), -1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(y_true + 1) - log(y_pred + 1))**2)`` over the last axis, both being at least 1e-7."""
    y_true, y_pred = paired(y_true, y_pred, "mean_squared_logarithmic_error")
    return mean(square(log(maximum(y_pred, EPSILON) + 1.0) - log(maximum(y_true, EPSILON) + 1.0)), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean over the last axis of ``e**2 / 2`` where ``|e| <= delta``, else ``delta * |e| - delta**2 / 2``."""
    y_true, y_pred = paired(y_true, y_pred, "huber")
    error = y_pred - y_true
    size = absolute(error)
    return mean(where(less_equal(size, delta), 0.5 * square(error), delta * size - 0.5 * delta * delta), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis, as ``e + softplus(-2 e) - log(2)``."""
    y_true, y_pred = paired(y_true, y_pred, "log_cosh")
    error = y_pred - y_true
    return mean(error + softplus(-2.0 * error) - math.log(2.0), -1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The negative cosine of the angle between targets and predictions along ``axis``; 0 if either is a zero vector."""
    y_true, y_pred = paired(y_true, y_pred, "cosine_similarity")
    return -sum(unit(y_true, axis) * unit(y_pred, axis), axis)


def unit(x: Any, axis: int) -> Any:
    """``x`` divided by its Euclidean norm along ``axis`` (by 1e-7 where that is larger)."""
    return x / maximum(norm(x, axis, keepdims=True), EPSILON)


# As classes -----------------------------------------------------------------------------------------------------------

_MEAN = "sum_over_batch_size"


class MeanSquaredError(LossFunctionWrapper):
    """`mean_squared_error` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """`mean_absolute_error` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """`mean_absolute_percentage_error` over a batch."""

    def __init__(
        self, reduction: str | None = _MEAN, name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """`mean_squared_logarithmic_error` over a batch."""

    def __init__(
        self, reduction: str | None = _MEAN, name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """`huber` over a batch: quadratic for errors up to ``delta``, linear beyond."""

    ranges = {"delta": "(0, inf)"}

    def __init__(
        self, delta: float = 1.0, reduction: str | None = _MEAN, name: str = "huber_loss", dtype: Any = None
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """`log_cosh` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """`cosine_similarity` over a batch: -1 for equal directions, 1 for opposite ones."""

    def __init__(
        self, axis: int = -1, reduction: str | None = _MEAN, name: str = "cosine_similarity", dtype: Any = None
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
