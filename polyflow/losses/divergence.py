"""Losses of predicted distributions and of overlapping regions."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import clip, log
from ..ops.reduction import mean, sum
from .base import LossFunctionWrapper
from .regression import EPSILON
from .shapes import paired

_MEAN = "sum_over_batch_size"


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``sum(t log(t / p))`` over the last axis, both clipped to [1e-7, 1]."""
    y_true, y_pred = paired(y_true, y_pred, "kl_divergence")
    target, p = clip(y_true, EPSILON, 1.0), clip(y_pred, EPSILON, 1.0)
    return sum(target * log(target / p), -1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(rate - count * log(rate + 1e-7))`` over the last axis: how unlikely the counts are at these rates."""
    y_true, y_pred = paired(y_true, y_pred, "poisson")
    return mean(y_pred - y_true * log(y_pred + EPSILON), -1)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 - 2 sum(t p) / (sum(t) + sum(p) + 1e-7)`` over ``axis`` (None: over everything)."""
    y_true, y_pred = paired(y_true, y_pred, "dice")
    return 1.0 - 2.0 * sum(y_true * y_pred, axis) / (sum(y_true, axis) + sum(y_pred, axis) + EPSILON)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """``1 - tp / (tp + alpha * sum(t (1 - p)) + beta * sum((1 - t) p) + 1e-7)``, where ``tp = sum(t p)``.

    With both weights 0.5 it is `dice`. (Salehi et al., 2017.)
    """
    y_true, y_pred = paired(y_true, y_pred, "tversky")
    both = sum(y_true * y_pred, axis)
    missed, invented = sum(y_true * (1.0 - y_pred), axis), sum((1.0 - y_true) * y_pred, axis)
    return 1.0 - both / (both + alpha * missed + beta * invented + EPSILON)


# As classes -----------------------------------------------------------------------------------------------------------


class KLDivergence(LossFunctionWrapper):
    """`kl_divergence` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """`poisson` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, reduction, name, dtype)


class Dice(LossFunctionWrapper):
    """`dice` over a batch."""

    def __init__(self, reduction: str | None = _MEAN, name: str = "dice", axis: Any = None, dtype: Any = None) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky` over a batch."""

    ranges = {"alpha": "[0, inf)", "beta": "[0, inf)"}

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = _MEAN,
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
