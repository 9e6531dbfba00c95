"""fori_loop, map_fn, switch_case and case: the short forms."""

from __future__ import annotations

import numpy as np
import pytest
from checking import compiled_as_eager, same

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError, TraceError

RUNS = pytest.mark.parametrize("run", [lambda f: f, pf.function], ids=["eager", "traced"])


@RUNS
def test_fori_loop(run):
    def f(x):
        return pf.fori_loop(1, 4, lambda i, v: {"x": v["x"] * i, "i": i}, {"x": x, "i": 0})

    found = run(f)(pf.constant(2.0))
    assert (float(found["x"]), int(found["i"]), found["i"].dtype.name) == (12.0, 3, "int32")
    assert float(run(lambda x: pf.fori_loop(4, 1, lambda i, v: v * 0.0, x))(pf.constant(2.0))) == 2.0
    rows = pf.constant([1.0, 2.0, 4.0])
    assert float(run(lambda x: pf.fori_loop(0, 3, lambda i, v: v + rows[i] * 2.0, x))(pf.constant(0.0))) == 14.0


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_fori_loop_with_bounds_that_are_values(backend):
    with pf.use_backend(backend):
        f = pf.function(lambda n, x: pf.fori_loop(1, n, lambda i, v: v * i, x))
        assert [int(f(pf.constant(n), pf.constant(1))) for n in (0, 3, 6)] == [1, 2, 120]
        if backend == "numpy":
            with pytest.raises(TraceError, match="bounds that are Python integers"):
                pf.function(pf.grad(lambda x: pf.fori_loop(0, pf.cast(x, "int32"), lambda i, v: v * x, x)))(2.0)


def test_derivatives_of_fori_loop_and_map_fn():
    x = np.array([0.4, -0.3, 0.9])
    compiled_as_eager(lambda x: pf.sum(pf.fori_loop(0, 3, lambda i, v: pf.sin(v) + x * (i + 1.0), x) ** 2), x)
    compiled_as_eager(lambda x: pf.sum(pf.map_fn(lambda v: pf.exp(v) * pf.sum(x), x) ** 2), x)


@RUNS
def test_map_fn(run):
    seen = pf.Variable(0.0)

    def fn(pair):
        seen.assign_add(pair[0])
        return {"sum": pair[0] + pair[1][0], "seen": seen.value, "one": 1}

    found = run(lambda a, b: pf.map_fn(fn, (a, b)))(pf.constant([1.0, 2.0, 3.0]), pf.ones((3, 2)))
    assert found["sum"].numpy().tolist() == [2.0, 3.0, 4.0]
    assert found["seen"].numpy().tolist() == [1.0, 3.0, 6.0]
    assert (found["one"].numpy().tolist(), found["one"].dtype.name) == ([1, 1, 1], "int32")
    assert run(lambda a: pf.map_fn(lambda x: x > 1, a))(pf.zeros((0, 2))).shape == (0, 2)


@RUNS
def test_switch_case(run):
    branches = [lambda: pf.constant(10.0), lambda: pf.constant(20.0), lambda: pf.constant(30.0)]
    f = run(lambda i: pf.switch_case(i, branches))
    assert [float(f(pf.constant(i))) for i in (0, 1, 2, 7, -1)] == [10.0, 20.0, 30.0, 30.0, 30.0]
    f = run(lambda i: pf.switch_case(i, {3: branches[0], 5: branches[1]}, default=branches[2]))
    assert [float(f(pf.constant(i))) for i in (3, 5, 0)] == [10.0, 20.0, 30.0]
    f = run(lambda i: pf.switch_case(i, [(4, branches[0])]))
    assert [float(f(pf.constant(i))) for i in (4, 0)] == [10.0, 10.0]


@RUNS
def test_case(run):
    def f(x):
        return pf.case([(x < 1, lambda: x * 2), (x < 10, lambda: x * 3), (False, lambda: x)], default=lambda: -x)

    assert [float(run(f)(pf.constant(x))) for x in (0.5, 4.0, 20.0)] == [1.0, 12.0, -20.0]


def test_the_gradient_of_a_switch():
    def f(x):
        index = pf.cast(x * 2.0, "int32")
        return pf.switch_case(index, [lambda: x * x, lambda: pf.sin(x), lambda: x**3])

    for x in (0.2, 0.7, 1.3):
        same(pf.function(pf.grad(pf.grad(f)))(pf.constant(x)), pf.grad(pf.grad(f))(pf.constant(x)), tolerance=1e-6)


def test_what_is_refused():
    with pytest.raises(DTypeError, match="lower is float32"):
        pf.fori_loop(pf.constant(0.0), 3, lambda i, x: x, 1.0)
    with pytest.raises(ShapeError, match="upper has shape"):
        pf.fori_loop(0, pf.constant([3]), lambda i, x: x, 1.0)
    with pytest.raises(ShapeError, match=r"body_fun returned has shape \(1,\)"):
        pf.fori_loop(0, 3, lambda i, x: x[None], 1.0)
    with pytest.raises(ShapeError, match=r"map_fn: elems\[1\] has 2 elements"):
        pf.map_fn(lambda x: x, (np.ones(3), np.ones(2)))
    with pytest.raises(ValueError, match="at least one function"):
        pf.switch_case(0, [])
    with pytest.raises(ValueError, match="no condition holds"):
        pf.case([(False, lambda: 1.0)])
    with pytest.raises(ValueError, match="needs default="):
        pf.function(lambda x: pf.case([(x > 0, lambda: 1.0)]))(pf.constant(1.0))
    with pytest.raises(ValueError, match="two conditions hold"):
        pf.case([(True, lambda: 1.0), (True, lambda: 2.0)], exclusive=True)
    with pytest.raises(DTypeError, match="switch_case: what branch 0 returned has dtype float32"):
        pf.function(lambda i: pf.switch_case(i, [lambda: 1.0, lambda: 1]))(pf.constant(1))


def test_a_loop_of_no_steps_may_use_what_is_traced_around_it():
    @pf.function
    def nested(x):
        y = x * 2.0

        def body(i, now):
            return pf.cond(pf.sum(y) > 0, lambda: now + y, lambda: pf.fori_loop(0, 0, lambda _, one: one * y, now))

        rows = pf.map_fn(lambda row: row + y, pf.zeros((0, 3)))
        return pf.fori_loop(0, 0, body, x), pf.fori_loop(0, 2, body, x), rows

    x = pf.constant([1.0, 2.0, 3.0])
    none, two, rows = nested(x)
    np.testing.assert_array_equal(none.numpy(), x.numpy())
    np.testing.assert_array_equal(two.numpy(), 5 * x.numpy())
    assert rows.shape == (0, 3)
    assert pf.fori_loop(0, 0, lambda i, now: pf.fori_loop(0, 0, lambda _, one: one * now, now), x).shape == (3,)
