"""JAX as a careful person writes it, with optax: one program for a fit, a scan over batches in a scan over epochs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from ..problems import Op, Perceptron
from ..work import Work


def fit(problem: Perceptron) -> Work:
    """All epochs in one call; the orders of rows are drawn on the host, the weights are donated."""
    program = Program(problem)
    return Work(program.fit, problem.steps, lambda: problem.loss([np.asarray(w) for w in program.state[0]]))


def op(problem: Op) -> Work:
    """A compiled program for each operation."""
    functions = {"add": jnp.add, "exp": jnp.exp, "sum": jnp.sum, "matmul": jnp.matmul}
    programs = {name: jax.jit(lambda *x, function=function: function(*x)) for name, function in functions.items()}
    operands = {name: jnp.asarray(array) for name, array in problem.arrays.items()}
    return Work(problem.loop(**programs, **operands), problem.times)


def forward(weights: list[Any], x: Any, kind: str) -> Any:
    last = len(weights) - 2
    for i in range(0, len(weights), 2):
        x = x @ weights[i] + weights[i + 1]
        if kind == "sigmoid":
            x = jax.nn.sigmoid(x)
        elif i < last:
            x = jax.nn.relu(x)
    return x


class Program:
    """The compiled fit, and the state that it goes on from."""

    def __init__(self, problem: Perceptron) -> None:
        self.problem = problem
        self.data = tuple(jnp.asarray(part) for part in problem.data)
        adam = problem.kind == "relu"
        self.optimizer = optax.adam(problem.rate, eps=1e-7) if adam else optax.sgd(problem.rate)
        weights = [jnp.asarray(w) for w in problem.weights]
        self.state = weights, self.optimizer.init(weights)
        self.rng = np.random.default_rng(2)
        self.program = jax.jit(self.run, donate_argnums=0)

    def fit(self) -> np.ndarray:
        """Train; returns the mean loss of each epoch."""
        problem = self.problem
        orders = np.stack([self.rng.permutation(problem.rows) for _ in range(problem.epochs)]).astype(np.int32)
        self.state, losses = self.program(self.state, orders, *self.data)
        return np.asarray(losses)

    def loss(self, weights: list[Any], x: Any, y: Any) -> Any:
        out = forward(weights, x, self.problem.kind)
        if self.problem.kind == "sigmoid":
            return jnp.mean((out - y) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(out, y).mean()

    def run(self, state: Any, orders: Any, x: Any, y: Any) -> Any:
        rows, size = self.problem.rows, min(self.problem.batch, self.problem.rows)
        full = rows - rows % size

        def step(state: Any, taken: Any) -> Any:
            weights, slots = state
            loss, gradients = jax.value_and_grad(self.loss)(weights, x[taken], y[taken])
            updates, slots = self.optimizer.update(gradients, slots, weights)
            return (optax.apply_updates(weights, updates), slots), loss * len(taken)

        def epoch(state: Any, order: Any) -> Any:
            state, losses = lax.scan(step, state, order[:full].reshape(-1, size))
            total = losses.sum()
            if full < rows:
                state, loss = step(state, order[full:])
                total += loss
            return state, total / rows

        return lax.scan(epoch, state, orders)


def call(problem: Perceptron) -> Work:
    """A compiled call on one row that waits for its result."""
    weights = [jnp.asarray(w) for w in problem.weights]
    compiled = jax.jit(lambda weights, x: forward(weights, x, problem.kind))
    row = jnp.asarray(problem.data[0][:1])
    return Work(lambda: compiled(weights, row).block_until_ready())


def predict(problem: Perceptron) -> Work:
    """The same from a NumPy array to a NumPy array."""
    weights = [jnp.asarray(w) for w in problem.weights]
    compiled = jax.jit(lambda weights, x: forward(weights, x, problem.kind))
    row = problem.data[0][:1]
    return Work(lambda: np.array(compiled(weights, row)))
