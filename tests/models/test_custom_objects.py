"""A user's own classes and functions are found by name, in files and configurations, as Keras finds them."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import UnknownNameError

K = tf.keras
X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
saving = K.saving


@pytest.fixture(autouse=True)
def registered():
    known = dict(saving.get_custom_objects())
    yield saving.get_custom_objects()
    saving.get_custom_objects().clear()
    saving.get_custom_objects().update(known)


def scale_class():
    class Scale(K.layers.Layer):
        def __init__(self, factor=2.0, **options):
            super().__init__(**options)
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

        def get_config(self):
            return super().get_config() | {"factor": self.factor}

    return Scale


def test_names_are_keras_s(registered):
    import keras

    for ours in (K.saving, K.utils):
        for package, name in (("Custom", None), ("mine", None), ("mine", "Other")):
            one, theirs = scale_class(), type("Scale", (keras.layers.Layer,), {})
            assert ours.register_keras_serializable(package=package, name=name)(one) is one
            keras.saving.register_keras_serializable(package=package, name=name)(theirs)
            key = keras.saving.get_registered_name(theirs)
            assert ours.get_registered_name(one) == key
            assert ours.get_registered_object(key) is registered[key] is one
            assert keras.saving.get_custom_objects().pop(key) is theirs
    assert saving.get_registered_name(K.layers.Dense) == "Dense"
    assert saving.get_registered_object("Dense") is None


@pytest.mark.parametrize("functional", [False, True])
def test_a_registered_model_comes_back_whole(tmp_path, functional):
    Scale = saving.register_keras_serializable("mine")(scale_class())

    @saving.register_keras_serializable()
    def bent(x):
        return tf.where(x > 0, x, 0.5 * x)

    @saving.register_keras_serializable()
    def squared(y_true, y_pred):
        return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)

    @saving.register_keras_serializable("mine", "Sum")
    class Total(K.metrics.Sum):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_pred, sample_weight)

    @saving.register_keras_serializable()
    class Half(K.regularizers.Regularizer):
        def __call__(self, x):
            return 0.5 * tf.reduce_sum(x)

        def get_config(self):
            return {}

    layers = [Scale(3.0), K.layers.Dense(2, bent, kernel_regularizer=Half())]
    entrance = K.Input((3,))
    model = K.Model(entrance, layers[1](layers[0](entrance))) if functional else K.Sequential([entrance, *layers])
    model.compile("sgd", squared, metrics=[Total(), squared])
    model.fit(X, X[:, :2], verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = K.models.load_model(tmp_path / "m.safetensors")
    assert type(loaded.layers[-2]) is Scale
    assert loaded.layers[-1].activation is bent
    expected = model.evaluate(X, X[:, :2], verbose=0, return_dict=True)
    assert loaded.evaluate(X, X[:, :2], verbose=0, return_dict=True) == expected
    assert len(expected) == 3
    assert type(K.models.model_from_json(model.to_json()).layers[-1].kernel_regularizer) is Half
    clone = type(model).from_config(model.get_config())
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(X).numpy(), model(X).numpy())


def test_objects_are_known_for_the_length_of_a_block(tmp_path, registered):
    Scale = scale_class()
    model = K.Sequential([K.Input((3,)), Scale(3.0)])
    model.save(tmp_path / "m.safetensors")
    with K.utils.custom_object_scope({"Scale": Scale}), K.utils.CustomObjectScope({"other": abs}):
        assert K.models.load_model(tmp_path / "m.safetensors").layers[0].factor == 3.0
        assert K.activations.get("other") is abs
        assert "Scale" not in registered
    with pytest.raises(UnknownNameError, match="Unknown layer 'Scale'"):
        K.models.load_model(tmp_path / "m.safetensors")
    registered["Scale"] = Scale
    assert type(K.models.load_model(tmp_path / "m.safetensors").layers[0]) is Scale


def test_a_registered_class_may_be_given_by_its_own_name(tmp_path, registered):
    Scale = saving.register_keras_serializable("mine")(scale_class())
    K.Sequential([K.Input((3,)), Scale(3.0)]).save(tmp_path / "m.safetensors")
    registered.clear()  # as in another program
    with pytest.raises(UnknownNameError, match="Unknown layer 'mine>Scale'"):
        K.models.load_model(tmp_path / "m.safetensors")
    assert type(K.models.load_model(tmp_path / "m.safetensors", {"Scale": Scale}).layers[0]) is Scale


def test_what_cannot_be_registered():
    with pytest.raises(TypeError, match=r"got Scale as its package.*@register_keras_serializable\(\)"):
        saving.register_keras_serializable(scale_class())
    with pytest.raises(ValueError, match="has no get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))


def bent(x):
    return tf.where(x > 0, x, 0.5 * x)


def tenths(shape, dtype=None):
    return tf.ones(shape, dtype) * 0.1


def shrinking(weights):
    return 0.01 * tf.reduce_sum(tf.abs(weights))


def positive(weights):
    return tf.where(weights < 0.0, tf.zeros_like(weights), weights)


def squared(y_true, y_pred):
    return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)


FUNCTIONS = (bent, tenths, shrinking, positive, squared)


def test_functions_of_ones_own_are_saved_by_name_and_given_to_load_model(tmp_path):
    """Without being registered, as in Keras."""
    dense = K.layers.Dense(
        2, bent, kernel_initializer=tenths, kernel_regularizer=shrinking, kernel_constraint=positive, input_shape=(3,)
    )
    assert dense.get_config()["activation"] == "bent"
    model = K.Sequential([dense])
    model.compile("adam", squared, metrics=[squared, "mae"])
    model.fit(X, X[:, :2], verbose=0)
    model.save(tmp_path / "m.safetensors")
    own = {one.__name__: one for one in FUNCTIONS}
    loaded = K.models.load_model(tmp_path / "m.safetensors", custom_objects=own)
    assert loaded.loss is squared
    assert loaded.evaluate(X, X[:, :2], verbose=0) == model.evaluate(X, X[:, :2], verbose=0)
    trained = [one.fit(X, X[:, :2], shuffle=False, verbose=0).history for one in (loaded, model)]
    assert trained[0] == trained[1]
    for name in own:
        rest = {one: function for one, function in own.items() if one != name}
        with pytest.raises(UnknownNameError, match=rf"Unknown \w+ '{name}'.* load_model\(path, custom_objects="):
            K.models.load_model(tmp_path / "m.safetensors", custom_objects=rest)
    without = {one: function for one, function in own.items() if function is not squared}
    assert K.models.load_model(tmp_path / "m.safetensors", custom_objects=without, compile=False).objective is None


def test_a_function_with_the_name_of_another_is_not_taken_for_it(tmp_path):
    def mse(y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)

    model = K.Sequential([K.layers.Dense(2, input_shape=(3,))])
    model.compile("sgd", mse)
    with pytest.warns(UserWarning, match="does not say what the model was compiled with"):
        model.save(tmp_path / "m.safetensors")
