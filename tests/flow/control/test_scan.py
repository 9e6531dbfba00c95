"""scan: next to JAX's own, with variables, random draws, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from checking import same

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError

W = np.random.default_rng(1).normal(size=(3, 3))
XS = np.random.default_rng(2).normal(size=(5, 3))
H = np.array([0.1, -0.2, 0.3])


def ours(w, h, xs, reverse=False):
    """A recurrent layer."""

    def body(h, x):
        h = pf.tanh(pf.matmul(h, w) + x)
        return h, (h * h, pf.sum(h))

    last, (squares, sums) = pf.scan(body, h, xs, reverse=reverse)
    return pf.sum(last) + pf.sum(squares[1:]) + pf.sum(sums * sums)


def theirs(w, h, xs, reverse=False):
    def body(h, x):
        h = jnp.tanh(h @ w + x)
        return h, (h * h, jnp.sum(h))

    last, (squares, sums) = jax.lax.scan(body, h, xs, reverse=reverse)
    return jnp.sum(last) + jnp.sum(squares[1:]) + jnp.sum(sums * sums)


@pytest.mark.parametrize("reverse", [False, True])
def test_next_to_jax(reverse):
    with jax.enable_x64(True):
        value, gradients = jax.value_and_grad(theirs, (0, 1, 2))(W, H, XS, reverse)
        curvature = jax.grad(lambda w: jnp.sum(jax.grad(theirs, 2)(w, H, XS, reverse) ** 2))(W)
    w, h, xs = map(pf.constant, (W, H, XS))
    for run in (lambda f: f, pf.function):
        found, back = run(pf.value_and_grad(lambda w, h, xs: ours(w, h, xs, reverse), (0, 1, 2)))(w, h, xs)
        np.testing.assert_allclose(float(found), value, rtol=1e-12)
        for one, other in zip(back, gradients, strict=True):
            np.testing.assert_allclose(one.numpy(), other, rtol=1e-10, atol=1e-12)
        second = run(pf.grad(lambda w: pf.sum(pf.grad(ours, 2)(w, h, xs, reverse) ** 2)))(w)
        np.testing.assert_allclose(second.numpy(), curvature, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_variables_and_random_draws_go_on_from_step_to_step(backend):
    with pf.use_backend(backend):
        total, scale = pf.Variable(0.0), pf.Variable(2.0)

        def body(carry, x):
            total.assign_add(x * scale)
            noise = pf.random.uniform(())
            return carry + noise * total, (noise, total.value)

        def f(xs):
            return pf.scan(body, 0.0, xs), pf.random.uniform(())

        xs = pf.constant([1.0, 2.0, 3.0])
        pf.random.set_seed(5)
        expected = f(xs), total.value
        total.assign(0.0)
        pf.random.set_seed(5)
        same((pf.function(f)(xs), total.value), expected, tolerance=1e-6)
        assert float(total) == 12.0


def test_gradients_of_variables_read_in_every_step():
    w = pf.Variable(np.array([[1.5, 0.5], [0.2, -1.0]]))

    def f(xs):
        with pf.GradientTape() as tape:
            last, _ = pf.scan(lambda h, x: (pf.tanh(pf.matmul(h, w) + x), None), pf.zeros((2,), "float64"), xs)
            loss = pf.sum(last * last)
        return tape.gradient(loss, w)

    xs = pf.constant(XS[:, :2])
    same(pf.function(f)(xs), f(xs))


def test_steps_without_xs_and_without_steps():
    def f(x, length):
        return pf.scan(lambda c, _: (c * 2, {"y": c + 1}), x, length=length)

    for run in (f, lambda x, length: pf.function(lambda x: f(x, length))(x)):
        last, given = run(pf.constant(3), 4)
        assert (int(last), given["y"].numpy().tolist()) == (48, [4, 7, 13, 25])
        last, given = run(pf.constant(3), 0)
        assert (int(last), given["y"].shape, given["y"].dtype.name) == (3, (0,), "int32")


def test_python_numbers_are_weak_in_the_carry():
    f = pf.function(lambda xs: pf.scan(lambda c, x: ({"n": 1, "s": c["s"] + x}, 0), {"n": 0, "s": 0.0}, xs)[0])
    found = f(pf.ones((3,)))
    assert (found["n"].dtype.name, found["s"].dtype.name, float(found["s"])) == ("int32", "float32", 3.0)


def test_results_of_a_call_are_the_callers():
    """What a compiled scan returned stays when it is called again, in its carry as in its rows."""
    f = pf.function(lambda x, xs: pf.scan(lambda c, row: (c + row, c * row), x, xs))
    first = f(pf.ones((3,)), pf.ones((2, 3)))
    before = [np.array(first[0].numpy()), np.array(first[1].numpy())]
    f(pf.ones((3,)) * 7.0, pf.ones((2, 3)) * 5.0)
    np.testing.assert_array_equal(first[0].numpy(), before[0])
    np.testing.assert_array_equal(first[1].numpy(), before[1])


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    ("body", "init", "xs", "error", "words"),
    [
        (lambda c, x: c, 0.0, np.ones(3), TypeError, "Expected a pair"),
        (lambda c, x: ((c, c), x), 0.0, np.ones(3), TypeError, "structure"),
        (lambda c, x: (c[None], x), 0.0, np.ones(3), ShapeError, r"has shape \(1,\), and init has shape \(\)"),
        (lambda c, x: ({"a": x}, x), {"a": 0}, np.ones(3), DTypeError, r"\['a'\] has dtype float64, .*int32"),
        (lambda c, x: (c, x), 0.0, 1.0, ShapeError, "has none"),
        (lambda c, x: (c, x), 0.0, (np.ones(3), np.ones(2)), ShapeError, r"xs\[1\] has 2 elements, and xs\[0\] 3"),
        (lambda c, x: (c, x), 0.0, None, ValueError, "length="),
    ],
)
def test_what_is_refused(traced, body, init, xs, error, words):
    def f(init, xs):
        return pf.scan(body, init, xs)

    with pytest.raises(error, match=words):
        (pf.function(f) if traced else f)(init, xs)


def test_bodies_may_assign_to_elements_of_what_they_are_given():
    def body(c, x):
        c[0] = x[1] * 2.0
        x[0] = c[1]
        return c, (c, x)

    def f(c, xs):
        return pf.scan(body, c, xs), c

    c, xs = pf.constant([5.0, 7.0]), pf.constant([[1.0, 2.0], [3.0, 4.0]])
    for run in (f, pf.function(f)):
        (last, (carries, rows)), before = run(c, xs)
        assert last.numpy().tolist() == [8.0, 7.0]
        assert carries.numpy().tolist() == [[4.0, 7.0], [8.0, 7.0]]
        assert rows.numpy().tolist() == [[7.0, 2.0], [7.0, 4.0]]
        assert before.numpy().tolist() == [5.0, 7.0]
