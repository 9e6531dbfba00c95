"""The peers of the benchmarks are worth comparing with: they all train, to the same loss."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.contestants import contestant
from benchmarks.problems import Perceptron, Scalar, Table
from benchmarks.workloads import NAMES, workload

FIRST = Perceptron((2, 10, 10, 1), "sigmoid", rows=100, batch=32, epochs=60, rate=0.5)
MLP = Perceptron((200, 32, 16, 10), "relu", rows=500, batch=64, epochs=12, rate=0.003)  # the last batch is smaller


def peer(name):
    """A peer's module, and what its functions are called with besides."""
    one = contestant(name)
    for needed in one.needs:
        pytest.importorskip(needed, reason=f"{name} needs {needed}, which is not installed")
    return importlib.import_module(f"benchmarks.peers.{one.module}"), one.options


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        *((name, FIRST) for name in ("polyflow-numpy", "jax")),
        *((name, MLP) for name in ("polyflow-numpy", "numpy-unshuffled", "torch")),
    ],
)
def test_everybody_trains_to_the_same_loss(name, problem):
    """The losses fall from the same initial weights to the same level; only the orders of rows differ."""
    module, options = peer(name)
    work = module.fit(problem, **options)
    before = work.loss()
    work.run()

    reference, _ = peer("numpy")
    expected = reference.fit(problem)
    expected.run()
    assert before == pytest.approx(problem.loss(problem.weights), rel=1e-6)
    assert expected.loss() < 0.5 * before
    assert work.loss() == pytest.approx(expected.loss(), rel=0.15)
    assert work.count == problem.epochs * -(-problem.rows // problem.batch)


def test_unshuffled_steps_agree_with_float64():
    """The hand-written network, which others are measured by, follows the formulas: gradients by differences."""
    import numpy as np

    from benchmarks.peers import by_hand_numpy

    problem = Perceptron((3, 4, 5), "relu", rows=8, batch=8, epochs=1, rate=1e-3)
    model = by_hand_numpy.ReluAdam(problem)
    model.fit(shuffle=False)
    for start, end in zip(problem.weights, model.weights, strict=True):  # Adam's first step is the gradient's sign
        moved = np.sign((end - start).round(7))
        for place in np.ndindex(start.shape):
            weights = [w.astype(np.float64) for w in problem.weights]
            changed = next(w for w, s in zip(weights, problem.weights, strict=True) if s.shape == start.shape)
            changed[place] += 1e-6
            above = problem.loss(weights)
            changed[place] -= 2e-6
            slope = (above - problem.loss(weights)) / 2e-6
            assert moved[place] == -np.sign(round(slope, 7))


def test_workloads_name_contestants_and_answers_that_exist():
    for name in NAMES:
        one = workload(name)
        assert one.name == name
        assert one.lines
        for member in one.contestants:
            contestant(member)
        for target in one.targets:
            assert target.ours in one.contestants
            assert target.peer in (None, *one.contestants)
            assert target.line in (None, *[line.name for line in one.lines])
        assert len({line.name for line in one.lines}) == len(one.lines)


@pytest.mark.parametrize(
    ("name", "function", "problem", "count"),
    [
        *((name, "gradient", Scalar(3), 1) for name in ("polyflow-numpy", "torch", "autograd")),
        *((name, "rows", Table(100, 4, 32), 100) for name in ("polyflow-numpy", "numpy", "torch")),
    ],
)
def test_other_work_runs(name, function, problem, count):
    module, _ = peer(name)
    work = getattr(module, function)(problem)
    work.run()
    assert work.count == count
