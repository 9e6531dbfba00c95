"""What only MLX can get wrong: laziness, threads, empty arrays, indices outside, and numbers of 64 bits."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import UnknownDeviceError, UnsupportedError


@pytest.fixture
def mlx():
    with pf.use_backend("mlx:cpu") as backend:
        yield backend


def test_what_was_asked_for_in_one_thread_can_be_read_in_another(mlx):
    x = pf.exp(pf.constant([0.0, 1.0])) + 1.0
    step = pf.function(lambda x: pf.sum(x * 2.0))
    found = []
    thread = threading.Thread(target=lambda: found.extend([x.numpy().tolist(), float(step(x))]))
    thread.start()
    thread.join()
    np.testing.assert_allclose(found[0], [2.0, np.e + 1], rtol=1e-6)
    np.testing.assert_allclose(found[1], 2 * (3 + np.e), rtol=1e-6)


@pytest.mark.parametrize("name", ["exp", "sin", "cos", "log2", "sigmoid", "erf"])
def test_float64_is_computed_in_float64(mlx, name):
    """Several of MLX's own functions are exact to float32 only."""
    x = np.linspace(-5, 5, 101) if name != "log2" else np.linspace(0.1, 5, 101)
    function = getattr(pf.math, name, None) or getattr(pf, name)
    found = function(pf.tensor(x)).numpy()
    with pf.use_backend("numpy"):
        np.testing.assert_allclose(found, function(pf.tensor(x)).numpy(), rtol=1e-14, atol=1e-15)


def test_what_the_processor_traps_on(mlx):
    lowest = np.iinfo(np.int32).min
    x, y = pf.constant([7, lowest, lowest], "int32"), pf.constant([0, -1, 2], "int32")
    assert (x // y).tolist() == [0, lowest, lowest // 2]
    assert (x % y).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_reductions_of_nothing_come_to_an_end(mlx, dtype):
    x = pf.zeros((3, 0, 2), dtype)
    assert pf.sum(x, axis=1).tolist() == [[0, 0]] * 3
    assert pf.prod(x, axis=1).tolist() == [[1, 1]] * 3
    assert pf.max(x, axis=0).shape == (0, 2)
    with pytest.raises(ValueError, match="no elements along axis 1"):
        pf.max(x, axis=1)


def test_an_index_outside_reads_no_memory(mlx):
    x, outside = pf.constant([1.0, 2.0]), pf.constant([0, 5], "int32")
    with pytest.raises(IndexError, match="index 5"):
        _ = x[outside]
    first, second = pf.function(lambda x, i: x[i])(x, outside).tolist()
    assert first == 1.0
    assert np.isnan(second)


def test_integers_are_multiplied_exactly(mlx):
    x = np.random.default_rng(0).integers(-(2**31), 2**31, (3, 40, 7)).astype(np.int32)
    y = np.random.default_rng(1).integers(-(2**31), 2**31, (7, 5)).astype(np.int32)
    np.testing.assert_array_equal((pf.tensor(x) @ pf.tensor(y)).numpy(), x @ y)


def test_what_it_has_not_is_refused(mlx):
    with pytest.raises(UnsupportedError, match="complex128"):
        pf.constant([1j], "complex128")
    with pytest.raises(UnknownDeviceError, match=r"no device 'tpu'.*cpu:0"):
        pf.use_backend("mlx:tpu").__enter__()
    assert dt.float64 in mlx.capabilities.dtypes
    assert mlx.device == "cpu:0"


def test_it_trains_as_numpy_does(mlx):
    def train():
        pf.random.set_seed(0)
        layers = [pf.layers.Dense(8, activation="tanh", input_shape=(2,)), pf.layers.Dropout(0.1), pf.layers.Dense(1)]
        model = pf.Sequential(layers)
        model.compile(optimizer="adam", loss="mse")
        x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
        return model.fit(x, x[:, :1] * x[:, 1:], epochs=5, verbose=0).history["loss"]

    found = train()
    with pf.use_backend("numpy"):
        np.testing.assert_allclose(found, train(), rtol=1e-5)
