"""A saved model comes back with its layers, weights and training, and from nothing but names."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import UnknownNameError, WeightFileError
from polyflow.models import weights
from polyflow.registry import register_layer

L, K = pf.keras.layers, pf.keras
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def stack(rate=0.2):
    return K.Sequential([K.Input((4,)), L.Dense(3, "tanh"), L.BatchNormalization(), L.Dropout(rate), L.Dense(1)])


def graph():
    a = K.Input((4,), name="a")
    x = L.Dense(3, activation="tanh", kernel_regularizer="l2")(a)
    return K.Model(a, [L.Dense(1, name="left")(x[:, :2] * 2.0), L.Dense(1, name="right")(x)])


@pytest.mark.parametrize("number", [np.float32(0.5), np.array(0.5), pf.tensor(0.5)])
def test_numbers_of_every_kind_are_saved(tmp_path, number):
    model = K.Sequential([K.Input((4,)), L.LayerNormalization(epsilon=number)])
    model.compile(K.optimizers.Adam(epsilon=number), "mse")
    model.save(tmp_path / "m.safetensors")
    for loaded in (K.models.load_model(tmp_path / "m.safetensors"), K.models.model_from_json(model.to_json())):
        assert loaded.layers[0].epsilon == 0.5


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("ending", [".safetensors", ".keras"])
def test_a_loaded_model_trains_on_as_the_saved_one(tmp_path, backend, ending):
    with pf.use_backend(backend):
        model = stack(0.0)  # masks are drawn anew
        rate = K.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)
        model.compile(
            K.optimizers.Adam(rate), K.losses.Huber(delta=0.5), metrics=["mae", K.metrics.RootMeanSquaredError()]
        )
        model.fit(X, Y, epochs=2, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if ending == ".keras" else "error")
            model.save(tmp_path / f"m{ending}")
        loaded = K.models.load_model(tmp_path / f"m{ending}")
        assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
        expected = model.fit(X, Y, shuffle=False, verbose=0).history
        found = loaded.fit(X, Y, shuffle=False, verbose=0).history
        assert found == {name: pytest.approx(values, rel=1e-6) for name, values in expected.items()}
        for one, other in zip(loaded.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
        assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations)


def test_a_graph_with_two_outputs_comes_back(tmp_path):
    model = graph()
    model.compile("sgd", {"left": "mse", "right": "mae"}, loss_weights={"left": 2.0}, metrics={"right": ["mse"]})
    model.fit(X, [Y, Y], verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = K.models.load_model(tmp_path / "m.safetensors")
    assert loaded.evaluate(X, [Y, Y], verbose=0, return_dict=True) == model.evaluate(
        X, [Y, Y], verbose=0, return_dict=True
    )
    assert K.models.load_model(tmp_path / "m.safetensors", compile=False).objective is None
    assert K.models.model_from_json(model.to_json()).count_params() == model.count_params()


class Scale(L.Layer):
    def __init__(self, start=2.0, **options):
        super().__init__(**options)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight((), K.initializers.Constant(self.start))

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return super().get_config() | {"start": self.start}


def test_classes_of_ones_own_are_looked_up(tmp_path):
    model = K.Sequential([K.Input((4,)), Scale(3.0)])
    K.models.save_model(model, tmp_path / "m.safetensors")
    with pytest.raises(UnknownNameError, match="Unknown layer 'Scale'"):
        K.models.load_model(tmp_path / "m.safetensors")
    loaded = K.models.load_model(tmp_path / "m.safetensors", custom_objects={"Scale": Scale})
    np.testing.assert_allclose(loaded(X).numpy(), 3 * X, rtol=1e-6)
    register_layer(Scale)
    assert K.models.load_model(tmp_path / "m.safetensors").layers[0].start == 3.0


def test_what_no_file_can_hold_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(TypeError, match="Lambda .*save_weights"):
        K.Sequential([K.Input((4,)), L.Lambda(lambda x: x * 2)]).save(path)

    class Own(K.Model):
        def call(self, inputs):
            return inputs * 2

    own = Own()
    own(X)
    with pytest.raises(TypeError, match="Own cannot be made from a configuration"):
        own.save(path)
    with pytest.raises(ValueError, match="not built yet, so there is nothing to save"):
        K.Sequential([L.Dense(1)]).save(path)
    with pytest.raises(
        WeightFileError, match=r"ends in .safetensors .*got .*model'. Write for example .*model.safetensors"
    ):
        stack().save(tmp_path / "model")
    with pytest.raises(FileExistsError):
        stack().save(path) or stack().save(path, overwrite=False)
    weights.save(path, stack().weights)
    with pytest.raises(WeightFileError, match="holds weights and no model"):
        K.models.load_model(path)
    model = stack()
    model.compile("sgd", lambda y_true, y_pred: pf.reduce_mean(y_true - y_pred))
    with pytest.warns(UserWarning, match="does not say what the model was compiled with"):
        model.save(path)
    assert K.models.load_model(path).objective is None


def test_the_names_that_keras_asks_for_are_taken_with_a_warning(tmp_path):
    model, other = stack(), stack()
    with pytest.warns(UserWarning, match="polyflow reads and Keras does not"):
        model.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    assert np.array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="Keras does not"):
        model.fit(X, Y, verbose=0, callbacks=[K.callbacks.ModelCheckpoint(tmp_path / "best.keras")])
    assert json.loads(K.models.load_model(tmp_path / "best.keras").to_json())["class_name"] == "Sequential"
