"""Accuracies: the share of right answers. Each function returns 1.0 for a right answer and 0.0 for a wrong one."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..arguments import check_integers, check_numbers
from ..errors import ShapeError
from ..losses.shapes import aligned, beside, paired, prediction, same_shape
from ..ops.elementwise import (
    astype,
    equal,
    greater,
    greater_equal,
    isnan,
    less,
    less_equal,
    logical_and,
    where,
)
from ..ops.indexing import one_hot
from ..ops.reduction import argmax, sum
from ..ops.shape import expand_dims, squeeze
from .reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether targets and predictions are equal, element by element."""
    y_true, y_pred = paired(y_true, y_pred, "accuracy")
    return astype(equal(y_true, y_pred), dt.float32)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Whether ``y_pred > threshold`` agrees with targets of 0 and 1, element by element."""
    y_true, y_pred = aligned(beside(y_true, prediction(y_pred)), prediction(y_pred), "binary_accuracy")
    answer = astype(greater(y_pred, threshold), y_true.dtype)
    return astype(equal(y_true, answer), dt.float32)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest prediction on the last axis is that of the largest target (of one-hot rows)."""
    y_pred = prediction(y_pred)
    y_true = same_shape(beside(y_true, y_pred), y_pred, "categorical_accuracy")
    return astype(equal(argmax(y_true, axis=-1), argmax(y_pred, axis=-1)), dt.float32)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest prediction on the last axis is that of the whole-number target."""
    y_pred = prediction(y_pred)
    answer = argmax(y_pred, axis=-1)
    labels = _labels(y_true, y_pred, "sparse_categorical_accuracy")
    right = astype(equal(labels, answer), dt.float32)
    return squeeze(right, -1) if len(right.shape) > 1 and right.shape[-1] == 1 else right


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the prediction for the largest target is among the ``k`` largest of the last axis."""
    y_pred = prediction(y_pred)
    y_true = same_shape(beside(y_true, y_pred), y_pred, "top_k_categorical_accuracy")
    return _among_top(argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the prediction for the whole-number target is among the ``k`` largest of the last axis."""
    y_pred = prediction(y_pred)
    return _among_top(_labels(y_true, y_pred, "sparse_top_k_categorical_accuracy"), y_pred, k)


def _labels(y_true: Any, y_pred: Any, name: str) -> Any:
    """Whole-number targets of the predictions' shape without its last axis."""
    labels = beside(y_true, y_pred)
    labels = astype(labels, dt.int64)
    if len(labels.shape) == len(y_pred.shape) and labels.shape[-1] == 1:
        labels = squeeze(labels, -1)
    if labels.shape != y_pred.shape[:-1]:
        hint = " For one-hot targets use categorical_accuracy." if labels.shape == y_pred.shape else ""
        raise ShapeError(
            f"{name} takes one whole number per sample; y_true has shape {labels.shape} and y_pred {y_pred.shape}. "
            f"Expected y_true of shape {y_pred.shape[:-1]}.{hint}"
        )
    return labels


def _among_top(labels: Any, y_pred: Any, k: int) -> Any:
    """Fewer than ``k`` predictions are larger than the one at the label."""
    classes = y_pred.shape[-1]
    at_label = sum(where(one_hot(labels, classes, dtype=dt.bool_), y_pred, 0), -1)
    at_label = where(isnan(at_label), float("-inf"), at_label)
    larger = sum(astype(greater(y_pred, expand_dims(at_label, -1)), dt.int32), -1)
    valid = logical_and(greater_equal(labels, 0), less(labels, classes))
    return astype(logical_and(valid, less_equal(larger, k - 1)), dt.float32)


# As metrics -----------------------------------------------------------------------------------------------------------


class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets."""

    direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often ``y_pred > threshold`` agrees with targets of 0 and 1."""

    direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        check_numbers(self, "[0, 1]", threshold=threshold)
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for one-hot targets."""

    direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the right one, for whole-number targets."""

    direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the ``k`` most probable, for one-hot targets."""

    direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        check_integers(self, "[1, inf)", k=k)
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the ``k`` most probable, for whole-number targets."""

    direction = "up"

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None) -> None:
        check_integers(self, "[1, inf)", k=k)
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
