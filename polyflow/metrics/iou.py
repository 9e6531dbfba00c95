"""Intersection over union: how far what was predicted as a class covers what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arguments import ANY, check_integers
from ..losses.shapes import prediction
from ..ops import creation, indexing
from ..ops.elementwise import astype, greater, greater_equal, not_equal, where
from ..ops.linalg import matrix_transpose
from ..ops.reduction import argmax, sum
from ..ops.shape import broadcast_to, reshape
from ..tensor import asarray
from .base import Metric

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


class _IoU(Metric):
    """Counts pairs of classes in a table (the true one's row, the predicted one's column).

    Args:
        num_classes: how many classes there are.
        ignore_class: a class whose elements are not counted.
        sparse_y_true, sparse_y_pred: whether classes come as whole numbers, or as rows whose largest number counts.
        axis: the axis of those rows.
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        check_integers(self, "[1, inf)", num_classes=num_classes)
        check_integers(self, ANY, optional=True, ignore_class=ignore_class)
        self.num_classes, self.ignore_class, self.axis = int(num_classes), ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable((self.num_classes, self.num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = asarray(y_true), asarray(y_pred)
        self._count(
            true if self.sparse_y_true else argmax(true, axis=self.axis),
            pred if self.sparse_y_pred else argmax(pred, axis=self.axis),
            sample_weight,
        )

    def _count(self, true: Any, pred: Any, sample_weight: Any) -> None:
        shape = true.shape
        true, pred = (reshape(astype(one, "int64"), (-1,)) for one in (true, pred))
        weight = creation.ones_like(true, self.dtype)
        if sample_weight is not None:
            given = astype(asarray(sample_weight), self.dtype)
            given = reshape(given, given.shape + (1,) * (len(shape) - len(given.shape)))
            weight = reshape(broadcast_to(given, shape), (-1,))
        if self.ignore_class is not None:
            counts = not_equal(true, self.ignore_class)
            if not 0 <= self.ignore_class < self.num_classes:
                true, pred = where(counts, true, 0), where(counts, pred, 0)
            weight = where(counts, weight, 0.0)
        self.total_cm.assign(indexing.index_add(self.total_cm.value, (true, pred), weight))

    def _each(self) -> tuple[Any, Any]:
        """For each class its intersection over union (0 where it never occurs), and whether it occurs."""
        table = self.total_cm.value
        within = indexing.getitem(reshape(table, (-1,)), slice(None, None, self.num_classes + 1))
        union = sum(table, 0) + sum(matrix_transpose(table), 0) - within
        occurs = greater(union, 0)
        return where(occurs, within / where(occurs, union, 1.0), 0.0), occurs

    def _mean(self, values: Any, occurs: Any) -> Any:
        count = sum(astype(occurs, self.dtype))
        return sum(values) / where(greater(count, 0), count, 1.0)

    def result(self) -> Any:
        """The mean over the classes that occur."""
        return self._mean(*self._each())

    def get_config(self) -> dict[str, Any]:
        own = {"num_classes": self.num_classes, "ignore_class": self.ignore_class, "axis": self.axis}
        return super().get_config() | own | {"sparse_y_true": self.sparse_y_true, "sparse_y_pred": self.sparse_y_pred}


class MeanIoU(_IoU):
    """The mean of ``intersection / union`` over all classes that occur: ``tp / (tp + fp + fn)`` of each."""


class IoU(_IoU):
    """The mean of ``intersection / union`` over the classes ``target_class_ids``."""

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: Any = None, dtype: Any = None, **options: Any
    ) -> None:
        super().__init__(num_classes, name, dtype, **options)
        self.target_class_ids = [int(one) for one in target_class_ids]
        wrong = [one for one in self.target_class_ids if not 0 <= one < num_classes]
        if wrong or not self.target_class_ids:
            raise ValueError(f"target_class_ids are classes from 0 to {num_classes - 1}; got {target_class_ids!r}.")

    def result(self) -> Any:
        """The mean over the target classes that occur."""
        return self._mean(*(indexing.take(part, self.target_class_ids, axis=0) for part in self._each()))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"target_class_ids": self.target_class_ids}


class BinaryIoU(IoU):
    """`IoU` of two classes, where predictions of ``threshold`` and more are class 1."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, greater_equal(prediction(y_pred, self.dtype), self.threshold), sample_weight)

    def get_config(self) -> dict[str, Any]:
        config = Metric.get_config(self)
        return config | {"target_class_ids": self.target_class_ids, "threshold": self.threshold}


class _OfRows:
    """What the metrics of rows do not say in their configuration: that the targets are rows."""

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()  # pyright: ignore[reportAttributeAccessIssue]
        del config["sparse_y_true"]
        return config


class OneHotIoU(_OfRows, IoU):
    """`IoU` of rows with a number for each class, the largest of which counts."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        options = {"ignore_class": ignore_class, "sparse_y_pred": sparse_y_pred, "axis": axis}
        super().__init__(num_classes, target_class_ids, name, dtype, sparse_y_true=False, **options)


class OneHotMeanIoU(_OfRows, MeanIoU):
    """`MeanIoU` of rows with a number for each class, the largest of which counts."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, name, dtype, ignore_class, sparse_y_true=False, sparse_y_pred=sparse_y_pred, axis=axis
        )
