"""Mean and sum over samples, and the metric that is the mean of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..callables import check_function
from ..losses.base import LossFunctionWrapper, mask_beside
from ..losses.shapes import beside, divide_or_zero, prediction, same_rank, weighted
from ..naming import name_of
from ..ops.elementwise import astype
from ..ops.reduction import mean, sum
from ..ops.shape import broadcast_to
from .base import Metric


def per_sample(values: Any, sample_weight: Any, reduce: Callable[..., Any], dtype: Any) -> tuple[Any, Any]:
    """One value and one weight per sample (Keras, metrics/reduction_metrics.py).

    Axes that the weights do not have are reduced first, then the weighted rest but for the first axis.
    """
    values = astype(prediction(values), dtype)
    if sample_weight is None:
        return (reduce(values, _behind(values, 1)) if len(values.shape) > 1 else values), None
    weight = beside(sample_weight, values).astype(dtype, copy=False)
    values, weight = same_rank(values, weight)
    rank = len(weight.shape)
    if len(values.shape) > rank:
        values = reduce(values, _behind(values, rank))
    values, weight = weighted(values, weight)
    weight = broadcast_to(weight, values.shape)
    values = values * weight
    if rank > 1:
        values, weight = reduce(values, _behind(values, 1)), reduce(weight, _behind(weight, 1))
    return values, weight


def _behind(x: Any, rank: int) -> tuple[int, ...]:
    return tuple(range(rank, len(x.shape)))


class Sum(Metric):
    """The weighted sum of all values."""

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values, _ = per_sample(values, sample_weight, sum, self.dtype)
        self.total.assign_add(sum(values))

    def result(self) -> Any:
        return self.total.value


class Mean(Metric):
    """The weighted mean of all values: of each sample's own mean, samples weighing alike unless weights are given."""

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values, weight = per_sample(values, sample_weight, mean, self.dtype)
        self.total.assign_add(sum(values))
        if weight is not None:
            self.count.assign_add(sum(weight))
        else:
            self.count.assign_add(float(values.shape[0]) if values.shape else 1.0)

    def result(self) -> Any:
        return divide_or_zero(self.total.value, self.count.value)


class MeanMetricWrapper(Mean):
    """The mean of a function of ``(y_true, y_pred, **options)`` that returns a value per sample, or per place in it."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **options: Any) -> None:
        check_function(type(self).__name__, "fn", fn)
        super().__init__(name or name_of(fn), dtype)
        self.fn, self.options = fn, options

    def mask(self, y_true: Any, y_pred: Any) -> Any:
        """Which values count when there are weights; None for all."""
        return None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        steps = mask_beside(y_pred)
        if steps is not None:
            sample_weight = self._counted(steps, sample_weight)
        if sample_weight is not None:
            mask = self.mask(y_true, y_pred)
            if mask is not None:
                sample_weight = self._counted(mask, sample_weight)
        super().update_state(self.fn(y_true, y_pred, **self.options), sample_weight)

    def _counted(self, mask: Any, sample_weight: Any) -> Any:
        """The weights, 0 for what does not count."""
        counted = astype(mask, self.dtype)
        if sample_weight is None:
            return counted
        counted, weight = weighted(counted, sample_weight)
        return weight * counted

    __getattr__ = LossFunctionWrapper.__getattr__

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | self.options
        if type(self) is MeanMetricWrapper:
            from . import FUNCTIONS

            config["fn"] = FUNCTIONS.serialize(self.fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        if "fn" in config:
            from . import FUNCTIONS

            config = config | {"fn": FUNCTIONS.get(config["fn"])}
        return cls(**config)
