"""One table of losses with data that suits them, for every test that goes through all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A class of losses or metrics, its arguments, and which targets and predictions to give it."""

    name: str
    true: str
    pred: str
    options: dict = {}

    def __str__(self):
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.options.items())}) {self.true} {self.pred}"


CASES = [
    Case("MeanSquaredError", "real", "other"),
    Case("MeanAbsoluteError", "real", "other"),
    Case("MeanAbsolutePercentageError", "real", "other"),
    Case("MeanSquaredLogarithmicError", "real", "other"),
    Case("Huber", "real", "other"),
    Case("Huber", "real", "other", {"delta": 0.3}),
    Case("LogCosh", "real", "other"),
    Case("CosineSimilarity", "real", "other"),
    Case("Hinge", "binary", "other"),
    Case("Hinge", "signs", "other"),
    Case("SquaredHinge", "binary", "other"),
    Case("CategoricalHinge", "one_hot", "other"),
    Case("BinaryCrossentropy", "binary", "scores"),
    Case("BinaryCrossentropy", "binary", "scores", {"label_smoothing": 0.1}),
    Case("BinaryCrossentropy", "binary", "other", {"from_logits": True}),
    Case("BinaryCrossentropy", "binary", "certain"),
    Case("BinaryFocalCrossentropy", "binary", "scores"),
    Case("BinaryFocalCrossentropy", "binary", "other", {"from_logits": True, "gamma": 1.5, "label_smoothing": 0.1}),
    Case("BinaryFocalCrossentropy", "binary", "scores", {"apply_class_balancing": True, "alpha": 0.3}),
    Case("CategoricalCrossentropy", "one_hot", "probabilities"),
    Case("CategoricalCrossentropy", "one_hot", "scores"),
    Case("CategoricalCrossentropy", "one_hot", "certain"),
    Case("CategoricalCrossentropy", "one_hot", "other", {"from_logits": True}),
    Case("CategoricalCrossentropy", "one_hot", "other", {"from_logits": True, "label_smoothing": 0.2}),
    Case("CategoricalFocalCrossentropy", "one_hot", "probabilities"),
    Case("CategoricalFocalCrossentropy", "one_hot", "other", {"from_logits": True, "alpha": [0.1, 0.2, 0.3, 0.2, 0.2]}),
    Case("SparseCategoricalCrossentropy", "labels", "probabilities"),
    Case("SparseCategoricalCrossentropy", "column", "probabilities"),
    Case("SparseCategoricalCrossentropy", "labels", "other", {"from_logits": True}),
    Case("SparseCategoricalCrossentropy", "labels", "other", {"from_logits": True, "ignore_class": 2}),
    Case("SparseCategoricalCrossentropy", "column", "probabilities", {"ignore_class": 1}),
    Case("CategoricalGeneralizedCrossEntropy", "labels", "probabilities", {"q": 0.5}),
    Case("CategoricalGeneralizedCrossEntropy", "labels", "scores", {"q": 0.9}),
    Case("Circle", "labels", "directions"),
    Case("Circle", "labels", "directions", {"gamma": 2.0, "margin": 0.2, "remove_diagonal": False}),
    Case("KLDivergence", "soft", "probabilities"),
    Case("Poisson", "counts", "scores"),
    Case("Dice", "binary", "scores"),
    Case("Dice", "binary", "scores", {"axis": (1,)}),
    Case("Tversky", "binary", "scores", {"alpha": 0.3, "beta": 0.7, "axis": (1,)}),
]


def data(seed: int = 0, rows: int = 7, classes: int = 5) -> dict[str, np.ndarray]:
    """Targets and predictions by the names that the cases use."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.02, 0.98, (rows, classes)).astype("float32")
    labels = draw.integers(0, classes, rows).astype("int32")
    labels[:2] = 1, 2
    soft = draw.random((rows, classes)).astype("float32")
    return {
        "real": draw.normal(size=(rows, classes)).astype("float32") * 2 + 0.1,
        "other": draw.normal(size=(rows, classes)).astype("float32") * 2,
        "scores": scores,
        "probabilities": scores / scores.sum(-1, keepdims=True),
        "directions": scores / np.linalg.norm(scores, axis=-1, keepdims=True),
        "certain": np.eye(classes, dtype="float32")[draw.integers(0, classes, rows)],
        "soft": soft / soft.sum(-1, keepdims=True),
        "binary": (draw.random((rows, classes)) > 0.5).astype("float32"),
        "signs": np.where(draw.random((rows, classes)) > 0.5, 1, -1).astype("float32"),
        "counts": draw.integers(0, 4, (rows, classes)).astype("float32"),
        "one_hot": np.eye(classes, dtype="float32")[labels],
        "labels": labels,
        "column": labels[:, None],
    }


def weights(kind: str | None, rows: int = 7, seed: int = 9) -> np.ndarray | None:
    """Sample weights of shape (rows,) or (rows, 1), one of them 0; or none."""
    if kind is None:
        return None
    drawn = np.random.default_rng(seed).random(rows).astype("float32") * 2
    drawn[1] = 0
    return drawn[:, None] if kind == "column" else drawn
