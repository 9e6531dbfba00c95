"""NumPy as a careful person writes it: every array made beforehand, every result written into one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..problems import Op, Perceptron, Table, Tape
from ..work import Work


def fit(problem: Perceptron, shuffle: bool = True) -> Work:
    """Training with gathered batches, or with contiguous ones that always come in the same order."""
    model = {"sigmoid": SigmoidSGD, "relu": ReluAdam}[problem.kind](problem)
    return Work(lambda: model.fit(shuffle), problem.steps, lambda: problem.loss(model.weights))


def op(problem: Op) -> Work:
    functions = {"add": np.add, "exp": np.exp, "sum": np.sum, "matmul": np.matmul}
    return Work(problem.loop(**functions, **problem.arrays), problem.times)


def recorded(problem: Tape) -> Work:
    """The operations alone: NumPy has no tapes."""
    start, other = problem.arrays

    def run() -> None:
        value, add = start, np.add
        for _ in range(problem.length):
            value = add(value, other)

    return Work(run, problem.length)


class _Network:
    """Rows, weights, and a step for each size of batches."""

    def __init__(self, problem: Perceptron) -> None:
        self.problem, self.weights = problem, problem.weights
        self.x, self.y = problem.data
        self.rng = np.random.default_rng(2)
        self.size = min(problem.batch, problem.rows)
        self.step, left = self.make_step(self.size), problem.rows % self.size
        self.rest = self.make_step(left) if left else None

    def make_step(self, rows: int) -> Callable[[Any, Any], float]:
        """A training step on so many rows; it returns the sum of their losses."""
        raise NotImplementedError

    def fit(self, shuffle: bool) -> list[float]:
        """Train; returns the mean loss of each epoch."""
        step, rest, full = self.step, self.rest, self.problem.rows // self.size
        losses = []
        for _ in range(self.problem.epochs):
            batches, total = self.batches(shuffle), 0.0
            for x, y in islice(batches, full):
                total += step(x, y)
            if rest is not None:
                total += rest(*next(batches))
            losses.append(total / self.problem.rows)
        return losses

    def batches(self, shuffle: bool) -> Iterator[tuple[Any, Any]]:
        """The batches of an epoch. Rows that fit a cache are put in order at once."""
        x, y, size, rows = self.x, self.y, self.size, self.problem.rows
        order = self.rng.permutation(rows) if shuffle else None
        if order is not None and x.nbytes > 1 << 20:
            xb, yb = np.empty((size, *x.shape[1:]), x.dtype), np.empty((size, *y.shape[1:]), y.dtype)
            for i in range(0, rows - size + 1, size):
                taken = order[i : i + size]
                yield x.take(taken, 0, xb, "clip"), y.take(taken, 0, yb, "clip")
            if rows % size:
                taken = order[-(rows % size) :]
                yield x[taken], y[taken]
            return
        if order is not None:
            x, y = x[order], y[order]
        for i in range(0, rows, size):
            yield x[i : i + size], y[i : i + size]


class SigmoidSGD(_Network):
    """Three sigmoid layers, mean squared error, SGD: in straight lines, as a small network deserves."""

    def make_step(self, rows: int) -> Callable[[Any, Any], float]:
        w1, b1, w2, b2, w3, b3 = self.weights
        (_, n1), (_, n2), (_, n3) = w1.shape, w2.shape, w3.shape
        rate, scale = self.problem.rate, 2.0 / (rows * n3)
        h1, h2, h3 = (np.empty((rows, n), np.float32) for n in (n1, n2, n3))
        s1, s2, s3 = (np.empty((rows, n), np.float32) for n in (n1, n2, n3))
        d1, d2, d3 = (np.empty((rows, n), np.float32) for n in (n1, n2, n3))
        e, ones = np.empty((rows, n3), np.float32), np.full(rows, -rate, np.float32)
        g1, g2, g3 = (np.empty_like(w) for w in (w1, w2, w3))
        c1, c2, c3 = (np.empty_like(b) for b in (b1, b2, b3))
        dot, add, multiply, subtract, negative, exp, reciprocal = (
            np.dot, np.add, np.multiply, np.subtract, np.negative, np.exp, np.reciprocal
        )  # fmt: skip
        w2t, w3t, h1t, h2t, e1 = w2.T, w3.T, h1.T, h2.T, e.reshape(-1)

        def sigmoid(h: Any) -> None:
            negative(h, h)
            exp(h, h)
            add(h, 1.0, h)
            reciprocal(h, h)

        def derived(h: Any, s: Any, d: Any) -> None:
            """Multiply d by the derivative h (1 - h)."""
            subtract(1.0, h, s)
            multiply(s, h, s)
            multiply(d, s, d)

        def step(x: Any, y: Any) -> float:
            dot(x, w1, h1)
            add(h1, b1, h1)
            sigmoid(h1)
            dot(h1, w2, h2)
            add(h2, b2, h2)
            sigmoid(h2)
            dot(h2, w3, h3)
            add(h3, b3, h3)
            sigmoid(h3)
            subtract(h3, y, e)
            loss = float(dot(e1, e1))
            multiply(e, scale, d3)
            derived(h3, s3, d3)
            dot(d3, w3t, d2)
            derived(h2, s2, d2)
            dot(d2, w2t, d1)
            derived(h1, s1, d1)
            for a, d, g, c, w, b in ((h2t, d3, g3, c3, w3, b3), (h1t, d2, g2, c2, w2, b2), (x.T, d1, g1, c1, w1, b1)):
                dot(a, d, g)
                multiply(g, rate, g)
                subtract(w, g, w)
                dot(ones, d, c)
                add(b, c, b)
            return loss / n3

        return step


class ReluAdam(_Network):
    """Any number of layers, cross-entropy, Adam: all weights lie in one vector, so that Adam is a dozen calls."""

    def __init__(self, problem: Perceptron) -> None:
        weights = problem.weights
        self.flat = np.concatenate([w.reshape(-1) for w in weights])
        self.gradient, self.m, self.v = (np.zeros_like(self.flat) for _ in range(3))
        self.t = 0
        self.shapes = [w.shape for w in weights]
        super().__init__(problem)
        self.weights = self.views(self.flat)

    def views(self, flat: np.ndarray) -> list[np.ndarray]:
        """The parts of a vector that belong to each weight, in its shape."""
        cuts = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, cuts), self.shapes, strict=True)]

    def make_step(self, rows: int) -> Callable[[Any, Any], float]:
        weights, gradients = self.views(self.flat), self.views(self.gradient)
        kernels, biases = weights[::2], weights[1::2]
        hidden = [np.empty((rows, len(b)), np.float32) for b in biases]
        deltas = [np.empty_like(h) for h in hidden]
        positive = [np.empty(h.shape, np.bool_) for h in hidden]
        top, sums = np.empty((rows, 1), np.float32), np.empty((rows, 1), np.float32)
        ones, numbers, last = np.ones(rows, np.float32), np.arange(rows), len(kernels) - 1
        adam = self.make_adam()

        def step(x: Any, y: Any) -> float:
            a = x
            for i, (w, b, h) in enumerate(zip(kernels, biases, hidden, strict=True)):
                np.dot(a, w, h)
                np.add(h, b, h)
                a = np.maximum(h, 0.0, out=h) if i < last else h
            np.max(a, 1, top, True)
            np.subtract(a, top, a)
            right = a[numbers, y]
            d = np.exp(a, deltas[last])
            np.sum(d, 1, None, sums, True)
            np.divide(d, sums, d)
            loss = float(np.log(sums).sum() - right.sum())
            d[numbers, y] -= 1.0
            np.multiply(d, 1.0 / rows, d)
            for i in range(last, -1, -1):
                a = hidden[i - 1] if i else x
                np.dot(a.T, d, gradients[2 * i])
                np.dot(ones, d, gradients[2 * i + 1])
                if i:
                    lower = np.dot(d, kernels[i].T, deltas[i - 1])
                    d = np.multiply(lower, np.greater(a, 0.0, positive[i - 1]), lower)
            adam()
            return loss

        return step

    def make_adam(self, piece: int = 1 << 14) -> Callable[[], None]:
        """Adam over the whole vector, in pieces that stay in a cache."""
        rate, b1, b2, eps = self.problem.rate, 0.9, 0.999, 1e-7
        scratch = np.empty(piece, np.float32)
        cut = [slice(i, i + piece) for i in range(0, len(self.flat), piece)]
        parts = [(self.flat[c], self.gradient[c], self.m[c], self.v[c], scratch[: len(self.flat[c])]) for c in cut]

        def adam() -> None:
            self.t += 1
            alpha = np.float32(rate * (1 - b2**self.t) ** 0.5 / (1 - b1**self.t))
            for p, g, m, v, s in parts:
                np.subtract(g, m, s)
                np.multiply(s, 1 - b1, s)
                np.add(m, s, m)
                np.multiply(g, g, g)
                np.subtract(g, v, g)
                np.multiply(g, 1 - b2, g)
                np.add(v, g, v)
                np.sqrt(v, s)
                np.add(s, eps, s)
                np.divide(m, s, s)
                np.multiply(s, alpha, s)
                np.subtract(p, s, p)

        return adam


def predict(problem: Perceptron) -> Work:
    """One row through the layers."""
    w1, b1, w2, b2, w3, b3 = problem.weights
    row = problem.data[0][:1]

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    return Work(lambda: sigmoid(sigmoid(sigmoid(row @ w1 + b1) @ w2 + b2) @ w3 + b3))


def rows(problem: Table) -> Work:
    """Shuffled batches by the plain loop: a permutation, and rows by their numbers."""
    (x, y), n, batch = problem.data, problem.rows, problem.batch
    rng = np.random.default_rng(0)

    def run() -> None:
        p = rng.permutation(n)
        for i in range(0, n, batch):
            x[p[i : i + batch]], y[p[i : i + batch]]

    return Work(run, n)
