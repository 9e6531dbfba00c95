"""Indexing against NumPy: keys of every kind, reading, adding, replacing, their gradients and their errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import DTypeError, ShapeError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import indexing
from polyflow.ops.rules import Spec

from .cases import NUMPY, tensor
from .test_gradients import check

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def keys(draw, shape):
    """A key for a shape, as NumPy takes it."""
    parts = []
    left = list(shape)
    common = draw(st.sampled_from([(), (1,), (2,), (3, 1), (2, 2), (0,)]))
    dots = False
    while left:
        kind = draw(st.sampled_from(["int", "slice", "slice", "array", "mask", "none", "dots", "bool", "stop"]))
        size = left[0]
        if kind == "stop" and not dots:
            break
        if kind == "none":
            parts.append(None)
        elif kind == "dots" and not dots:
            dots = True
            keep = draw(st.integers(0, len(left)))
            parts.append(...)
            left = left[len(left) - keep :]
        elif kind == "bool" and draw(st.integers(0, 5)) == 0:
            parts.append(draw(st.booleans()))
        elif kind == "int" and size:
            parts.append(draw(st.integers(-size, size - 1)))
            left.pop(0)
        elif kind == "array" and size:
            count = int(np.prod(common))
            values = draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count))
            kinds = [np.int64, np.int32, np.int8] + [np.uint8] * (min(values, default=0) >= 0)
            index = np.array(values, draw(st.sampled_from(kinds))).reshape(common)
            parts.append(draw(st.sampled_from([index, index.tolist() if index.size else index, tensor(index)])))
            left.pop(0)
        elif kind == "mask" and not any(isinstance(p, list) or hasattr(p, "shape") for p in parts):
            depth = draw(st.integers(1, min(2, len(left))))
            count = int(np.prod(left[:depth]))
            mask = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool)
            parts.append(mask.reshape(left[:depth]))
            left = left[depth:]
        else:
            ends = st.none() | st.integers(-6, 6)
            parts.append(slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, -1, -2, -3]))))
            left.pop(0)
    return tuple(parts) if len(parts) != 1 or draw(st.booleans()) else parts[0]


@st.composite
def selections(draw):
    shape = draw(SHAPES)
    return shape, draw(keys(shape))


def plain(key):
    """The key with arrays in place of tensors."""
    if isinstance(key, tuple):
        return tuple(plain(part) for part in key)
    return key.numpy() if hasattr(key, "backend") else key


def outcome(function):
    try:
        return function()
    except IndexError:
        return IndexError


@settings(max_examples=400, deadline=None)
@given(selections())
def test_reading_equals_numpy(selection):
    shape, key = selection
    x = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    expected = outcome(lambda: x[plain(key)])
    if expected is IndexError:  # arrays that do not broadcast: a ShapeError here
        with pytest.raises((IndexError, ShapeError)):
            tensor(x)[key]
        return
    result = tensor(x)[key]
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result.numpy(), expected)


@settings(max_examples=200, deadline=None)
@given(selections(), st.booleans())
def test_adding_equals_numpy(selection, scalar):
    shape, key = selection
    x = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    place = outcome(lambda: x[plain(key)].shape)
    if place is IndexError:
        return
    updates = np.float64(2.5) if scalar else np.random.default_rng(0).normal(size=place)
    expected = x.copy()
    np.add.at(expected, plain(key), updates)
    result = indexing.index_add(tensor(x), key, 2.5 if scalar else tensor(updates))
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-15)


@settings(max_examples=200, deadline=None)
@given(selections())
def test_replacing_equals_numpy(selection):
    shape, key = selection
    x = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    place = outcome(lambda: x[plain(key)])
    if place is IndexError:
        return
    values = -np.arange(1.0, place.size + 1).reshape(place.shape)
    if len(np.unique(place)) < place.size:
        with pytest.raises(ValueError, match="selects an element twice"):
            indexing.index_set(tensor(x), key, tensor(values))
        return
    expected = x.copy()
    expected[plain(key)] = values
    np.testing.assert_array_equal(indexing.index_set(tensor(x), key, tensor(values)).numpy(), expected)


@settings(max_examples=60, deadline=None)
@given(selections())
def test_gradients(selection):
    shape, key = selection
    x = np.random.default_rng(0).normal(size=shape)
    place = outcome(lambda: x[plain(key)])
    if place is IndexError or not place.size:
        return
    weights = tensor(np.random.default_rng(1).normal(size=place.shape))
    check(lambda x: (x[key] ** 2 * weights).sum(), [x])
    check(lambda x, u: (indexing.index_add(x, key, u) ** 2).sum(), [x, np.asarray(place) * 0 + 0.5])
    if len(np.unique(place)) == place.size:
        check(lambda x, u: (indexing.index_set(x, key, u) ** 2).sum(), [x, np.asarray(place) * 0 + 0.5])


@settings(max_examples=60, deadline=None)
@given(selections())
def test_traced_reading(selection):
    """In a graph a key selects the same; masks are worked out while tracing, as their values are known."""
    shape, key = selection
    x = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    expected = outcome(lambda: x[plain(key)])
    if expected is IndexError:
        return
    traced = trace(lambda x: x[key], Spec(shape, dt.float64), backend=NUMPY)
    (output,) = traced.graph.outputs
    assert output.shape == expected.shape
    np.testing.assert_array_equal(Compiled(traced)(x), expected)


X = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("key", "kind", "sentence"),
    [
        (3, IndexError, r"index 3 is out of bounds for axis 0 of size 3 \(shape \(3, 4\)\)"),
        ((0, -5), IndexError, r"index -5 is out of bounds for axis 1 of size 4 \(shape \(3, 4\)\)"),
        ([0, 7], IndexError, r"index 7 is out of bounds for axis 0 of size 3 \(shape \(3, 4\)\)"),
        ((slice(None), np.array([[1], [-5]])), IndexError, r"index -5 is out of bounds for axis 1 of size 4"),
        ((0, 0, 0), IndexError, r"too many indices: 3 for a tensor of 2 dimensions, shape \(3, 4\)"),
        ((..., 0, ...), IndexError, r"'\.\.\.' once at most"),
        (np.array([True, False]), IndexError, r"mask of shape \(2,\) does not fit axes 0 to 0 of a tensor"),
        ((..., np.array([True])), IndexError, r"mask of shape \(1,\) does not fit axes 1 to 1"),
        (1.5, IndexError, r"1.5 \(float\) is no index. Expected an integer, a slice"),
        ("a", IndexError, r"'a' \(str\) is no index"),
        ([0.5], IndexError, r"index arrays hold integers or booleans; got float"),
        (([0, 1], [0, 1, 2]), ShapeError, r"shapes \(2,\), \(3,\) do not broadcast together"),
        (slice(None, None, 0), ValueError, "step other than 0"),
        (slice(0.5, None), TypeError, "the ends and the step of a slice are integers or None; got 0.5"),
    ],
    ids=str,
)
def test_errors(key, kind, sentence):
    with pytest.raises(kind, match=sentence):
        tensor(X)[key]


def test_errors_of_updates():
    x = tensor(X)
    with pytest.raises(ShapeError, match=r"updates of shape \(3,\) do not fit the selected elements' shape \(4,\)"):
        indexing.index_add(x, 0, tensor(np.ones(3)))
    with pytest.raises(IndexError, match="index 9 is out of bounds"):
        indexing.index_add(x, [9], 1.0)
    with pytest.raises(IndexError, match="index 9 is out of bounds"):
        indexing.index_set(x, [9], 1.0)
    with pytest.raises(DTypeError, match="cannot store float32 in a tensor of int32"):
        indexing.index_add(pf.constant([1, 2]), 0, 1.5)
    with pytest.raises(ValueError, match="selects an element twice"):
        indexing.index_set(x, [1, -2], 0.0)
    with pf.GradientTape(), pytest.raises(ValueError, match="selects an element twice"):
        indexing.index_set(x, [1, -2], 0.0)


def test_a_0d_tensor():
    x = tensor(np.asarray(5.0))
    assert x[()].numpy() == 5
    assert x[...].shape == ()
    assert x[None].shape == (1,)
    assert x[True].shape == (1,)
    assert x[False].shape == (0,)
    with pytest.raises(IndexError, match="too many indices: 1 for a tensor of 0 dimensions"):
        x[0]


def test_indices_may_be_tensors_and_variables():
    x = tensor(X)
    assert x[pf.constant(1)].shape == (4,)
    assert x[pf.constant([1, 1])].shape == (2, 4)
    assert x[pf.Variable([2, 0])].numpy()[:, 0].tolist() == [8, 0]
    assert x[pf.constant(1) :].shape == (2, 4)
    assert x[x > 5].shape == (6,)
    assert [row.numpy()[0] for row in x] == [0, 4, 8]


def test_take():
    x = tensor(X)
    for axis in (0, 1, -1):
        for index in ([0, 2], [[1, -1], [0, 0]], 1):
            expected = np.take(X, index, axis)
            np.testing.assert_array_equal(indexing.take(x, index, axis=axis).numpy(), expected)
    assert indexing.take([5, 6, 7], [2, 0]).numpy().tolist() == [7, 5]
    with pytest.raises(ValueError, match="take needs axis="):
        indexing.take(x, [0])
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        indexing.take(x, [4], axis=1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_take_along_axis(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(0).normal(size=shape)
    other = list(shape)
    other[axis] = data.draw(st.integers(0, 3))
    index = np.random.default_rng(1).integers(-shape[axis], shape[axis], other)
    expected = np.take_along_axis(x, index, axis)
    np.testing.assert_array_equal(indexing.take_along_axis(tensor(x), tensor(index), axis=axis).numpy(), expected)
    with pytest.raises(ShapeError, match="take_along_axis needs indices with"):
        indexing.take_along_axis(tensor(x), 0, axis=axis)


def test_one_hot():
    index = np.array([[0, 2], [5, -1]])
    result = indexing.one_hot(index, 3).numpy()
    expected = np.zeros((2, 2, 3))
    expected[0, 0, 0] = expected[0, 1, 2] = 1
    np.testing.assert_array_equal(result, expected)
    for axis in (0, 1, 2, -2):
        np.testing.assert_array_equal(indexing.one_hot(index, 3, axis=axis).numpy(), np.moveaxis(expected, -1, axis))
    assert indexing.one_hot(1, 3, on_value=5, off_value=-1, dtype="int32").numpy().tolist() == [-1, 5, -1]
    traced = pf.function(lambda on, off: indexing.one_hot([0, 2], 3, on_value=on, off_value=off))
    assert traced(pf.constant(1.0), pf.constant(0.0)).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert traced(pf.constant(2.0), pf.constant(-1.0)).tolist() == [[2, -1, -1], [-1, -1, 2]]
    assert indexing.one_hot([0], 0).shape == (1, 0)
    with pytest.raises(DTypeError, match="one_hot needs integer indices; got float32"):
        indexing.one_hot(pf.constant([0.5]), 3)


def test_scatter_and_nonzero():
    result = indexing.scatter([[0, 1], [2, 2], [0, 1]], pf.constant([1.0, 2.0, 3.0]), (3, 3)).numpy()
    expected = np.zeros((3, 3))
    expected[0, 1], expected[2, 2] = 4, 2
    np.testing.assert_array_equal(result, expected)
    rows, columns = indexing.nonzero(tensor(X % 2))
    np.testing.assert_array_equal(np.stack([rows.numpy(), columns.numpy()]), np.nonzero(X % 2))
    assert rows.dtype is dt.int64
    with pytest.raises(ShapeError, match="nonzero needs at least one axis"):
        indexing.nonzero(pf.constant(1.0))


def test_a_result_does_not_change_under_its_owner():
    """A slice keeps its values, whatever is done afterwards."""
    x = pf.Variable([1.0, 2.0, 3.0])
    part = x.value[1:]
    x.assign([7.0, 8.0, 9.0])
    assert part.numpy().tolist() == [2, 3]
    part[0] = 5
    assert x.numpy().tolist() == [7, 8, 9]
