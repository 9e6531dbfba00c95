"""fit, evaluate, predict: what they take, what they give, and what they say of bad input."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import EmptyDataError, NotCompiledError, ShapeError, UnknownNameError

L = pf.keras.layers
BACKENDS = ["numpy", "jax"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


def xy(n: int = 50):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(n, 3))
    return x, (x @ [1.0, -2.0, 0.5])[:, None]


def made(units: int = 1, loss="mse", activation=None, **options):
    model = pf.Sequential([L.Dense(8, activation="tanh", input_dim=3), L.Dense(units, activation=activation)])
    model.compile("adam", loss, **options)
    return model


def usable(model) -> bool:
    x, y = xy()
    model.fit(x, y, verbose=0)
    return bool(np.isfinite(model.predict(x, verbose=0)).all())


def test_arrays_lists_tensors_and_datasets_train_alike(backend):
    x, y = xy()
    results = []
    for data in (
        (x, y),
        (x.tolist(), y.tolist()),
        (pf.constant(x), pf.constant(y)),
        (x.astype("float32"), y.astype("float32")),
        (pf.data.Dataset.from_tensor_slices((x, y)).batch(32),),
    ):
        pf.random.set_seed(1)
        model = made()
        history = model.fit(*data, epochs=3, shuffle=False, verbose=0)
        assert len(history.history["loss"]) == 3
        results.append(model.get_weights())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_same_program_on_two_backends():
    x, y = xy(100)
    losses, weights = [], []
    for name in BACKENDS:
        with pf.use_backend(name):
            pf.random.set_seed(4)
            model = pf.Sequential(
                [L.Dense(16, activation="relu", input_dim=3), L.Dropout(0.3), L.BatchNormalization(), L.Dense(1)]
            )
            model.compile("adam", "mse")
            losses.append(model.fit(x, y, epochs=15, batch_size=16, verbose=0).history["loss"])
            weights.append(model.predict(x, verbose=0))
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-4)


def test_training_learns_and_history_tells(backend):
    x, y = xy(200)
    model = made(metrics=["mae"])
    history = model.fit(x, y, epochs=60, validation_split=0.25, verbose=0)
    assert history.epoch == list(range(60))
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert all(isinstance(value, float) for values in history.history.values() for value in values)
    assert model.history is history
    assert history.params["epochs"] == 60


def test_zero_epochs(backend):
    assert made().fit(*xy(), epochs=0, verbose=0).history == {}


def test_initial_epoch(backend):
    assert made().fit(*xy(), epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


def test_shuffling_is_seeded_and_changes_the_order():
    x, y = xy()
    runs = []
    for seed in (1, 1, 2):
        pf.random.set_seed(0)
        model = made()
        pf.random.set_seed(seed)
        model.fit(x, y, epochs=2, verbose=0)
        runs.append(model.get_weights()[0])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_steps_per_epoch_with_endless_data(backend):
    x, y = xy()
    data = pf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(10)
    assert len(made().fit(data, epochs=3, steps_per_epoch=4, verbose=0).epoch) == 3
    with pytest.raises(ValueError, match="never ends"):
        made().fit(data, verbose=0)


def test_steps_without_a_batch_size_share_the_rows(backend):
    x, y = xy()
    sizes = []

    class Counting(pf.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            sizes.append(batch)

    for steps in (1, 3):
        model = made()
        twin = made()
        twin.set_weights(model.get_weights())
        options = {"epochs": 2, "shuffle": False, "verbose": 0}
        found = model.fit(x, y, steps_per_epoch=steps, callbacks=[Counting()], **options)
        expected = twin.fit(x, y, batch_size=-(-len(x) // steps), **options)
        assert found.history == expected.history
        assert model.evaluate(x, y, steps=steps, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
        assert len(model.predict(x, steps=steps, verbose=0)) == len(x)
    assert sizes == [0, 0, *range(3), *range(3)]


def test_rows_that_end_before_the_steps(backend):
    """Each row is looked at once, and a warning says how many steps there were; to train, the rows begin again."""
    x, y = xy()
    model = made()
    expected = model.predict(x, verbose=0)
    for options in ({"batch_size": 20, "steps": 4}, {"steps": 4 * len(x)}):
        with pytest.warns(UserWarning, match=r"predict: the data ended after \d+ of \d+ steps"):
            np.testing.assert_allclose(model.predict(x, verbose=0, **options), expected, atol=1e-6)
    with pytest.warns(UserWarning, match="evaluate: the data ended after 3 of 4 steps"):
        found = model.evaluate(x, y, batch_size=20, steps=4, verbose=0)
    assert found == pytest.approx(model.evaluate(x, y, verbose=0))
    with pytest.warns(UserWarning, match="validation_data: the data ended after 3 of 9 steps"):
        model.fit(x, y, validation_data=(x, y), validation_batch_size=20, validation_steps=9, verbose=0)
    before = int(model.optimizer.iterations)
    model.fit(x, y, batch_size=20, steps_per_epoch=4, verbose=0)
    assert int(model.optimizer.iterations) == before + 4


def test_a_dataset_that_ends_early(backend):
    x, y = xy()
    model = made()
    with pytest.raises(EmptyDataError, match=r"ended after 2 of 4 steps in epoch 2.*repeat"):
        model.fit(pf.data.Dataset.from_tensor_slices((x, y)).batch(9), epochs=3, steps_per_epoch=4, verbose=0)
    assert usable(model)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"epochs": -1}, ValueError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2.5}, ValueError, "batch_size"),
        ({"validation_split": 1.5}, ValueError, "between 0 and 1"),
        ({"validation_split": -0.1}, ValueError, "between 0 and 1"),
        ({"validation_split": 0.999}, ValueError, "leaves none for training"),
        ({"steps_per_epoch": 0}, ValueError, "steps"),
        ({"class_weight": {0: 1.0}, "sample_weight": np.ones(50)}, ValueError, "not both"),
        ({"sample_weight": np.ones(49)}, ValueError, "sample_weight has 49"),
        ({"verbose": "loud"}, ValueError, "verbose"),
        ({"validation_data": 3}, ValueError, "validation_data"),
        ({"callbacks": ["stop"]}, TypeError, "allback"),
    ],
)
def test_bad_options(backend, options, error, words):
    model = made()
    with pytest.raises(error, match=words):
        model.fit(*xy(), **({"verbose": 0} | options))
    assert usable(model)


def test_bad_data(backend):
    model = made()
    x, y = xy()
    for args, error, words in (
        ((x[:0], y[:0]), EmptyDataError, "no data"),
        ((x, y[:-1]), ValueError, "x has 50, y has 49"),
        ((None, None), ValueError, "needs data"),
        (([[1.0, 2.0, 3.0], [1.0, 2.0]], [1.0, 2.0]), ShapeError, r"ragged.*\[1\]"),
        ((np.array([["a", "b", "c"]]), y[:1]), TypeError, "numbers"),
        ((x[:, :2], y), ShapeError, r"\(None, 3\)"),
        ((pf.data.Dataset.from_tensor_slices((x, y)).take(0).batch(2),), EmptyDataError, "empty|without"),
        ((pf.data.Dataset.from_tensor_slices((x, y)),), ShapeError, "atch"),
        ((pf.data.Dataset.from_tensor_slices((x, y)).batch(2), y), ValueError, "leave out y"),
    ):
        with pytest.raises(error, match=words):
            model.fit(*args, verbose=0)
    assert usable(model)


def test_compile_comes_first():
    model = pf.Sequential([L.Dense(1, input_dim=3)])
    for call in (lambda: model.fit(*xy()), lambda: model.evaluate(*xy()), lambda: model.train_on_batch(*xy())):
        with pytest.raises(NotCompiledError, match="compile"):
            call()
    model.compile("sgd")
    with pytest.raises(NotCompiledError, match="loss"):
        model.fit(*xy(), verbose=0)


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"optimizer": "addam"}, "adam"),
        ({"loss": "mean_squared_eror"}, "mean_squared_error"),
        ({"metrics": ["acuracy"]}, "accuracy"),
    ],
)
def test_unknown_names_and_then_right_ones(options, near):
    model = pf.Sequential([L.Dense(1, input_dim=3)])
    with pytest.raises(UnknownNameError, match=near):
        model.compile(**({"optimizer": "sgd", "loss": "mse"} | options))
    model.compile("sgd", "mse", metrics=["mae"])
    assert usable(model)
    for bad in ("Dens", "reluu"):
        with pytest.raises(UnknownNameError):
            L.Dense(1, activation=bad)


def test_labels_outside_the_classes(backend):
    model = made(3, "sparse_categorical_crossentropy", "softmax")
    x, _ = xy()
    with pytest.raises(ValueError, match=r"7.*3 classes"):
        model.fit(x, np.full(50, 7), verbose=0)
    model.fit(x, np.arange(50) % 3, verbose=0)


def test_nan_losses_are_told_with_epoch_and_step(backend):
    x, y = xy()
    x[20] = np.nan
    model = made()
    with pytest.warns(RuntimeWarning, match="NaN in epoch 1, step 3"):
        model.fit(x, y, batch_size=10, shuffle=False, verbose=0)


def test_no_numpy_warnings_from_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = made()
        model.fit(np.full((4, 3), 1e30), np.full((4, 1), 1e30), verbose=0)


def test_evaluate_forms(backend):
    model = made()
    x, y = xy()
    assert isinstance(model.evaluate(x, y, verbose=0), float)
    model.compile("adam", "mse", metrics=["mae"])
    assert len(model.evaluate(x, y, verbose=0)) == 2
    assert list(model.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "mae"]


def test_predict_gives_numpy(backend):
    model = made(2)
    x, y = xy(70)
    found = model.predict(x, verbose=0)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    assert found.shape == (70, 2)
    np.testing.assert_allclose(found, model(x).numpy(), rtol=1e-6, atol=1e-6)
    data = pf.data.Dataset.from_tensor_slices((x, y)).batch(9)
    np.testing.assert_allclose(model.predict(data, verbose=0), found, rtol=1e-5, atol=1e-6)
    assert model.predict(x[:1], verbose=0).shape == (1, 2)
    found[0] = 0  # the result is the user's own


def test_running_eagerly_gives_the_same(backend):
    x, y = xy()
    weights = []
    for eagerly in (False, True):
        pf.random.set_seed(0)
        model = pf.Sequential([L.Dense(8, activation="relu", input_dim=3), L.Dropout(0.2), L.Dense(1)])
        model.compile("rmsprop", "mse", run_eagerly=eagerly)
        model.fit(x, y, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_an_interrupt_leaves_a_usable_model(backend):
    class Interrupt(pf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    model = made()
    x, y = xy()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=10, callbacks=[Interrupt()], verbose=0)
    assert usable(model)


def test_a_learning_rate_set_while_training_is_used(backend):
    class Stop(pf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate = 0.0

    model = pf.Sequential([L.Dense(1, input_dim=3)])
    model.compile(pf.keras.optimizers.SGD(0.01), "mse")
    kept = []

    class Keep(pf.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights()[0])

    model.fit(*xy(), epochs=3, callbacks=[Stop(), Keep()], verbose=0)
    np.testing.assert_array_equal(kept[0], kept[1])
    np.testing.assert_array_equal(kept[1], kept[2])


def test_two_backends_train_in_two_threads_at_once():
    x, y = xy(200)

    def train(name, into):
        with pf.use_backend(name):
            model = pf.Sequential(
                [L.Dense(8, kernel_initializer="ones", input_dim=3), L.Dense(1, kernel_initializer="ones")]
            )
            model.compile("sgd", "mse")
            model.fit(x, y, epochs=5, shuffle=False, verbose=0)
            into.append(model.get_weights())

    alone: list = []
    train("numpy", alone)
    found: dict[str, list] = {"numpy": [], "jax": []}
    threads = [threading.Thread(target=train, args=item) for item in found.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for weights in (found["numpy"][0], found["jax"][0]):
        for a, b in zip(weights, alone[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_train_step_of_ones_own():
    class Doubled(pf.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            with pf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = 2.0 * pf.reduce_mean(pf.square(y - y_pred))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            self.update_metrics(loss, x, y, y_pred)

    pf.random.set_seed(0)
    model = Doubled([L.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    x, y = xy()
    y = y.astype("float32")
    history = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_a_step_of_other_arguments_is_told_the_signature():
    class Theirs(pf.Sequential):
        def train_step(self):
            return {}

    model = Theirs([L.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    with pytest.raises(
        TypeError, match=r"neither a batch, train_step\(data\), nor its parts, train_step\(x, y, sample"
    ):
        model.fit(np.ones((4, 3)), np.ones(4), verbose=0)


@pytest.mark.parametrize("wrong", [-1, 5])
def test_embedding_indices_outside_the_table(backend, wrong):
    model = pf.Sequential([pf.keras.Input((2,), dtype="int32"), L.Embedding(5, 3), L.Flatten(), L.Dense(1)])
    model.compile("sgd", "mse")
    x = np.array([[0, 1], [2, wrong]])
    for call in (
        lambda: model.fit(x, np.ones(2), verbose=0),
        lambda: model.evaluate(x, np.ones(2), verbose=0),
        lambda: model.predict(x, verbose=0),
        lambda: model.predict_on_batch(x),
        lambda: model(x),
    ):
        with pytest.raises(IndexError, match=rf"index {wrong}; its table has 5 rows"):
            call()
    model.fit(np.array([[0, 1], [2, 4]]), np.ones(2), verbose=0)


@pytest.mark.parametrize("repeated", [False, True])
def test_validation_steps_begin_anew_after_each_epoch(repeated):
    """The first batches each time, as in Keras; a generator goes on."""
    x, y = np.arange(8.0, dtype="float32")[:, None], np.zeros((8, 1), "float32")
    batches = pf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    model = pf.Sequential([pf.layers.Dense(1, kernel_initializer="ones", input_dim=1)])
    model.compile(pf.optimizers.SGD(0.0), "mse")
    assert model.loss == "mse"
    data = batches.repeat() if repeated else batches
    history = model.fit(batches, epochs=3, verbose=0, validation_data=data, validation_steps=1).history
    assert history["val_loss"] == [0.5] * 3
    history = model.fit(batches, epochs=2, verbose=0, validation_data=iter(list(batches)), validation_steps=1).history
    assert history["val_loss"] == [0.5, 6.5]


def test_class_weights_for_classes_that_no_label_has_are_told():
    model = pf.Sequential([pf.keras.layers.Dense(3, activation="softmax", input_shape=(2,))])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((4, 2)), np.array([0, 1, 1, 2])
    with pytest.warns(UserWarning, match=r"classes that no label in y is: 3, 7. The labels go from 0 to 2"):
        model.fit(x, y, class_weight={0: 1.0, 3: 2.0, 7: 1.0}, verbose=0)
    model.fit(x, y, class_weight={0: 1.0, 2: 2.0}, verbose=0)
    model.train_on_batch(x, y, class_weight={5: 2.0})  # one batch may lack a class


def test_a_metric_with_and_without_weights_has_two_names_as_in_keras():
    import keras

    x, y = np.ones((4, 2), "float32"), np.array([0.0, 1.0, 1.0, 0.0], "float32")[:, None]

    def logs(library, **options):
        model = library.Sequential([library.layers.Input((2,)), library.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse", **options)
        return model.fit(x, y, verbose=0, sample_weight=np.array([1.0, 2.0, 3.0, 4.0])).history

    for options in (
        {"metrics": ["mae"], "weighted_metrics": ["mae"]},
        {"metrics": ["mae", "mse"], "weighted_metrics": ["mse", "mae", "mae"]},
        {"weighted_metrics": ["mae"]},
    ):
        found, expected = logs(pf.keras, **options), logs(keras, **options)
        assert sorted(found) == sorted(expected)
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
