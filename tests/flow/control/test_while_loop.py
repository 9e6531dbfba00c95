"""while_loop: TensorFlow's form, next to JAX's own, its bound, and its gradient with and without one."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from checking import same

import polyflow as pf
from polyflow.errors import DTypeError, TraceError


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_next_to_jax(backend):
    """Newton's iteration, until it stands still."""
    expected = jax.lax.while_loop(
        lambda s: abs(s[0] * s[0] - 2.0) > 1e-4, lambda s: ((s[0] + 2.0 / s[0]) / 2, s[1] + 1), (5.0, 0)
    )
    with pf.use_backend(backend):

        def root(x, guess):
            return pf.while_loop(
                lambda g, n: pf.abs(g * g - x) > 1e-4, lambda g, n: ((g + x / g) / 2, n + 1), (guess, 0)
            )

        for run in (root, pf.function(root)):
            value, steps = run(pf.constant(2.0), pf.constant(5.0))
            np.testing.assert_allclose(float(value), expected[0], rtol=1e-6)
            assert int(steps) == expected[1]


@pytest.mark.parametrize("run", [lambda f: f, pf.function])
def test_forms_of_loop_variables(run):
    assert float(run(lambda x: pf.while_loop(lambda x: x < 50.0, lambda x: x * 2.0, [x]))(pf.constant(1.0))[0]) == 64.0
    assert float(run(lambda x: pf.while_loop(lambda x: x < 50.0, lambda x: x * 2.0, x))(pf.constant(1.0))) == 64.0
    found = run(lambda x: pf.while_loop(lambda d: d["x"] < 9.0, lambda d: {"x": d["x"] + d["y"], "y": d["y"]}, x))
    assert float(found({"x": 0.0, "y": 4.0})["x"]) == 12.0
    one, two = run(lambda x: pf.while_loop(lambda a, b: a < 9.0, lambda a, b: [b, a + b], (x, x)))(1.0)
    assert (float(one), float(two)) == (13.0, 21.0)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("limit", [0, 2, 100])
def test_a_bound_on_the_steps(backend, limit):
    with pf.use_backend(backend):

        def f(x):
            return pf.while_loop(lambda x: x < 50.0, lambda x: x * 2.0, x, maximum_iterations=limit)

        same(pf.function(f)(pf.constant(1.0)), f(pf.constant(1.0)))


def test_no_step_gives_the_loop_variables():
    f = pf.function(lambda x: pf.while_loop(lambda x: pf.sum(x) < 0.0, lambda x: x + 1.0, x))
    x = pf.ones((3,))
    found = f(x)
    np.testing.assert_array_equal(found.numpy(), np.ones(3))
    assert not np.shares_memory(found.array, x.array)


def test_the_gradient_needs_a_bound():
    def f(x, **how):
        return pf.while_loop(lambda y: y < 50.0, lambda y: y * x, x, **how)

    assert float(pf.grad(f)(pf.constant(3.0))) == 4 * 27
    assert float(pf.function(pf.grad(lambda x: f(x, maximum_iterations=9)))(pf.constant(3.0))) == 4 * 27
    assert float(pf.function(lambda x: pf.grad(lambda y: y * y)(f(x)))(pf.constant(3.0))) == 162.0
    with pytest.raises(TraceError, match="maximum_iterations"):
        pf.function(pf.grad(f))(pf.constant(3.0))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("limit", [None, 3])
def test_variables_and_random_draws_in_both_functions(backend, limit):
    """A condition may draw and assign too, once before each step that may be."""
    with pf.use_backend(backend):
        asked, done = pf.Variable(0), pf.Variable(0)

        def going(total):
            asked.assign_add(1)
            return total + pf.random.uniform(()) < 4.0

        def step(total):
            done.assign_add(1)
            return total + pf.random.uniform(())

        def f(x):
            return pf.while_loop(going, step, x, maximum_iterations=limit)

        pf.random.set_seed(11)
        expected = f(pf.constant(0.0)), pf.random.uniform(()), asked.value, done.value
        asked.assign(0)
        done.assign(0)
        pf.random.set_seed(11)
        same((pf.function(f)(pf.constant(0.0)), pf.random.uniform(()), asked.value, done.value), expected)


def test_what_is_refused():
    for run in (lambda f: f, pf.function):
        with pytest.raises(DTypeError, match=r"what body returned\[0\] has dtype float32, and loop_vars\[0\] .*int32"):
            run(lambda x: pf.while_loop(lambda i: i < 3, lambda i: [i + 0.5], [x]))(pf.constant(0))
        with pytest.raises(TypeError, match="structure"):
            run(lambda x: pf.while_loop(lambda i, j: i < 3, lambda i, j: i, [x, x]))(pf.constant(0))
    with pytest.raises(TypeError, match="shape_invariants"):
        pf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], shape_invariants=[()])
