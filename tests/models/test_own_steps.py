"""Steps written as Keras's are, ``train_step(self, data)``, and losses that layers add: the built-in step's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import NotCompiledError

L, K = tf.keras.layers, tf.keras
X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


class Compiled(K.Model):
    """Uses what the model was compiled with."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class Alone(K.Model):
    """Has a loss and metrics of its own, and is compiled with an optimizer only."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen = K.metrics.Mean(name="loss")
        self.mae = K.metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = tf.reduce_mean((y - y_pred) ** 2)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.logs(loss, y, y_pred)

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        return self.logs(tf.reduce_mean((y - y_pred) ** 2), y, y_pred)

    def logs(self, loss, y, y_pred):
        self.seen.update_state(loss)
        self.mae.update_state(y, y_pred)
        return {"loss": self.seen.result(), "mae": self.mae.result()}

    @property
    def metrics(self):
        return [self.seen, self.mae]


def made(kind, **options):
    K.utils.set_random_seed(0)
    a = K.Input((3,))
    model = kind(a, L.Dense(1)(a))
    model.compile("sgd", **options)
    return model


def course(model):
    """The histories, results and weights that a model comes to."""
    options = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0, "validation_data": (X, Y)}
    history = model.fit(X, Y, **options).history
    results = [model.evaluate(X, Y, verbose=0), model.train_on_batch(X, Y), *model.get_weights()]
    return history | {str(place): value for place, value in enumerate(results)}


def test_a_step_of_one_batch_trains_as_the_built_in_one():
    expected = course(made(K.Model, loss="mse", metrics=["mae"]))
    for model in (made(Compiled, loss="mse", metrics=["mae"]), made(Alone)):
        found = course(model)
        assert list(found) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)


def test_a_model_without_a_call_trains_by_its_step():
    class Pair(K.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = L.Dense(2), L.Dense(3)

        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self.second(self.first(data)) - data) ** 2)
            variables = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return {"loss": loss, "twice": 2 * loss}

    model = Pair()
    model.compile(K.optimizers.Adam(0.05))
    history = model.fit(X, epochs=6, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(history["twice"], 2 * np.array(history["loss"]), rtol=1e-6)


def test_what_a_step_returns_is_a_dict():
    class Wrong(K.Model):
        def train_step(self, data):
            return 3.0

    with pytest.raises(TypeError, match="return a dict of logs"):
        made(Wrong).fit(X, Y, verbose=0)


class Penalty(L.Layer):
    """Adds a tenth of the sum of what goes through it to the loss."""

    def call(self, inputs):
        self.add_loss(0.1 * tf.reduce_sum(inputs))
        return inputs


def test_a_layer_adds_to_the_loss():
    layer = Penalty()
    for _ in range(2):  # the second call forgets what the first added
        layer(X)
        assert [loss.item() for loss in layer.losses] == [pytest.approx(0.1 * X.sum(), rel=1e-5)]
    a = K.Input((3,))
    model = K.Model(a, L.Dense(1)(Penalty()(a)))
    model.compile("sgd", "mse")
    expected = ((model.predict(X, verbose=0) - Y) ** 2).mean() + 0.1 * X.sum()
    for found in (model.evaluate(X, Y, verbose=0), model.fit(X, Y, verbose=0).history["loss"][0]):
        assert found == pytest.approx(expected, rel=1e-5)


class Distance(K.Model):
    """Has a loss of its own, by the arguments that Keras gives it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.told = set()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=None):
        self.told.add(training)
        return tf.reduce_mean((y - y_pred) ** 2)


def test_a_loss_of_the_model_s_own_needs_no_other():
    built_in, model = made(K.Model, loss="mse", metrics=["mae"]), made(Distance, metrics=["mae"])
    expected, found = course(built_in), course(model)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    assert model.told == {True, False}


def test_what_layers_add_is_a_loss_without_another():
    a = K.Input((3,))
    model = K.Model(a, Penalty()(L.Dense(1, kernel_initializer="ones", use_bias=False)(a)))
    model.compile("sgd")
    for found in (model.evaluate(X, verbose=0), model.fit(X, verbose=0).history["loss"][0]):
        assert found == pytest.approx(0.1 * X.sum(), rel=1e-5)


def test_no_loss_at_all():
    model = made(K.Model)
    assert model.evaluate(X, Y, verbose=0) == 0
    with pytest.raises(
        NotCompiledError, match=r"there is no loss: compile the model with loss=.*override compute_loss"
    ):
        model.fit(X, Y, verbose=0)


def test_a_model_s_own_compute_metrics_makes_the_logs_as_in_keras():
    import keras

    def logs(library):
        class Own(library.Model):
            def __init__(self, *args, **options):
                super().__init__(*args, **options)
                self.custom = library.metrics.Mean(name="custom")

            def compute_metrics(self, x, y, y_pred, sample_weight):
                found = super().compute_metrics(x, y, y_pred, sample_weight)
                self.custom.update_state(y_pred)
                return {**found, "twice": 2 * found["loss"], "now": self.custom.result()}

        inputs = library.Input((3,))
        model = Own(inputs, library.layers.Dense(1, kernel_initializer="ones")(inputs))
        model.compile("sgd", "mse", metrics=["mae"])
        x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
        y = x.sum(1, keepdims=True) + 1
        found = model.fit(x, y, epochs=2, verbose=0, shuffle=False, validation_data=(x, y)).history
        evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
        return found | evaluated | {f"batch_{k}": v for k, v in model.train_on_batch(x, y, return_dict=True).items()}

    found, expected = logs(K), logs(keras)
    assert sorted(found) == sorted(expected)
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-6, err_msg=name)
