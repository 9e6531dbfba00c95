"""The exponential, the square root and the logarithm of matrices, against SciPy and by their own equations."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import polyflow as tf
from polyflow.errors import ShapeError

RNG = np.random.default_rng(3)
SQUARE = RNG.normal(size=(4, 4))
POSITIVE = SQUARE @ SQUARE.T + np.eye(4)
DRAWN = RNG.normal(size=(2, 4, 4))
MIXED = np.eye(4) * 3 + 0.3 * SQUARE + 0.2j * SQUARE.T


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


def away(found, expected):
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def differences(function, a, direction, step=1e-6):
    return (function(a + step * direction) - function(a - step * direction)) / (2 * step)


@pytest.mark.parametrize("size", [0, 1e-9, 0.1, 1, 5, 30])
def test_exponential(size):
    for a in (size * SQUARE, size * MIXED, size * (SQUARE - SQUARE.T)):
        assert away(tf.linalg.expm(a), scipy.linalg.expm(a)) < 2e-13


def test_exponential_of_turns():
    """That of a turn by a large angle, which is squared often, is a turn."""
    angle = 1000.0
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert away(tf.linalg.expm(np.array([[0.0, -angle], [angle, 0.0]])), np.array(turn)) < 1e-11


@pytest.mark.parametrize("far", [1e3, 1e10, 1e30])
def test_exponential_of_matrices_far_from_normal(far):
    """Large numbers beside the diagonal do not halve it away: the powers say how large a matrix is."""
    for a in ([[0.0, far], [0.0, 0.0]], [[1.0, far], [0.0, 2.0]], [[0.0, 1.0, far], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]):
        expected = scipy.linalg.expm(np.array(a))
        for function in (tf.linalg.expm, tf.function(tf.linalg.expm)):
            np.testing.assert_allclose(function(np.array(a)).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_exponentials_of_several_matrices():
    several = np.stack([SQUARE * size for size in (0.01, 1.0, 20.0)]).reshape(1, 3, 4, 4)
    expected = np.stack([scipy.linalg.expm(one) for one in several[0]])
    for function in (tf.linalg.expm, tf.function(tf.linalg.expm)):
        found = function(several).numpy()
        assert found.shape == (1, 3, 4, 4)
        assert max(map(away, found[0], expected)) < 1e-12
    single = tf.linalg.expm(several.astype("float32"))
    assert single.dtype is tf.float32
    assert max(map(away, single.numpy()[0], expected)) < 1e-5
    assert tf.linalg.expm([[0, 0], [0, 0]]).tolist() == [[1, 0], [0, 1]]
    assert tf.linalg.expm(np.zeros((2, 0, 0))).shape == (2, 0, 0)
    several[0, 0, 0, 0] = np.nan
    found = tf.linalg.expm(several).numpy()[0]
    assert np.isnan(found[0]).any()
    assert max(map(away, found[1:], expected[1:])) < 1e-12
    with pytest.raises(ShapeError, match="square"):
        tf.linalg.expm(np.zeros((2, 3)))


def test_square_root():
    for a in (POSITIVE, MIXED, np.eye(3), np.diag([1e-6, 1.0, 1e6]), np.array([[1.0, 1e3], [0.0, 1.0]])):
        found = tf.linalg.sqrtm(a)
        assert away(found, scipy.linalg.sqrtm(a)) < 1e-11
        assert away(found @ found, a) < 1e-11
    turn = np.array([[np.cos(3.0), -np.sin(3.0)], [np.sin(3.0), np.cos(3.0)]])  # eigenvalues near the negative axis
    assert away(tf.linalg.sqrtm(turn), scipy.linalg.sqrtm(turn)) < 1e-12
    several = np.stack([POSITIVE, 1e-4 * POSITIVE, 1e6 * POSITIVE])
    expected = np.stack([scipy.linalg.sqrtm(one) for one in several])
    for function in (tf.linalg.sqrtm, tf.function(tf.matrix_square_root)):
        assert max(map(away, function(several).numpy(), expected)) < 1e-12
    single = tf.linalg.sqrtm(POSITIVE.astype("float32"))
    assert single.dtype is tf.float32
    assert away(single, expected[0]) < 1e-6


def test_square_roots_of_singular_matrices():
    """There is one where as many eigenvectors belong to 0 as it counts for."""
    few = SQUARE[:, :2]
    turned = SQUARE @ np.diag([3.0, 1.0, 0.0, 0.0]) @ np.linalg.inv(SQUARE)
    ones = [np.ones((4, 4)), few @ few.T, 1e-8 * few @ few.T, turned, np.diag([4.0, 0.0, 1.0, 0.0]), np.zeros((4, 4))]
    ones = np.stack([*ones, POSITIVE])
    for function in (tf.linalg.sqrtm, tf.function(tf.linalg.sqrtm)):
        found = function(ones).numpy()
        for root, one in zip(found, ones, strict=True):
            np.testing.assert_allclose(root @ root, one, rtol=0, atol=1e-13 * max(np.abs(one).max(), 1e-300))
        assert np.linalg.eigvals(found).real.min() > -1e-12
        complex_ones = few @ (few.T + 0j) + 1j * (few[:, :1] @ few[:, 1:].T - few[:, 1:] @ few[:, :1].T)
        root = function(complex_ones).numpy()
        assert away(root @ root, complex_ones) < 1e-13


def test_matrices_without_a_square_root():
    none = [np.diag([1.0, -1.0]), np.diag([-1.0, -2.0]), np.array([[0.0, 1], [0, 0]]), np.full((2, 2), np.nan)]
    for function in (tf.linalg.sqrtm, tf.function(tf.linalg.sqrtm)):
        found = function(np.stack([*none, np.diag([1.0, 4.0])])).numpy()
        assert np.isnan(found[:4]).all()
        assert away(found[4], np.diag([1.0, 2.0])) < 1e-14
    with pytest.raises(ShapeError, match="square"):
        tf.linalg.sqrtm(np.zeros((2, 3)))


def test_logarithm():
    turn = np.array([[np.cos(3.0), -np.sin(3.0)], [np.sin(3.0), np.cos(3.0)]])  # eigenvalues near the negative axis
    ones = [POSITIVE, MIXED, np.eye(3), 1e-6 * POSITIVE, np.array([[1.0, 1e3], [0.0, 1.0]]), turn, np.diag([1e-9, 1e9])]
    for a in ones:
        for function in (tf.linalg.logm, tf.function(tf.linalg.logm)):
            found = function(a).numpy()
            np.testing.assert_allclose(found, scipy.linalg.logm(a), rtol=0, atol=1e-12 * max(np.abs(found).max(), 1e-3))
    several = np.stack([POSITIVE, np.full((4, 4), np.nan), np.diag([1.0, 1, 1, -1]), np.ones((4, 4)), 1e6 * POSITIVE])
    found = tf.linalg.logm(several).numpy()
    assert np.isnan(found[1:4]).all()
    assert max(map(away, found[[0, 4]], map(scipy.linalg.logm, several[[0, 4]]))) < 1e-13
    single = tf.linalg.logm(POSITIVE.astype("complex64"))
    assert single.dtype is tf.complex64
    assert away(single, scipy.linalg.logm(POSITIVE)) < 1e-6
    assert away(tf.linalg.expm(tf.linalg.logm(SQUARE @ SQUARE)), SQUARE @ SQUARE) < 1e-12
    with pytest.raises(ShapeError, match="square"):
        tf.linalg.logm(np.zeros((2, 3)))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("function", "reference", "a"),
    [
        ("expm", scipy.linalg.expm, SQUARE),
        ("expm", scipy.linalg.expm, 8 * SQUARE),
        ("sqrtm", scipy.linalg.sqrtm, POSITIVE),
        ("sqrtm", scipy.linalg.sqrtm, 1e-3 * POSITIVE),
        ("logm", scipy.linalg.logm, POSITIVE),
    ],
)
def test_gradients(function, reference, a, compiled):
    weights, direction = DRAWN
    direction = direction * np.abs(a).max()
    whole = lambda x: tf.reduce_sum(getattr(tf.linalg, function)(x) * weights)  # noqa: E731
    whole = tf.function(whole) if compiled else whole
    expected = differences(lambda x: (reference(x) * weights).sum(), a, direction)
    found = (tf.grad(whole)(tf.constant(a)).numpy() * direction).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("function", ["expm", "sqrtm", "logm"])
def test_second_gradients(function):
    weights, direction = DRAWN
    first = tf.grad(lambda x: tf.reduce_sum(getattr(tf.linalg, function)(x) * weights))
    second = tf.grad(lambda x: tf.reduce_sum(first(x) * weights.T))(tf.constant(POSITIVE)).numpy()
    expected = differences(lambda x: (first(tf.constant(x)).numpy() * weights.T).sum(), POSITIVE, direction)
    np.testing.assert_allclose((second * direction).sum(), expected, rtol=1e-5)
