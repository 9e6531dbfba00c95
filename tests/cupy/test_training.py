"""Whole programs on the CuPy backend over the stand-in: training, tapes and moves give the NumPy backend's numbers.

The stand-in is not CuPy (see its docstring): the backend's logic carries these programs; that a GPU does is not shown.
"""

from __future__ import annotations

import numpy as np
import pytest
from cpu_kernels import compiler

import polyflow as pf
from polyflow.backend import discovery
from polyflow.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten
from polyflow.models import Sequential

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with")


def dense():
    return [Dense(16, activation="relu", input_shape=(8,)), Dropout(0.25), Dense(3, activation="softmax")]


def normalised():
    return [Dense(16, activation="sigmoid", input_shape=(8,)), BatchNormalization(), Dense(3, activation="softmax")]


def embedded():
    return [Embedding(11, 4, input_shape=(8,)), Flatten(), Dense(3, activation="softmax")]


def fitted(backend, layers, optimizer, x, y, **options):
    with pf.use_backend(backend):
        pf.random.set_seed(7)
        model = Sequential(layers())
        model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=16, verbose=0, **options).history
        return history, [np.asarray(w) for w in model.get_weights()], model.predict(x[:5], verbose=0)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("layers", [dense, normalised, embedded])
def test_training_gives_the_numpy_backends_numbers(layers, optimizer, registered):
    """The same program, seed and data: losses, weights and predictions agree to rounding."""
    rng = np.random.default_rng(0)
    if layers is embedded:
        x = rng.integers(0, 11, (100, 8)).astype(np.int32)
    else:
        x = rng.normal(size=(100, 8)).astype(np.float32)
    y = rng.integers(0, 3, 100).astype(np.int32)
    here, there = (
        fitted(name, layers, optimizer, x, y, epochs=2, validation_split=0.2) for name in ("numpy", registered)
    )
    for name, losses in here[0].items():
        np.testing.assert_allclose(there[0][name], losses, rtol=1e-5, err_msg=name)
    for ours, theirs in zip(there[1], here[1], strict=True):
        # a bias before a normalisation has gradient 0 but for rounding, which Adam magnifies
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3 if layers is normalised else 1e-5)
    np.testing.assert_allclose(there[2], here[2], rtol=1e-3, atol=1e-4)
    assert discovery.get(registered).host_fallbacks == {}


def test_gradients_of_a_tape(registered):
    host = np.array([[1.0, -2.0], [0.0, 3.0]], np.float32)
    results = []
    for name in ("numpy", registered):
        with pf.use_backend(name):
            w = pf.Variable(host)
            with pf.GradientTape() as tape:
                loss = pf.sum(pf.tanh(w @ w) * pf.nn.softmax(w))
            results.append(np.asarray(tape.gradient(loss, w).numpy()))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)


def test_a_tensor_moves_there_and_back(registered):
    x = pf.tensor([[1.5, -0.0], [np.nan, 2.0]], backend="numpy")
    back = x.to(registered).to("numpy")
    np.testing.assert_array_equal(back.numpy(), x.numpy())
    assert np.signbit(back.numpy()[0, 1])


def test_the_same_mistakes_have_the_same_words(registered):
    """Error classes and sentences do not depend on the backend."""
    mistakes = (
        lambda: pf.ones((2, 3)) @ pf.ones((2, 3)),
        lambda: pf.ones((2, 3)) + pf.ones((4,)),
        lambda: pf.sum(pf.ones((2, 3)), axis=5),
        lambda: pf.ones((3,))[7],
        lambda: pf.ones((3,))[pf.tensor([0, 7])],
        lambda: pf.max(pf.ones((0,))),
        lambda: pf.tensor([2, 3]) ** pf.tensor([1, -1]),
        lambda: pf.sort(pf.tensor(1.0)),
        lambda: pf.reshape(pf.ones((2, 3)), (4,)),
    )
    for mistake in mistakes:
        found = []
        for name in ("numpy", registered):
            with pf.use_backend(name), pytest.raises(Exception) as caught:
                mistake()
            found.append((type(caught.value), str(caught.value)))
        assert found[0] == found[1]
