"""The LU decomposition against SciPy, and by its own equation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import polyflow as tf
from polyflow.errors import ShapeError

RNG = np.random.default_rng(5)
ONE = RNG.normal(size=(5, 5))
STACK = RNG.normal(size=(2, 3, 4, 4))


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


@pytest.mark.parametrize(
    "a", [ONE, STACK, STACK.astype("float32"), ONE + 1j * ONE.T, np.array([[0.0, 2.0], [1.0, 3.0]])]
)
def test_rows_in_their_order_are_the_product(a):
    both, rows = tf.linalg.lu(a)
    assert both.dtype == a.dtype
    assert rows.dtype == "int32"
    lower, upper = np.tril(both.numpy(), -1) + np.eye(a.shape[-1]), np.triu(both.numpy())
    expected = np.take_along_axis(a, rows.numpy()[..., None], -2)
    np.testing.assert_allclose(lower @ upper, expected, rtol=1e-4 if a.dtype == "float32" else 1e-10, atol=1e-5)
    assert np.abs(np.tril(both.numpy(), -1)).max() <= np.sqrt(2)  # pivots are the largest


def test_the_same_triangles_and_order_as_scipy():
    both, rows = tf.linalg.lu(ONE, output_idx_type=tf.int64)
    expected, pivots = scipy.linalg.lu_factor(ONE)
    np.testing.assert_allclose(both, expected, rtol=1e-10)
    order = np.arange(5)
    for place, pivot in enumerate(pivots):
        order[[place, pivot]] = order[[pivot, place]]
    assert rows.dtype == "int64"
    assert rows.tolist() == order.tolist()


def test_what_is_made_of_it():
    both, rows = tf.linalg.lu(STACK)
    columns = RNG.normal(size=(2, 3, 4, 2))
    np.testing.assert_allclose(tf.linalg.lu_reconstruct(both, rows), STACK, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tf.linalg.lu_solve(both, rows, columns), np.linalg.solve(STACK, columns), rtol=1e-8)
    np.testing.assert_allclose(tf.linalg.lu_matrix_inverse(both, rows), np.linalg.inv(STACK), rtol=1e-8)


def test_compiled_and_empty():
    both, rows = tf.function(tf.linalg.lu)(ONE)
    np.testing.assert_allclose(tf.linalg.lu_reconstruct(both, rows), ONE, rtol=1e-9, atol=1e-12)
    both, rows = tf.linalg.lu(np.zeros((0, 0)))
    assert (both.shape, rows.shape) == ((0, 0), (0,))
    with pytest.raises(ShapeError, match="square matrices"):
        tf.linalg.lu(np.ones((2, 3)))


def test_eigenvalues_of_any_square_matrices():
    values, vectors = tf.linalg.eig(ONE)
    np.testing.assert_allclose(ONE @ vectors.numpy(), values.numpy() * vectors.numpy(), atol=1e-10)
    assert tf.linalg.eig(ONE.astype("float32"))[0].dtype == "complex64"
    np.testing.assert_allclose(np.sort_complex(tf.eigvals(ONE)), np.sort_complex(np.linalg.eigvals(ONE)))
