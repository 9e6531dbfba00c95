"""Labels outside the classes: checked on the host, where a message can name the label.

Eager losses check by themselves. A compiled step cannot look at its data: whoever feeds it asks `check_labels` first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import LabelError

SPARSE = frozenset({"sparse_categorical_crossentropy"})
BINARY = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})


def needs_label_check(loss: Any) -> bool:
    """Whether `check_labels` has anything to check for this loss."""
    return getattr(getattr(loss, "fn", loss), "__name__", "") in SPARSE | BINARY


def check_labels(loss: Any, y_true: Any, n_classes: int) -> None:
    """Raise LabelError (a ValueError) where a label is none of the classes that ``loss`` distinguishes.

    Args:
        loss: a Loss or a loss function; only sparse and binary cross-entropies have labels to check.
        y_true: the targets of a batch or a data set, as a NumPy array.
        n_classes: the size of the predictions' class axis.
    """
    name = getattr(getattr(loss, "fn", loss), "__name__", "")
    if name in SPARSE:
        check_classes(np.asarray(y_true), n_classes, getattr(loss, "options", {}).get("ignore_class"))
    elif name in BINARY:
        check_binary(np.asarray(y_true))


def check_classes(labels: np.ndarray, n_classes: int, ignored: int | None = None) -> None:
    """Raise LabelError unless every label is a whole number from 0 to ``n_classes - 1``, or ``ignored``."""
    right = (labels >= 0) & (labels < n_classes)
    if labels.dtype.kind not in "biu":
        right &= labels == np.floor(labels)
    if ignored is not None:
        right |= labels == ignored
    if not right.all():
        wrong = labels[~right].flat[0]
        raise LabelError(
            f"label {wrong} is none of the {n_classes} classes that the model predicts. Expected whole numbers from 0 "
            f"to {n_classes - 1}. Renumber the labels, or give the last layer one unit per class."
        )


def check_binary(labels: np.ndarray) -> None:
    """Raise LabelError for whole-number labels other than 0 and 1; targets with fractions are probabilities."""
    wrong = (labels != 0) & (labels != 1)
    if wrong.any() and (labels == np.floor(labels)).all():
        raise LabelError(
            f"label {labels[wrong].flat[0]} is neither 0 nor 1, which binary cross-entropy expects. Renumber the "
            "labels, or use sparse_categorical_crossentropy for more than two classes."
        )
