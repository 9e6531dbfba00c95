"""Layers and models that users write: what they hold, when they train, how they are called."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

L = pf.keras.layers
BACKENDS = ("numpy", "jax")
X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)


@pytest.fixture(params=BACKENDS)
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


class Blocks(pf.Model):
    """Layers in a list and in a dict, a variable, and no word about ``training``."""

    def __init__(self):
        super().__init__()
        self.blocks = [L.Dense(3), L.BatchNormalization()]
        self.heads = {"out": L.Dense(1)}
        self.scale = pf.Variable(1.0)
        self.drop = L.Dropout(0.5)

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.heads["out"](self.drop(inputs)) * self.scale


def test_layers_and_variables_in_attributes_lists_and_dicts_are_trained(backend):
    model = Blocks()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.trainable_weights) == 7
    assert len({weight.path for weight in model.weights}) == 9
    assert float(model.scale) != 1.0


def test_layers_inside_call_train_while_the_model_does(backend):
    model = Blocks()
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    assert not model.blocks[1].moving_mean.numpy().any()
    model.evaluate(X, Y, verbose=0)
    assert not model.blocks[1].moving_mean.numpy().any()
    model.fit(X, Y, verbose=0)
    assert model.blocks[1].moving_mean.numpy().all()
    assert np.array_equal(model(X).numpy(), model(X).numpy())
    assert not np.array_equal(model(X, training=True).numpy(), model(X, training=True).numpy())


def test_what_a_layer_is_told_goes_before_what_the_model_does(backend):
    class Fixed(pf.Model):
        def __init__(self):
            super().__init__()
            self.drop = L.Dropout(0.5)

        def call(self, inputs):
            return self.drop(inputs, training=False)

    assert np.array_equal(Fixed()(X, training=True).numpy(), X)


def test_an_attribute_that_was_replaced_does_not_count(backend):
    layer = pf.keras.Layer()
    layer.inner = L.Dense(2)
    layer.inner = L.Dense(3)
    layer.inner(X)
    assert [weight.shape for weight in layer.weights] == [(4, 3), (3,)]


def test_call_takes_more_arguments(backend):
    class Sum(L.Layer):
        def call(self, a, b, factor=1.0):
            return (a + b) * factor

    assert Sum()(np.ones(2, np.float32), np.ones(2, np.float32), factor=3.0).tolist() == [6.0, 6.0]


def test_a_layer_that_was_built_by_hand_is_not_built_again(backend):
    layer = L.Dense(3)
    layer.build((None, 4))
    kernel = layer.kernel
    layer(X)
    assert layer.kernel is kernel
    assert len(layer.weights) == 2


def test_a_model_is_built_without_data(backend):
    model = Blocks()
    model.build((None, 4))
    assert len(model.weights) == 9
    assert model.output_shape == (None, 1)


def test_a_constructor_without_super_is_told_so(backend):
    class Bare(L.Layer):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match="Bare must call super"):
        Bare()(X)


def test_freezing_after_compile_counts_from_the_next_fit(backend):
    model = pf.Sequential([L.Dense(3, input_shape=(4,)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.layers[0].trainable = False
    model.fit(X, Y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]
    model.layers[0].trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_unfreezing_keeps_fixed_what_never_was_trained(backend):
    layer = L.BatchNormalization(trainable=False)
    layer(X)
    assert not layer.trainable_weights
    layer.trainable = True
    assert [weight.name for weight in layer.trainable_weights] == ["gamma", "beta"]


def test_data_keeps_the_digits_of_the_widest_layer(backend):
    model = pf.Sequential([L.Dense(1, dtype="float64", input_shape=(1,))])
    near, one = model.predict(np.array([[1 + 1e-12], [1.0]]), verbose=0)
    assert near.dtype == np.float64
    assert near != one


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: L.Dense(1, lora_rank=2), TypeError, "no argument 'lora_rank'"),
        (lambda: L.Dense(1)(L.InputLayer((4,))), TypeError, "not on data"),
        (
            lambda: pf.Model(inputs=1, outputs=2),
            TypeError,
            "takes what Input and layers called on it give; inputs holds 1",
        ),
        (lambda: pf.Sequential(L.Dense(1)), TypeError, "write Sequential"),
        (lambda: pf.keras.Input("four"), ValueError, "tuple of sizes"),
        (lambda: L.Reshape("4"), ValueError, "tuple of sizes"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(make, kind, text):
    with pytest.raises(kind, match=text):
        make()


def test_input_takes_the_shape_under_either_name():
    for first in (L.InputLayer(shape=(4,)), L.InputLayer(input_shape=(4,)), pf.keras.Input(4, batch_size=8)):
        assert pf.Sequential([first, L.Dense(1)]).input_shape == (None, 4)
    assert L.InputLayer.from_config(first.node.layer.get_config()).batch_size == 8


def test_build_takes_as_many_shapes_as_it_names(backend):
    class Scale(L.Layer):
        def build(self):
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, inputs):
            return inputs * self.scale

    class Both(L.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = a_shape, b_shape

        def call(self, a, b):
            return a + b

    assert Scale()(X).shape == X.shape
    model = pf.Sequential([Scale(), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.trainable_weights) == 3
    for call in (lambda layer: layer(X, Y), lambda layer: layer(X, b=Y)):
        both = Both()
        call(both)
        assert both.shapes == ((None, 4), (None, 1))


class Taking:
    """Objects whose methods do not take what they get."""

    class Layer(L.Layer):
        def call(self):
            return 1

    class Loss(pf.keras.losses.Loss):
        def call(self, y_true):
            return y_true

    class Metric(pf.keras.metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            pass

        def result(self, of):
            return of

    class Optimizer(pf.keras.optimizers.Optimizer):
        def update_step(self, gradient, variable):
            pass

    class Regularizer(pf.keras.regularizers.Regularizer):
        def __call__(self):
            return 1.0

    class Constraint(pf.keras.constraints.Constraint):
        def __call__(self, w, other):
            return w

    class Initializer(pf.keras.initializers.Initializer):
        def __call__(self, shape):
            return pf.ones(shape)

    class Schedule(pf.keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self):
            return 0.1

    class Callback(pf.keras.callbacks.Callback):
        def set_model(self):
            pass


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: Taking.Layer()(X), r"Layer.call is called with 1 argument, \(inputs\); call\(\) takes others"),
        (lambda: pf.Sequential([Taking.Layer()]).build((None, 4)), r"Layer.call is called with 1 argument"),
        (lambda: pf.Sequential().compile(loss=Taking.Loss()), r"2 arguments, \(y_true, y_pred\); call\(y_true\)"),
        (
            lambda: pf.Sequential().compile(metrics=[Taking.Metric()]),
            r"result is called with no argument.*result\(of\)",
        ),
        (lambda: pf.Sequential().compile(Taking.Optimizer(0.1)), r"\(gradient, variable, learning_rate\); update_step"),
        (lambda: L.Dense(1, kernel_regularizer=Taking.Regularizer()), r"Regularizer.__call__ .* 1 argument, \(x\)"),
        (lambda: L.Dense(1, kernel_constraint=Taking.Constraint()), r"\(w\); __call__\(w, other\) takes others"),
        (lambda: L.Dense(1, kernel_initializer=Taking.Initializer()), r"\(shape, dtype\); __call__\(shape\) takes"),
        (lambda: pf.keras.optimizers.SGD(Taking.Schedule()), r"Schedule.__call__ is called with 1 argument, \(step\)"),
        (
            lambda: _compiled().fit(X, Y, callbacks=[Taking.Callback()]),
            r"Callback.set_model .*\(model\); set_model\(\)",
        ),
    ],
)
def test_methods_that_do_not_take_what_they_get(use, words):
    with pytest.raises(TypeError, match=words):
        use()


def _compiled():
    model = pf.Sequential([L.Dense(1)])
    model.compile("sgd", "mse")
    return model


class Judged(L.Layer):
    """A layer that adds its loss, and counts in metrics of its own, as in Keras's guide to layers."""

    def __init__(self):
        super().__init__()
        self.accuracy = pf.keras.metrics.BinaryAccuracy(name="judged")

    def call(self, targets, logits):
        self.add_loss(pf.keras.losses.binary_crossentropy(targets, logits, from_logits=True).mean())
        self.accuracy.update_state(targets, logits)
        return pf.sigmoid(logits)


def test_metrics_that_layers_hold_are_the_models_and_are_reported(backend):
    layer = Judged()
    assert layer.metrics == [layer.accuracy]
    inputs, targets = L.Input((4,)), L.Input((1,))
    model = pf.Model([inputs, targets], layer(targets, L.Dense(1)(inputs)))
    model.compile("sgd")
    labels = (Y > 0).astype("float32")
    history = model.fit([X, labels], epochs=2, batch_size=10, shuffle=False, verbose=0, validation_data=([X, labels],))
    assert list(history.history) == ["judged", "loss", "val_judged", "val_loss"]
    assert [metric.name for metric in model.metrics] == ["loss", "judged"]
    found = model.evaluate([X, labels], verbose=0, return_dict=True)
    expected = np.mean((np.asarray(model.predict([X, labels], verbose=0)) > 0.5) == labels)
    np.testing.assert_allclose(found["judged"], expected, atol=0.3)  # the metric cuts logits at 0.5, not at 0
    logits = X @ model.get_weights()[0] + model.get_weights()[1]
    np.testing.assert_allclose(found["judged"], np.mean((logits > 0.5) == labels), rtol=1e-6)
    np.testing.assert_allclose(history.history["val_judged"][-1], found["judged"], rtol=1e-6)


def test_metrics_of_a_model_inside_are_its_own_affair():
    inner = pf.Sequential([L.Dense(1, input_shape=(4,))])
    inner.mean = pf.keras.metrics.Mean(name="inner")
    model = pf.Sequential([inner])
    model.mean = pf.keras.metrics.Mean(name="outer")
    model.compile("sgd", "mse", metrics=["mae"])
    model.mean.update_state([3.0])
    assert [metric.name for metric in model.metrics] == ["loss", "outer"]
    found = model.fit(X, Y, verbose=0).history
    assert list(found) == ["loss", "mae", "outer"]
    assert found["outer"] == [0.0]  # it began anew, and nothing updated it
    model.other = pf.keras.metrics.Mean(name="later")
    assert list(model.fit(X, Y, verbose=0).history) == ["later", "loss", "mae", "outer"]


def test_added_losses_come_before_those_of_regularizers_as_in_keras():
    import keras

    def losses(layers, ones):
        class Noted(layers.Layer):
            def call(self, inputs):
                self.add_loss(0.25 * inputs[0, 0])
                return inputs

        class Outer(layers.Layer):
            def __init__(self):
                super().__init__()
                self.dense = layers.Dense(2, kernel_regularizer="l2", kernel_initializer="ones")
                self.noted = Noted()

            def call(self, inputs):
                return self.noted(self.dense(inputs))

        layer = Outer()
        layer(ones)
        return [float(loss) for loss in layer.losses]

    ones = np.ones((1, 3), "float32")
    np.testing.assert_allclose(losses(L, ones), losses(keras.layers, ones), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"input_dim": 0}, pf.errors.ArgumentError, "Dense needs an integer of 1 or more, or None; got input_dim=0"),
        (
            {"input_dim": 4, "input_shape": (5,)},
            pf.errors.ShapeError,
            r"a sample's shape twice: input_shape \(5,\) and input_dim \(4,\). Leave one of them out",
        ),
        ({"input_shape": (5,), "batch_input_shape": (None, 6)}, pf.errors.ShapeError, "twice"),
    ],
)
def test_shapes_of_samples_that_are_none_or_contradict_each_other_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        L.Dense(3, **options)
    assert L.Dense(3, input_dim=4, input_shape=(4,)).declared_shape == (4,)
