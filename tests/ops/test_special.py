"""The error functions against mpmath, and the activations where plain formulas fail."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import polyflow as pf
from polyflow.ops import call, nn
from polyflow.ops.declare import OPS

from .cases import NUMPY, tensor

RANGES = {
    "erf": np.concatenate([np.linspace(-6, 6, 601), 10.0 ** np.linspace(-300, 0, 61), [0.84375, 1.25, 1 / 0.35]]),
    "erfc": np.concatenate(
        [np.linspace(-6, 27, 901), 10.0 ** np.linspace(-300, 0, 61), [0.25, 0.84375, 1.25, 1 / 0.35]]
    ),
    "erfinv": np.concatenate(
        [np.linspace(-0.999, 0.999, 500), 1 - 10.0 ** np.linspace(-15.9, -1, 100), [1e-300, 0.85]]
    ),
}


def ulps(name, xs, results):
    """How many units in the last place results lie from the true values."""
    worst = 0.0
    function = getattr(mpmath, name)
    with mpmath.workdps(40):
        for x, result in zip(xs.tolist(), results, strict=True):
            true = function(mpmath.mpf(x))
            if abs(true) > np.finfo(np.float64).tiny:
                unit = np.spacing(np.abs(result.dtype.type(float(true))))
                worst = max(worst, float(abs(mpmath.mpf(float(result)) - true) / mpmath.mpf(float(unit))))
    return worst


@pytest.mark.parametrize("name", RANGES)
def test_float64_within_four_ulp(name):
    xs = RANGES[name]
    with np.errstate(all="ignore"):
        assert ulps(name, xs, getattr(nn, name)(tensor(xs)).numpy()) <= 4
        assert ulps(name, xs, call.decomposed(OPS[name], NUMPY)(xs)) <= 4


@pytest.mark.parametrize("name", RANGES)
def test_float32_is_rounded_once(name):
    xs = RANGES[name].astype(np.float32)
    xs = xs[(np.abs(xs) < 1) & (xs != 0)] if name == "erfinv" else xs[np.abs(xs) < 9]
    with np.errstate(all="ignore"):
        assert ulps(name, xs, getattr(nn, name)(tensor(xs)).numpy()) <= 0.51


def test_special_values():
    for name, expected in {
        "erf": [np.nan, 1, -1, 0.0, -0.0],
        "erfc": [np.nan, 0, 2, 1, 1],
        "erfinv": [np.nan, np.nan, np.nan, 0.0, -0.0],
    }.items():
        for dtype in (np.float32, np.float64):
            found = getattr(nn, name)(tensor(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype))).numpy()
            np.testing.assert_array_equal(found, np.array(expected, dtype))
            np.testing.assert_array_equal(np.signbit(found[3:]), np.signbit(np.array(expected[3:])))
    assert nn.erfinv(tensor(np.array([1.0, -1.0]))).numpy().tolist() == [np.inf, -np.inf]


def test_nothing_overflows():
    """Far from 0 the activations take their limits, without NaN and without a warning."""
    x = tensor(np.array([-1e30, -1000, 1000, 1e30], np.float32))
    assert nn.sigmoid(x).numpy().tolist() == [0, 0, 1, 1]
    assert nn.softplus(x).numpy().tolist() == [0, 0, 1000, np.float32(1e30)]
    assert nn.log_sigmoid(x).numpy().tolist() == [-np.float32(1e30), -1000, 0, 0]
    assert nn.softmax(x).numpy().tolist() == [0, 0, 0, 1]
    assert nn.elu(x).numpy().tolist() == [-1, -1, 1000, np.float32(1e30)]
    assert nn.silu(x).numpy()[1:].tolist() == [0, 1000, np.float32(1e30)]
    assert np.isfinite(nn.log_softmax(x).numpy()).all()
    assert np.isfinite(nn.mish(x).numpy()).all()


def test_sigmoid_keeps_small_values():
    np.testing.assert_allclose(nn.sigmoid(tensor(np.array([-700.0]))).numpy(), np.exp(-700.0), rtol=1e-14)
    np.testing.assert_allclose(nn.log_sigmoid(tensor(np.array([40.0]))).numpy(), -np.exp(-40.0), rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1)])
def test_softmax_over_axes(axis):
    x = tensor(np.random.default_rng(0).normal(size=(3, 4)))
    y = nn.softmax(x, axis).numpy()
    np.testing.assert_allclose(y.sum(axis), 1, rtol=1e-14)
    np.testing.assert_allclose(np.log(y), nn.log_softmax(x, axis=axis).numpy(), rtol=1e-13)


def test_softmax_of_nothing():
    assert nn.softmax(pf.zeros((3, 0))).shape == (3, 0)
    assert nn.log_softmax(pf.zeros((0, 3))).shape == (0, 3)


def test_activations_equal_those_of_jax():
    """Values, at ordinary places, for every activation that JAX has under the same definition."""
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    x = np.linspace(-7, 7, 41)
    pairs = {
        "relu": jax.nn.relu,
        "relu6": jax.nn.relu6,
        "elu": jax.nn.elu,
        "selu": jax.nn.selu,
        "silu": jax.nn.silu,
        "mish": jax.nn.mish,
        "softsign": jax.nn.soft_sign,
        "log_sigmoid": jax.nn.log_sigmoid,
        "hard_sigmoid": jax.nn.hard_sigmoid,
        "hard_swish": jax.nn.hard_swish,
        "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.2),
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    }
    with jax.enable_x64(True):
        for name, theirs in pairs.items():
            np.testing.assert_allclose(getattr(nn, name)(tensor(x)).numpy(), theirs(x), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(  # JAX's form loses digits of small values
            nn.gelu(tensor(x), approximate=True).numpy(), jax.nn.gelu(x, approximate=True), rtol=1e-12, atol=1e-14
        )


def test_lists_and_variables():
    assert nn.gelu([0.0, 1.0]).shape == (2,)
    assert nn.leaky_relu([-1.0, 2.0], 0.5).numpy().tolist() == [-0.5, 2]
    assert nn.relu(pf.Variable([-1.0, 2.0])).numpy().tolist() == [0, 2]
    assert nn.relu([-3, 4]).numpy().tolist() == [0, 4]
