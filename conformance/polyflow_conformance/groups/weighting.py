"""train-1, weights of samples and classes, and metrics of epochs: against sums written out in NumPy's float64.

One dense layer with a softmax, whose gradient is a line; batches of 20 of 48 rows, so that the last one holds 8.
Neither polyflow's losses and metrics nor another backend have a part in what is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow import layers, optimizers

from ..case import Case, Trial

GROUP = "train-1"
ROWS, BATCH, EPOCHS, RATE = 48, 20, 3, 0.5
CLASSES = {0: 0.25, 1: 3.0, 2: 1.5}


def cases() -> Iterator[Case]:
    """Training and evaluation, each with what weighs its rows."""
    for op, run in (("sample_weight", _samples), ("class_weight", _classes)):
        yield Case(f"{GROUP}/{op}/float32/fit", run, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/sample_weight/float32/evaluate", _evaluated, (dt.float32, dt.int32), True)


class Problem(NamedTuple):
    """Rows, their classes and weights, and the first values of the layer."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray


def _problem(t: Trial) -> Problem:
    x = t.rng.normal(size=(ROWS, 4))
    weights = t.rng.uniform(0.1, 4.0, ROWS) * (t.rng.random(ROWS) < 0.8)  # some rows count for nothing
    drawn = x, weights, t.rng.normal(size=(4, 3)), t.rng.normal(size=3)
    x, weights, kernel, bias = (one.astype(np.float32) for one in drawn)
    return Problem(x, t.rng.integers(0, 3, ROWS).astype(np.int32), weights, kernel, bias)


def _model(one: Problem) -> Any:
    model = pf.Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    model.set_weights([one.kernel, one.bias])
    metrics = {"metrics": ["accuracy"], "weighted_metrics": ["sparse_categorical_crossentropy"]}
    model.compile(optimizers.SGD(RATE), loss="sparse_categorical_crossentropy", **metrics)
    return model


class Sums:
    """What an epoch reports: losses by rows, the share of hits by rows, and cross-entropies by the weights of rows."""

    def __init__(self) -> None:
        self.rows = self.loss = self.hits = self.weight = self.entropy = 0.0

    def add(self, shares: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
        """A batch's."""
        entropies = -np.log(shares[np.arange(len(y)), y])
        self.rows += len(y)
        self.loss += float((entropies * weights).sum())  # their mean over the batch's rows, times these rows
        self.hits += float((shares.argmax(-1) == y).sum())
        self.weight += float(weights.sum())
        self.entropy += float((entropies * weights).sum())

    def report(self) -> dict[str, float]:
        """By the names of a history."""
        return {
            "loss": self.loss / self.rows,
            "accuracy": self.hits / self.rows,
            "sparse_categorical_crossentropy": self.entropy / self.weight,
        }


def _shares(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    parts = np.exp(x @ kernel + bias)
    return parts / parts.sum(-1, keepdims=True)


def _expected(one: Problem, weights: np.ndarray) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """The reports of the epochs and the layer's weights at their end."""
    x, kernel, bias = (part.astype(np.float64) for part in (one.x, one.kernel, one.bias))
    reports = []
    for _ in range(EPOCHS):
        sums = Sums()
        for start in range(0, ROWS, BATCH):
            rows = slice(start, start + BATCH)
            shares = _shares(x[rows], kernel, bias)
            sums.add(shares, one.y[rows], weights[rows])
            slopes = (shares - np.eye(3)[one.y[rows]]) * weights[rows, None] / len(shares)
            kernel, bias = kernel - RATE * x[rows].T @ slopes, bias - RATE * slopes.sum(0)
        reports.append(sums.report())
    return reports, [kernel, bias]


def _fitted(t: Trial, weights: Callable[[Problem], np.ndarray], options: Callable[[Problem], dict[str, Any]]) -> None:
    one = _problem(t)
    model = _model(one)
    given = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0, **options(one)}
    history = model.fit(one.x, one.y, **given).history
    reports, true = _expected(one, weights(one).astype(np.float64))
    for epoch, report in enumerate(reports):
        found = {name: values[epoch] for name, values in history.items()}
        _compare(t, found, report, f"of epoch {epoch}")
    for found, expected in zip(model.get_weights(), true, strict=True):
        t.within(float(np.abs(found - expected).max()), 2e-5, "the distance of the trained weights")


def _compare(t: Trial, found: dict[str, Any], report: dict[str, float], of: str) -> None:
    t.same(sorted(found), sorted(report), f"the names {of}")
    for name, true in report.items():
        t.within(abs(float(found[name]) - true) / max(abs(true), 0.1), 2e-5, f"the relative distance of {name} {of}")


def _samples(t: Trial) -> None:
    """A weight for each row; a weight of 0 leaves a row out, but not from what divides the loss."""
    _fitted(t, lambda one: one.weights, lambda one: {"sample_weight": one.weights})


def _classes(t: Trial) -> None:
    """A weight for each class is that weight for each of its rows."""
    by_class = np.array([CLASSES[i] for i in range(3)])
    _fitted(t, lambda one: by_class[one.y], lambda one: {"class_weight": CLASSES})


def _evaluated(t: Trial) -> None:
    """Evaluation weighs as training does, and changes nothing."""
    one = _problem(t)
    model, sums = _model(one), Sums()
    x, kernel, bias = (part.astype(np.float64) for part in (one.x, one.kernel, one.bias))
    sums.add(_shares(x, kernel, bias), one.y, one.weights.astype(np.float64))
    options = {"batch_size": BATCH, "verbose": 0, "return_dict": True}
    for _ in range(2):
        found = model.evaluate(one.x, one.y, sample_weight=one.weights, **options)
        _compare(t, found, sums.report(), "of an evaluation")
    for found, given in zip(model.get_weights(), (one.kernel, one.bias), strict=True):
        t.same(found.tolist(), given.tolist(), "the layer's weights after evaluations")
