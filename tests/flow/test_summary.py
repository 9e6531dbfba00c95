"""What a summary counts, held against XLA's own analysis and against counts by hand."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

import polyflow as pf
from polyflow import keras
from polyflow.backend import discovery
from polyflow.backend.nodes import run_node_by_node
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

NUMPY, JAX = discovery.get("numpy"), discovery.get("jax")


def traced(function, *shapes, dtype=pf.float32):
    return trace(function, *[Spec(shape, dtype) for shape in shapes], backend=NUMPY).graph


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x @ y,
        lambda x, y: pf.sum((x @ y) * 2.0 + 1.0, axis=0),
        lambda x, y: pf.prod(x, axis=1) - pf.sum(x),
        lambda x, y: pf.reshape(pf.transpose(x), (-1,)) * 3.0,
        lambda x, y: pf.where(x > 0.0, x, 0.0) @ y,
    ],
)
def test_operations_are_those_of_xla(function):
    graph = traced(function, (7, 11), (11, 5))
    run = run_node_by_node(graph, JAX.resolve, JAX.asarray)
    specs = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in graph.inputs]
    theirs = jax.jit(run).lower(*specs).cost_analysis()
    if isinstance(theirs, list):
        (theirs,) = theirs
    assert graph.summary(()).total.flops == pytest.approx(theirs["flops"], rel=0.03)


@pytest.mark.parametrize(
    ("function", "flops"),
    [
        (lambda x: pf.exp(x) + 1.0, 2 * 16),
        (lambda x: pf.cast(x, "int32") + 1, 0),
        (lambda x: pf.transpose(x)[0], 0),
        (lambda x: pf.linalg.inv(x), 2 * 4**3),
        (lambda x: pf.cast(x, "complex64") @ pf.cast(x, "complex64"), 8 * 4**3),
        (lambda x: pf.nn.softmax(x), 5 * 16),
    ],
)
def test_operations_by_formula(function, flops):
    assert traced(function, (4, 4)).summary().total.flops == flops


def test_operations_of_factorizations():
    found = traced(lambda x: (pf.linalg.cholesky(x), pf.linalg.inv(x)), (3, 4, 4)).summary().ops
    assert (found["cholesky"].flops, found["inv"].flops) == (64, 3 * 2 * 64)


def test_operations_of_control_flow():
    def function(x):
        y = pf.cond(pf.sum(x) > 0.0, lambda: pf.exp(x) + 1.0, lambda: x)
        return pf.scan(lambda carry, row: (carry * row, carry), y[0], y)[1]

    found = traced(function, (4,)).summary().ops
    assert (found["cond"].flops, found["scan"].flops) == (8, 4)


def test_bytes_are_what_is_read_and_written():
    assert traced(lambda x: pf.exp(x), (10,)).summary().total.bytes == 80
    assert traced(lambda x: x * x, (10,)).summary().total.bytes == 80
    assert traced(lambda x: pf.transpose(x), (5, 2)).summary().total.bytes == 0


def test_memory():
    found = traced(lambda x: pf.sum(pf.exp(x) * pf.sin(x)), (1000,)).summary(["numpy", "jax"]).memory
    assert list(found) == ["node by node", "numpy", "jax"]
    assert found["node by node"] == 3 * 4000
    assert 2 * 4000 <= found["numpy"] <= 2 * 4000 + 64
    assert 4 <= found["jax"] <= 2 * 4000 + 64


def test_a_training_step():
    model = keras.Sequential([keras.layers.Dense(5, input_shape=(4,)), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((6, 4), "float32"), np.ones((6, 3), "float32"), verbose=0)
    found = model.graph(training=True, batch_size=6).summary()
    assert found.parameters == model.count_params() == 4 * 5 + 5 + 5 * 3 + 3
    assert set(found.phases) == {"forward", "backward", "update", "metrics"}
    assert found.phases["forward"].flops >= 2 * 6 * (4 * 5 + 5 * 3)
    assert sum(cost.nodes for cost in found.ops.values()) == found.total.nodes
    assert sum(cost.flops for cost in found.phases.values()) == found.total.flops
    text = str(found)
    assert "matmul" in text
    assert "memory, numpy" in text
    assert not math.isnan(found.data()["total"]["flops"])
