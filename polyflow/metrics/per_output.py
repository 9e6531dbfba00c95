"""Metrics that keep a state for each output: F scores and R², whose variables are made once outputs can be counted."""

from __future__ import annotations

from typing import Any

from ..arguments import check_integers, check_numbers
from ..errors import ShapeError, unknown_sentence
from ..losses.shapes import beside, divide_or_zero, prediction, same_rank, same_shape
from ..ops.elementwise import abs, astype, greater, greater_equal, isinf, less, logical_and, square, where
from ..ops.reduction import max, mean, sum
from ..ops.shape import broadcast_to, expand_dims
from .base import Metric
from .confusion import FUZZ


class PerOutput(Metric):
    """A metric of outputs of shape (samples, outputs); subclasses name its ``states``."""

    direction = "up"
    states: tuple[str, ...] = ()

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(dtype, name)
        self.seen: dict[str, Any] = {}

    def state_shape(self, outputs: int) -> tuple[int, ...]:
        """The shape of each state where there are this many outputs."""
        return (outputs,)

    def build(self, y_pred: Any) -> None:
        """Make the variables for predictions of this shape, unless they are there.

        Raises:
            ShapeError: unless it is (samples, outputs).
        """
        if self.seen:
            return
        if len(y_pred.shape) != 2:
            raise ShapeError(f"{self.name} needs predictions of shape (samples, outputs); got {tuple(y_pred.shape)}.")
        shape = self.state_shape(y_pred.shape[1])
        self.seen = {one: self._add_beside(y_pred, shape, one) for one in self.states}

    def _given(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Targets, predictions and weights as tensors of shape (samples, outputs); the weights 1 where left out."""
        y_pred = prediction(y_pred, self.dtype)
        y_true, y_pred = same_rank(beside(y_true, y_pred).astype(self.dtype, copy=False), y_pred)
        self.build(y_pred)
        y_true = same_shape(y_true, y_pred, self.name)
        if sample_weight is None:
            return y_true, y_pred, 1.0
        weight = beside(sample_weight, y_pred).astype(self.dtype, copy=False)
        return y_true, y_pred, broadcast_to(expand_dims(weight, 1) if len(weight.shape) == 1 else weight, y_pred.shape)

    def _values(self) -> list[Any]:
        if not self.seen:
            raise ValueError(f"{self.name} has no result before its first batch. Give it one with update_state.")
        return [variable.value for variable in self.seen.values()]


class FBetaScore(PerOutput):
    """The weighted harmonic mean of precision and recall: ``(1 + beta²) * p * r / (beta² * p + r)``.

    Args:
        average: None for a score per class; ``"macro"`` for their mean, ``"weighted"`` for their mean by how often each
            class occurs, ``"micro"`` for one score of all places.
        beta: how much more recall counts than precision.
        threshold: predictions above it say that a class is there; if left out, the largest one of a sample does.
        name: the name it is reported under.
        dtype: the dtype of its variables.
    """

    states = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(unknown_sentence("average", average, ("None", "micro", "macro", "weighted")))
        check_numbers(self, "(0, inf)", beta=beta)
        check_numbers(self, "(0, 1]", optional=True, threshold=threshold)
        self.average, self.beta, self.threshold = average, beta, threshold

    def state_shape(self, outputs: int) -> tuple[int, ...]:
        return () if self.average == "micro" else (outputs,)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred, weight = self._given(y_true, y_pred, sample_weight)
        if self.threshold is None:
            largest = greater_equal(y_pred, max(y_pred, -1, keepdims=True))
            said = logical_and(largest, greater(abs(y_pred), 1e-9))  # a row of zeros says nothing
        else:
            said = greater(y_pred, self.threshold)
        said = astype(said, self.dtype)
        axis = None if self.average == "micro" else 0
        batch = (said * y_true, said * (1 - y_true), (1 - said) * y_true, y_true)
        for state, counted in zip(self.seen.values(), batch, strict=True):
            state.assign_add(sum(counted * weight, axis))

    def result(self) -> Any:
        right, wrong, missed, there = self._values()
        precision, recall = right / (right + wrong + FUZZ), right / (right + missed + FUZZ)
        square_of_beta = self.beta**2
        score = (1 + square_of_beta) * (precision * recall / (square_of_beta * precision + recall + FUZZ))
        if self.average == "weighted":
            return sum(score * (there / (sum(there) + FUZZ)))
        return score if self.average is None else mean(score)

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return super().get_config() | own


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, `FBetaScore` with ``beta=1``."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config


class R2Score(PerOutput):
    """The share of the targets' variance that predictions explain: 1 for right ones, 0 for the mean, less for worse.

    Args:
        class_aggregation: ``"uniform_average"`` for the mean over outputs, ``"variance_weighted_average"`` for their
            mean by the targets' variance, None for a score per output.
        num_regressors: how many regressors the model has, for the adjusted score; it is the plain one with 0, and where
            there are no more targets than regressors + 1.
        name: the name it is reported under.
        dtype: the dtype of its variables.
    """

    states = ("squared_sum", "sum", "residual", "count")

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            known = ("None", "uniform_average", "variance_weighted_average")
            raise ValueError(unknown_sentence("class_aggregation", class_aggregation, known))
        check_integers(self, "[0, inf)", num_regressors=num_regressors)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred, weight = self._given(y_true, y_pred, sample_weight)
        batch = (square(y_true) * weight, y_true * weight, square(y_true - y_pred) * weight)
        count = float(y_true.shape[0]) if sample_weight is None else sum(weight, 0)
        for state, change in zip(self.seen.values(), (*(sum(one, 0) for one in batch), count), strict=True):
            state.assign_add(change)
        self.num_samples.assign_add(float(y_true.shape[0] * y_true.shape[1]))

    def result(self) -> Any:
        squares, total, residual, count = self._values()
        spread = squares - total * (total / count)
        score = 1 - residual / spread
        score = where(isinf(score), 0.0, score)
        if self.class_aggregation == "uniform_average":
            score = mean(score)
        elif self.class_aggregation is not None:
            score = sum(spread * score) / sum(spread)
        if not self.num_regressors:
            return score
        freedom = self.num_samples.value - 1 - self.num_regressors
        adjusted = 1 - divide_or_zero((1 - score) * (self.num_samples.value - 1), freedom)
        return where(less(0, freedom), adjusted, score)

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return super().get_config() | own
