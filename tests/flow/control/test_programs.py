"""Random programs of nested control flow: compiled they give what they give op by op, and so do their derivatives."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from checking import compiled_as_eager, differences, same
from hypothesis import given, settings

import polyflow as pf

SHAPE = (3,)

STEPS = {
    "sine": lambda x, c: pf.sin(x * 1.3) + c * 0.1,
    "product": lambda x, c: x * c * 0.5 + 0.2,
    "mean": lambda x, c: x - 0.5 * pf.mean(x) + c,
    "turned": lambda x, c: x[::-1] * 0.8 + pf.tanh(c),
    "constant": lambda x, c: c,
    "itself": lambda x, c: x,
}


def cond(inner: Any, other: Any, turns: int) -> Any:
    def run(x: Any, c: Any) -> Any:
        return pf.cond(pf.sum(x) > 0.3 * turns, lambda: inner(x, c), lambda: other(x, c))

    return run


def scan(inner: Any, other: Any, turns: int) -> Any:
    def run(x: Any, c: Any) -> Any:
        rows = pf.stack([x * (0.3 * i) for i in range(turns)] + [c])

        def body(now: Any, row: Any) -> Any:
            return inner(now, c * 0.5 + row * 0.2), {"y": other(now, row)}

        last, given = pf.scan(body, x, rows, reverse=turns % 2 == 0)
        return last + pf.sum(given["y"], axis=0) * 0.2

    return run


def while_loop(inner: Any, other: Any, turns: int) -> Any:
    def run(x: Any, c: Any) -> Any:
        def going(i: Any, now: Any) -> Any:
            return pf.logical_and(i < turns, pf.sum(now * now) < 50.0)

        _, last = pf.while_loop(going, lambda i, now: (i + 1, inner(now, c)), (0, x), maximum_iterations=turns + 1)
        return other(last, c)

    return run


LEAVES = st.sampled_from(sorted(STEPS)).map(STEPS.__getitem__)
PROGRAMS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda kind, one, other, turns: kind(one, other, turns),
        st.sampled_from([cond, scan, while_loop]),
        inner,
        inner,
        st.integers(1, 3),
    ),
    max_leaves=4,
)
STARTS = st.lists(st.floats(-1.5, 1.5).map(lambda v: round(v, 2)), min_size=3, max_size=3).map(np.array)


def scalar(program: Any) -> Any:
    return lambda x: pf.sum(program(x, pf.tanh(x[::-1])) * pf.constant(np.array([0.3, -1.1, 0.7])))


@settings(max_examples=50, deadline=None)
@given(program=PROGRAMS, start=STARTS)
def test_programs(program, start):
    compiled_as_eager(scalar(program), start)


NESTS = {
    "a choice in a scan": scan(cond(STEPS["sine"], STEPS["product"], 1), STEPS["mean"], 3),
    "a scan in a choice": cond(scan(STEPS["sine"], STEPS["turned"], 2), STEPS["mean"], -9),
    "a scan in a scan": scan(scan(STEPS["product"], STEPS["sine"], 2), STEPS["turned"], 2),
    "a choice in a loop": while_loop(cond(STEPS["sine"], STEPS["mean"], 1), STEPS["product"], 3),
    "a loop in a scan": scan(while_loop(STEPS["sine"], STEPS["turned"], 2), STEPS["product"], 2),
}


@pytest.mark.parametrize("name", NESTS)
def test_derivatives_are_those_of_differences(name):
    differences(scalar(NESTS[name]), np.array([0.31, -0.4, 0.8]))


def test_on_jax():
    compiled_as_eager(scalar(NESTS["a loop in a scan"]), np.array([0.31, -0.4, 0.8]), "jax")


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_forward_derivatives(backend):
    function = scalar(NESTS["a choice in a scan"])
    x, v = np.array([0.31, -0.4, 0.8]), np.array([0.5, 1.0, -0.3])

    def push(x: Any, v: Any) -> Any:
        return pf.jvp(function, (x,), (v,))

    expected = push(pf.constant(x), pf.constant(v))
    np.testing.assert_allclose(float(expected[1]), float(np.sum(pf.grad(function)(pf.constant(x)).numpy() * v)))
    with pf.use_backend(backend):
        same(pf.function(push)(pf.constant(x), pf.constant(v)), expected)
