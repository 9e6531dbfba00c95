"""The trainer against Keras itself: the same weights and order must end in the same weights, losses and metrics."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")  # Keras's own

BACKENDS = ["numpy", "jax"]
OPTIMIZERS = {
    "sgd": lambda lib: lib.optimizers.SGD(0.05),
    "momentum": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda lib: lib.optimizers.RMSprop(),
    "rmsprop centered": lambda lib: lib.optimizers.RMSprop(0.002, momentum=0.5, centered=True),
    "adam": lambda lib: lib.optimizers.Adam(),
    "amsgrad": lambda lib: lib.optimizers.Adam(amsgrad=True),
    "adamw": lambda lib: lib.optimizers.AdamW(weight_decay=0.01),
    "adagrad": lambda lib: lib.optimizers.Adagrad(0.05),
    "adadelta": lambda lib: lib.optimizers.Adadelta(1.0),
    "adamax": lambda lib: lib.optimizers.Adamax(),
    "nadam": lambda lib: lib.optimizers.Nadam(0.01),
    "ftrl": lambda lib: lib.optimizers.Ftrl(0.05),
    "lion": lambda lib: lib.optimizers.Lion(),
    "lamb": lambda lib: lib.optimizers.Lamb(0.01),
    "scaled": lambda lib: lib.optimizers.SGD(0.05, loss_scale_factor=8.0),
    "averaged": lambda lib: lib.optimizers.Adam(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=5),
    "accumulated": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=3),
    "clipped": lambda lib: lib.optimizers.SGD(0.1, clipnorm=0.1),
    "clipped by value": lambda lib: lib.optimizers.Adam(clipvalue=0.05),
    "clipped globally": lambda lib: lib.optimizers.Adam(global_clipnorm=0.2, weight_decay=0.01),
}


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture(autouse=True)
def first_weights(keras):
    """The same ones whichever tests ran before: how far rounding drives two trainings apart depends on them."""
    keras.utils.set_random_seed(5)


def data(task: str, count: int = 100):
    draw = np.random.default_rng(3)
    x = draw.normal(size=(count, 6)).astype("float32")
    if task == "regression":
        return x, (x[:, :2] * 2 - x[:, 2:4]).astype("float32")
    return x, (np.abs(x[:, 0] * 3).astype("int32") % 3)


def twin(lib, task: str, *, metrics=(), optimizer="sgd", layers=None):
    """The same compiled model from either library; only the weights are still its own."""
    last = {"regression": (2, None), "classes": (3, "softmax")}[task]
    model = lib.Sequential([lib.Input((6,)), *(layers or default_layers)(lib, *last)])
    loss = {"regression": "mse", "classes": "sparse_categorical_crossentropy"}[task]
    model.compile(optimizer=OPTIMIZERS[optimizer](lib), loss=loss, metrics=list(metrics))
    return model


def twins(keras, task: str, **options):
    """Both, with the same weights."""
    theirs, ours = twin(keras, task, **options), twin(pf.keras, task, **options)
    ours.set_weights(theirs.get_weights())
    return theirs, ours


def default_layers(lib, units, activation):
    return [lib.layers.Dense(8, activation="tanh"), lib.layers.Dense(units, activation=activation)]


TASKS = ("regression", "classes")


@pytest.mark.parametrize(("optimizer", "task"), [(name, TASKS[i % 2]) for i, name in enumerate(OPTIMIZERS)])
def test_eighty_steps_end_in_the_same_weights(keras, task, optimizer):
    x, y = data(task, 128)  # no smaller batch at the end, which would be a program of its own: others below have one
    theirs = twin(keras, task, optimizer=optimizer)
    start = theirs.get_weights()
    expected = theirs.fit(x, y, batch_size=32, epochs=20, shuffle=False, verbose=0).history
    for backend in BACKENDS:
        with pf.use_backend(backend):
            ours = twin(pf.keras, task, optimizer=optimizer)
            ours.set_weights(start)
            found = ours.fit(x, y, batch_size=32, epochs=20, shuffle=False, verbose=0).history
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=2e-6)


@pytest.mark.parametrize("task", TASKS)
def test_metrics_evaluate_and_predict(keras, task):
    x, y = data(task)
    metrics = ["mae", "mse"] if task == "regression" else ["accuracy", "sparse_categorical_crossentropy"]
    theirs = twin(keras, task, metrics=metrics)
    start = theirs.get_weights()
    expected = theirs.fit(x, y, batch_size=32, epochs=4, shuffle=False, verbose=0).history
    for backend in BACKENDS:
        with pf.use_backend(backend):
            ours = twin(pf.keras, task, metrics=metrics)
            ours.set_weights(start)
            found = ours.fit(x, y, batch_size=32, epochs=4, shuffle=False, verbose=0).history
        assert list(found) == list(expected)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=5e-6)
        np.testing.assert_allclose(
            ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=2e-5, atol=2e-6
        )


def test_sample_weights_class_weights_and_validation(keras):
    x, y = data("classes", 96)
    weight = np.random.default_rng(0).uniform(0.1, 3, len(x)).astype("float32")
    for options in (
        {"sample_weight": weight},
        {"class_weight": {0: 1.0, 1: 5.0}},
        {"validation_split": 0.3},
        {"validation_data": (x[:17], y[:17]), "validation_freq": 2},
        {"validation_data": (x[:16], y[:16], weight[:16])},
        {"sample_weight": weight, "validation_split": 1 / 3},
    ):
        options = {"batch_size": 16, "epochs": 4, "shuffle": False, "verbose": 0} | options
        theirs = twin(keras, "classes", metrics=["accuracy"])
        start = theirs.get_weights()
        expected = theirs.fit(x, y, **options).history
        for backend in BACKENDS:
            with pf.use_backend(backend):
                ours = twin(pf.keras, "classes", metrics=["accuracy"])
                ours.set_weights(start)
                found = ours.fit(x, y, **options).history
            assert list(found) == list(expected), options
            for name in expected:
                np.testing.assert_allclose(
                    found[name], expected[name], rtol=2e-5, atol=2e-6, err_msg=f"{name} on {backend}, {options}"
                )


@pytest.mark.parametrize("backend", BACKENDS)
def test_normalization_layers(keras, backend):
    def layers(lib, units, activation):
        return [
            lib.layers.Dense(8, use_bias=False),
            lib.layers.BatchNormalization(),
            lib.layers.Activation("relu"),
            lib.layers.Dense(8, use_bias=False),
            lib.layers.LayerNormalization(),
            lib.layers.Dense(units, activation=activation),
        ]

    x, y = data("classes")
    with pf.use_backend(backend):
        theirs, ours = twins(keras, "classes", optimizer="adam", layers=layers)
        expected = theirs.fit(x, y, batch_size=25, epochs=20, shuffle=False, verbose=0).history
        found = ours.fit(x, y, batch_size=25, epochs=20, shuffle=False, verbose=0).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-5)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=2e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_embedding_model(keras, backend):
    draw = np.random.default_rng(5)
    x, y = draw.integers(0, 20, (64, 5), np.int32), draw.integers(0, 2, (64, 1)).astype("float32")
    models = []
    for lib in (keras, pf.keras):
        with pf.use_backend(backend):
            model = lib.Sequential(
                [
                    lib.Input((5,), dtype="int32"),
                    lib.layers.Embedding(20, 4),
                    lib.layers.Flatten(),
                    lib.layers.Reshape((4, 5)),
                    lib.layers.Flatten(),
                    lib.layers.Dense(1, activation="sigmoid"),
                ]
            )
            model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
            models.append(model)
    models[1].set_weights(models[0].get_weights())
    histories = [m.fit(x, y, epochs=10, batch_size=16, shuffle=False, verbose=0).history for m in models]
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=2e-5, atol=2e-6)
    for a, b in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first"])
@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_flatten(keras, data_format, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    theirs, ours = (lib.layers.Flatten(data_format) for lib in (keras, pf.keras))
    np.testing.assert_array_equal(ours(x).numpy(), np.asarray(theirs(x)))
    again = pf.keras.layers.Flatten.from_config(ours.get_config())
    np.testing.assert_array_equal(again(x).numpy(), ours(x).numpy())


def test_one_batch_methods(keras):
    x, y = data("classes")
    theirs, ours = twins(keras, "classes", metrics=["accuracy"])
    for _ in range(3):
        expected, found = theirs.test_on_batch(x[:9], y[:9]), ours.test_on_batch(x[:9], y[:9])
        np.testing.assert_allclose(found, [float(v) for v in expected], rtol=1e-5)
        theirs.reset_metrics()
        np.testing.assert_allclose(
            ours.train_on_batch(x[:9], y[:9]), [float(v) for v in theirs.train_on_batch(x[:9], y[:9])], rtol=1e-5
        )
        theirs.reset_metrics()
    np.testing.assert_allclose(ours.predict_on_batch(x[:4]), np.asarray(theirs.predict_on_batch(x[:4])), atol=1e-6)
    assert set(ours.train_on_batch(x, y, return_dict=True)) == {"loss", "accuracy"}


def test_a_functional_model_with_two_inputs_and_two_outputs(keras):
    draw = np.random.default_rng(2)
    x, words = draw.normal(size=(48, 4)).astype("float32"), draw.integers(0, 9, (48, 5)).astype("int32")
    size, kind = x[:, :1] * 2, draw.integers(0, 3, 48).astype("int32")

    def made(lib):
        first, second = lib.Input((4,), name="x"), lib.Input((5,), dtype="int32", name="words")
        shared = lib.layers.Dense(4, activation="tanh", name="shared")
        joined = lib.layers.Concatenate()(
            [shared(shared(first)), lib.layers.Flatten()(lib.layers.Embedding(9, 2)(second))]
        )
        hidden = lib.layers.Add()([lib.layers.Dense(14, activation="relu", name="hidden")(joined), joined])
        outputs = [
            lib.layers.Dense(1, name="size")(hidden),
            lib.layers.Dense(3, activation="softmax", name="kind")(hidden),
        ]
        model = lib.Model([first, second], outputs)
        model.compile(
            "sgd",
            loss={"size": "mse", "kind": "sparse_categorical_crossentropy"},
            loss_weights={"size": 0.5, "kind": 1.0},
            metrics={"size": ["mae"], "kind": ["accuracy"]},
        )
        return model

    theirs = made(keras)
    start = theirs.get_weights()
    options = {"batch_size": 16, "epochs": 5, "shuffle": False, "verbose": 0}
    expected = theirs.fit([x, words], [size, kind], **options).history
    for backend in BACKENDS:
        with pf.use_backend(backend):
            ours = made(pf.keras)
            assert [layer.name.split("_")[0] for layer in ours.layers] == [
                layer.name.split("_")[0] for layer in theirs.layers
            ]
            ours.set_weights(start)
            found = ours.fit({"words": words, "x": x}, {"kind": kind, "size": size}, **options).history
        assert list(found) == list(expected)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=2e-5, atol=2e-6, err_msg=name)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=2e-6)
        for a, b in zip(ours.predict([x, words], verbose=0), theirs.predict([x, words], verbose=0), strict=True):
            np.testing.assert_allclose(a, b, atol=5e-6)
