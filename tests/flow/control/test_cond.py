"""cond: the branch that runs, what it reads and assigns, and what the two must agree in."""

from __future__ import annotations

import numpy as np
import pytest
from checking import same

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError, TraceError

BACKENDS = pytest.mark.parametrize("backend", ["numpy", "jax"])


@pytest.fixture(autouse=True)
def _on(request):
    spec = getattr(request.node, "callspec", None)
    with pf.use_backend("numpy" if spec is None else spec.params.get("backend", "numpy")):
        yield


@BACKENDS
def test_only_the_branch_that_is_taken_counts(backend):
    """Where a branch that is not taken would divide by 0, neither the value nor the gradient hears of it."""
    f = pf.function(pf.value_and_grad(lambda x: pf.cond(x > 0.0, lambda: pf.log(x), lambda: x * 3.0)))
    same(f(pf.constant(2.0)), (pf.constant(float(np.log(2.0))), pf.constant(0.5)), tolerance=1e-6)
    same(f(pf.constant(0.0)), (pf.constant(0.0), pf.constant(3.0)))


@BACKENDS
def test_variables_are_read_and_assigned_by_the_branch_that_is_taken(backend):
    read, count, other = pf.Variable(2.0), pf.Variable(0), pf.Variable(1.0, trainable=False)

    def up(x):
        count.assign_add(1)
        return x * read

    def down(x):
        other.assign(other * x)
        other.assign_add(1.0)
        return x + other

    def step(x):
        return pf.cond(x > 0.0, up, down, x)

    for run in (step, pf.function(step)):
        count.assign(0)
        other.assign(1.0)
        assert [float(run(pf.constant(x))) for x in (3.0, -2.0, 1.0)] == [6.0, -3.0, 2.0]
        assert (int(count), float(other)) == (2, -1.0)


def test_gradients_of_variables_come_from_the_branch_that_is_taken():
    w, v = pf.Variable(2.0), pf.Variable(5.0)

    def loss(x):
        with pf.GradientTape() as tape:
            value = pf.cond(x > 0.0, lambda: w * w * x, lambda: v * x)
        return tape.gradient(value, [w, v], unconnected_gradients="zero")

    for x in (3.0, -3.0):
        same(pf.function(loss)(pf.constant(x)), loss(pf.constant(x)))


def test_a_condition_that_is_known_calls_one_function():
    """No branch is traced that cannot be taken."""

    def never():
        raise AssertionError

    @pf.function
    def f(x):
        return pf.cond(True, lambda: x + 1.0, never) + pf.cond(pf.constant(False), never, lambda: x)

    assert float(f(pf.constant(1.0))) == 3.0
    assert float(pf.cond(pf.constant(1), lambda: 2.0, never)) == 2.0


def test_results_may_be_containers_or_nothing():
    count = pf.Variable(0)

    def note():
        count.assign_add(1)

    @pf.function
    def f(x):
        nothing = pf.cond(x > 0.0, note, lambda: None)
        both = pf.cond(x > 1.0, lambda: {"a": x, "b": (x * 2.0, 1)}, lambda: {"a": -x, "b": (x, 0)})
        return nothing, both

    nothing, both = f(pf.constant(0.5))
    assert nothing is None
    assert (float(both["a"]), float(both["b"][0]), int(both["b"][1]), int(count)) == (-0.5, 0.5, 0, 1)


@pytest.mark.parametrize(
    ("first", "second", "error", "words"),
    [
        (lambda x: (x, x), lambda x: x, TypeError, "true_fn returned has the structure"),
        (lambda x: (x, x), lambda x: (x, x[:1]), ShapeError, r"true_fn returned\[1\] has shape \(2,\).*\(1,\)"),
        (lambda x: {"a": x}, lambda x: {"a": x > 0}, DTypeError, r"\['a'\] has dtype float32.*bool"),
    ],
)
def test_branches_that_differ(first, second, error, words):
    f = pf.function(lambda x: pf.cond(x[0] > 0, first, second, x))
    with pytest.raises(error, match=words):
        f(pf.ones((2,)))


def test_a_condition_has_no_axes():
    for run in (lambda f: f, pf.function):
        with pytest.raises(ShapeError, match=r"decides by one value.*\(2,\)"):
            run(lambda x: pf.cond(x > 0, lambda: x, lambda: x))(pf.ones((2,)))


def test_elements_of_outer_tensors_are_not_assigned_inside():
    def f(x):
        y = x * 2.0

        def change():
            y[0] = 1.0
            return y

        return pf.cond(x[0] > 0, change, lambda: y)

    with pytest.raises(TraceError, match=r"from outside of it.*x\.copy\(\)"):
        pf.function(f)(pf.ones((2,)))


def test_a_symbol_that_leaks_is_refused():
    kept = []

    def f(x):
        pf.cond(x > 0, lambda: kept.append(x * 2.0), lambda: None)
        return kept[0] + 1.0

    with pytest.raises(TraceError, match=r"made at .*test_cond.py:\d+, was kept from the function"):
        pf.function(f)(pf.constant(1.0))


@BACKENDS
def test_random_draws_come_in_the_same_order(backend):
    def f(x):
        first = pf.cond(x > 0, lambda: pf.random.uniform((2,)), lambda: pf.zeros((2,)))
        return first, pf.random.uniform((2,))

    for x in (1.0, -1.0):
        pf.random.set_seed(3)
        expected = f(pf.constant(x)), f(pf.constant(x))
        pf.random.set_seed(3)
        run = pf.function(f)
        same((run(pf.constant(x)), run(pf.constant(x))), expected)


def test_the_function_that_is_left_gives_tensors_too():
    """Also where no condition has to be traced: numbers become tensors, as those of `cond` do."""
    for found in (
        pf.switch_case(1, [lambda: 1, lambda: 2]),
        pf.switch_case(pf.constant(5), [lambda: 1], default=lambda: 2),
        pf.case([(False, lambda: 1)], default=lambda: 2),
        pf.case([(pf.constant(False), lambda: 1), (True, lambda: 2)]),
    ):
        assert isinstance(found, pf.Tensor)
        assert found.item() == 2
