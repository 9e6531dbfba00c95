"""Passes keep every bit, and take out what they say they take out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow.backend import discovery
from polyflow.flow.passes import shared, simplified, uniform
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

NUMPY = discovery.get("numpy")
BINARY = [pf.add, pf.subtract, pf.multiply, pf.divide, pf.maximum]
UNARY = [pf.negative, pf.square, pf.tanh, lambda x: pf.reshape(x, (3, 2)), lambda x: pf.cast(x, pf.float32)]
CONSTANTS = [1.0, 0.0, -0.0, 2.5, float("inf"), -3.0]


def traced(function, *shapes):
    return trace(function, *[Spec(shape, pf.float32) for shape in shapes], backend=NUMPY).graph


def ops(graph):
    return [node.op.name for node in graph.nodes]


@st.composite
def programs(draw):
    """A random function of two tensors of shape (3, 2)."""
    steps = draw(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=14)
    )

    def function(a, b):
        values = [a, b, *(pf.full((3, 2), c) for c in CONSTANTS), *(pf.full((), c) for c in CONSTANTS), *CONSTANTS]
        for kind, left, right in steps:
            x, y = values[left % len(values)], values[right % len(values)]
            if kind < 5:
                values.append(BINARY[kind](x, y))
            else:
                x = pf.broadcast_to(pf.asarray(x), (3, 2))
                values.append(UNARY[kind - 5](x))
        return values[-1] + a, values[-2] * 1.0, values[-1]

    return function


def bits(arrays):
    return [np.asarray(array).tobytes() for array in arrays]


@settings(max_examples=150, deadline=None)
@given(programs())
def test_every_pass_keeps_every_bit(function):
    draw = np.random.default_rng(0)
    a, b = (draw.normal(size=(3, 2)).astype("float32") for _ in range(2))
    found = trace(function, *[Spec((3, 2), pf.float32)] * 2, backend=NUMPY)
    graph, arguments = found.graph, [a, b, *(tensor.array for tensor in found.captured)]
    expected = bits(NUMPY.compile(graph)(*arguments))
    for changed in (shared(graph), uniform(graph, weak_scalars=True), simplified(graph, weak_scalars=True)):
        assert bits(NUMPY.compile(changed)(*arguments)) == expected
    assert len(simplified(graph, weak_scalars=True).nodes) <= len(graph.nodes)


def test_equal_nodes_are_computed_once():
    graph = simplified(traced(lambda x: pf.exp(x) * pf.exp(x) + pf.exp(x), (2,)), weak_scalars=True)
    assert ops(graph).count("exp") == 1


def test_nodes_that_differ_are_kept_apart():
    graph = simplified(traced(lambda x: pf.sum(x, 0) + pf.sum(x, 1), (2, 2)), weak_scalars=True)
    assert ops(graph).count("sum") == 2
    graph = simplified(traced(lambda x: (x + 0.0) * (x + -0.0), (2,)), weak_scalars=True)
    assert ops(graph).count("add") == 2


def test_what_changes_nothing_is_left_out():
    def function(x):
        return pf.transpose(pf.cast(pf.reshape(pf.broadcast_to(x, (2, 2)), (2, 2)), pf.float32) * 1.0 / 1.0, (0, 1))

    assert ops(simplified(traced(function, (2, 2)), weak_scalars=True)) == []


def test_uniform_values_become_numbers():
    graph = simplified(traced(lambda x: x * (pf.ones((2, 2)) * 0.5), (2, 2)), weak_scalars=True)
    assert ops(graph) == ["multiply"]
    graph = simplified(traced(lambda x: x * pf.ones((2, 2)), (2,)), weak_scalars=True)
    assert ops(graph) == ["full", "multiply"]  # the ones give the result its shape
    graph = simplified(traced(lambda x: x * (pf.ones((2, 2)) * 0.5), (2, 2)), weak_scalars=False)
    assert ops(graph) == ["full", "multiply"]


def test_dtypes_are_kept():
    graph = simplified(traced(lambda x: x * pf.ones((2,), pf.float64), (2,)), weak_scalars=True)
    assert graph.outputs[0].dtype is pf.float64


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_compiled_step_is_smaller_and_equal(backend):
    with pf.use_backend(backend):
        w = pf.constant(np.random.default_rng(0).normal(size=(3, 2)).astype("float32"))

        def loss(v):
            return pf.reduce_mean(pf.square(pf.tanh(v) - 1.0))

        graph = pf.function(pf.grad(loss)).graph(w)
        assert len(simplified(graph, weak_scalars=True).nodes) < len(graph.nodes)
        np.testing.assert_allclose(pf.function(pf.grad(loss))(w).numpy(), pf.grad(loss)(w).numpy(), rtol=1e-6)
