"""In a trace the value of what follows from shapes and numbers alone may be asked for; nothing else may."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import TraceError


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_shapes_are_known(backend):
    def f(x):
        rows = pf.shape(x)[0]
        total = pf.zeros((2 * rows + 1, 3))
        total += pf.reduce_sum(pf.reshape(x, pf.concat([pf.shape(x)[:1], [-1]], 0)))
        for row in range(rows):
            total += row
        if rows > 1 and pf.size(x) == 6:
            total *= 2.0
        return total + pf.random.normal((rows, 1), seed=1)[0] * 0, pf.range(rows), np.asarray(pf.shape(x)).tolist()

    with pf.use_backend(backend):
        x = pf.ones((2, 3))
        for one, other in zip(pf.function(f)(x), f(x), strict=True):
            assert np.array_equal(one, other)


def test_within_branches_and_loops():
    def f(x):
        rows = pf.shape(x)[0]
        made = pf.cond(x[0, 0] > 0, lambda: pf.ones((rows, 2)), lambda: pf.zeros((rows, 2)))
        return pf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s + pf.ones(rows)), (0, pf.zeros(rows)))[1], made

    assert [one.tolist() for one in pf.function(f)(pf.ones((3, 1)))] == [[2, 2, 2], [[1, 1]] * 3]


def test_what_depends_on_an_argument_or_a_variable_is_not():
    v = pf.Variable(3)
    uses = [lambda x: pf.zeros((x[0], 2)), lambda x: pf.zeros((v + 0, 2)), lambda x: pf.zeros((pf.size(x) + x[0],))]
    for use in uses:
        with pytest.raises(TraceError, match="is not known yet"):
            pf.function(use)(pf.constant([2]))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_what_a_variable_begins_with(backend):
    """As a layer that makes its weights in the first call of a function."""

    class Late:
        w = None

        def __call__(self, x):
            if self.w is None:
                spread = pf.sqrt(6 / (x.shape[-1] + 2))
                self.w = pf.Variable(spread * pf.random.normal((x.shape[-1], 2)) + mean)
            return x @ self.w

    found = []
    with pf.use_backend(backend):
        x, mean = pf.ones((3, 4)), pf.Variable(100.0)
        for wrap in (lambda f: f, pf.function):
            pf.random.set_seed(3)
            late = Late()
            compiled = wrap(late)
            first = compiled(x).numpy()
            assert np.array_equal(compiled(x).numpy(), first)
            found.append((first, late.w.numpy()))
        with pf.GradientTape() as tape:
            loss = pf.reduce_sum(pf.function(late)(x))
        assert tape.gradient(loss, late.w).tolist() == [[3, 3]] * 4
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    assert abs(found[0][1] - 100).max() < 6


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_what_a_variable_begins_with_is_drawn_once(backend):
    """The numbers of no other variable, and of no draw after it: those of the same program run eagerly."""

    class Late:
        w = None

        def __call__(self, x):
            if self.w is None:
                self.w = [pf.Variable(pf.identity(pf.random.normal((2,)))) for _ in range(2)]
            return x * self.w[0] * self.w[1]

    found = []
    with pf.use_backend(backend):
        for wrap in (lambda f: f, pf.function):
            pf.random.set_seed(3)
            made = [Late(), Late()]
            for late in made:
                wrap(late)(pf.ones(2))
            found.append([*(w.numpy() for late in made for w in late.w), pf.random.normal((2,)).numpy()])
    assert len({float(one[0]) for one in found[1]}) == 5
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_functions_may_run_as_they_are():
    seen = []
    f = pf.function(lambda x: seen.append(float(x)) or x + 1)
    pf.config.run_functions_eagerly(True)
    try:
        assert pf.config.functions_run_eagerly()
        assert float(f(pf.constant(1.0))) == 2
        assert seen == [1.0]
    finally:
        pf.config.run_functions_eagerly(False)
    with pytest.raises(TraceError):
        f(pf.constant(1.0))
