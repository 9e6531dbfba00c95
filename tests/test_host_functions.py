"""Functions of Python's in the middle of a program."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import DTypeError, TraceError


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


def test_a_function_of_numpy_arrays():
    def both(x, y):
        assert type(x) is np.ndarray
        return np.sinh(x), (x + y).astype("int64")

    x = tf.constant([0.5, 1.0])
    first, second = tf.numpy_function(both, [x, 2.0], [tf.float32, tf.int64])
    np.testing.assert_allclose(first, np.sinh([0.5, 1.0]), rtol=1e-6)
    assert isinstance(first, tf.Tensor)
    assert second.tolist() == [2, 3]
    assert tf.numpy_function(lambda x: 3, [x], tf.float32).dtype == "float32"


def test_a_function_of_tensors_has_a_gradient_and_its_result_is_converted():
    def power(x, y):
        return x**2 if y.numpy() > 0 else x

    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.py_function(power, [x, 1], tf.float32)
    assert tape.gradient(y, x).item() == 6.0
    assert tf.py_function(lambda x: x * 2.7, inp=[1.0], Tout=tf.int32).item() == 2
    assert tf.py_function(lambda: None, [], []) == []


def test_in_the_map_of_a_dataset():
    def drawn(x):
        return tf.numpy_function(lambda v: np.sort(v)[::-1].copy(), [x], tf.int32)

    dataset = tf.data.Dataset.from_tensor_slices([[1, 3, 2], [6, 5, 4]]).map(drawn)
    assert [row.tolist() for row in dataset] == [[3, 2, 1], [6, 5, 4]]


def test_mistakes():
    with pytest.raises(DTypeError, match="told that its function gives float32; it gave float64"):
        tf.numpy_function(lambda x: np.ones(2), [1.0], tf.float32)
    with pytest.raises(TypeError, match="told of 2 results in Tout; its function gave 1"):
        tf.py_function(lambda x: x, [1.0], [tf.float32, tf.float32])
    with pytest.raises(TypeError, match="func"):
        tf.py_function(3, [1.0], tf.float32)
    with pytest.raises(TraceError, match="not known yet"):
        tf.function(lambda x: tf.numpy_function(np.sin, [x], tf.float32))(tf.constant(1.0))
