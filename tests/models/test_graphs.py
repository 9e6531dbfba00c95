"""`Model.graph`: the output's graph, and that of the training step."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import keras
from polyflow.errors import NotCompiledError
from polyflow.flow.graph import Graph


def made(*layers, loss="mse"):
    model = keras.Sequential(list(layers), name="net")
    model.compile("sgd", loss)
    return model


def dense(*args, **options):
    return keras.layers.Dense(*args, name="dense", **options)


def ops(graph):
    return [node.op.name for node in graph.nodes]


def test_the_forward_graph_needs_no_data():
    model = made(dense(3, input_shape=(4,)), keras.layers.Dropout(0.5))
    graph = model.graph()
    assert ops(graph) == ["matmul", "add"]
    assert [value.shape for value in graph.inputs] == [(32, 4), (4, 3), (3,)]
    assert [value.name for value in graph.inputs] == ["x", "net/dense/kernel", "net/dense/bias"]
    assert graph.outputs[0].shape == (32, 3)
    assert model.graph(batch_size=5).outputs[0].shape == (5, 3)
    assert model.graph(np.zeros((7, 4))).outputs[0].shape == (7, 3)


@pytest.mark.parametrize(
    ("loss", "shape", "dtype"),
    [("mse", (32, 3), "float32"), ("sparse_categorical_crossentropy", (32,), "int64")],
)
def test_the_training_step(loss, shape, dtype):
    model = made(dense(3, activation="softmax", input_shape=(4,)), loss=loss)
    before = [w.copy() for w in model.get_weights()]
    graph = model.graph(training=True)
    y = next(value for value in graph.inputs if value.name == "y")
    assert (y.shape, y.dtype.name) == (shape, dtype)
    assert {node.phase for node in graph.nodes} == {"forward", "backward", "update", "metrics"}
    assert str(Graph.parse(str(graph))) == str(graph)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_it_is_the_step_that_fit_runs():
    model = made(dense(1, input_shape=(2,)))
    x, y = np.ones((3, 2), "float32"), np.ones((3, 1), "float32")
    model.train_on_batch(x, y)
    (program,) = model._step("train").programs.values()
    assert str(model.graph(x, y, training=True)) == str(program.traced.graph)


def test_what_is_not_known_is_said():
    model = keras.Sequential([dense(3)], name="net")
    with pytest.raises(ValueError, match="the shape of 'net''s input is not built yet"):
        model.graph()
    with pytest.raises(NotCompiledError, match=r"graph\(training=True\) needs a compiled model"):
        model.graph(training=True)
    assert ops(model.graph(np.zeros((2, 4)))) == ["matmul", "add"]


def test_on_jax():
    with pf.use_backend("jax"):
        assert made(dense(1, input_shape=(2,))).graph(training=True).summary(()).parameters == 3
