"""foldl, foldr and vectorized_map: next to loops in Python, op by op and traced, with their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from checking import compiled_as_eager, differences, same

import polyflow as pf
from polyflow.errors import ShapeError

RUNS = pytest.mark.parametrize("run", [lambda f: f, pf.function], ids=["eager", "traced"])
X = np.random.default_rng(0).normal(size=(4, 3))


@RUNS
def test_folds(run):
    x = pf.constant([1.0, 2.0, 4.0])
    assert float(run(lambda x: pf.foldl(lambda a, e: a * 2.0 - e, x))(x)) == (1 * 2 - 2) * 2 - 4
    assert float(run(lambda x: pf.foldr(lambda a, e: a * 2.0 - e, x))(x)) == (4 * 2 - 2) * 2 - 1
    assert float(run(lambda x: pf.foldl(lambda a, e: a - e, x, initializer=10.0))(x)) == 3
    found = run(lambda x: pf.foldr(lambda a, e: {"s": a["s"] + e[0] * e[1]}, (x, x), {"s": 0.0}))(x)
    assert float(found["s"]) == 21
    assert float(run(lambda x: pf.foldl(lambda a, e: a - e, x[:1]))(x)) == 1
    assert float(run(lambda x: pf.foldl(lambda a, e: a - e, x[:0], 5.0))(x)) == 5


def test_derivatives_of_folds():
    differences(lambda x: pf.sum(pf.foldl(lambda a, e: pf.sin(a) * e, x)), X)
    compiled_as_eager(lambda x: pf.sum(pf.foldr(lambda a, e: pf.tanh(a + e), x, pf.zeros(3, "float64"))), X)


def test_what_folds_refuse():
    with pytest.raises(ValueError, match="foldl got no elements, and no initializer"):
        pf.foldl(pf.add, pf.zeros((0, 2)))
    with pytest.raises(ShapeError, match="what fn returned"):
        pf.foldl(lambda a, e: pf.stack([a, e]), pf.constant([1.0, 2.0]))
    with pytest.raises(ShapeError, match="goes through the first axis"):
        pf.foldr(pf.add, 1.0)


FUNCTIONS = {
    "elementwise": lambda row: pf.sin(row) * 2.0 + row,
    "softmax": lambda row: pf.nn.softmax(row),
    "reductions": lambda row: {"sum": pf.sum(row), "rest": (pf.max(row, keepdims=True), pf.argmax(row))},
    "matrices": lambda row: pf.reshape(row, (3, 1)) @ pf.reshape(row, (1, 3)) + pf.eye(3, dtype="float64"),
    "places": lambda row: pf.concat([row[1:], pf.where(row > 0, row, 0.0)], 0),
    "constant": lambda row: pf.ones(2),
    "outside": lambda row: pf.tensordot(pf.constant(X), row, 1),
    "scan": lambda row: pf.scan(lambda c, e: (c + e, c), row[0], row)[1],
    "counts": lambda row: pf.one_hot(pf.argmax(row), 3),
}


@RUNS
@pytest.mark.parametrize("name", FUNCTIONS)
def test_vectorized_map_is_map_fn(run, name):
    fn = FUNCTIONS[name]
    x = pf.constant(X)
    same(run(lambda x: pf.vectorized_map(fn, x))(x), pf.map_fn(fn, x), tolerance=1e-12)


@RUNS
def test_vectorized_map_of_containers_and_variables(run):
    scale = pf.Variable(3.0, dtype="float64")
    found = run(lambda a: pf.vectorized_map(lambda p: p["a"] * p["b"] * scale, {"a": a, "b": a}))(pf.constant(X))
    np.testing.assert_allclose(found.numpy(), 3 * X * X)
    with pf.GradientTape() as tape:
        y = pf.sum(pf.vectorized_map(lambda row: row * scale, pf.constant(X)))
    assert float(tape.gradient(y, scale)) == pytest.approx(X.sum())


def test_a_vectorized_map_calls_its_function_once():
    calls = []
    pf.vectorized_map(lambda row: calls.append(1) or row * 2.0, pf.constant(X), fallback_to_while_loop=False)
    assert len(calls) == 1


def test_what_does_not_run_at_once_runs_one_by_one():
    count = pf.Variable(0.0)
    assert pf.vectorized_map(lambda x: count.assign_add(x).value, pf.constant([1.0, 2.0])).numpy().tolist() == [1, 3]
    assert pf.vectorized_map(lambda x: x if x > 1 else -x, pf.constant([1.0, 2.0])).numpy().tolist() == [-1, 2]
    drawn = pf.vectorized_map(lambda x: x + pf.random.uniform(()), pf.zeros(2)).numpy()
    assert drawn[0] != drawn[1]
    assert pf.vectorized_map(lambda row: row * 2.0, pf.zeros((0, 2))).shape == (0, 2)
    with pytest.raises(ValueError, match="cannot run this function for all elements at once"):
        pf.vectorized_map(lambda x: x if x > 1 else -x, pf.constant([1.0]), fallback_to_while_loop=False)


def test_derivatives_of_vectorized_map():
    differences(lambda x: pf.sum(pf.vectorized_map(lambda row: pf.exp(row) * pf.sum(x * row), x)), X)


def test_a_name_scope_names_parts_of_a_graph():
    with pf.name_scope("loss") as found:
        assert found == "loss/"

    @pf.function
    def f(x):
        with pf.name_scope("outer"), pf.name_scope("inner"):
            return x * 2.0

    assert {node.scope for node in f.graph(pf.constant(1.0)).nodes} == {"outer/inner"}
    with pytest.raises(TypeError, match="name_scope needs a name"), pf.name_scope(3):
        pass
