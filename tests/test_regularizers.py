"""Regularizers: what they add, and that training with them is Keras's."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

import polyflow as tf
from polyflow import regularizers
from polyflow.errors import UnknownNameError

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = (X[:, :1] * X[:, 1:2]).astype(np.float32)


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_values_and_names_are_keras(name):
    mine, theirs = getattr(regularizers, name)(), getattr(keras.regularizers, name)()
    assert mine.get_config() == pytest.approx(theirs.get_config())
    for one, other in ((mine, theirs), (regularizers.L1L2(0.3, 0.7), keras.regularizers.L1L2(0.3, 0.7))):
        assert float(one(tf.constant(X))) == pytest.approx(float(other(X)), rel=1e-6)
    assert regularizers.get(regularizers.serialize(mine)).get_config() == mine.get_config()


def test_by_name():
    assert regularizers.get("l2").l2 == 0.01
    assert type(regularizers.get("l1_l2")) is regularizers.L1L2
    assert regularizers.get(None) is None
    with pytest.raises(UnknownNameError, match="l3"):
        regularizers.get("l3")


def test_rows_and_columns_at_right_angles():
    for factor, mode in ((0.3, "rows"), (2.0, "columns")):
        mine = regularizers.OrthogonalRegularizer(factor, mode)
        theirs = keras.regularizers.OrthogonalRegularizer(factor, mode)
        assert float(mine(tf.constant(X))) == pytest.approx(float(theirs(keras.ops.convert_to_tensor(X))), rel=1e-5)
    assert float(regularizers.get("orthogonal_regularizer")(tf.eye(3))) == 0
    with pytest.raises(UnknownNameError, match="row"):
        regularizers.OrthogonalRegularizer(mode="row")
    with pytest.raises(tf.errors.ShapeError, match="takes matrices"):
        regularizers.OrthogonalRegularizer()(tf.ones(3))


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_a_factor_that_is_none(wrong):
    with pytest.raises(ValueError, match="a number of 0 or more, or None; got l2="):
        regularizers.L2(wrong)


def model(library, regularizers):
    dense, norm = library.layers.Dense, library.layers.BatchNormalization
    return library.models.Sequential(
        [
            library.layers.Input((3,)),
            dense(5, activation="tanh", kernel_regularizer=regularizers.L2(0.1), bias_regularizer="l2"),
            norm(gamma_regularizer="l2"),
            dense(1, kernel_regularizer=regularizers.L1L2(0.01, 0.02)),
        ]
    )


def weights_of(theirs):
    return [np.asarray(weight.value) for weight in theirs.weights]


@pytest.fixture(scope="module")
def in_keras():
    """First weights, then what training gave: losses, an evaluation, weights."""
    theirs = model(keras, keras.regularizers)
    theirs.compile("sgd", "mse")
    first = weights_of(theirs)
    losses = theirs.fit(X, Y, epochs=3, batch_size=16, shuffle=False, verbose=0).history["loss"]
    return first, losses, theirs.evaluate(X, Y, verbose=0), weights_of(theirs)


@pytest.mark.parametrize(("backend", "eager"), [("numpy", True), ("numpy", False), ("jax", False)])
def test_training_is_keras(in_keras, backend, eager):
    first, losses, evaluated, last = in_keras
    with tf.use_backend(backend):
        mine = model(tf.keras, regularizers)
        mine.set_weights(first)
        mine.compile("sgd", "mse", run_eagerly=eager)
        found = mine.fit(X, Y, epochs=3, batch_size=16, shuffle=False, verbose=0).history["loss"]
        assert found == pytest.approx(losses, rel=2e-6)
        assert mine.evaluate(X, Y, verbose=0) == pytest.approx(evaluated, rel=2e-6)
        for one, other in zip(mine.get_weights(), last, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-6)


def test_only_trainable_weights_count_and_configurations_come_back():
    mine = model(tf.keras, regularizers)
    assert len(mine.losses) == 4
    again = tf.keras.Sequential.from_config(mine.get_config())
    assert [type(one) for one in (again.layers[0].kernel_regularizer, again.layers[2].kernel_regularizer)] == [
        regularizers.L2,
        regularizers.L1L2,
    ]
    mine.layers[0].trainable = False
    assert len(mine.losses) == 2


def test_a_function_serves():
    layer = tf.keras.layers.Dense(2, kernel_regularizer=lambda w: tf.reduce_max(w), input_dim=3)
    layer.build((None, 3))
    assert float(layer.losses[0]) == float(tf.reduce_max(layer.kernel))
