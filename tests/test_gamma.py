"""The gamma function and its relatives, beside Python's own and their recurrences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyflow as tf

X = np.array([1e-5, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 7.9, 8.1, 50.0, 1e5, 1e10, -0.5, -1.5, -2.7, -30.3, -1000.25])


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-13), ("float32", 2e-7)])
def test_lgamma(dtype, rtol):
    x = X.astype(dtype)
    found = tf.math.lgamma(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), [math.lgamma(one) for one in x.tolist()], rtol=rtol)


def test_digamma():
    np.testing.assert_allclose(tf.math.digamma(1.0).numpy(), -np.euler_gamma, rtol=1e-6)
    one, next_one = (tf.math.digamma(values).numpy() for values in (X, X + 1))
    np.testing.assert_allclose(next_one - one, 1 / X, rtol=1e-12, atol=1e-13)  # digamma(x + 1) = digamma(x) + 1 / x
    whole = np.arange(1, 30)
    harmonic = np.concatenate([[0], np.cumsum(1 / whole[:-1])])
    np.testing.assert_allclose(tf.math.digamma(whole.astype("float64")).numpy(), harmonic - np.euler_gamma, rtol=1e-13)


def test_ends():
    assert tf.math.lgamma([0.0, -1.0, -7.0, np.inf, -np.inf]).tolist() == [np.inf] * 5
    assert tf.math.lgamma([1, 2]).tolist() == [0, 0]
    assert np.isnan(tf.math.digamma([0.0, -1.0, np.nan]).numpy()).all()
    assert tf.math.digamma(np.inf).item() == np.inf
    assert np.isnan(tf.math.lgamma(np.nan).item())


def test_gradients():
    """The first is digamma, the second trigamma, whose recurrence is tested."""

    def trigamma(x):
        return tf.grad(tf.grad(lambda x: tf.reduce_sum(tf.math.lgamma(x))))(x)

    x = tf.constant(0.7, tf.float64)
    assert tf.grad(tf.math.lgamma)(x).item() == tf.math.digamma(x).item()
    np.testing.assert_allclose(trigamma(x).item() - trigamma(x + 1).item(), 1 / 0.49, rtol=1e-12)
    np.testing.assert_allclose(trigamma(tf.constant(1.0, tf.float64)).item(), math.pi**2 / 6, rtol=1e-13)
    np.testing.assert_allclose(trigamma(tf.constant(-0.5, tf.float64)).item(), math.pi**2 / 2 + 4, rtol=1e-13)


def test_lbeta_and_the_loss_of_counts():
    assert tf.math.lbeta([[2.0, 3.0], [1.0, 1.0]]).tolist() == [pytest.approx(-math.log(12)), 0]
    targets, rates = np.array([0.0, 1.0, 30.0]), np.array([0.5, 1.0, 3.0])
    plain = tf.nn.log_poisson_loss(targets, rates).numpy()
    np.testing.assert_allclose(plain, np.exp(rates) - rates * targets)
    full = tf.nn.log_poisson_loss(targets, rates, compute_full_loss=True).numpy()
    np.testing.assert_allclose(full[:2], plain[:2])
    assert full[2] - plain[2] == pytest.approx(math.lgamma(31), abs=3e-3)  # Stirling's approximation
