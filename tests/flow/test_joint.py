"""Compiled functions under tapes: what the tape gives is what it gives of their ops, to second order, by programs."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import tree
from polyflow.flow.joint import Recorded


def same(one, other, tolerance=1e-10):
    for a, b in zip(tree.flatten(one)[0], tree.flatten(other)[0], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=tolerance, atol=tolerance)


def plain(x, w):
    return pf.sum(pf.tanh(x @ w) ** 2) + pf.sum(w * w)


def factorized(x, w):
    values, vectors = pf.linalg.eigh(w @ w.T + pf.eye(3, dtype=w.dtype))
    return pf.sum(values**2 * 0.1) + pf.sum((vectors @ pf.sin(vectors.T @ x.T)) ** 2)


def controlled(x, w):
    last, rows = pf.scan(lambda c, row: (pf.tanh(c @ w + row), pf.sum(c * row)), x[0], x)
    last = pf.while_loop(lambda c: pf.sum(c * c) > 0.5, lambda c: c * 0.8, last, maximum_iterations=4)
    return pf.cond(pf.sum(rows) > 0, lambda: pf.sum(last**3) + pf.sum(rows**2), lambda: pf.sum(rows * 2.0))


def branching(x, w):
    return pf.sum(pf.where(x > 0.1, pf.log(pf.maximum(x, 1e-3)), x @ w)) + pf.sum(pf.max(w, axis=0) ** 2)


FUNCTIONS = {f.__name__: f for f in (plain, factorized, controlled, branching)}


def arguments():
    draw = np.random.default_rng(3)
    return pf.constant(draw.normal(size=(2, 3))), pf.constant(draw.normal(size=(3, 3)) * 0.6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_to_second_order(name):
    function = FUNCTIONS[name]
    x, w = arguments()

    def derivatives(f):
        first = pf.grad(f, (0, 1))

        def bent(x, w):
            gx, gw = first(x, w)
            return pf.sum(pf.sin(gx)) + pf.sum(gw * gw)

        return f(x, w), first(x, w), pf.grad(bent, (0, 1))(x, w), pf.jvp(f, (x, w), (x * 0.5, w * w))

    compiled = pf.function(function)
    same(derivatives(compiled), derivatives(function), 1e-8)
    same(pf.grad(compiled, 1)(x, w), pf.grad(function, 1)(x, w), 1e-8)


def test_third_order_and_differences():
    x, w = arguments()
    compiled = pf.function(lambda s: plain(x * s, w))
    third = pf.grad(pf.grad(pf.grad(compiled)))
    second = pf.grad(pf.grad(compiled))
    s = pf.constant(np.array(0.7))
    slope = (float(second(s + 1e-5)) - float(second(s - 1e-5))) / 2e-5
    np.testing.assert_allclose(float(third(s)), slope, rtol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_python_runs_once_and_the_backward_is_compiled(backend):
    """Neither the way forward nor the way back runs its ops one by one again."""
    runs = []
    with pf.use_backend(backend):
        w = pf.Variable(np.ones((3, 3), np.float32) * 0.5)
        count = pf.Variable(0.0, trainable=False)

        @pf.function
        def loss(x):
            runs.append(x)
            count.assign_add(1.0)
            return pf.sum(pf.tanh(x @ w) ** 2), pf.log(x - x)

        x = pf.ones((2, 3))
        found = []
        for _ in range(3):
            with pf.GradientTape() as tape:
                value, _ = loss(x)
            found.append(tape.gradient(value, w).numpy())
            assert [one.__class__ for one in tape._tape.records if hasattr(one, "joint")] == [Recorded]
            assert tape.watched_variables() == (w,)
        assert len(runs) == 1
        assert float(count) == 3.0
        with pf.GradientTape() as tape:
            value = pf.sum(pf.tanh(x @ w) ** 2)
        np.testing.assert_allclose(found[2], tape.gradient(value, w).numpy(), rtol=1e-5)


def test_tapes_persist_and_nest():
    f = pf.function(lambda x: x**3)
    g = lambda x: x**3  # noqa: E731
    found = []
    for one in (f, g):
        x = pf.constant(np.array([1.0, 2.0]))
        with pf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with pf.GradientTape() as inner:
                inner.watch(x)
                y = one(x)
            first = inner.gradient(y, x)
            z = one(first)
        found.append([first, outer.gradient(first, x), outer.gradient(z, x), outer.gradient(y, x)])
        with pf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            first = tape.gradient(one(x), x)
        found[-1].append(tape.gradient(first, x))
    same(*found)


def test_what_is_not_connected_has_no_gradient():
    v, w = pf.Variable(2.0), pf.Variable(3.0)
    f = pf.function(lambda x: (x * v, x * w))
    with pf.GradientTape(persistent=True) as tape:
        one, other = f(pf.constant(5.0))
    assert tape.gradient(one, w) is None
    assert float(tape.gradient(one, v)) == 5.0
    assert [float(g) for g in tape.gradient([one, other], [v, w])] == [5.0, 5.0]


def test_state_that_flows_on_and_gradients_of_ones_own():
    """What tapes record of ops otherwise than a graph says, they record of the ops."""

    @pf.custom_gradient
    def own(x):
        return x * x, lambda g: g * 100.0

    v = pf.Variable(2.0)

    def reread(x):
        v.assign(v * x)
        return v * 3.0

    def reread_in_a_branch(x):
        return pf.cond(x > 0, lambda: reread(x), lambda: x)

    def reread_in_a_loop(x):
        return pf.fori_loop(0, 2, lambda i, now: reread(now) * x, x)

    for function in (lambda x: own(x), reread, reread_in_a_branch, reread_in_a_loop):
        results = []
        for f in (function, pf.function(function)):
            v.assign(2.0)
            x = pf.constant(5.0)
            with pf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = f(x)
            results.append([y, tape.gradient(y, x), tape.gradient(y, v)])
        same(*results)
