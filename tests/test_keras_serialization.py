"""Objects as plain data and back, against Keras: what it gives is read, and what is given reads back."""

from __future__ import annotations

import json

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import UnknownNameError

serialize, deserialize = tf.keras.saving.serialize_keras_object, tf.keras.saving.deserialize_keras_object

MAKERS = {
    "layer": lambda k: k.layers.Dense(3, activation="relu", kernel_regularizer=k.regularizers.L2(0.1), name="d"),
    "loss": lambda k: k.losses.Huber(delta=2.0),
    "metric": lambda k: k.metrics.TopKCategoricalAccuracy(k=2, name="top"),
    "optimizer": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.5),
    "schedule": lambda k: k.optimizers.schedules.PolynomialDecay(0.1, 50),
    "initializer": lambda k: k.initializers.RandomNormal(stddev=0.5, seed=3),
    "regularizer": lambda k: k.regularizers.L1L2(0.1, 0.2),
    "constraint": lambda k: k.constraints.MaxNorm(3.0),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_is_made_again(kind):
    made = MAKERS[kind](tf.keras)
    data = json.loads(json.dumps(serialize(made)))
    again = deserialize(data)
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()


@pytest.mark.parametrize("kind", MAKERS)
def test_the_dict_is_that_of_keras_and_keras_s_is_read(kind):
    import keras

    ours, theirs = serialize(MAKERS[kind](tf.keras)), keras.saving.serialize_keras_object(MAKERS[kind](keras))
    for name in ("module", "class_name", "registered_name"):
        assert ours[name] == theirs[name]
    if kind != "layer":  # whose dtype is a policy there
        assert type(deserialize(theirs)).__name__ == ours["class_name"]


@pytest.mark.parametrize("data", [None, 1, 2.5, "a", [1, (2, "b")], {"a": [None, True]}, (1, 2), slice(1, None, 2)])
def test_plain_data(data):
    import keras

    expected = keras.saving.serialize_keras_object(data)
    assert serialize(data) == expected
    assert deserialize(expected) == data


def test_arrays_and_numbers():
    import keras

    array = np.float32([[1, 2]])
    assert serialize(array) == keras.saving.serialize_keras_object(array)
    again = deserialize(serialize(array))
    assert again.dtype == "float32"
    assert again.tolist() == [[1, 2]]
    assert serialize(np.float32(1.5)) == serialize(np.array(1.5)) == 1.5
    found = deserialize(serialize(tf.constant([1, 2])))
    assert isinstance(found, tf.Tensor)
    assert found.tolist() == [1, 2]
    assert serialize(tf.float16) == "float16"


@pytest.fixture
def own_names():
    """What a test registers is forgotten after it."""
    known = dict(tf.keras.saving.get_custom_objects())
    yield
    tf.keras.saving.get_custom_objects().clear()
    tf.keras.saving.get_custom_objects().update(known)


def test_a_layer_in_a_user_s_layer_as_in_keras_s_guide(own_names):
    @tf.keras.saving.register_keras_serializable(package="Guide")
    class Wrapped(tf.keras.layers.Layer):
        def __init__(self, sublayer, **options):
            super().__init__(**options)
            self.sublayer = sublayer

        def call(self, x):
            return self.sublayer(x)

        def get_config(self):
            return {**super().get_config(), "sublayer": tf.keras.saving.serialize_keras_object(self.sublayer)}

        @classmethod
        def from_config(cls, config):
            return cls(tf.keras.saving.deserialize_keras_object(config.pop("sublayer")), **config)

    layer = Wrapped(tf.keras.layers.Dense(2))
    layer(np.ones((1, 3)))
    data = serialize(layer)
    assert data["registered_name"] == "Guide>Wrapped"
    again = deserialize(json.loads(json.dumps(data)))
    assert isinstance(again, Wrapped)
    assert [v.shape for v in again.weights] == [(3, 2), (2,)]  # built, as the layer was
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(np.ones((1, 3))), layer(np.ones((1, 3))))


def mine(x):
    return x * 2


def test_functions():
    assert deserialize(serialize(tf.keras.activations.relu)) is tf.keras.activations.relu
    data = serialize(mine)
    assert data["class_name"] == "function"
    assert deserialize(data, custom_objects={"mine": mine}) is mine
    with pytest.raises(UnknownNameError, match="Unknown function 'mine'"):
        deserialize(data)
    with pytest.raises(ValueError, match="define it with def"):
        serialize(lambda x: x)
    with pytest.raises(ValueError, match="which is not run"):
        deserialize({"class_name": "__lambda__", "config": {"value": "…"}})
    with pytest.raises(TypeError, match="objects with get_config"):
        serialize(object())
    with pytest.raises(UnknownNameError, match="Did you mean 'Dense'"):
        deserialize({"module": "os", "class_name": "Dens", "config": {}})


def test_models():
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,)), tf.keras.layers.Dense(1)])
    again = deserialize(json.loads(json.dumps(serialize(model))))
    assert [v.shape for v in again.weights] == [v.shape for v in model.weights]
