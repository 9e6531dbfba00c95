"""Metrics counted from a table of right and wrong answers: precision, recall, the counts themselves, and AUC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..activations import sigmoid
from ..arguments import check_integers, check_list, check_numbers
from ..errors import ShapeError, unknown_name
from ..losses.shapes import aligned, beside, divide_or_zero, prediction, weighted
from ..ops.elementwise import astype, greater, less, log, logical_and, logical_not, maximum, minimum, not_equal, where
from ..ops.indexing import getitem
from ..ops.reduction import argsort, mean, sum
from ..ops.shape import broadcast_to, reshape, squeeze
from ..tensor import tensor
from .base import Metric

FUZZ = 1e-7
"""Keras's epsilon: how far AUC's outer thresholds lie outside the unit interval."""

KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")
"""The four counts, in the order of `Confusion.counts`."""


class Confusion(Metric):
    """Counts, for each threshold, of true and false positives and negatives; subclasses say which they keep.

    Args:
        kept: the counts to keep, of ``true_positives``, ``false_positives``, ``true_negatives``, ``false_negatives``.
        thresholds: predictions above it are positive; several give a count each.
        top_k: only the ``k`` largest predictions of the last axis can be positive; without thresholds all of them are.
        class_id: look only at this class of the last axis.
    """

    columns: tuple[int, ...] = ()
    """How many columns of predictions are counted apart, where they are."""

    def __init__(
        self,
        kept: Iterable[str],
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if isinstance(thresholds, Iterable) and not isinstance(thresholds, str):
            check_list(self, "[-inf, inf]", thresholds=thresholds)
        else:
            check_numbers(self, "[-inf, inf]", optional=True, thresholds=thresholds)
        check_integers(self, "[1, inf)", optional=True, top_k=top_k)
        check_integers(self, "[0, inf)", optional=True, class_id=class_id)
        self.given_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = 0.5 if top_k is None else float("-inf")
        chosen = default if thresholds is None else thresholds
        self.thresholds = [float(one) for one in chosen] if isinstance(chosen, Iterable) else [float(chosen)]
        if thresholds is not None and not all(0 <= one <= 1 for one in self.thresholds):
            raise ValueError(f"thresholds are probabilities, 0 to 1; got {thresholds!r}.")
        self.counts = {kind: self.add_variable((len(self.thresholds),), name=kind) for kind in kept}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = prediction(y_pred, self.dtype)
        y_true = beside(y_true, y_pred)
        y_true, y_pred = aligned(y_true, y_pred, self.name)
        weight = None
        if sample_weight is not None:
            weight = weighted(y_pred, sample_weight)[1]
            weight = squeeze(weight, -1) if len(weight.shape) > len(y_pred.shape) else weight
            weight = broadcast_to(weight, y_pred.shape)
        if self.top_k is not None:
            place = argsort(argsort(y_pred, axis=-1, descending=True), axis=-1)
            y_pred = where(less(place, self.top_k), y_pred, float("-inf"))
        if self.class_id is not None:
            if len(y_pred.shape) < 2:
                raise ShapeError(f"class_id needs predictions of shape (samples, classes); got {y_pred.shape}.")
            y_true, y_pred = getitem(y_true, (..., self.class_id)), getitem(y_pred, (..., self.class_id))
            weight = None if weight is None else getitem(weight, (..., self.class_id))
        rows = (1, -1, *self.columns)
        limits = tensor(self.thresholds, self.dtype, backend=y_pred.backend)
        said = greater(reshape(y_pred, rows), reshape(limits, (-1, *[1] * (len(rows) - 1))))
        is_so = reshape(not_equal(y_true, 0), rows)
        cells = {
            "true_positives": lambda: logical_and(is_so, said),
            "false_positives": lambda: logical_and(logical_not(is_so), said),
            "true_negatives": lambda: logical_and(logical_not(is_so), logical_not(said)),
            "false_negatives": lambda: logical_and(is_so, logical_not(said)),
        }
        for kind, count in self.counts.items():
            chosen = astype(cells[kind](), self.dtype)
            count.assign_add(sum(chosen if weight is None else chosen * reshape(weight, rows), 1))

    def _one_or_all(self, value: Any) -> Any:
        """A number for one threshold, a vector for several."""
        return getitem(value, 0) if len(self.thresholds) == 1 else value

    def __getattr__(self, name: str) -> Any:
        """The counts are attributes too: ``metric.true_positives``."""
        counts = self.__dict__.get("counts", {})
        if name in counts:
            return counts[name]
        return self._without(name)

    def get_config(self) -> dict[str, Any]:
        given = self.given_thresholds
        return super().get_config() | {"thresholds": list(given) if isinstance(given, Iterable) else given}


class _Share(Confusion):
    """True positives as a share of them and one other count."""

    other = ""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(("true_positives", self.other), thresholds, top_k, class_id, name, dtype)

    def result(self) -> Any:
        right, wrong = self.counts["true_positives"].value, self.counts[self.other].value
        return self._one_or_all(divide_or_zero(right, right + wrong))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """The share of right answers among the positive ones: ``tp / (tp + fp)``."""

    direction = "up"

    other = "false_positives"


class Recall(_Share):
    """The share of what is positive that was found: ``tp / (tp + fn)``."""

    direction = "up"

    other = "false_negatives"


class _Count(Confusion):
    """One count."""

    kind = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__((self.kind,), thresholds, name=name, dtype=dtype)

    def result(self) -> Any:
        return self._one_or_all(self.counts[self.kind].value)


class TruePositives(_Count):
    """How many positive answers are right."""

    direction = "up"

    kind = "true_positives"


class FalsePositives(_Count):
    """How many positive answers are wrong."""

    direction = "down"

    kind = "false_positives"


class TrueNegatives(_Count):
    """How many negative answers are right."""

    direction = "up"

    kind = "true_negatives"


class FalseNegatives(_Count):
    """How many negative answers are wrong."""

    direction = "down"

    kind = "false_negatives"


class AUC(Confusion):
    """The area under the ROC curve (or the precision-recall curve), approximated at ``num_thresholds`` thresholds.

    Args:
        num_thresholds: how many, two of them just outside the unit interval.
        curve: ``"ROC"`` or ``"PR"``.
        summation_method: ``"interpolation"`` (trapezoids; for PR Davis and Goadrich, 2006), ``"minoring"`` or
            ``"majoring"`` (lower or upper rectangles).
        name: the name it is reported under.
        dtype: the dtype of its variables.
        thresholds: the inner thresholds, instead of evenly spaced ones.
        multi_label: whether predictions are (samples, labels), each label has an area of its own, and the mean of
            these is the result; otherwise all of them are taken together.
        num_labels: how many labels there are, where the areas of none are to be known before the first batch.
        label_weights: a weight for each label's area, or for its predictions where they are taken together.
        from_logits: whether predictions are logits.
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if num_labels is not None and not multi_label:
            raise ValueError("AUC takes num_labels with multi_label=True alone.")
        if curve not in ("ROC", "PR"):
            raise unknown_name("curve", curve, ("ROC", "PR"))
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise unknown_name("summation method", summation_method, ("interpolation", "minoring", "majoring"))
        if thresholds is None:
            check_integers(self, "[2, inf)", num_thresholds=num_thresholds)
        else:
            check_list(self, "[0, 1]", thresholds=thresholds)
        inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)] if thresholds is None else thresholds
        super().__init__(() if multi_label else KINDS, [0.0, *sorted(inner), 1.0], name=name, dtype=dtype)
        self.thresholds[0], self.thresholds[-1] = -FUZZ, 1.0 + FUZZ
        self.given_thresholds, self.num_thresholds = thresholds, len(self.thresholds)
        self.curve, self.summation_method, self.from_logits = curve, summation_method, from_logits
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else [float(one) for one in label_weights]
        if num_labels is not None:
            self._make(num_labels)

    def build(self, y_pred: Any) -> None:
        """Make the variables for predictions of this shape, unless they are there.

        Raises:
            ShapeError: unless it is (samples, labels).
        """
        if self.multi_label and len(y_pred.shape) != 2:
            raise ShapeError(f"{self.name} needs predictions of shape (samples, labels); got {tuple(y_pred.shape)}.")
        if not self.counts:
            self._make(y_pred.shape[1], y_pred)

    def _make(self, labels: int, y_pred: Any = None) -> None:
        self.columns = (labels,)
        shape = (self.num_thresholds, labels)
        self.counts = {kind: self._add_beside(y_pred, shape, kind) for kind in KINDS}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = prediction(y_pred, self.dtype)
        self.build(y_pred)
        if self.label_weights is not None and not self.multi_label:
            each = tensor(self.label_weights, self.dtype, backend=y_pred.backend)
            whole = 1.0 if sample_weight is None else weighted(y_pred, sample_weight)[1]
            sample_weight = broadcast_to(whole * each, y_pred.shape)
        super().update_state(y_true, sigmoid(y_pred) if self.from_logits else y_pred, sample_weight)

    def result(self) -> Any:
        if not self.counts:
            raise ValueError(f"{self.name} has no result before its first batch. Give it one with update_state.")
        areas = self._areas()
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return mean(areas)
        each = tensor(self.label_weights, self.dtype, backend=areas.backend)
        return divide_or_zero(sum(areas * each), sum(each))

    def _areas(self) -> Any:
        tp, fp, tn, fn = (variable.value for variable in self.counts.values())
        recall = divide_or_zero(tp, tp + fn)
        if self.curve == "ROC":
            return self._area(divide_or_zero(fp, fp + tn), recall)
        if self.summation_method != "interpolation":
            return self._area(recall, divide_or_zero(tp, tp + fp))
        return _interpolated_precision(tp, fp, fn)

    def _area(self, x: Any, y: Any) -> Any:
        before, after = y[:-1], y[1:]
        heights = {
            "interpolation": lambda: 0.5 * (before + after),
            "minoring": lambda: minimum(before, after),
            "majoring": lambda: maximum(before, after),
        }
        return sum((x[:-1] - x[1:]) * heights[self.summation_method](), 0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }


def _interpolated_precision(tp: Any, fp: Any, fn: Any) -> Any:
    """The area under precision over recall where true positives are linear in positives between two thresholds.

    With ``slope = dTP / dP`` and ``intercept = TP - slope * P`` the integral of TP / P over P is
    ``slope * (dTP + intercept * log(P_after / P_before))`` (Davis and Goadrich, "The relationship between
    precision-recall and ROC curves", 2006).
    """
    positives = tp + fp
    step, positive_step = tp[:-1] - tp[1:], positives[:-1] - positives[1:]
    slope = divide_or_zero(step, maximum(positive_step, 0.0))
    intercept = tp[1:] - slope * positives[1:]
    both = logical_and(greater(positives[:-1], 0), greater(positives[1:], 0))
    ratio = where(both, divide_or_zero(positives[:-1], positives[1:]), 1.0)
    area = slope * (step + intercept * log(where(greater(ratio, 0), ratio, 1.0)))
    return sum(divide_or_zero(area, maximum(tp[1:] + fn[1:], 0.0)), 0)
