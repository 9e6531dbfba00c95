"""Cross-entropies: losses of predicted probabilities, or of the logits they are made of.

Probabilities are divided by their sum, clipped to [1e-7, 1 - 1e-7], and their logarithm taken (Keras, backend/*/nn.py);
binary ones are only clipped.
"""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..arguments import ANY, check_integers
from ..errors import ShapeError
from ..flow import notes
from ..ops.elementwise import astype, clip, greater_equal, less, log, logical_and, not_equal, where
from ..ops.elementwise import pow as power
from ..ops.indexing import one_hot
from ..ops.nn import log_softmax, sigmoid, softmax, softplus
from ..ops.reduction import mean, sum
from ..ops.rules import normal_axis
from ..ops.shape import expand_dims, squeeze
from ..tensor import concrete
from .base import LossFunctionWrapper
from .labels import check_classes
from .regression import EPSILON
from .shapes import beside, paired, prediction

_MEAN = "sum_over_batch_size"


# Binary ---------------------------------------------------------------------------------------------------------------


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``-(t log p + (1 - t) log(1 - p))``, averaged over ``axis``.

    Args:
        y_true: targets, 0 to 1.
        y_pred: probabilities, or logits; of the same shape.
        from_logits: whether ``y_pred`` are logits; computed as ``t softplus(-x) + (1 - t) softplus(x)``.
        label_smoothing: moves targets towards 0.5: ``t (1 - s) + s / 2``.
        axis: the axis of the mean.
    """
    y_true, y_pred = paired(y_true, y_pred, "binary_crossentropy")
    return mean(_binary(_smooth(y_true, label_smoothing, 2), y_pred, from_logits), axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy times ``(1 - q)**gamma``, where ``q`` is the probability given to the right class.

    With ``apply_class_balancing`` class 1 also weighs ``alpha`` and class 0 ``1 - alpha``. (Lin et al., "Focal loss for
    dense object detection", 2017.) Other arguments as `binary_crossentropy`.
    """
    y_true, y_pred = paired(y_true, y_pred, "binary_focal_crossentropy")
    target = _smooth(y_true, label_smoothing, 2)
    p = sigmoid(y_pred) if from_logits else y_pred
    right = target * p + (1.0 - target) * (1.0 - p)
    loss = power(1.0 - right, gamma) * _binary(target, p, False)
    if apply_class_balancing:
        loss = (target * alpha + (1.0 - target) * (1.0 - alpha)) * loss
    return mean(loss, axis)


def _binary(target: Any, y_pred: Any, from_logits: bool) -> Any:
    if from_logits:
        return target * softplus(-y_pred) + (1.0 - target) * softplus(y_pred)
    p = clip(y_pred, EPSILON, 1.0 - EPSILON)
    return -(target * log(p) + (1.0 - target) * log(1.0 - p))


# Categorical ----------------------------------------------------------------------------------------------------------


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``-sum(t log p)`` over ``axis``, on which the classes lie.

    Args:
        y_true: one probability per class (one-hot rows, usually); of ``y_pred``'s shape.
        y_pred: probabilities, or logits.
        from_logits: whether ``y_pred`` are logits.
        label_smoothing: moves targets towards the uniform distribution: ``t (1 - s) + s / classes``.
        axis: the axis of the classes.
    """
    y_true, y_pred = _categorical_pair(y_true, y_pred, "categorical_crossentropy", axis)
    target = _smooth(y_true, label_smoothing, y_pred.shape[axis])
    return -sum(target * _log_probabilities(y_pred, from_logits, axis), axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``-sum(alpha (1 - p)**gamma t log p)`` over ``axis``; ``alpha`` is a number, or one per class.

    (Lin et al., "Focal loss for dense object detection", 2017.) Other arguments as `categorical_crossentropy`.
    """
    y_true, y_pred = _categorical_pair(y_true, y_pred, "categorical_focal_crossentropy", axis)
    target = _smooth(y_true, label_smoothing, y_pred.shape[axis])
    p = _clipped(softmax(y_pred, axis=axis) if from_logits else y_pred, axis)
    weight = power(1.0 - p, gamma) * (alpha if isinstance(alpha, (int, float)) else beside(alpha, y_pred))
    return sum(weight * (-target * log(p)), axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """``-log p[label]`` along ``axis``, on which the classes lie.

    Args:
        y_true: a whole number per sample, from 0 to one less than the number of classes; of ``y_pred``'s shape without
            ``axis`` (or with size 1 there).
        y_pred: probabilities, or logits.
        from_logits: whether ``y_pred`` are logits.
        ignore_class: a label whose samples have loss 0 (in `SparseCategoricalCrossentropy` they do not count at all).
        axis: the axis of the classes.

    Raises:
        LabelError: for a label outside the classes, when run eagerly; a compiled program's loss is then NaN.
        ShapeError: where the shapes do not fit.
    """
    y_pred = prediction(y_pred)
    labels = _labels(y_true, y_pred, axis)
    classes = y_pred.shape[axis]
    if concrete(labels):
        check_classes(labels.numpy(), classes, ignore_class)
    whole = labels if labels.dtype in dt.INTEGERS else astype(labels, dt.int32)
    chosen = one_hot(whole, classes, axis=normal_axis(axis, len(y_pred.shape)), dtype=dt.bool_)
    valid = logical_and(greater_equal(whole, 0), less(whole, classes))
    wrong = astype(where(valid, 0.0, float("nan")), y_pred.dtype)  # added, so that no gradient goes through a `where`
    if ignore_class is None:
        return wrong - sum(where(chosen, _log_probabilities(y_pred, from_logits, axis), 0), axis)
    known = not_equal(whole, ignore_class)
    shown = where(expand_dims(known, axis), y_pred, 0 if from_logits else 1)  # an ignored row may hold anything
    loss = wrong - sum(where(chosen, _log_probabilities(shown, from_logits, axis), 0), axis)
    return where(known, loss, 0)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 - p[label] ** q) / q``, which wrong labels harm less than `sparse_categorical_crossentropy`.

    (Zhang and Sabuncu, 2018.) For ``q`` near 0 it is that cross-entropy, for 1 the mean absolute error.

    Args:
        y_true: a whole number per sample, from 0 to one less than the number of classes.
        y_pred: probabilities, the classes on the last axis.
        q: a number above 0 and below 1.
    """
    y_pred = prediction(y_pred)
    labels = astype(_labels(y_true, y_pred, -1, "categorical_generalized_cross_entropy"), dt.int32)
    p = sum(y_pred * one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype), -1)
    return (1.0 - power(p, q)) / q


def counted(y_true: Any, y_pred: Any, ignore_class: int, axis: int = -1) -> Any:
    """Which samples have another label than ``ignore_class``."""
    return not_equal(_labels(y_true, prediction(y_pred), axis), ignore_class)


def _labels(y_true: Any, y_pred: Any, axis: int, name: str = "sparse_categorical_crossentropy") -> Any:
    """The labels without an axis for the classes."""
    labels = beside(y_true, y_pred)
    place = normal_axis(axis, len(y_pred.shape))
    if len(labels.shape) == len(y_pred.shape) and labels.shape[place] == 1:
        labels = squeeze(labels, place)
    expected = (*y_pred.shape[:place], *y_pred.shape[place + 1 :])
    if labels.shape != expected:
        one_hot_rows = labels.shape == y_pred.shape
        hint = " For one-hot targets use categorical_crossentropy." if one_hot_rows else ""
        raise ShapeError(
            f"{name} takes one whole number per sample; y_true has shape {labels.shape} and "
            f"y_pred {y_pred.shape}. Expected y_true of shape {expected}.{hint}"
        )
    return labels


def _categorical_pair(y_true: Any, y_pred: Any, name: str, axis: int) -> tuple[Any, Any]:
    hint = " For whole-number labels use sparse_categorical_crossentropy."
    y_true, y_pred = paired(y_true, y_pred, name, hint)
    axis = normal_axis(axis, len(y_pred.shape))
    if y_pred.shape[axis] == 1:
        notes.warn(
            f"{name} got predictions of shape {y_pred.shape}, with a single class, which is always certain. "
            "For two classes use binary_crossentropy."
        )
    return y_true, y_pred


def _smooth(target: Any, amount: float, classes: int) -> Any:
    return target * (1.0 - amount) + amount / classes if amount else target


def _clipped(p: Any, axis: int) -> Any:
    return clip(p / sum(p, axis, keepdims=True), EPSILON, 1.0 - EPSILON)


def _log_probabilities(y_pred: Any, from_logits: bool, axis: int) -> Any:
    return log_softmax(y_pred, axis=axis) if from_logits else log(_clipped(y_pred, axis))


# As classes -----------------------------------------------------------------------------------------------------------


class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy` over a batch."""

    ranges = {"label_smoothing": "[0, 1]"}

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **options)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """`binary_focal_crossentropy` over a batch."""

    ranges = {"label_smoothing": "[0, 1]", "alpha": "[0, 1]", "gamma": "[0, inf)"}

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        focus = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **focus, **options)


class CategoricalCrossentropy(LossFunctionWrapper):
    """`categorical_crossentropy` over a batch, for one-hot targets."""

    ranges = {"label_smoothing": "[0, 1]"}

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **options)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """`categorical_focal_crossentropy` over a batch, for one-hot targets."""

    ranges = {"label_smoothing": "[0, 1]", "gamma": "[0, inf)"}

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, alpha=alpha, gamma=gamma, **options)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy` over a batch; samples whose label is ``ignore_class`` do not count."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = _MEAN,
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_integers(self, ANY, optional=True, ignore_class=ignore_class)
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **options)

    def mask(self, y_true: Any, y_pred: Any) -> Any:
        ignored = self.options["ignore_class"]
        return None if ignored is None else counted(y_true, y_pred, ignored, self.options["axis"])


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """`categorical_generalized_cross_entropy` over a batch."""

    ranges = {"q": "(0, 1)"}

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = _MEAN,
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
