"""Training in the memory of the state: whoever holds a value keeps it, and nobody sees half of a step."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import polyflow as pf
from polyflow.callbacks import EarlyStopping, LambdaCallback
from polyflow.errors import StateLostError
from polyflow.models import handover, resident, stretches

from .interrupting import interrupted

pytest.importorskip("jax", reason="JAX is not installed: pip install 'polyflow-core[jax]'")
jax_loop = importlib.import_module("polyflow_jax.loop")

L = pf.keras.layers
X = np.random.default_rng(0).normal(size=(48, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def on_jax(monkeypatch):
    """Arrays of any size are donated, and calls take two steps."""
    monkeypatch.setattr(jax_loop, "_LARGE", 0)
    monkeypatch.setattr(jax_loop, "_WORTH", 0)
    monkeypatch.setattr(resident.Pass, "pace", lambda self, steps, seconds: setattr(self, "stride", 2))
    with pf.use_backend("jax"):
        yield


@pytest.fixture
def handed(monkeypatch):
    """Whether each call took the memory of the state."""
    seen: list[bool] = []
    original = resident.handed_over

    def watched(*arguments):
        result = original(*arguments)
        seen.append(result is not None)
        return result

    monkeypatch.setattr(resident, "handed_over", watched)
    return seen


def model(**options):
    pf.random.set_seed(3)
    made = pf.Sequential([L.Dense(8, activation="tanh", input_dim=3), L.Dense(1)])
    made.compile("adam", "mse", **options)
    return made


def fit(one, epochs=3, **options):
    return one.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **options)


def test_all_calls_but_the_first_take_the_memory_and_the_numbers_stay(handed, monkeypatch):
    one = model()
    history = fit(one)
    assert handed == [False] + [True] * (len(handed) - 1)
    assert len(handed) > 3
    monkeypatch.setattr(jax_loop, "_WORTH", 1 << 40)
    other = model()
    expected = fit(other)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history == expected.history


def test_the_memory_is_the_same():
    one = model()
    fit(one, 1)
    place = one.weights[0]._value.array.unsafe_buffer_pointer()
    fit(one, 1)
    assert one.weights[0]._value.array.unsafe_buffer_pointer() == place


def test_what_was_read_before_and_between_stays_valid(handed):
    one = model()
    kept: list[tuple[object, np.ndarray]] = []

    def read(*_):
        for weight in one.weights:
            for value in (weight.value, weight.numpy(), weight.value.array, weight.copy()):
                kept.append((value, np.array(value)))

    read()
    fit(one, 4, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: read() if epoch % 2 else None)])
    assert any(handed)
    for value, then in kept:
        np.testing.assert_array_equal(np.asarray(value), then)


KEPT = (
    lambda v: pf.identity(v),
    lambda v: v.value.array,
    lambda v: np.asarray(v),
    lambda v: np.from_dlpack(v.value),
    lambda v: v.value.array.addressable_shards[0].data,
    lambda v: pf.reshape(v, (-1,)),
    lambda v: pf.Variable(v, backend="jax"),
)


def test_what_was_made_of_a_value_stays_valid(handed):
    one = model()
    fit(one, 1)
    for kept in KEPT:
        value = kept(one.weights[0])
        then = np.array(value)
        handed.clear()
        fit(one, 1)
        assert handed == [False, *[True] * (len(handed) - 1)]  # somebody has looked
        np.testing.assert_array_equal(np.asarray(value), then)


def test_callbacks_that_keep_weights(handed, tmp_path):
    one = model()
    checkpoint = pf.keras.callbacks.ModelCheckpoint(str(tmp_path / "best.safetensors"), save_weights_only=True)
    found: list[list[np.ndarray]] = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: found.append([np.array(w) for w in one.get_weights()]))
    stop = EarlyStopping(monitor="loss", patience=1, min_delta=10.0, restore_best_weights=True)
    fit(one, 5, callbacks=[checkpoint, keep, stop])
    assert any(handed)
    for a, b in zip(one.get_weights(), found[0], strict=True):
        np.testing.assert_array_equal(a, b)


class Counting(pf.Sequential):
    """Each step takes one from every weight."""

    def train_step(self, x, y=None, sample_weight=None):
        for weight in self.trainable_variables:
            weight.assign(weight - 1.0)
        self.update_metrics(pf.reduce_mean(self(x)), x, y, y, sample_weight)


def counting():
    made = Counting([L.Dense(8, input_dim=3), L.Dense(1)])
    made.compile("sgd", "mse")
    made.set_weights([np.zeros_like(w) for w in made.get_weights()])
    return made


def test_threads_that_read_see_whole_arrays(handed):
    one = counting()
    fit(one, 1)
    stop, seen = threading.Event(), []

    def look(read):
        while not stop.is_set():
            seen.extend(np.unique(np.asarray(array)) for array in read())
            stop.wait(0.002)

    def tensors():
        return [weight.value for weight in one.weights]

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(look, read) for read in (one.get_weights, tensors)]
        handed.clear()
        try:
            fit(one, 150)
        finally:
            stop.set()
        for each in running:
            each.result()
    assert any(handed)
    assert len({float(value) for (value,) in seen}) > 4
    assert {float(w) for weight in one.get_weights() for w in weight.ravel()} == {-6.0 * 151}


def test_who_waits_for_one_weight_finds_the_others_of_that_step(handed, monkeypatch):
    one = counting()
    fit(one, 1)
    (made,) = one._steps["train"].passes.values()
    waits, waiting, done, seen = threading.Event(), threading.Event(), threading.Event(), []
    extend, arrays = made.program._extend, handover.Handover.arrays

    def asked(self):
        if self.thread != threading.get_ident():
            waiting.set()
        return arrays(self)

    def slow(*arguments):
        if len(handed) == 1:  # the second call
            waits.set()
            assert waiting.wait(60)  # the other thread looks, and has to wait
        extend(*arguments)
        if len(handed) >= 2:  # a later one: no new values before it has looked at all
            done.wait(5)

    def look():
        waits.wait()
        seen.append(float(one.weights[0].numpy()[0, 0]))
        seen.extend(float(weight.numpy().ravel()[0]) for weight in one.weights[1:])
        done.set()

    monkeypatch.setattr(made.program, "_extend", slow)
    monkeypatch.setattr(handover.Handover, "arrays", asked)
    handed.clear()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(look)
        fit(one, 1)
        running.result()
    assert handed == [True, True, False]
    assert seen == [-10.0] * 4


def test_predictions_in_another_thread(handed):
    one = counting()
    fit(one, 1)
    row = np.ones((1, 3), "float32")
    one.predict(row, verbose=0)
    stop, found = threading.Event(), []

    def predict():
        while not stop.is_set():
            found.append(one.predict(row, verbose=0)[0, 0])
            stop.wait(0.002)

    handed.clear()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(predict)
        try:
            fit(one, 100)
        finally:
            stop.set()
        running.result()
    assert any(handed)
    assert len(found) > 4
    assert all(value == int(value) for value in found)
    n = 6 * 101
    assert one.predict(row, verbose=0)[0, 0] == 8 * 4 * n * n - n  # 8 products of n and the sum of three n and a bias


def test_models_that_share_a_variable_train_in_two_threads(handed):
    shared = L.Dense(8, input_dim=3)
    models = [Counting([shared, L.Dense(1)]) for _ in range(2)]
    for one in models:
        one.compile("sgd", "mse")
        fit(one, 1)
    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(fit, one, 60) for one in models]:
            each.result()
    assert any(handed)
    for one in models:
        assert all(np.isfinite(w).all() for w in one.get_weights())
        fit(one, 1)


def test_an_assignment_in_another_thread_waits_for_the_call(monkeypatch):
    one = model()
    fit(one, 1)
    (made,) = one._steps["train"].passes.values()
    began, assigned = threading.Event(), threading.Event()
    donating = made.program.donating

    def slow(*arguments):
        began.set()
        assert not assigned.wait(0.1)
        donating(*arguments)

    monkeypatch.setattr(made.program, "donating", slow)

    def assign():
        began.wait()
        one.weights[0].assign(np.zeros((3, 8), "float32"))
        assigned.set()

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(assign)
        data = made.program.place([X, Y])
        made.call(data, np.arange(48)[None], 0, 2)
        running.result()
    assert not one.get_weights()[0].any()


def test_a_step_that_fails_leaves_the_state_or_says_that_it_is_lost(monkeypatch):
    one = model()
    fit(one, 1)
    (made,) = one._steps["train"].passes.values()
    before = [np.array(weight._value.array) for weight in one.weights]  # nobody has looked by the library's doors
    program = made.program.program

    def out_of_memory(donated, *rest):
        if deletes:
            for array in donated:
                array.delete()
        raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")

    monkeypatch.setattr(made.program, "program", out_of_memory)
    deletes = False
    with pytest.raises(RuntimeError, match="out of memory"):
        fit(one, 1)
    for weight, then in zip(one.weights, before, strict=True):
        np.testing.assert_array_equal(np.asarray(weight._value.array), then)
    monkeypatch.setattr(made.program, "program", program)
    fit(one, 1)
    saved = [np.array(w) for w in one.get_weights()]
    fit(one, 1)
    monkeypatch.setattr(made.program, "program", out_of_memory)
    deletes = True
    with pytest.raises(StateLostError, match="Load weights that were saved before"):
        fit(one, 1)
    monkeypatch.setattr(made.program, "program", program)
    one.set_weights(saved)
    one.optimizer = pf.keras.optimizers.Adam()
    fresh = model()
    fresh.set_weights(one.get_weights())
    fit(fresh, 1)


OURS = tuple(f"{name}.py" for name in ("models/handover", "models/resident", "polyflow_jax/loop", "polyflow_jax/wide"))


def ours(file: str) -> bool:
    return file.endswith(OURS)


def test_an_interrupt_at_any_line_leaves_a_whole_state(handed):
    one = counting()
    fit(one, 1)
    (made,) = one._steps["train"].passes.values()
    data, orders = made.program.place([X, Y]), np.arange(48)[None]

    def call():
        made.call(data, orders, 1, 3)

    call()
    handed.clear()
    total = interrupted(call, ours)
    assert handed == [True]
    steps, outcomes = 10, set()
    for line in range(total):
        interrupted(call, ours, line)
        values = {float(part) for weight in one.get_weights() for part in np.unique(weight)}
        assert values in ({-steps}, {-steps - 2.0}), f"line {line} of {total}"
        outcomes.add(values == {-steps})
        call()  # somebody has looked: this one takes nothing
        steps = -values.pop() + 2
    assert outcomes == {True, False}


def test_a_promise_is_kept_by_whoever_looks_first():
    values = [pf.tensor([1.0]), pf.tensor([2.0])]
    held = handover.Handover([value.array for value in values])
    promises = [handover.Promise(held, place, value.backend) for place, value in enumerate(values)]
    threading.Timer(0.05, lambda: held.into.append(([value.array + 1 for value in values], None))).start()
    with ThreadPoolExecutor(2) as threads:
        found = [each.result() for each in [threads.submit(lambda p: p.shape, promise) for promise in promises]]
    assert found == [(1,), (1,)]
    assert [type(promise) for promise in promises] == [pf.Tensor] * 2
    assert [promise.numpy()[0] for promise in promises] == [2.0, 3.0]
    assert all(promise.fixed for promise in promises)


@pytest.mark.parametrize("way", ["hook", "generator", "large", "by hand"])
def test_single_steps_take_the_memory_of_a_large_state(handed, monkeypatch, way):
    """Where each step is a call: with callbacks for batches, of generators, of large batches, and `train_on_batch`."""

    def run(one):
        if way == "by hand":
            return [one.train_on_batch(X[:8], Y[:8]) for _ in range(4)]
        data = pf.data.Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x, y)).batch(8)
        if way == "generator":
            data = ((X[at : at + 8], Y[at : at + 8]) for at in range(0, 48, 8))
        watch = [LambdaCallback(on_train_batch_end=lambda batch, logs: logs["loss"])] if way == "hook" else None
        return one.fit(data, verbose=0, callbacks=watch).history["loss"]

    monkeypatch.setattr(jax_loop, "_LARGE", 16)  # losses are looked at after each step
    monkeypatch.setattr(stretches, "LARGE", 0 if way == "large" else stretches.LARGE)
    expected, plain = model(), model()
    losses = run(plain)
    assert not handed
    monkeypatch.setattr(stretches, "STATE", 0)
    np.testing.assert_allclose(run(expected), losses, rtol=1e-6)
    assert handed == [False] + [True] * (len(handed) - 1)
    assert len(handed) == (4 if way == "by hand" else 6)
    for a, b in zip(expected.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
