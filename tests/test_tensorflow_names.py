"""Functions that TensorFlow's users know and the array API standard does not have, against NumPy."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.special

import polyflow as tf
from polyflow.errors import DTypeError, LabelError, ShapeError, TraceError, UnknownDeviceError

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with tf.use_backend(request.param):
        yield request.param


def close(found, expected, **options):
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(found), expected, **({"rtol": 1e-5, "atol": 1e-6} | options))


# Places in tensors -----------------------------------------------------------------------------------------------


def test_gather_nd():
    cube = np.arange(24).reshape(2, 3, 4)
    assert tf.gather_nd(cube, [[0, 1, 2], [1, 2, 3]]).tolist() == [6, 23]
    assert tf.gather_nd(cube, [[1, 0]]).tolist() == [[12, 13, 14, 15]]
    assert tf.gather_nd(cube, [1]).tolist() == cube[1].tolist()
    with pytest.raises(IndexError):
        tf.gather_nd(cube, [[2, 0, 0]])
    with pytest.raises(ShapeError, match=r"1 to 3 .* shape \(2, 3, 4\); got indices of shape \(1, 4\)"):
        tf.gather_nd(cube, [[0, 0, 0, 0]])


def test_complex_numbers_of_parts_that_are_not_finite():
    real, imag = np.array([1.0, np.inf, 2.0, 0.0, np.nan]), np.array([np.inf, 1.0, -np.inf, np.nan, 3.0])
    for function in (tf.math.complex, tf.function(tf.math.complex)):
        found = function(real, imag).numpy()
        assert found.dtype == "complex128"
        np.testing.assert_array_equal(found.real, real)
        np.testing.assert_array_equal(found.imag, imag)


def test_a_histogram_of_numbers_that_are_none():
    values = [np.nan, -np.inf, np.inf, 1.5]
    assert tf.histogram_fixed_width_bins(values, [0.0, 4.0], 4).tolist() == [0, 0, 3, 1]
    assert tf.histogram_fixed_width(values, [0.0, 4.0], 4).tolist() == [2, 1, 0, 1]


def test_scattered_updates():
    start = tf.ones((4,))
    assert tf.tensor_scatter_nd_update(start, [[1], [3]], [5.0, 6.0]).tolist() == [1, 5, 1, 6]
    assert tf.tensor_scatter_nd_add(start, [[1], [1]], [5.0, 6.0]).tolist() == [1, 12, 1, 1]
    assert tf.tensor_scatter_nd_sub(tf.ones((2, 2)), [[1]], [[1.0, 2.0]]).tolist() == [[1, 1], [0, -1]]
    assert start.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_scattered_extremes(dtype):
    start = np.array([[5, 5], [5, 5], [5, 5]], dtype)
    indices, updates = np.array([[0], [0], [2]]), np.array([[1, 9], [7, 8], [2, 6]], dtype)
    for name, at in (("max", np.maximum.at), ("min", np.minimum.at)):
        expected = start.copy()
        at(expected, indices[:, 0], updates)
        found = getattr(tf, f"tensor_scatter_nd_{name}")(start, indices, updates)
        assert (found.dtype, found.tolist()) == (dtype, expected.tolist())
    assert tf.tensor_scatter_nd_max(start, [[1, 1]], [6]).tolist() == [[5, 5], [5, 6], [5, 5]]
    with pytest.raises(IndexError):
        tf.tensor_scatter_nd_max(start, [[3]], updates[:1])


def test_gradients_of_scattered_extremes():
    start, updates = tf.constant([1.0, 5.0, 3.0]), tf.constant([4.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch([start, updates])
        found = tf.tensor_scatter_nd_max(start, [[0], [1]], updates)
    assert found.tolist() == [4, 5, 3]
    assert [one.tolist() for one in tape.gradient(found, [start, updates])] == [[0, 1, 1], [1, 0]]


def test_slice():
    assert tf.slice(X, [1, 0], [2, -1]).tolist() == X[1:3].tolist()
    assert tf.slice([1, 2, 3], tf.constant([1]), tf.constant([1])).tolist() == [2]
    with pytest.raises(ShapeError, match=r"begin \(3, 0\), size \(2, 1\) does not lie inside .* shape \(4, 3\)"):
        tf.slice(X, [3, 0], [2, 1])
    with pytest.raises(ShapeError, match="a begin and a size for each axis"):
        tf.slice(X, [0], [1])


def test_masks_and_shapes():
    assert tf.sequence_mask([1, 3]).tolist() == [[True, False, False], [True, True, True]]
    assert tf.sequence_mask(2, 4, dtype=tf.float32).tolist() == [1, 1, 0, 0]
    assert tf.ensure_shape(X, (None, 3)).shape == (4, 3)
    with pytest.raises(ShapeError, match=r"expected \(None, 2\); got a tensor of shape \(4, 3\)"):
        tf.ensure_shape(X, (None, 2))
    assert tf.broadcast_static_shape((2, 1), (3,)) == (2, 3)


def test_unique_keeps_the_order_of_first_occurrence():
    values, places = tf.unique([4, 1, 4, 2, 1])
    assert (values.tolist(), places.tolist(), places.dtype) == ([4, 1, 2], [0, 1, 0, 2, 1], tf.int32)
    assert tf.unique(np.zeros(0)).y.tolist() == []
    with pytest.raises(ShapeError, match="takes a vector"):
        tf.unique(X)


def test_how_often_values_occur():
    found = tf.unique_with_counts([4, 1, 4, 2, 1])
    assert [part.tolist() for part in found] == [[4, 1, 2], [0, 1, 0, 2, 1], [2, 2, 1]]
    assert found.count.dtype is tf.int32


def test_strided_slice():
    x = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(tf.strided_slice(x, [0, 2, 1], [2, 0, 4], [1, -1, 2]), x[0:2, 2:0:-1, 1:4:2])
    assert np.array_equal(tf.strided_slice(x, [9, 1], [9, 2], begin_mask=1, end_mask=1), x[:, 1:2])
    given = {"ellipsis_mask": 1, "new_axis_mask": 2, "shrink_axis_mask": 4}
    assert np.array_equal(tf.strided_slice(x, [0, 0, 3], [0, 0, 4], **given), x[..., None, 3])
    with pytest.raises(ShapeError, match="as many ends and strides as begins; got 1, 2 and 1"):
        tf.strided_slice(x, [0], [1, 2])


def test_places_in_an_array():
    for places in (22, [22, 41, 37], [[1], [2]]):
        assert np.array_equal(tf.unravel_index(places, (7, 6)), np.unravel_index(places, (7, 6)))


def test_parts_and_back():
    marks = np.array([0, 1, 0, 2, 0])
    parts = tf.dynamic_partition(np.arange(10.0).reshape(5, 2), marks, 4)
    assert [part.shape[0] for part in parts] == [3, 1, 1, 0]
    places = [np.flatnonzero(marks == i) for i in range(4)]
    assert np.array_equal(tf.dynamic_stitch(places, parts), np.arange(10.0).reshape(5, 2))
    assert tf.dynamic_stitch([[0, 3], [3]], [[1, 2], [9]]).tolist() == [1, 0, 0, 9]


def test_sequences_backwards():
    x = np.arange(12).reshape(2, 3, 2)
    found = tf.reverse_sequence(x, [3, 1], seq_axis=1, batch_axis=0)
    assert np.array_equal(found, [x[0, ::-1], x[1]])
    found = tf.reverse_sequence(x, [1, 2, 2], seq_axis=0, batch_axis=1)
    assert np.array_equal(found, np.stack([x[:, 0], x[::-1, 1], x[::-1, 2]], axis=1))
    with pytest.raises(ShapeError, match="needs two axes"):
        tf.reverse_sequence(x, [1, 2], seq_axis=0)


def test_shapes_have_tensorflows_methods():
    shape = tf.constant(X).shape
    assert shape == tf.Variable(X).shape == tf.constant(X).get_shape() == (4, 3)
    assert (shape.as_list(), shape.rank, shape.ndims, shape.num_elements()) == ([4, 3], 2, 2, 12)
    assert str(shape) == repr(shape) == "(4, 3)"
    assert tf.function(lambda x: tf.zeros(x.shape.as_list()))(X).shape == (4, 3)
    some = tf.TensorShape([None, 3])
    assert some.is_compatible_with(shape)
    assert not some.is_compatible_with((4, 4))
    assert (some.num_elements(), some.is_fully_defined(), some.concatenate([2])) == (None, False, (None, 3, 2))
    tf.constant(X).set_shape([None, 3])
    tf.function(lambda x: x.set_shape(None))(X)
    with pytest.raises(ShapeError, match=r"set_shape got \(4, 4\), and the tensor has the shape \(4, 3\)"):
        tf.constant(X).set_shape((4, 4))
    assert tf.size(X, out_type=tf.int64).dtype is tf.shape(X, out_type=tf.int64).dtype is tf.int64


def test_gather_in_batches():
    cube, places = np.arange(48.0).reshape(2, 3, 4, 2), np.random.default_rng(0).integers(0, 2, (2, 3, 5))
    pairs = [(a, b) for a in range(2) for b in range(3)]
    found = tf.gather(cube, places, batch_dims=2).numpy()
    assert all(np.array_equal(found[p], cube[p][places[p]]) for p in pairs)
    found = tf.gather(cube, places, axis=3, batch_dims=2).numpy()
    assert all(np.array_equal(found[p], cube[p][:, places[p]]) for p in pairs)
    found = tf.gather(cube, places[..., 0], axis=-1, batch_dims=1).numpy()
    assert all(np.array_equal(found[a], cube[a][:, :, places[a, :, 0]]) for a in range(2))
    assert tf.gather_nd(cube, [[[1, 2]], [[0, 3]]], batch_dims=1).tolist() == [[cube[0, 1, 2].tolist()], [[30, 31]]]
    with pytest.raises(ShapeError, match="first 1 axes belong together"):
        tf.gather(cube, places[:1], batch_dims=1)
    with pytest.raises(ShapeError, match="axis 0 leaves no 2 axes before it"):
        tf.gather(cube, places, axis=0, batch_dims=2)


# Counting and ranking --------------------------------------------------------------------------------------------


def test_top_k():
    values, places = tf.math.top_k(X, 2)
    order = np.argsort(-X, axis=-1, kind="stable")[:, :2]
    assert places.tolist() == order.tolist()
    assert values.tolist() == np.take_along_axis(X, order, -1).tolist()
    assert tf.math.top_k([1, 3, 3]).indices.tolist() == [1]
    with pytest.raises(ShapeError, match="at least k=4"):
        tf.math.top_k(X, 4)
    assert tf.nn.in_top_k([2, 0, 1], [[1, 2, 3], [1, 1, 1], [3, 1, 2]], 1).tolist() == [True, True, False]


def test_bincount():
    values = [1, 1, 4, 0]
    assert tf.math.bincount(values).tolist() == np.bincount(values).tolist()
    assert tf.math.bincount(values, minlength=7).tolist() == np.bincount(values, minlength=7).tolist()
    assert tf.math.bincount(values, maxlength=2).tolist() == [1, 2]
    close(tf.math.bincount(values, weights=[0.5, 0.25, 2.0, 1.0]), np.bincount(values, [0.5, 0.25, 2.0, 1.0]))
    assert tf.math.bincount(np.zeros(0, "int32")).tolist() == []
    assert tf.math.bincount([[1, 1, 0], [2, 0, 5]], axis=-1, maxlength=3).tolist() == [[1, 2, 0], [1, 0, 1]]
    close(tf.math.bincount([[1, 1], [0, 1]], weights=[[0.5, 1.0], [2.0, 4.0]], axis=-1), [[0, 1.5], [2, 4]])
    with pytest.raises(ValueError, match="got -1"):
        tf.math.bincount([-1])
    with pytest.raises(DTypeError, match="takes integers; got float32"):
        tf.math.bincount([0.5])


def test_histogram_fixed_width():
    """What TensorFlow gives for its documentation's example: what lies outside counts in the first and the last."""
    values = [-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]
    assert tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5).tolist() == [2, 1, 1, 0, 2]
    assert tf.histogram_fixed_width_bins([values], (0.0, 5.0), nbins=5).tolist() == [[0, 0, 1, 2, 4, 4]]
    drawn = np.random.default_rng(0).uniform(2, 3, 1000).astype("float32")
    for dtype in ("int32", "int64"):
        found = tf.function(tf.histogram_fixed_width)(drawn, [2.0, 3.0], 16, dtype=dtype)
        assert found.dtype.name == dtype
        assert found.tolist() == np.histogram(drawn, 16, (2, 3))[0].tolist()
    with pytest.raises(ValueError, match=r"a range from a smaller number to a larger one; got \[5.0, 5.0\]"):
        tf.histogram_fixed_width(values, [5.0, 5.0])
    with pytest.raises(ValueError, match="at least one bin; got 0"):
        tf.histogram_fixed_width(values, [0.0, 5.0], 0)


def test_one_hot_has_the_dtype_of_its_values():
    assert tf.one_hot([0], 2).dtype is tf.float32
    assert tf.one_hot([0], 2, on_value=5, off_value=1).tolist() == [[5, 1]]
    assert tf.one_hot([0], 2, on_value=5, off_value=1).dtype is tf.int32
    assert tf.one_hot([0], 2, off_value=-1).dtype is tf.int32
    assert tf.one_hot([0], 2, on_value=True, off_value=False).tolist() == [[True, False]]
    assert tf.one_hot([0], 2, on_value=tf.constant(2.0, tf.float64)).dtype is tf.float64
    assert tf.one_hot([0], 2, 5, 1, dtype=tf.float32).dtype is tf.float32


def test_confusion_matrix():
    assert tf.math.confusion_matrix([0, 1, 1, 2], [0, 1, 0, 1]).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert tf.math.confusion_matrix([0, 1], [0, 1], weights=[2, 3]).tolist() == [[2, 0], [0, 3]]
    assert tf.math.confusion_matrix([0.0, 1.0], [True, True]).tolist() == [[0, 1], [0, 1]]
    assert tf.math.confusion_matrix([0, 1], tf.constant([1, 1], dtype="bfloat16")).tolist() == [[0, 1], [0, 1]]
    with pytest.raises(LabelError, match=r"class 0.5; expected whole numbers from 0 to 1"):
        tf.math.confusion_matrix([0, 1], [0.5, 1.0])
    with pytest.raises(LabelError, match=r"class nan; expected whole numbers"):
        tf.math.confusion_matrix([0, 1], [float("nan"), 1.0], num_classes=2)
    with pytest.raises(LabelError, match="class 2; expected whole numbers from 0 to 1"):
        tf.math.confusion_matrix([0, 2], [0, 1], num_classes=2)
    with pytest.raises(ShapeError, match="two vectors of one length"):
        tf.math.confusion_matrix([0, 1], [0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_means_of_segments_have_the_dtype_of_the_rows(dtype):
    found = tf.math.unsorted_segment_mean(tf.constant([1, 2, 4], dtype=dtype), [0, 0, 2], 3)
    assert found.dtype == tf.constant(0, dtype=dtype).dtype
    assert found.tolist() == [1.5, 0, 4]


def test_segments():
    rows, ids = X, [0, 0, 2, 2]
    expected = np.stack([X[:2].sum(0), np.zeros(3), X[2:].sum(0)])
    close(tf.math.segment_sum(rows, ids), expected)
    close(tf.math.segment_mean(rows, ids), expected / 2)
    close(tf.math.unsorted_segment_sum(rows, [2, 0, 2, 0], 4)[2], X[[0, 2]].sum(0))
    close(tf.math.unsorted_segment_mean(rows, [1, -1, 1, -1], 2), [np.zeros(3), X[[0, 2]].mean(0)])
    close(tf.math.unsorted_segment_sum([[1.0, 2.0], [np.nan, 4.0]], [[0, 1], [-1, 1]], 2), [1, 6])
    with pytest.raises(IndexError):
        tf.math.unsorted_segment_sum(rows, [0, 1, 2, 3], 3)


def test_sums_of_segments_by_the_root_of_their_number():
    found = tf.math.unsorted_segment_sqrt_n([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 0, 2], 4)
    close(found, [[8**0.5, 18**0.5], [0, 0], [5, 6], [0, 0]])


def test_products_of_segments():
    close(tf.math.segment_prod([[1, 2], [3, 4], [5, 6]], [0, 0, 2]), [[3, 8], [1, 1], [5, 6]])
    close(tf.math.unsorted_segment_prod([1.0, 2.0, 3.0, 4.0], [3, -1, 0, 3], 4), [3, 1, 1, 4])
    close(tf.math.unsorted_segment_prod([[2.0, 3.0], [4.0, 5.0]], [[0, 1], [0, -1]], 2), [8, 3])
    rows = tf.constant([2.0, 0.0, 3.0, 5.0])
    found = tf.grad(lambda x: tf.reduce_sum(tf.math.unsorted_segment_prod(x, [0, 0, 1, -1], 2)))(rows)
    close(found, [0, 2, 1, 0])


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_extremes_of_segments(dtype):
    rows = np.random.default_rng(0).integers(-3, 4, (9, 2)).astype(dtype)
    ids = np.array([2, 0, -1, 2, 1, 4, 4, 0, 2])
    limits = np.finfo(dtype) if dtype == "float32" else np.iinfo(dtype)
    for function, extreme, empty in (
        (tf.math.unsorted_segment_max, np.max, limits.min),
        (tf.math.unsorted_segment_min, np.min, limits.max),
    ):
        expected = [extreme(rows[ids == i], axis=0, initial=empty) for i in range(5)]
        assert np.array_equal(function(rows, ids, 5), expected)
        assert np.array_equal(tf.function(lambda r: function(r, ids, 5))(tf.constant(rows)), expected)  # noqa: B023
    assert tf.math.segment_max([[1, 2], [5, 3], [0, 9]], [0, 0, 2]).tolist() == [[5, 3], [0, 0], [0, 9]]
    assert tf.math.segment_min([3, 1, 2], [0, 0, 1]).tolist() == [1, 2]
    assert np.isnan(tf.math.unsorted_segment_min([np.nan, 1.0], [0, 0], 1).numpy()).all()
    with pytest.raises(IndexError):
        tf.math.unsorted_segment_max(rows[:2], [0, 1], 1)


def test_equal_extremes_of_a_segment_share_the_gradient():
    x = tf.Variable([1.0, 3.0, 3.0, 5.0, 0.0])
    with tf.GradientTape() as tape:
        y = tf.math.unsorted_segment_max(x, [0, 0, 0, -1, 1], 2) * tf.constant([2.0, 7.0])
    assert tape.gradient(y, x).tolist() == [0, 1, 1, 0, 7]


# Arithmetic ------------------------------------------------------------------------------------------------------


def test_a_name_means_nothing():
    assert tf.add([1, 2], 3, name="sum").tolist() == [4, 5]
    assert tf.exp([0.0], name="exponential").tolist() == [1.0]
    assert tf.matmul(tf.square(X, name="squares"), tf.transpose(X), name="product").shape == (4, 4)
    with pytest.raises(TypeError, match="positional"):
        tf.exp([0.0], "exponential")
    with pytest.raises(TypeError, match="nam"):
        tf.exp([0.0], nam="exponential")


def test_bits_of_integers():
    a, b = np.array([-5, 0, 7, 100], "int8"), np.array([3, 1, 6, 2], "int8")
    for name, of_numpy in (
        *(("bitwise_and", np.bitwise_and), ("bitwise_or", np.bitwise_or), ("bitwise_xor", np.bitwise_xor)),
        *(("left_shift", np.left_shift), ("right_shift", np.right_shift)),
    ):
        found = getattr(tf.bitwise, name)(a, b)
        assert (found.dtype, found.tolist()) == (tf.int8, of_numpy(a, b).tolist()), name
    assert tf.bitwise.invert(a).tolist() == np.invert(a).tolist()


def test_division_without_nan_has_gradients_without_nan():
    y = tf.Variable([0.0, 2.0])
    with tf.GradientTape() as tape:
        z = tf.math.divide_no_nan([1.0, 3.0], y)
    assert z.tolist() == [0, 1.5]
    assert tape.gradient(z, y).tolist() == [0, -0.75]
    assert tf.math.multiply_no_nan([np.inf, 3.0], [0.0, 2.0]).tolist() == [0, 6]


def test_formulas_that_are_0_where_x_is():
    x, y = np.array([0.0, 0.0, 2.0, 0.5]), np.array([-1.0, 3.0, 1e-9, 4.0])
    close(tf.math.xlog1py(x, y), scipy.special.xlog1py(x, y), rtol=1e-15)
    close(tf.math.reciprocal_no_nan(x), [0, 0, 0.5, 2])
    both = tf.grad(lambda x: tf.reduce_sum(tf.math.xlog1py(x, y) + tf.math.reciprocal_no_nan(x)))(tf.constant(x))
    close(both, [0, 0, 1e-9 - 0.25, np.log(5.0) - 4.0])


def test_small_formulas():
    assert tf.math.squared_difference([1.0, 4.0], 2.0).tolist() == [1, 4]
    close(tf.math.l2_normalize(X, axis=1), X / np.linalg.norm(X, axis=1, keepdims=True))
    assert tf.nn.zero_fraction([0.0, 1.0, 0.0, 2.0]).item() == 0.5
    close(tf.math.polyval([2.0, -1.0, 3.0], X), np.polyval([2.0, -1.0, 3.0], X))
    close(tf.math.reduce_euclidean_norm(X, axis=0), np.linalg.norm(X, axis=0))


def test_what_is_0_times_infinite():
    x = tf.Variable([0.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        found = [tf.math.xlogy(x, [0.0, 3.0]), tf.math.xdivy(x, [0.0, 4.0])]
    close(found[0], [0, 2 * np.log(3)])
    close(found[1], [0, 0.5])
    close(tape.gradient(found[0], x), [0, np.log(3)])


def test_orders_and_complex_parts():
    assert tf.math.is_strictly_increasing([1, 2, 3]).item()
    assert not tf.math.is_strictly_increasing([1, 2, 2]).item()
    assert tf.math.is_non_decreasing([1, 2, 2]).item()
    assert tf.math.invert_permutation([2, 0, 1]).tolist() == [1, 2, 0]
    assert tf.complex([1.0], [2.0]).tolist() == [1 + 2j]
    assert tf.complex(np.ones(1), np.ones(1)).dtype is tf.complex128
    close(tf.math.angle([1j, -1.0 + 0j]), np.angle([1j, -1.0]))
    close(tf.math.angle([-2.0, 2.0]), [np.pi, 0])


@pytest.mark.parametrize("ord", [1, 2, np.inf, "fro", 3])
def test_norms_of_vectors_and_matrices(ord):
    cube = np.random.default_rng(1).normal(size=(4, 2, 3)).astype("float32")
    if ord != "fro":
        close(tf.norm(cube, ord, axis=1), np.linalg.norm(cube, ord, axis=1))
        close(tf.norm(cube, ord), np.linalg.norm(cube.ravel(), ord))
    if ord == 3:
        with pytest.raises(ValueError, match="norm of matrices has ord .* got 3"):
            tf.norm(cube, 3, axis=[0, 1])
        return
    for axes in ((1, 2), (-1, 0)):
        for kept in (False, True):
            close(tf.norm(cube, ord, axes, kept), np.linalg.norm(cube, ord, axes, kept))


def test_clipping_by_norms():
    close(tf.clip_by_norm([3.0, 4.0], 1.0), [0.6, 0.8])
    close(tf.clip_by_norm([0.3, 0.4], 1.0), [0.3, 0.4])
    close(tf.clip_by_norm([[3.0, 4.0], [0.0, 0.5]], 1.0, axes=1), [[0.6, 0.8], [0.0, 0.5]])
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([[4.0]])], 2.5)
    assert norm.item() == 5
    close(clipped[0], [1.5])
    assert clipped[1] is None
    close(clipped[2], [[2.0]])
    assert np.isnan(tf.clip_by_global_norm([tf.constant([np.inf])], 1.0)[0][0].numpy()).all()
    close(tf.linalg.global_norm([tf.constant([3.0]), tf.constant([4.0])]), 5.0)


# Neural networks -------------------------------------------------------------------------------------------------


def test_cross_entropies_of_logits():
    labels = np.array([2, 0, 1, 1])
    hot = np.eye(3, dtype="float32")[labels]
    log_p = X - np.log(np.exp(X).sum(1, keepdims=True))
    close(tf.nn.softmax_cross_entropy_with_logits(hot, X), -(hot * log_p).sum(1))
    close(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, X), -log_p[np.arange(4), labels])
    p = 1 / (1 + np.exp(-X))
    close(tf.nn.sigmoid_cross_entropy_with_logits(hot, X), -(hot * np.log(p) + (1 - hot) * np.log(1 - p)))
    assert tf.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], [-1000.0, -1000.0]).tolist() == [1000, 0]
    gradient = tf.grad(lambda x: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(hot, x)))(tf.constant(X))
    close(gradient, p - hot)
    with pytest.raises(LabelError, match="label 3 is none of the 3 classes"):
        tf.nn.sparse_softmax_cross_entropy_with_logits([3, 0, 1, 1], X)
    compiled = tf.function(tf.nn.sparse_softmax_cross_entropy_with_logits)
    assert np.isnan(compiled(tf.constant([3, 0, 1, 1]), tf.constant(X)).numpy()).tolist() == [True, False, False, False]
    with pytest.raises(ShapeError, match=r"labels of shape \(4,\) go with .* \(4, 3\); got \(3,\)"):
        tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1, 2], X)


def test_parts_of_layers():
    mean, variance = tf.nn.moments(X, axes=[0])
    close(mean, X.mean(0))
    close(variance, X.var(0))
    close(
        tf.nn.batch_normalization(X, mean, variance, 1.0, 2.0, 1e-3),
        2 * (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) + 1,
    )
    close(tf.nn.bias_add(X, [1.0, 2.0, 3.0]), X + np.array([1, 2, 3]))
    close(tf.nn.bias_add(X[..., None], [1.0, 2.0, 3.0], "NCW"), (X + np.array([1, 2, 3]))[..., None])
    with pytest.raises(ShapeError, match="a vector of the size of axis 1"):
        tf.nn.bias_add(X, [1.0])
    close(tf.nn.l2_loss([3.0, 4.0]), 12.5)
    close(tf.nn.embedding_lookup(X, [2, 0]), X[[2, 0]])
    close(tf.nn.embedding_lookup([[3.0, 4.0], [0.1, 0.0]], [0, 1], max_norm=1.0), [[0.6, 0.8], [0.1, 0.0]])


def test_dropout_function():
    x = tf.ones((1000,))
    kept = tf.nn.dropout(x, 0.25, seed=3).numpy()
    assert set(np.unique(kept).round(4)) == {0, np.float32(1.3333)}
    assert 0.7 < (kept > 0).mean() < 0.8
    assert (kept == tf.nn.dropout(x, 0.25, seed=3).numpy()).all()
    rows = tf.nn.dropout(tf.ones((50, 4)), 0.5, noise_shape=(50, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all()
    with pytest.raises(ValueError, match="got 1"):
        tf.nn.dropout(x, 1)


def test_moments_of_weighted_elements():
    weights = np.array([[1.0], [2.0], [0.0], [3.0]], "float32")
    mean, variance = tf.nn.weighted_moments(X, [0], weights)
    expected = np.average(X, axis=0, weights=weights[:, 0])
    close(mean, expected)
    close(variance, np.average((X - expected) ** 2, axis=0, weights=weights[:, 0]))
    kept = tf.nn.weighted_moments(X, (0, 1), weights, keepdims=True)
    assert [part.shape for part in kept] == [(1, 1), (1, 1)]


def test_losses_of_a_training_loop_of_ones_own():
    losses = np.array([1.0, 2.0, 6.0], "float32")
    assert tf.nn.compute_average_loss(losses).item() == 3
    assert tf.nn.compute_average_loss(losses, global_batch_size=6).item() == 1.5
    assert tf.nn.compute_average_loss(losses, [1.0, 0.0, 0.5], tf.constant(4)).item() == 1
    assert tf.nn.compute_average_loss(np.zeros(0, "float32")).item() == 0
    with pytest.raises(ShapeError, match="for each sample"):
        tf.nn.compute_average_loss(2.0)
    assert tf.nn.scale_regularization_loss([1.0, 2.0]).item() == 3
    kept = tf.keras.losses.MeanSquaredError(reduction=tf.keras.losses.Reduction.NONE)
    close(kept([[1.0], [2.0]], [[3.0], [2.0]]), [4, 0])


def test_relu_of_both_signs():
    close(tf.nn.crelu(X), np.concatenate([np.maximum(X, 0), np.maximum(-X, 0)], -1))
    assert tf.nn.crelu(X, axis=0).shape == (8, 3)


# Linear algebra --------------------------------------------------------------------------------------------------


def test_linear_algebra_in_tensorflow_s_form():
    a = X[:3].astype("float64") + 3 * np.eye(3)
    s, u, v = tf.linalg.svd(a)
    close(u.numpy() * s.numpy() @ v.numpy().T, a, rtol=1e-12)
    close(tf.linalg.svd(a, compute_uv=False), s.numpy())
    q, r = tf.linalg.qr(a)
    close(q @ r, a, rtol=1e-12)
    values, vectors = tf.linalg.eigh(a + a.T)
    close(vectors.numpy() * values.numpy() @ vectors.numpy().T, a + a.T, rtol=1e-10)
    close(tf.linalg.solve(a, a[:, :1]), np.eye(3)[:, :1], atol=1e-12)
    close(tf.linalg.solve(a, a.T[:, :1], adjoint=True), np.linalg.solve(a.T, a.T[:, :1]), rtol=1e-12)
    close(tf.linalg.inv(a) @ a, np.eye(3), atol=1e-12)
    close(tf.linalg.det(a), np.linalg.det(a), rtol=1e-12)
    close(tf.linalg.matvec(a, [1.0, 2.0, 3.0]), a @ [1, 2, 3], rtol=1e-12)
    close(tf.linalg.matvec(a, [1.0, 2.0, 3.0], transpose_a=True), a.T @ [1, 2, 3], rtol=1e-12)
    close(tf.linalg.diag([1.0, 2.0]), np.diag([1, 2]))
    close(tf.linalg.diag(X)[1], np.diag(X[1]))
    for k in (-4, -1, 0, 2, 4):
        close(tf.linalg.diag(X, k=k)[1], np.diag(X[1], k))
        close(tf.linalg.diag_part(np.outer(X[0], X[1]), k=k), np.diag(np.outer(X[0], X[1]), k))
    assert tf.linalg.diag([True, False], k=1).tolist() == np.diag([True, False], 1).tolist()
    ones = np.ones((4, 4))
    close(tf.linalg.band_part(ones, 1, 0), np.tril(ones) - np.tril(ones, -2))
    close(tf.linalg.band_part(ones, -1, 1), np.tril(ones, 1))


# Devices, modules, printing --------------------------------------------------------------------------------------


def test_devices(backend):
    assert tf.config.list_physical_devices("GPU") == []
    assert tf.config.list_physical_devices()[0] == ("/physical_device:CPU:0", "CPU")
    assert tf.config.list_logical_devices("cpu")[0].name == "/device:CPU:0"
    for name in ("/CPU:0", "CPU", "cpu:0", "/device:CPU:0", "/job:localhost/replica:0/task:0/device:CPU:0"):
        with tf.device(name):
            assert tf.zeros(1).device == "cpu:0"
            assert tf.zeros(1).backend.name == backend
    for name in ("/GPU:0", "/CPU:99", "nonsense/"):
        with pytest.raises(UnknownDeviceError, match=f"Backend '{backend}' has no device '{name}'. Its devices: cpu:0"):
            tf.device(name)


def test_modules_find_what_they_hold():
    class Part(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(2.0)
            self.fixed = tf.Variable(1.0, trainable=False)

    class Whole(tf.Module):
        def __init__(self):
            super().__init__(name="whole")
            self.parts = [Part(), Part()]
            self.again = self.parts[0]
            self.dense = tf.keras.layers.Dense(1, input_shape=(1,))
            self.dense.build((None, 1))

    whole = Whole()
    assert whole.name == "whole"
    assert Part().name == "part"
    assert len(whole.variables) == 6
    assert len(whole.trainable_variables) == 4
    assert len(whole.non_trainable_variables) == 2
    assert [type(one).__name__ for one in whole.submodules] == ["Part", "Dense", "Part"]


def test_methods_in_the_name_scope_of_their_module():
    class Scaled(tf.Module):
        def __init__(self):
            super().__init__(name="scaled")
            self.w = tf.Variable(2.0)

        @tf.Module.with_name_scope
        def __call__(self, x, twice=False):
            return self.w * x * (2 if twice else 1)

    scaled = Scaled()
    assert (scaled(3.0).item(), scaled(3.0, twice=True).item(), Scaled.__call__.__name__) == (6, 12, "__call__")
    assert tf.function(scaled)(3.0).item() == 6
    with scaled.name_scope:
        assert scaled(1.0).item() == 2


def test_modules_go_through_attributes_in_alphabetical_order():
    class Late(tf.Module):
        def __call__(self):
            self.w, self.inner, self.b = tf.Variable(1.0), tf.Module(), tf.Variable(2.0)
            self.inner.a = tf.Variable(3.0)  # type: ignore[attr-defined]

    late = Late()
    late()
    assert [float(one) for one in late.variables] == [2.0, 1.0, 3.0]


def test_tensor_arrays():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for i in tf.range(3):
        array = array.write(i, tf.constant([1.0, 2.0]) * float(i))
    assert array.stack().tolist() == [[0, 0], [1, 2], [2, 4]]
    assert array.concat().tolist() == [0, 0, 1, 2, 2, 4]
    assert array.gather([2, 0]).tolist() == [[2, 4], [0, 0]]
    assert (array.read(1).tolist(), array.size().item(), array.element_shape) == ([1, 2], 3, (2,))
    assert tf.TensorArray(tf.int32, 2).unstack([5, 6]).write(1, 7).stack().tolist() == [5, 7]
    assert tf.TensorArray(tf.int32, 3).scatter([2, 0], [5, 6]).stack().tolist() == [6, 0, 5]
    assert tf.TensorArray(tf.float32, 0, element_shape=(2,)).stack().shape == (0, 2)


def test_tensor_arrays_in_functions_and_on_tapes():
    @tf.function
    def running(xs):
        array, total = tf.TensorArray(xs.dtype, size=tf.shape(xs)[0]), 0.0
        for i in range(xs.shape[0]):
            total = total + xs[i] ** 2
            array = array.write(i, total)
        return array.stack()

    x = tf.Variable([1.0, 2.0, 3.0])
    for function in (running, running.python_function):
        with tf.GradientTape() as tape:
            y = function(x)
        assert (y.tolist(), tape.gradient(y, x).tolist()) == ([1, 5, 14], [6, 8, 6])


def squares(x, array=None):
    array = tf.TensorArray(tf.float32, size=3) if array is None else array
    _, array = tf.while_loop(
        lambda i, array: i < 3,
        lambda i, array: (i + 1, array.write(i, x[i] ** 2)),
        (0, array),
        maximum_iterations=4,
    )
    return array.stack()


def products(x):
    """Read and written by a fori_loop, in a container."""
    first = {"products": tf.TensorArray(tf.float32, size=3).write(0, x[0] * 2.0), "sum": x}

    def step(i, held):
        array = held["products"]
        return {"products": array.write(i, array.read(i - 1) * x[i]), "sum": held["sum"] + x}

    last = tf.fori_loop(1, 3, step, first)
    return last["products"].stack() + last["sum"]


def rows(x):
    """A loop in a loop writes rows, whose shape the first step tells."""
    inner = lambda i, j, array: array.write(i, x * tf.cast(j, x.dtype) + x[i])  # noqa: E731
    array = tf.fori_loop(
        0,
        3,
        lambda i, array: tf.fori_loop(0, 2, lambda j, array: inner(i, j, array), array),
        tf.TensorArray(tf.float32, size=3),
    )
    return array.stack() + array.gather([2, 0, 1])


def scanned(x):
    init = (tf.TensorArray(tf.float32, 3, element_shape=()), 0)
    step = lambda held, one: ((held[0].write(held[1], one**2), held[1] + 1), one)  # noqa: E731
    (array, _), ones = tf.scan(step, init, x)
    return array.stack() + ones


def unwritten(x):
    """No step: zeros of the shape that was told."""
    array = tf.scan(
        lambda array, one: (array.write(0, one), None), tf.TensorArray(tf.float32, 3, element_shape=()), x[:0]
    )
    return array[0].stack() + x


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (squares, [1, 4, 9]),
        (products, [2 + 3, 4 + 6, 12 + 9]),
        (rows, [[2 + 4, 3 + 5, 4 + 6], [3 + 2, 4 + 3, 5 + 4], [4 + 3, 5 + 4, 6 + 5]]),
        (scanned, [2, 6, 12]),
        (unwritten, [1, 2, 3]),
    ],
)
def test_loops_hand_on_tensor_arrays(function, expected):
    """Op by op and compiled, with gradients to second order."""
    x = tf.constant([1.0, 2.0, 3.0])
    for run in (function, tf.function(function)):
        assert run(x).tolist() == expected

    def second(one):
        first = tf.grad(lambda x: tf.reduce_sum(one(x) ** 2))
        return tf.grad(lambda x: tf.reduce_sum(first(x) ** 2))(x)

    np.testing.assert_allclose(second(tf.function(function)).numpy(), second(function).numpy(), rtol=1e-5)


def test_what_a_tensor_array_refuses():
    array = tf.TensorArray(tf.float32, 1)
    with pytest.raises(IndexError, match=r"write to place 1 of a TensorArray of size 1. .*dynamic_size=True"):
        array.write(1, 1.0)
    with pytest.raises(ValueError, match="nothing was written at this place"):
        array.stack()
    with pytest.raises(DTypeError, match="a TensorArray of float32 got a tensor of int32"):
        array.write(0, tf.constant(1))
    with pytest.raises(ShapeError, match=r"have the shape \(\) got one of shape \(2,\)"):
        array.write(0, 1).write(0, [1.0, 2.0])
    with pytest.raises(TraceError, match="does not grow"):
        tf.function(lambda i: tf.TensorArray(tf.float32, dynamic_size=True).write(i, 1.0).stack())(tf.constant(0))
    with pytest.raises(TraceError, match="while_loop: a TensorArray that a compiled loop hands on does not grow"):
        tf.function(lambda x: squares(x, tf.TensorArray(tf.float32, 0, dynamic_size=True)))(tf.ones(3))
    with pytest.raises(TypeError, match="a step returned a Tensor in its place"):
        tf.fori_loop(0, 3, lambda i, array: tf.zeros(3), tf.TensorArray(tf.float32, 3))
    with pytest.raises(TypeError, match="take what its stack"):
        tf.reduce_sum(array)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_ranges_of_numbers(mode):
    layer = tf.keras.layers.Discretization([-1.0, 0.0, 2.5], output_mode=mode)
    x = np.array([[-2.0, -1.0], [0.5, 2.5], [0.0, 9.0]], "float32")
    places = np.array([[0, 1], [2, 3], [2, 3]])
    rows = {"int": places, "one_hot": np.eye(4)[places]}
    many = np.eye(4)[places].sum(1)
    expected = rows.get(mode, many)
    for given in (layer, tf.function(layer), type(layer).from_config(layer.get_config())):
        assert np.array_equal(given(x), expected)
    assert layer(x).dtype == ("int64" if mode == "int" else "float32")


def test_ranges_of_numbers_by_data():
    layer = tf.keras.layers.Discretization(num_bins=4)
    with pytest.raises(ValueError, match="has no boundaries yet"):
        layer([1.0])
    layer.adapt(tf.data.Dataset.from_tensor_slices(np.arange(100.0)).batch(30))
    assert np.bincount(layer(np.arange(100.0)).numpy()).tolist() == [25] * 4
    with pytest.raises(ValueError, match="either bin_boundaries, or num_bins"):
        tf.keras.layers.Discretization()
    with pytest.raises(ValueError, match="rise from one to the next"):
        tf.keras.layers.Discretization([1.0, 0.0])


def test_print(capsys, tmp_path):
    tf.print("x =", tf.constant([1, 2]), {"a": tf.constant(0.5)}, [tf.constant(True), None], sep="|")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "x =|[1 2]|{'a': 0.5}|[True, None]\n"
    stream = io.StringIO()
    tf.print(tf.range(100), output_stream=stream, end="")
    assert stream.getvalue() == "[ 0  1  2 ... 97 98 99]"
    tf.print(tf.range(9), output_stream=f"file://{tmp_path / 'log'}", summarize=-1)
    assert (tmp_path / "log").read_text() == "[0 1 2 3 4 5 6 7 8]\n"
    with pytest.raises(TraceError):
        tf.function(lambda x: tf.print(x))(tf.constant(1.0))


def test_eagerly_or_not():
    seen = []
    assert tf.executing_eagerly()
    with tf.GradientTape():
        assert tf.executing_eagerly()
    tf.function(lambda x: seen.append(tf.executing_eagerly()) or x)(tf.constant(1.0))
    assert seen == [False]


# Keras -----------------------------------------------------------------------------------------------------------


def test_keras_utilities():
    close(tf.keras.utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0.0, 0.0]])
    close(tf.keras.utils.normalize(X, axis=0, order=1), X / np.abs(X).sum(0))
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="tanh", input_shape=(3,))])
    copy = tf.keras.models.clone_model(model)
    assert copy.get_config() == model.get_config()
    assert copy.weights[0].shape == (3, 2)
    assert copy.weights[0] is not model.weights[0]
    with pytest.raises(TypeError, match=r"clone_model takes a Sequential or a Model\(inputs, outputs\); got Model"):
        tf.keras.models.clone_model(tf.keras.Model())
    assert tf.keras.losses.MSE is tf.keras.losses.mse is tf.keras.losses.mean_squared_error
    assert tf.zeros_initializer()((2,)).tolist() == [0, 0]
    assert tf.keras.initializers.glorot_uniform is tf.keras.initializers.GlorotUniform
    assert tf.random.uniform((3,), maxval=5, dtype=tf.int32).dtype is tf.int32


# Linear algebra and checks of values ---------------------------------------------------------------------------------


def test_more_linear_algebra():
    square = X[:3].T @ X[:3] + np.eye(3, dtype="float32")
    close(tf.linalg.logdet(square), np.linalg.slogdet(square)[1])
    close(tf.linalg.lstsq(X, X[:, :1] + 1), np.linalg.lstsq(X, X[:, :1] + 1, rcond=None)[0], rtol=1e-4)
    ridge = np.linalg.solve(X.T @ X + 0.5 * np.eye(3), X.T @ np.ones((4, 1)))
    close(tf.linalg.lstsq(X, np.ones((4, 1), "float32"), 0.5), ridge)
    for lower, part in ((True, np.tril), (False, np.triu)):
        close(tf.linalg.triangular_solve(square, X.T, lower), np.linalg.solve(part(square), X.T), rtol=1e-4)
    unit, length = tf.linalg.normalize(X, axis=1)
    close(length, np.linalg.norm(X, axis=1, keepdims=True))
    close(unit * length, X)
    for matrix in (X, X.T):
        expected = matrix.copy()
        np.fill_diagonal(expected, [7.0, 8.0, 9.0])
        assert tf.linalg.set_diag(matrix, [7.0, 8.0, 9.0]).tolist() == expected.tolist()
        for k in (-2, -1, 1, 2):
            places = np.eye(*matrix.shape, k) > 0
            expected = np.where(places, 9.0, matrix)
            assert tf.linalg.set_diag(matrix, np.full(places.sum(), 9.0), k=k).tolist() == expected.tolist()
        for given, diagonal in (((2, 3, 3), (3, 3)), ((3, 3), (3, 3)), ((3, 3), (2,)), ((3,), (3,))):
            with pytest.raises(tf.errors.ShapeError, match="set_diag needs"):
                tf.linalg.set_diag(tf.zeros(given), tf.zeros(diagonal))
    pairs = np.arange(4.0).reshape(2, 2)
    assert tf.linalg.tensor_diag_part(tf.linalg.tensor_diag(pairs)).tolist() == pairs.tolist()
    assert tf.linalg.tensor_diag(pairs)[1, 0, 1, 0].item() == 2
    assert tf.eye(2, batch_shape=[3]).tolist() == [np.eye(2).tolist()] * 3
    with pytest.raises(ShapeError, match="two equal halves"):
        tf.linalg.tensor_diag_part(X)


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (lambda d: d.assert_equal([1, 2], [1, 3], message="rows"), r"^rows: 2 at \[1\] is not equal to 3"),
        (lambda d: d.assert_none_equal(1, 1), "1 is not other than 1"),
        (lambda d: d.assert_less([[1.0, 5.0]], 2.0), r"5.0 at \[0, 1\] is not less than 2.0"),
        (lambda d: d.assert_greater_equal(1, 2), "1 is not at least 2"),
        (lambda d: d.assert_positive([0.0]), r"0.0 at \[0\] is not greater than 0"),
        (lambda d: d.assert_non_positive(1), "1 is not at most 0"),
        (lambda d: d.assert_near([1.0], [1.1]), r"1.0 at \[0\] is not near 1.1"),
        (lambda d: d.check_numerics([1.0, np.nan], "activations"), r"^activations: nan at \[1\]"),
        (lambda d: d.Assert(False, [tf.ones(1), 3]), r"does not hold: \[\[1.0\], 3\]"),
        (lambda d: d.assert_rank(X, 1), r"expected 1 axes; got a tensor of shape \(4, 3\)"),
        (lambda d: d.assert_shapes([(X, ("N", "D")), (X[0], ("N",))]), r"'N'.* with N=4, D=3; got \(3,\)"),
        (lambda d: d.assert_type(X, tf.int32), "expected dtype int32; got float32"),
        (lambda d: d.assert_integer(X), "expected integers; got float32"),
    ],
)
def test_checks_that_fail(check, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        check(tf.debugging)


def test_checks_that_hold():
    d = tf.debugging
    assert d.check_numerics(X, "x").tolist() == X.tolist()
    assert d.assert_shapes([(X, ("N", "D")), (X[0], ("D",)), (X, (4, None))]) is None
    assert d.assert_near([1.0], [1.0 + 1e-7]) is None
    assert tf.assert_equal(X, X) is None
    assert d.Assert([True, True], [X]) is None
    with pytest.raises(TraceError, match="not known yet"):
        tf.function(lambda x: d.assert_positive(x))(X)


# Keras's utilities ------------------------------------------------------------------------------------------------


def test_sequences_of_one_length():
    pad = tf.keras.utils.pad_sequences
    rows = [[1, 2, 3], [4], []]
    assert pad(rows).tolist() == [[1, 2, 3], [0, 0, 4], [0, 0, 0]]
    assert pad(rows, 2, padding="post", value=-1).tolist() == [[2, 3], [4, -1], [-1, -1]]
    assert pad(rows, 2, truncating="post", dtype="float32").tolist() == [[1, 2], [0, 4], [0, 0]]
    assert pad([np.ones((2, 3)), np.ones((1, 3))]).shape == (2, 2, 3)
    with pytest.raises(ValueError, match="padding is 'pre' or 'post'; got 'left'"):
        pad(rows, padding="left")
    with pytest.raises(ShapeError, match="one of its items is a number"):
        pad([1, 2])
    with pytest.raises(ShapeError, match=r"shapes \[\(2,\), \(3,\)\]"):
        pad([np.ones((2, 3)), np.ones((1, 2))])


def test_keras_backend_functions():
    k = tf.keras.backend
    assert k.argmax([[1, 5, 2]]).tolist() == [1]
    assert k.concatenate([X, X]).shape == (4, 6)
    assert k.expand_dims(X).shape == (4, 3, 1)
    assert k.flatten(X).shape == (12,)
    assert (k.int_shape(X), k.epsilon(), k.floatx()) == ((4, 3), 1e-7, "float32")
    v = k.variable([1.0])
    k.set_value(v, [2.0])
    assert k.get_value(v).tolist() == [2]
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", lambda y, p: k.mean(k.square(y - p), axis=-1))
    assert len(model.fit(X, X[:, 0], verbose=0).history["loss"]) == 1


def test_more_keras_backend_functions():
    k = tf.keras.backend
    probabilities, truth = np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    expected = -(truth * np.log(probabilities) + (1 - truth) * np.log(1 - probabilities))
    close(k.binary_crossentropy(truth, probabilities), expected, rtol=1e-5)
    logits = np.log(probabilities / (1 - probabilities))
    close(k.binary_crossentropy(truth, logits, from_logits=True), expected, rtol=1e-5)
    close(k.categorical_crossentropy(truth, probabilities), -np.log([0.8, 0.4]), rtol=1e-5)
    close(k.sparse_categorical_crossentropy([1, 1], probabilities), -np.log([0.8, 0.4]), rtol=1e-5)
    assert k.random_normal((2, 3), seed=1).tolist() == tf.random.normal((2, 3), seed=1).tolist()
    assert k.random_uniform((50,), 1.0, 2.0).numpy().min() >= 1
    assert abs(k.truncated_normal((50,)).numpy()).max() <= 2
    assert k.random_bernoulli((4,), 1.0).tolist() == [1.0] * 4
    assert (k.dropout(tf.ones((100,)), 0.5, seed=1).numpy() % 2 == 0).all()
    assert (k.ndim(X), k.dtype(X), k.count_params(tf.Variable(X))) == (2, "float32", 12)
    assert k.batch_flatten(np.zeros((2, 3, 4))).shape == (2, 12)
    assert k.permute_dimensions(X, (1, 0)).shape == (3, 4)
    assert k.repeat_elements(X, 2, axis=1)[0].tolist() == np.repeat(X[0], 2).tolist()
    assert k.reverse(X, 0).tolist() == k.reverse(X, [0]).tolist() == X[::-1].tolist()
    assert (k.eye(2).tolist(), k.cumsum([1, 2]).tolist(), k.gather([5, 6], [1]).tolist()) == (
        [[1, 0], [0, 1]],
        [1, 3],
        [6],
    )
    v = tf.Variable(1.0)
    k.update(v, 3.0)
    k.update_add(v, 2.0)
    k.update_sub(v, 1.0)
    assert v.numpy() == 4
    assert not k.is_keras_tensor(v)


def test_parts_of_a_variable_are_assigned():
    v = tf.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert v[0].assign([7.0, 8.0, 9.0]) is v
    v[:, 1].assign([0.0, 0.0])
    v[1, -1].assign(1)
    assert v.numpy().tolist() == [[7, 0, 9], [4, 0, 1]]
    v.scatter_nd_update([[0, 1]], [5.0]).scatter_nd_add([[0, 1], [0, 1]], [1.0, 1.0]).scatter_nd_sub([[1]], [[1.0] * 3])
    assert v.numpy().tolist() == [[7, 7, 9], [3, -1, 0]]

    @tf.function
    def step(x):
        v[0, 0].assign(x)
        return tf.reduce_sum(v[0])

    assert step(tf.constant(1.0)).item() == 17
    assert v.numpy()[0].tolist() == [1, 7, 9]
    with pytest.raises(ShapeError):
        v[0].assign([1.0, 2.0])
    assert not hasattr(tf.constant(1.0), "assign")
    assert not hasattr(v[0] + 1, "assign")


@pytest.mark.parametrize("compiled", [False, True])
def test_slices_of_a_variable_change(compiled):
    v = tf.Variable(tf.zeros((4, 2)))

    def change():
        v.scatter_update(tf.IndexedSlices(values=[[1.0, 2.0], [3.0, 4.0]], indices=[2, 0]))
        v.scatter_add(tf.IndexedSlices(tf.ones((3, 2)), tf.constant([1, 1, 0])))
        v.scatter_sub(tf.IndexedSlices([[1, 0], [1, 0]], [3, 3]))

    (tf.function(change) if compiled else change)()
    assert v.numpy().tolist() == [[4, 5], [2, 2], [1, 2], [-2, 0]]
    with pytest.raises(ShapeError, match=r"a slice of shape \(2,\) for each index; got values of shape \(2,\)"):
        v.scatter_update(tf.IndexedSlices([1.0, 2.0], [0]))
    with pytest.raises(IndexError):
        v.scatter_add(tf.IndexedSlices([[1.0, 2.0]], [4]))


def test_batch_jacobian():
    x = tf.constant(X)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stack([tf.reduce_sum(x**2, 1), x[:, 0] * x[:, 1]], axis=1)
        unrelated = tf.ones((4, 2))
    whole = tape.jacobian(y, x).numpy()
    close(tape.batch_jacobian(y, x), np.stack([whole[i, :, i] for i in range(4)]))
    assert tape.batch_jacobian(unrelated, x) is None
    assert tape.batch_jacobian(unrelated, x, unconnected_gradients="zero").shape == (4, 2, 3)
    with pytest.raises(ShapeError, match="as many rows"):
        tape.batch_jacobian(tf.reduce_sum(y), x)


def test_solving_by_a_cholesky_factor():
    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    found = tf.linalg.cholesky_solve(tf.linalg.cholesky(a), [[1.0], [2.0]])
    np.testing.assert_allclose(found, np.linalg.solve(a, [[1.0], [2.0]]), rtol=1e-12)


def test_unit_normalization():
    found = tf.keras.layers.UnitNormalization()([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


def test_category_encoding():
    layer = tf.keras.layers.CategoryEncoding
    assert layer(4, output_mode="one_hot")([3, 0]).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    assert layer(4, output_mode="one_hot")([[3], [0]]).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    assert layer(3)([[0, 1], [0, 0]]).tolist() == [[1, 1, 0], [1, 0, 0]]
    assert layer(3, output_mode="count")([[0, 1], [0, 0]]).tolist() == [[1, 1, 0], [2, 0, 0]]
    with pytest.raises(ValueError, match="got 3; expected whole numbers from 0 to 2"):
        layer(3)([[3]])
    with pytest.raises(ValueError, match="one_hot"):
        layer(3, output_mode="hot")
    numbers = tf.keras.Input((2,), dtype="int32")
    model = tf.keras.Model(numbers, layer(3)(numbers))
    assert model.predict(np.array([[0, 2]]), verbose=0).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("dtype", ["int32", "int8", "float32", "float64"])
def test_division_cut_off_towards_zero(dtype):
    a = np.array([7, -7, 7, -7, 6, 0, -128, 127], dtype)
    b = np.array([3, 3, -3, -3, -2, 5, 7, -128], dtype)
    whole, rest = tf.truncatediv(a, b), tf.truncatemod(a, b)
    assert whole.dtype.name == rest.dtype.name == dtype
    assert whole.tolist() == np.trunc(a / b.astype("float64")).tolist()
    assert rest.tolist() == np.fmod(a, b).tolist()


def test_the_rest_of_a_division_is_exact():
    a, b = np.array([1e30, -1e30, 7.5, -0.3], "float32"), np.array([3.0, 3.0, -2.0, 0.1], "float32")
    assert tf.truncatemod(a, b).tolist() == np.fmod(a, b).tolist()
    assert tf.truncatediv(np.array([200], "uint8"), np.array([7], "uint8")).tolist() == [28]


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_logarithm_of_a_sum(axis, reverse, exclusive):
    """Also of numbers whose exponentials no float holds."""
    x = np.random.default_rng(0).normal(size=(5, 7)) * 300

    def expected(x):
        x = np.flip(x, axis) if reverse else x
        found = np.logaddexp.accumulate(x, axis)
        if exclusive:
            first = np.full_like(np.take(found, [0], axis), -np.inf)
            found = np.concatenate([first, np.delete(found, -1, axis)], axis)
        return np.flip(found, axis) if reverse else found

    found = tf.math.cumulative_logsumexp(x, axis, exclusive=exclusive, reverse=reverse)
    close(found, expected(x), rtol=1e-12)
    x = x.astype("float32")
    close(tf.function(lambda x: tf.math.cumulative_logsumexp(x, axis, exclusive, reverse))(x), expected(x))


def test_gradient_of_a_running_logarithm():
    x = tf.constant([1.0, -200.0, 2.0])
    jacobian = tf.jacobian(tf.math.cumulative_logsumexp)(x)
    weights = np.tril(np.exp(np.array([1.0, -200.0, 2.0])))
    close(jacobian, weights / weights.sum(1, keepdims=True))
    assert tf.math.cumulative_logsumexp([1, 2]).dtype == tf.float32
    assert tf.math.cumulative_logsumexp(tf.zeros((0,))).shape == (0,)


def test_the_class_of_dtypes():
    assert all(isinstance(one, tf.DType) for one in (tf.float32, tf.bfloat16, tf.constant(1).dtype))
    assert tf.dtypes.DType is tf.DType


def test_functions_among_the_dtypes():
    assert tf.dtypes.cast([1.5], tf.int32).numpy().tolist() == [1]
    assert tf.dtypes.saturate_cast([300.0], tf.uint8).numpy().tolist() == [255]
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        tf.dtypes.nope  # noqa: B018


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.reduce_sum([1.0], keepdims="a"), "keepdims must be True or False; got 'a'"),
        (lambda: tf.norm([1.0], keepdims="a"), "keepdims must be True or False; got 'a'"),
        (lambda: tf.reduce_max([1.0], keepdims=2), "keepdims must be True or False; got 2"),
        (lambda: tf.var([1.0], correction="a"), "var needs a number; got correction='a'"),
        (lambda: tf.std([1.0], correction=None), "var needs a number; got correction=None"),
    ],
)
def test_options_of_reductions_that_are_none_are_told(backend, call, message):
    with tf.use_backend(backend), pytest.raises((TypeError, ValueError), match=message):
        call()


def test_a_mask_of_numbers_is_true_where_they_are_not_zero():
    assert tf.boolean_mask([5, 6, 7], [1, 0, 2]).tolist() == [5, 7]
    assert tf.boolean_mask([[5, 6], [7, 8]], [0, 1], axis=1).tolist() == [[6], [8]]


# What older programs ask for ---------------------------------------------------------------------------------------


def test_devices_under_their_older_names():
    experimental = tf.config.experimental
    assert experimental.list_physical_devices() == tf.config.list_physical_devices()
    assert experimental.list_logical_devices("CPU") == tf.config.list_logical_devices("CPU") != []
    for device in experimental.list_physical_devices("CPU"):
        experimental.set_memory_growth(device, True)
    with pytest.raises(ValueError, match="list_physical_devices.*got 'GPU:0'"):
        experimental.set_memory_growth("GPU:0", True)
    found = tf.config.list_physical_devices("GPU") != []
    assert tf.test.is_gpu_available() is tf.test.is_built_with_cuda() is found
    assert (tf.test.gpu_device_name() != "") is found


def test_settings_under_their_older_names():
    dataset = tf.data.Dataset.range(5).prefetch(tf.data.experimental.AUTOTUNE)
    assert tf.data.experimental.cardinality(dataset).numpy() == 5
    assert tf.data.experimental.UNKNOWN_CARDINALITY == tf.data.UNKNOWN_CARDINALITY
    assert tf.__version__ == tf.version.VERSION
    assert tf.get_logger().name == "polyflow"
    assert tf.keras.backend.image_data_format() == "channels_last"
