"""The modified Bessel functions and the incomplete gamma functions, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

import polyflow as tf

X = np.concatenate([np.linspace(-30, 30, 601), [0.0, 8.0, -8.0, 100.0, 700.0]])
BESSEL = {"bessel_i0": "i0", "bessel_i1": "i1", "bessel_i0e": "i0e", "bessel_i1e": "i1e"}
DERIVATIVES = {
    "bessel_i0": scipy.special.i1,
    "bessel_i1": lambda x: scipy.special.ivp(1, x),
    "bessel_i0e": lambda x: scipy.special.i1e(x) - np.sign(x) * scipy.special.i0e(x),
    "bessel_i1e": lambda x: np.exp(-np.abs(x)) * scipy.special.ivp(1, x) - np.sign(x) * scipy.special.i1e(x),
}


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


@pytest.mark.parametrize("name", BESSEL)
def test_bessel(name):
    function, expected = getattr(tf.math, name), getattr(scipy.special, BESSEL[name])
    np.testing.assert_allclose(function(X), expected(X), rtol=3e-15)
    single = function(X[:-2].astype("float32"))
    assert single.dtype is tf.float32
    np.testing.assert_allclose(single, expected(X[:-2]), rtol=2e-5)
    assert function([0, 1]).dtype is tf.float32
    with_slope = tf.grad(lambda x: tf.sum(function(x)))
    for slope in (with_slope, tf.function(with_slope)):
        np.testing.assert_allclose(slope(tf.constant(X)), DERIVATIVES[name](X), rtol=1e-11, atol=1e-15)


def test_ends_of_bessel():
    far = [np.inf, -np.inf, 1e4]
    assert tf.math.bessel_i0(far[:1]).tolist() == [np.inf]
    assert tf.math.bessel_i1(far).tolist() == [np.inf, -np.inf, np.inf]
    assert tf.math.bessel_i0e(far[:2]).tolist() == [0, 0]
    assert np.isnan(tf.math.bessel_i1e(np.nan).item())
    assert tf.grad(tf.grad(tf.math.bessel_i0))(tf.constant(0.0, "float64")).item() == pytest.approx(0.5)


RNG = np.random.default_rng(1)
A = np.concatenate([np.exp(RNG.uniform(-5, 5, 200)), [1.0, 0.5, 2.0, 800.0]])
AT = np.concatenate([A[:200] * np.exp(RNG.normal(size=200)), [0.0, 40.0, 1e5, 801.0]])


@pytest.mark.parametrize(("name", "expected"), [("igamma", "gammainc"), ("igammac", "gammaincc")])
def test_incomplete_gamma(name, expected):
    function, expected = getattr(tf.math, name), getattr(scipy.special, expected)
    for called in (function, tf.function(function)):
        np.testing.assert_allclose(called(A, AT), expected(A, AT), rtol=5e-12, atol=1e-300)
    single = function(A.astype("float32"), 2.0)
    assert single.dtype is tf.float32
    np.testing.assert_allclose(single, expected(A.astype("float32"), 2.0), rtol=1e-5, atol=1e-37)
    assert np.isnan(function([-1.0, 0.0, 1.0, np.nan, 2.0], [1.0, 1.0, -1.0, 1.0, np.nan]).numpy()).all()
    ends = function([1.0, 1.0], [0.0, np.inf]).tolist()
    assert ends == ([0, 1] if name == "igamma" else [1, 0])


@pytest.mark.parametrize(("name", "expected"), [("igamma", "gammainc"), ("igammac", "gammaincc")])
def test_slopes_of_incomplete_gamma(name, expected):
    expected, step = getattr(scipy.special, expected), 1e-6
    a, x = np.array([0.5, 2.0, 3.0, 10.0]), np.array([0.3, 1.0, 8.0, 9.0])
    both = tf.grad(lambda a, x: tf.sum(getattr(tf.math, name)(a, x)), argnums=(0, 1))
    for function in (both, tf.function(both)):
        along_a, along_x = function(tf.constant(a), tf.constant(x))
        np.testing.assert_allclose(along_a, (expected(a + step, x) - expected(a - step, x)) / (2 * step), rtol=1e-6)
        np.testing.assert_allclose(along_x, (expected(a, x + step) - expected(a, x - step)) / (2 * step), rtol=1e-6)
    shared = tf.grad(lambda a: tf.sum(getattr(tf.math, name)(a, x)))(tf.constant(2.0, "float64"))
    assert shared.shape == ()
