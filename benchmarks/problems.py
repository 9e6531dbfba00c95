"""What is trained: data, initial weights and sizes, the same for every contestant, made with NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Perceptron:
    """A chain of dense layers on rows in memory, which are shuffled in each epoch.

    A ``sigmoid`` network is sigmoid throughout and minimizes the mean squared error by SGD; a ``relu`` network ends in
    logits and minimizes the cross-entropy by Adam.

    Attributes:
        sizes: of the input, and of each layer.
        kind: "sigmoid" or "relu".
        rows, batch, epochs: what one fit goes through.
        rate: the learning rate.
    """

    sizes: tuple[int, ...]
    kind: str
    rows: int
    batch: int
    epochs: int
    rate: float

    @property
    def tiny(self) -> Perceptron:
        """One of the same kind that is next to nothing."""
        return replace(self, sizes=(4, 3, 2), rows=64, batch=16, epochs=1)

    @property
    def steps(self) -> int:
        """The number of steps of one fit."""
        return self.epochs * -(-self.rows // self.batch)

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows, float32, and what is to be learned of them: 0.0 or 1.0 in one column, or the number of a class."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.rows, self.sizes[0]), np.float32)
        if self.kind == "sigmoid":
            return x, (x.sum(1, keepdims=True) > 0).astype(np.float32)
        centers = rng.standard_normal((self.sizes[-1], self.sizes[0]), np.float32)
        y = rng.integers(0, self.sizes[-1], self.rows, np.int32)
        for start in range(0, self.rows, 1024):  # no temporary array as large as the data: peaks of memory are measured
            x[start : start + 1024] += 0.1 * centers[y[start : start + 1024]]
        return x, y

    @property
    def weights(self) -> Weights:
        """A kernel and a bias for each layer, float32: Glorot's uniform distribution, and zeros."""
        rng, result = np.random.default_rng(1), []
        for rows, columns in pairwise(self.sizes):
            limit = (6 / (rows + columns)) ** 0.5
            result += [rng.uniform(-limit, limit, (rows, columns)).astype(np.float32), np.zeros(columns, np.float32)]
        return result

    def loss(self, weights: Weights) -> float:
        """The loss over the first rows (2,000 at most), in float64, whoever trained the weights."""
        x, y = (part[:2000] for part in self.data)
        z = x.astype(np.float64)
        for i in range(0, len(weights), 2):
            z = z @ np.asarray(weights[i], np.float64) + np.asarray(weights[i + 1], np.float64)
            if self.kind == "sigmoid":
                z = 1 / (1 + np.exp(-z))
            elif i + 2 < len(weights):
                z = np.maximum(z, 0)
        if self.kind == "sigmoid":
            return float(((z - y) ** 2).mean())
        z -= z.max(1, keepdims=True)
        return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean())


@dataclass(frozen=True)
class Classifier:
    """A model of medium size as Keras's users write it, trained by Adam on a cross-entropy.

    Attributes:
        kind: "normalized": a perceptron with batch normalization and dropout; "embedding": vectors of words, side by
            side, under two dense layers.
        rows, batch, epochs: what one fit goes through.
    """

    kind: str
    rows: int
    batch: int
    epochs: int
    features: int = 128
    width: int = 256
    words: int = 5000
    length: int = 20
    classes: int = 10

    @property
    def steps(self) -> int:
        """The number of steps of one fit."""
        return self.epochs * -(-self.rows // self.batch)

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows, of float32 features or int32 words, and the number of each one's class."""
        rng = np.random.default_rng(0)
        y = rng.integers(0, self.classes, self.rows, np.int32)
        if self.kind == "normalized":
            centers = rng.standard_normal((self.classes, self.features), np.float32)
            return rng.standard_normal((self.rows, self.features), np.float32) + 0.3 * centers[y], y
        x = rng.integers(0, self.words, (self.rows, self.length), np.int32)
        telling = rng.random(x.shape) < 0.3  # words whose number leaves the class as remainder
        return np.where(telling, x - x % self.classes + y[:, None], x).astype(np.int32), y


@dataclass(frozen=True)
class Table:
    """Rows to shuffle and batch.

    Attributes:
        rows, features, batch: how many rows of how many float32, and how many of them make a batch.
    """

    rows: int
    features: int
    batch: int

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows, and an int32 for each."""
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.rows, self.features), np.float32), np.arange(self.rows, dtype=np.int32)


@dataclass(frozen=True)
class Scalar:
    """A function of one number with five operations in each turn: a sine, two products, a sum and an exponential."""

    turns: int

    def function(self, sin: Callable[[Any], Any], exp: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function, in a library's own sine and exponential."""

        def function(x: Any) -> Any:
            y = x
            for _ in range(self.turns):
                y = exp(sin(y) * x + y * -0.5)
            return y

        return function


@dataclass(frozen=True)
class Op:
    """One operation at a time, whose result nobody keeps.

    Attributes:
        call: the operation, of ``a`` and ``b`` (32x10) and ``w`` (10x10), in functions named as NumPy's.
        times: so many in a row.
    """

    call: str
    times: int = 500

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The operands, float32."""
        rng = np.random.default_rng(0)
        shapes = {"a": (32, 10), "b": (32, 10), "w": (10, 10)}
        return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}

    def loop(self, **names: Any) -> Callable[[], None]:
        """The operation in a row, without the cost of a function call around it."""
        space = dict(names)
        exec(f"def run():\n    for _ in range({self.times}):\n        {self.call}", space)
        return space["run"]


@dataclass(frozen=True)
class Tape:
    """Additions that a tape records, each of the result of the one before; no gradient is asked for."""

    length: int

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """What to begin with and what to add, 32x10."""
        arrays = Op("").arrays
        return arrays["a"], arrays["b"]
