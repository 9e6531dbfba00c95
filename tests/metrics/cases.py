"""One table of metrics with data that suits them, for every test that goes through all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A metric class, its arguments, and which targets and predictions to give it."""

    name: str
    true: str
    pred: str
    options: dict = {}

    def __str__(self):
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.options.items())}) {self.true} {self.pred}"


CASES = [
    Case("MeanSquaredError", "real", "other"),
    Case("MeanSquaredError", "sequence", "other_sequence"),
    Case("RootMeanSquaredError", "real", "other"),
    Case("RootMeanSquaredError", "numbers", "score"),
    Case("MeanAbsoluteError", "real", "other"),
    Case("MeanAbsolutePercentageError", "real", "other"),
    Case("MeanSquaredLogarithmicError", "real", "other"),
    Case("CosineSimilarity", "real", "other"),
    Case("LogCoshError", "real", "other"),
    Case("Hinge", "binary", "other"),
    Case("SquaredHinge", "binary", "other"),
    Case("CategoricalHinge", "one_hot", "other"),
    Case("KLDivergence", "probabilities", "scores"),
    Case("Poisson", "binary", "scores"),
    Case("BinaryCrossentropy", "binary", "scores"),
    Case("BinaryCrossentropy", "binary", "other", {"from_logits": True, "label_smoothing": 0.1}),
    Case("CategoricalCrossentropy", "one_hot", "probabilities"),
    Case("CategoricalCrossentropy", "one_hot", "other", {"from_logits": True, "label_smoothing": 0.1}),
    Case("SparseCategoricalCrossentropy", "labels", "probabilities"),
    Case("SparseCategoricalCrossentropy", "column", "other", {"from_logits": True}),
    Case("SparseCategoricalCrossentropy", "labels", "other", {"from_logits": True, "ignore_class": 2}),
    Case("Accuracy", "labels", "guesses"),
    Case("BinaryAccuracy", "binary", "scores"),
    Case("BinaryAccuracy", "truth", "score", {"threshold": 0.3}),
    Case("BinaryAccuracy", "truth", "score_column"),
    Case("BinaryAccuracy", "truth_column", "score_column"),
    Case("CategoricalAccuracy", "one_hot", "other"),
    Case("SparseCategoricalAccuracy", "labels", "other"),
    Case("SparseCategoricalAccuracy", "column", "other"),
    Case("SparseCategoricalAccuracy", "words", "other_sequence"),
    Case("TopKCategoricalAccuracy", "one_hot", "other", {"k": 2}),
    Case("TopKCategoricalAccuracy", "one_hot", "other", {"k": 9}),
    Case("SparseTopKCategoricalAccuracy", "labels", "other", {"k": 2}),
    Case("SparseTopKCategoricalAccuracy", "words", "other_sequence", {"k": 3}),
    Case("Precision", "binary", "scores"),
    Case("Precision", "truth", "score", {"thresholds": 0.3}),
    Case("Precision", "binary", "scores", {"thresholds": [0.1, 0.35, 0.5]}),
    Case("Precision", "binary", "scores", {"top_k": 2}),
    Case("Precision", "binary", "scores", {"class_id": 1, "thresholds": 0.4}),
    Case("Precision", "binary", "scores", {"class_id": 1, "top_k": 3}),
    Case("Recall", "binary", "scores", {"thresholds": 0.4}),
    Case("Recall", "truth", "score"),
    Case("Recall", "binary", "scores", {"top_k": 2}),
    Case("TruePositives", "binary", "scores", {"thresholds": 0.4}),
    Case("FalsePositives", "binary", "scores", {"thresholds": [0.2, 0.4]}),
    Case("TrueNegatives", "truth", "score"),
    Case("FalseNegatives", "binary", "scores"),
    Case("F1Score", "one_hot", "scores"),
    Case("F1Score", "binary", "scores", {"average": "micro", "threshold": 0.4}),
    Case("F1Score", "binary", "scores", {"average": "macro", "threshold": 0.5}),
    Case("F1Score", "one_hot", "scores", {"average": "weighted"}),
    Case("FBetaScore", "binary", "scores", {"average": "weighted", "beta": 2.0, "threshold": 0.6}),
    Case("R2Score", "real", "other"),
    Case("R2Score", "numbers", "score_column"),
    Case("R2Score", "real", "other", {"class_aggregation": None}),
    Case("R2Score", "real", "other", {"class_aggregation": "variance_weighted_average", "num_regressors": 3}),
    Case("PrecisionAtRecall", "truth", "score", {"recall": 0.4}),
    Case("PrecisionAtRecall", "binary", "scores", {"recall": 0.7, "num_thresholds": 1}),
    Case("RecallAtPrecision", "truth", "score", {"precision": 0.6}),
    Case("SensitivityAtSpecificity", "truth", "score", {"specificity": 0.5, "num_thresholds": 30}),
    Case("SensitivityAtSpecificity", "truth", "score", {"specificity": 1.0}),
    Case("SpecificityAtSensitivity", "binary", "scores", {"sensitivity": 0.5, "class_id": 1}),
    Case("MeanIoU", "labels", "guesses", {"num_classes": 5, "dtype": "float32"}),
    Case("MeanIoU", "labels", "guesses", {"num_classes": 5, "ignore_class": 2, "dtype": "float32"}),
    Case("MeanIoU", "labels", "guesses", {"num_classes": 6, "ignore_class": -1, "dtype": "float32"}),
    Case("IoU", "labels", "guesses", {"num_classes": 5, "target_class_ids": [0, 3], "dtype": "float32"}),
    Case("BinaryIoU", "truth", "score", {"target_class_ids": [1], "threshold": 0.3, "dtype": "float32"}),
    Case("OneHotIoU", "one_hot", "scores", {"num_classes": 5, "target_class_ids": [1, 2], "dtype": "float32"}),
    Case("OneHotMeanIoU", "one_hot", "scores", {"num_classes": 5, "dtype": "float32"}),
    Case("AUC", "truth", "score"),
    Case("AUC", "truth", "score", {"curve": "PR"}),
    Case("AUC", "binary", "scores", {"curve": "PR", "summation_method": "minoring"}),
    Case("AUC", "binary", "other", {"from_logits": True, "summation_method": "majoring"}),
    Case("AUC", "binary", "scores", {"thresholds": [0.1, 0.3, 0.7]}),
]


def data(seed: int = 0, rows: int = 8, classes: int = 5) -> dict[str, np.ndarray]:
    """Targets and predictions by the names that the cases use."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.02, 0.98, (rows, classes)).astype("float32")
    labels = draw.integers(0, classes, rows).astype("int32")
    truth = draw.integers(0, 2, rows).astype("int32")
    score = draw.random(rows).astype("float32")
    return {
        "real": draw.normal(size=(rows, classes)).astype("float32") * 2 + 0.1,
        "other": draw.normal(size=(rows, classes)).astype("float32") * 2,
        "sequence": draw.normal(size=(rows, 3, classes)).astype("float32"),
        "other_sequence": draw.normal(size=(rows, 3, classes)).astype("float32"),
        "numbers": draw.normal(size=rows).astype("float32"),
        "words": draw.integers(0, classes, (rows, 3)),
        "scores": scores,
        "probabilities": scores / scores.sum(-1, keepdims=True),
        "binary": (draw.random((rows, classes)) > 0.5).astype("float32"),
        "one_hot": np.eye(classes, dtype="float32")[labels],
        "labels": labels,
        "guesses": np.where(draw.random(rows) > 0.4, labels, 0).astype("float32"),
        "column": labels[:, None],
        "truth": truth,
        "truth_column": truth[:, None],
        "score": score,
        "score_column": score[:, None],
    }
