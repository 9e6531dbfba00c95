"""polyflow, on the backend that POLYFLOW_BACKEND names."""

from __future__ import annotations

import polyflow as pf
from polyflow.data.feed import host_batches
from polyflow.flow.trace import Compiled, Traced
from polyflow.flow.trace import trace as flow_trace
from polyflow.ops.rules import Spec

from ..problems import Classifier, Op, Perceptron, Scalar, Table, Tape
from ..work import Work
from . import layered


def fit(problem: Perceptron | Classifier) -> Work:
    return layered.fit(pf.keras, problem)


def predict(problem: Perceptron) -> Work:
    return layered.predict(pf.keras, problem)


def call(problem: Perceptron) -> Work:
    """A compiled call on one row that waits for its result."""
    model = layered.perceptron(pf.keras, problem)
    compiled, row = pf.function(model), pf.tensor(problem.data[0][:1])
    if row.backend.name == "numpy":
        return Work(lambda: compiled(row))
    return Work(lambda: compiled(row).array.block_until_ready())


def op(problem: Op) -> Work:
    functions = {"add": pf.add, "exp": pf.exp, "sum": pf.sum, "matmul": pf.matmul}
    operands = {name: pf.tensor(array) for name, array in problem.arrays.items()}
    return Work(problem.loop(**functions, **operands), problem.times)


def recorded(problem: Tape) -> Work:
    start, other = map(pf.tensor, problem.arrays)

    def run() -> None:
        with pf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(start)
            value, add = start, pf.add
            for _ in range(problem.length):
                value = add(value, other)

    return Work(run, problem.length)


def gradient(problem: Scalar) -> Work:
    function, x = pf.grad(problem.function(pf.sin, pf.exp)), pf.tensor(0.3)
    return Work(lambda: function(x))


def rows(problem: Table) -> Work:
    """Shuffled batches of a Dataset, as `fit` reads them: NumPy arrays, in orders that follow from a seed."""
    n = problem.rows
    data = pf.data.Dataset.from_tensor_slices(problem.data).shuffle(n, seed=0).batch(problem.batch)

    def run() -> None:
        for _ in host_batches(data):
            pass

    return Work(run, problem.rows)


def trace(problem: Perceptron) -> Work:
    """The training step as a graph."""
    return Work(Stages(problem).trace)


def trace_and_plan(problem: Perceptron) -> Work:
    """The training step as a program of the backend."""
    stages = Stages(problem)
    return Work(lambda: Compiled(stages.trace()))


class Stages:
    """What makes a training step ready to run."""

    def __init__(self, problem: Perceptron) -> None:
        self.model = layered.perceptron(pf.keras, problem)
        x, y = (part[: problem.batch] for part in problem.data)
        self.model.fit(x, y, batch_size=problem.batch, verbose=0)
        self.specs = [Spec(part.shape, part.dtype) for part in (x, y)]

    def trace(self) -> Traced:
        return flow_trace(self.model.train_step, *self.specs, backend=self.model.variables[0].backend)
