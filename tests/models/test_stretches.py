"""Training on datasets that compute their batches: many steps to a call, and nothing shows of it."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.models import stretches

L, D = pf.keras.layers, pf.data.Dataset
X = np.random.default_rng(0).normal(size=(70, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
EACH = pf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
"""What makes each step a call."""


@pytest.fixture(autouse=True)
def backend(request):
    with pf.use_backend(getattr(request, "param", "numpy")):
        yield


@pytest.fixture
def groups(monkeypatch):
    """How many steps each call has run."""
    seen: list[int] = []
    begun = stretches._begun
    monkeypatch.setattr(stretches, "_begun", lambda step, group: (seen.append(len(group)), begun(step, group))[1])
    return seen


def model(loss="mse"):
    pf.random.set_seed(0)
    one = pf.Sequential([L.Dense(4, activation="tanh", input_shape=(3,)), L.Dropout(0.2), L.Dense(1)])
    one.compile(pf.keras.optimizers.Adam(0.05), loss, metrics=["mae"])
    return one


def computed(**options):
    return D.from_tensor_slices((X, Y)).shuffle(70, seed=1).map(lambda x, y: (x * 2.0, y)).batch(8, **options)


def steps_of(one) -> int:
    return int(one.optimizer.iterations.numpy())


@pytest.mark.parametrize("backend", ["numpy", "jax"], indirect=True)
@pytest.mark.parametrize("options", [{}, {"drop_remainder": True}], ids=["remainder", "even"])
def test_the_numbers_are_those_of_one_step_at_a_time(groups, options):
    one, other = model(), model()
    history = one.fit(computed(**options), epochs=3, verbose=0).history
    assert max(groups) > 2
    assert sum(groups) == 3 * (8 if options else 9)
    expected = other.fit(computed(**options), epochs=3, verbose=0, callbacks=[EACH]).history
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], rtol=1e-5)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    assert steps_of(one) == steps_of(other)


def test_evaluation_has_the_numbers_of_one_step_at_a_time(groups):
    one = model()
    each = pf.keras.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: None)
    found = one.evaluate(computed(), verbose=0)
    assert sum(groups) == 9
    np.testing.assert_allclose(found, one.evaluate(computed(), verbose=0, callbacks=[each]), rtol=1e-5)


def test_op_by_op_each_step_is_a_call(groups):
    one = model()
    one.run_eagerly = True
    one.fit(computed(), verbose=0)
    assert groups == [1] * 9


def test_epochs_of_so_many_steps_take_so_many_batches():
    taken = []

    def elements():
        for place in range(1000):
            taken.append(place)
            yield X[place % 70], Y[place % 70]

    signature = pf.TensorSpec((3,), "float32"), pf.TensorSpec((1,), "float32")
    one = model()
    one.fit(D.from_generator(elements, output_signature=signature).batch(4), epochs=3, steps_per_epoch=5, verbose=0)
    assert steps_of(one) == 15
    assert len(taken) == 60


def test_steps_before_a_failure_have_been_run(groups):
    def elements():
        for place in range(7 * 4):
            yield X[place], Y[place]
        raise RuntimeError("the disk is gone")

    signature = pf.TensorSpec((3,), "float32"), pf.TensorSpec((1,), "float32")
    one = model()
    with pytest.raises(RuntimeError, match="the disk is gone"):
        one.fit(D.from_generator(elements, output_signature=signature).batch(4), verbose=0)
    assert steps_of(one) == sum(groups) == 7
    one.fit(computed(), verbose=0)
    assert steps_of(one) == 16


def test_a_label_that_is_wrong_is_told_after_the_steps_before_it():
    labels = np.arange(40) % 3
    labels[26] = 9
    one = pf.Sequential([L.Dense(3, input_shape=(3,))])
    one.compile("sgd", pf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = D.from_tensor_slices((X[:40], labels)).map(lambda x, y: (x + 1.0, y)).batch(4)
    with pytest.raises(ValueError, match="9"):
        one.fit(data, verbose=0)
    assert steps_of(one) == 6


def test_batches_of_several_shapes(groups):
    sizes = [4, 4, 4, 2, 2, 4, 1, 4, 4]
    ends = np.cumsum(sizes)
    parts = [(X[end - size : end], Y[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
    signature = pf.TensorSpec((None, 3), "float32"), pf.TensorSpec((None, 1), "float32")
    data = D.from_generator(lambda: iter(parts), output_signature=signature)
    one, other = model(), model()
    losses = one.fit(data, epochs=2, verbose=0).history["loss"]
    assert sum(groups) == 18
    np.testing.assert_allclose(
        losses, other.fit(data, epochs=2, verbose=0, callbacks=[EACH]).history["loss"], rtol=1e-5
    )


def test_what_is_no_dataset_is_not_read_ahead():
    one = model()
    seen = []

    def batches():
        for start in range(0, 40, 4):
            seen.append(steps_of(one))
            yield X[start : start + 4], Y[start : start + 4]

    one.fit(batches(), verbose=0)
    assert seen[-9:] == list(range(1, 10))


def test_training_stops_where_the_data_say_so():
    one = model()

    def elements():
        for place in range(400):
            if place == 80:
                one.stop_training = True
            yield X[place % 70], Y[place % 70]

    signature = pf.TensorSpec((3,), "float32"), pf.TensorSpec((1,), "float32")
    data = D.from_generator(elements, output_signature=signature).batch(4)
    one.fit(data, epochs=3, verbose=0)
    assert 20 <= steps_of(one) < 100
