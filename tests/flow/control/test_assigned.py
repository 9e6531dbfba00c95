"""Variables that branches and loops assign: the gradients around them, compiled as op by op."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.flow.passes import simplified


def _in_a_loop(x, v):
    _, rows = pf.scan(lambda h, e: (h + v.assign_add(e * e) * e, h), 0.0, x)
    return pf.sum(rows) + v


def _read_before_it_is_assigned(x, v):
    def body(i, a):
        b = a * v
        v.assign(pf.sum(a))
        return b

    return pf.sum(pf.fori_loop(0, 3, body, x))


def _as_long_as(x, v):
    def body(i, a):
        v.assign_add(pf.sum(a))
        return i + 1, a * v

    return pf.sum(pf.while_loop(lambda i, a: i < 3, body, (0, x), maximum_iterations=4)[1])


def _in_a_branch(x, v):
    return pf.cond(x[0] > 0.0, lambda: v.assign_add(pf.sum(x * x)) * 2.0 + pf.sum(x), lambda: pf.sum(x) * v)


def _in_a_branch_of_a_loop(x, v):
    def body(h, e):
        h = h + e * pf.cond(e > 0.0, lambda: v.assign_add(e) * 2.0, lambda: v.read() * e)
        return h, h * v

    return pf.sum(pf.scan(body, 0.0, x)[1])


def _in_a_map(x, v):
    return pf.sum(pf.map_fn(lambda e: v.assign_add(e * e) * e, x))


@pytest.mark.parametrize(
    "function",
    [
        _in_a_loop,
        _read_before_it_is_assigned,
        _as_long_as,
        _in_a_branch,
        _in_a_branch_of_a_loop,
        _in_a_map,
    ],
)
@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_gradients_around_assignments(function, trainable, backend):
    """A trainable variable is where they end, the others let them through; compiled as op by op, also for its own."""
    with pf.use_backend(backend):
        v = pf.Variable(0.5, trainable=trainable)
        x = pf.constant([0.5, -0.25, 0.75])
        whole = pf.function(lambda x: function(x, v))

        def gradients(run):
            with pf.GradientTape() as tape:
                tape.watch(x)
                y = run(x)
            dx, dv = tape.gradient(y, [x, v], unconnected_gradients="zero")
            return dx, dv if trainable else 0.0

        def hosts(found):
            dx, dv = found
            v_after = float(v)
            v.assign(0.5)
            return [*dx.numpy().tolist(), float(dv), v_after]

        expected = hosts(gradients(lambda x: function(x, v)))
        compiled = pf.function(lambda: gradients(lambda x: function(x, v)))
        for run in (compiled, lambda: gradients(whole), pf.function(lambda: gradients(whole))):
            np.testing.assert_allclose(hosts(run()), expected, rtol=2e-6)


def test_the_gradient_that_a_variable_ends_leaves_no_trace_where_it_is_not_assigned():
    w = pf.Variable([1.0, 2.0])
    graph = pf.function(lambda x: pf.scan(lambda h, e: (h * w + e, None), x, pf.stack([x, x]))[0]).graph(pf.ones((2,)))
    assert "custom_gradient" not in str(graph)
    v = pf.Variable(1.0)
    looped = pf.function(lambda x: pf.scan(lambda h, e: (h * v.assign_add(e), None), 1.0, x)[0]).graph(pf.ones((2,)))
    assert "custom_gradient" in str(looped)
    assert "custom_gradient" not in str(simplified(looped, weak_scalars=True))
