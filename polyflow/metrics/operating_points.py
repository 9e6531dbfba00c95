"""Metrics of the best threshold: the largest of one rate among those at which another rate is large enough."""

from __future__ import annotations

from typing import Any

from ..arguments import check_integers, check_ranges
from ..losses.shapes import divide_or_zero
from ..ops.elementwise import greater_equal, where
from ..ops.reduction import max
from .confusion import KINDS, Confusion

__all__ = ["PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"]


class _OperatingPoint(Confusion):
    """The largest ``wanted`` rate at a threshold where the ``given`` rate is ``least`` or more; 0 if there is none.

    Args:
        least: what the given rate has to be, 0 to 1.
        num_thresholds: how many thresholds to try, evenly spaced from 0 to 1; a single one is 0.5.
        class_id: look only at this class of the last axis.
    """

    direction = "up"
    given = wanted = ""

    def __init__(
        self, least: float, num_thresholds: int = 200, class_id: int | None = None, name: Any = None, dtype: Any = None
    ) -> None:
        check_ranges(self, {self.given: "[0, 1]"}, {self.given: least})
        check_integers(self, "[1, inf)", num_thresholds=num_thresholds)
        last = num_thresholds - 1
        thresholds = [i / last for i in range(num_thresholds)] if last else [0.5]
        super().__init__(KINDS, thresholds, class_id=class_id, name=name, dtype=dtype)
        self.least, self.num_thresholds = least, num_thresholds

    def result(self) -> Any:
        tp, fp, tn, fn = (variable.value for variable in self.counts.values())
        rates = {
            "precision": lambda: divide_or_zero(tp, tp + fp),
            "recall": lambda: divide_or_zero(tp, tp + fn),
            "sensitivity": lambda: divide_or_zero(tp, tp + fn),
            "specificity": lambda: divide_or_zero(tn, tn + fp),
        }
        return max(where(greater_equal(rates[self.given](), self.least), rates[self.wanted](), 0.0))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {self.given: self.least, "num_thresholds": self.num_thresholds}
        del config["thresholds"]
        return config | {"class_id": self.class_id}


class SensitivityAtSpecificity(_OperatingPoint):
    """The largest ``tp / (tp + fn)`` where ``tn / (tn + fp)`` is ``specificity`` or more."""

    given, wanted = "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_OperatingPoint):
    """The largest ``tn / (tn + fp)`` where ``tp / (tp + fn)`` is ``sensitivity`` or more."""

    given, wanted = "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_OperatingPoint):
    """The largest ``tp / (tp + fp)`` where ``tp / (tp + fn)`` is ``recall`` or more."""

    given, wanted = "recall", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_OperatingPoint):
    """The largest ``tp / (tp + fn)`` where ``tp / (tp + fp)`` is ``precision`` or more."""

    given, wanted = "precision", "recall"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
