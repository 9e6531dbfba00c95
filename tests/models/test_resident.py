"""Training over rows in memory gives the numbers of one step at a time, however its steps are put into calls."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.callbacks import Callback, EarlyStopping, LambdaCallback, LearningRateScheduler
from polyflow.models import resident

L = pf.keras.layers
Data = pf.data.Dataset
draw = np.random.default_rng(0)
X = draw.normal(size=(50, 3))
Y = (X @ [1.0, -2.0, 0.5])[:, None]
CLASSES = (Y[:, 0] > 0).astype(int)


class EachBatch(Callback):
    """Looks at every batch, so that each step is a call of its own."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1


class Batches(Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


@pytest.fixture
def calls(monkeypatch):
    """The (start, stop) of every call."""
    seen: list[tuple[int, int]] = []
    call = resident.Pass.call

    def counted(self, data, orders, start, stop):
        seen.append((start, stop))
        return call(self, data, orders, start, stop)

    monkeypatch.setattr(resident.Pass, "call", counted)
    return seen


def model(metrics=("mae",), loss="mse", units=1, **options):
    pf.random.set_seed(3)
    made = pf.Sequential(
        [L.Dense(8, activation="tanh", input_dim=3), L.Dropout(0.2), L.BatchNormalization(), L.Dense(units)]
    )
    made.compile("adam", loss, metrics=list(metrics), **options)
    return made


def same(backend, first, second):
    """Bit by bit on NumPy; where a compiler rearranges programs, to rounding."""
    (history, weights), (other_history, other_weights) = first, second
    assert history.keys() == other_history.keys()
    close = np.testing.assert_array_equal if backend == "numpy" else _near
    for name, values in history.items():
        close(values, other_history[name])
    for a, b in zip(weights, other_weights, strict=True):
        close(a, b)


def _near(a, b):
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def fitted(one, *data, **options):
    history = one.fit(*data, verbose=0, **options).history
    return history, one.get_weights()


CHAINS = {
    "arrays": lambda: (X, Y),
    "weights": lambda: (X, Y, np.linspace(0, 2, 50)),
    "batched": lambda: Data.from_tensor_slices((X, Y)).batch(16),
    "no remainder": lambda: Data.from_tensor_slices((X, Y)).batch(16, drop_remainder=True),
    "even": lambda: Data.from_tensor_slices((X, Y)).take(48).batch(16),
    "shuffled": lambda: Data.from_tensor_slices((X, Y)).shuffle(50, seed=2).batch(16),
    "shuffled unseeded": lambda: Data.from_tensor_slices((X, Y)).shuffle(50).batch(16),
    "one order": lambda: Data.from_tensor_slices((X, Y)).shuffle(50, seed=2, reshuffle_each_iteration=False).batch(16),
    "small buffer": lambda: Data.from_tensor_slices((X, Y)).shuffle(7, seed=2).batch(16).prefetch(2),
    "one batch": lambda: Data.from_tensor_slices((X, Y)).batch(64),
    "repeated": lambda: Data.from_tensor_slices((X, Y)).repeat(2).shuffle(100, seed=1).batch(16),
    "skipped": lambda: Data.from_tensor_slices((X, Y)).skip(3).shard(2, 1).cache().batch(5),
}


ON_JAX = ("arrays", "weights", "no remainder", "shuffled", "one batch")
"""Compiling takes seconds: enough of them to have a remainder or none, weights, and an order of each epoch."""


@pytest.mark.parametrize(
    ("backend", "chain"),
    [*(("numpy", chain) for chain in CHAINS), *(("jax", chain) for chain in ON_JAX)],
    indirect=["backend"],
)
def test_the_numbers_are_those_of_one_step_at_a_time(backend, calls, chain):
    made = CHAINS[chain]()
    data = made if isinstance(made, tuple) else (made,)
    weights = {"sample_weight": data[2]} if len(data) == 3 else {}
    together = fitted(model(), *data[:2], epochs=5, **weights)
    assert calls
    calls.clear()
    data = (CHAINS[chain](),) if len(data) == 1 else data
    each = EachBatch()
    same(backend, together, fitted(model(), *data[:2], epochs=5, callbacks=[each], **weights))
    assert each.seen > 4
    assert not calls


def test_however_steps_are_put_into_calls(backend, calls, monkeypatch):
    results = []
    monkeypatch.setattr(resident.Pass, "pace", lambda self, steps, seconds: None)
    for stride in (1, 3, 7, 1000) if backend == "numpy" else (3, 1000):
        one = model()
        one.fit(X, Y, epochs=1, verbose=0, shuffle=False)
        (made,) = one._steps["train"].passes.values()
        made.stride = stride
        results.append(fitted(one, X, Y, batch_size=32, epochs=6, shuffle=False))
    assert {stop - start for start, stop in calls} >= {3, 12}
    for other in results[1:]:
        same(backend, results[0], other)


def test_orders_of_many_epochs_fill_several_calls(backend, calls, monkeypatch):
    expected = fitted(model(), X, Y, epochs=9)
    monkeypatch.setattr(resident, "EPOCHS", 4)
    if backend == "jax":
        monkeypatch.setattr("polyflow_jax.loop._SMALL", 0)  # the data are placed on the device, as large ones are
    calls.clear()
    same(backend, expected, fitted(model(), X, Y, epochs=9))
    assert max(stop for _, stop in calls) == 8


def test_callbacks_of_epochs_and_validation(backend, calls):
    def run(*more):
        rates = []
        watch = LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append((epoch, sorted(logs))))
        schedule = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
        found = fitted(model(), X, Y, epochs=4, validation_split=0.2, callbacks=[watch, schedule, *more])
        return found, rates

    (together, seen), (apart, seen_apart) = run(), run(EachBatch(), Batches())
    same(backend, together, apart)
    assert seen == seen_apart
    assert len(together[0]["learning_rate"]) == 4
    assert calls


def test_early_stopping_stops_after_its_epoch(backend, calls):
    one = model()
    history = one.fit(X, Y, epochs=50, verbose=0, callbacks=[EarlyStopping("loss", min_delta=10.0, patience=2)])
    assert history.epoch == [0, 1, 2]


def test_a_layer_frozen_by_a_callback_stays(backend, calls):
    one = model()
    kernels = []

    def freeze(epoch, logs):
        one.layers[0].trainable = False
        kernels.append(one.get_weights()[0])

    one.fit(X, Y, epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_end=freeze)])
    np.testing.assert_array_equal(kernels[0], kernels[2])


def test_evaluate(backend, calls):
    one = model()
    together = one.evaluate(X, Y, verbose=0, batch_size=16)
    assert calls
    calls.clear()
    apart = one.evaluate(X, Y, verbose=0, batch_size=16, callbacks=[Batches()])
    assert not calls
    _near(together, apart)


def test_class_weights_and_integer_labels(backend, calls):
    def run(*watchers):
        one = model((), "binary_crossentropy")
        return fitted(one, X, CLASSES, epochs=3, class_weight={0: 3.0}, callbacks=list(watchers))

    same(backend, run(), run(EachBatch()))
    assert calls


def test_a_label_outside_the_classes_is_found_before_anything_is_trained(backend):
    one = model((), "sparse_categorical_crossentropy", units=2)
    before = one.get_weights()
    with pytest.raises(ValueError, match="label 7"):
        one.fit(X, np.where(np.arange(50) == 49, 7, CLASSES), verbose=0)
    for a, b in zip(before, one.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_metric_that_computes_outside_the_library_is_asked_step_by_step(backend, calls):
    class Own(pf.keras.metrics.MeanSquaredError):
        def result(self):
            return float(super().result().numpy()) + 1.0

    one = model([Own(name="own")])
    history = one.fit(X, Y, epochs=2, verbose=0).history
    assert not calls
    np.testing.assert_allclose(history["own"], np.add(history["loss"], 1.0), rtol=1e-5)


def test_the_first_step_whose_loss_is_nan_is_named(backend, calls):
    bad = np.where(np.arange(50)[:, None] == 40, np.nan, X)
    with pytest.warns(RuntimeWarning, match="NaN in epoch 1, step 3"):
        model().fit(bad, Y, batch_size=16, epochs=1, shuffle=False, verbose=0)
    assert calls


def test_an_interrupt_leaves_the_state_between_two_calls(backend, monkeypatch):
    monkeypatch.setattr(resident.Pass, "pace", lambda self, steps, seconds: None)
    one, other = model(), model()
    for each in (one, other):
        each.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    (made,) = one._steps["train"].passes.values()
    made.stride = 3
    program, count = made.program, 0

    def interrupted(*arguments):
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return program(*arguments)

    made.program = interrupted
    interrupted.place = program.place
    with pytest.raises(KeyboardInterrupt):
        one.fit(X, Y, batch_size=32, epochs=9, shuffle=False, verbose=0)
    made.program = program
    (made,) = other._steps["train"].passes.values()
    made.stride = 3
    step = other._steps["train"]
    for rows in (slice(0, 32), slice(32, 50), slice(0, 32)):
        step(tuple(None if part is None else part[rows].astype("float32") for part in (X, Y, None)))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        _near(a, b)
    assert np.isfinite(one.fit(X, Y, verbose=0).history["loss"]).all()


def test_another_number_of_epochs_compiles_nothing():
    with pf.use_backend("jax"):
        one = model()
        for epochs in (1, 3, 300):
            one.fit(X, Y, epochs=epochs, verbose=0)
        (made,) = one._steps["train"].passes.values()
        assert made.program.program._cache_size() == 1


def test_rows_that_do_not_fit_are_read_batch_by_batch(backend, calls, monkeypatch):
    one = model()
    monkeypatch.setattr(one.variables[0].backend, "fits", lambda size: False)
    assert np.isfinite(one.fit(X, Y, verbose=0).history["loss"]).all()
    assert not calls
