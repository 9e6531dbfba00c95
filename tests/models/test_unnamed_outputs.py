"""A subclassed model with several outputs takes a loss, and metrics, for each; functional models fit anywhere."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError

K, L = pf.keras, pf.keras.layers
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Two(K.Model):
    def __init__(self, named=False):
        super().__init__()
        self.named, self.a, self.b = named, L.Dense(1), L.Dense(1)

    def call(self, x):
        return {"a": self.a(x), "b": self.b(x)} if self.named else (self.a(x), self.b(x))


def test_outputs_in_a_tuple():
    model = Two()
    model.compile("sgd", ["mse", "mae"], loss_weights=[0.9, 0.1], metrics=[["mae"], ["mse"]])
    history = model.fit(X, (Y, Y), epochs=2, verbose=0, validation_data=(X, (Y, Y))).history
    assert history["loss"][1] < history["loss"][0]
    a, b = model.predict(X, verbose=0)
    values = model.evaluate(X, (Y, Y), verbose=0, return_dict=True)
    assert values["output_1_loss"] == pytest.approx(((a - Y) ** 2).mean(), rel=1e-5)
    assert values["output_2_mse"] == pytest.approx(((b - Y) ** 2).mean(), rel=1e-5)
    assert values["loss"] == pytest.approx(0.9 * values["output_1_loss"] + 0.1 * values["output_2_loss"], rel=1e-5)


def test_outputs_in_a_dict():
    model = Two(named=True)
    model.compile("sgd", {"a": "mse", "b": "mae"})
    values = model.evaluate(X, {"a": Y, "b": Y}, verbose=0, return_dict=True)
    assert sorted(values) == ["a_loss", "b_loss", "loss"]


def test_another_number_of_outputs_is_refused():
    model = K.Sequential([K.Input((3,)), L.Dense(1)])
    model.compile("sgd", ["mse", "mae"])
    with pytest.raises(ShapeError, match="compiled for 2 outputs"):
        model.fit(X, (Y, Y), verbose=0)


def test_a_functional_model_at_the_beginning_of_a_sequential():
    x = K.Input((3,))
    inner = K.Model(x, L.Dense(2)(x))
    model = K.Sequential([inner, L.Softmax()])
    np.testing.assert_allclose(model.predict(X, verbose=0).sum(1), 1, rtol=1e-5)
    assert model.output_shape == (None, 2)
    assert np.array_equal(inner.call(pf.constant(X)), inner(X))
