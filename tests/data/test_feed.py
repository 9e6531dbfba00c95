"""What training reads: arrays as batches, host batches, and arrays with the orders of their epochs."""

from __future__ import annotations

import numpy as np
import pytest

from polyflow import threefry
from polyflow.data import Dataset
from polyflow.data.arrays import batches
from polyflow.data.feed import host_batches, resident
from polyflow.errors import DTypeError, EmptyDataError, ShapeError
from polyflow.tensor import tensor

X = np.arange(20.0, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


def test_arrays_become_batches():
    """Tuples of as many arrays as were given; a missing y between the two others is None."""
    assert [len(x) for (x,) in batches(X, batch_size=4)] == [4, 4, 2]
    (x, y), *_ = batches(X, Y, batch_size=4)
    np.testing.assert_array_equal(x.numpy(), X[:4])
    assert (y.tolist(), y.dtype) == ([0, 1, 2, 3], np.int64)
    assert next(iter(batches(X, None, Y)))[1] is None
    assert len(next(iter(batches(X, Y, Y)))) == 3
    assert len(batches(np.zeros(100), batch_size=None)) == 4


def test_arrays_of_every_kind():
    """Lists, tensors, pandas objects, and dicts of inputs."""
    import pandas as pd

    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    for x in ([[1.0, 3.0], [2.0, 4.0]], tensor([[1.0, 3.0], [2.0, 4.0]]), frame):
        ((given, label),) = batches(x, frame["a"])
        assert given.tolist() == [[1, 3], [2, 4]]
        assert label.tolist() == [1, 2]
    ((inputs, _),) = batches({"a": [1, 2], "b": [[3], [4]]}, [0, 1])
    assert (inputs["a"].shape, inputs["b"].shape) == ((2,), (2, 1))


def test_arrays_are_not_copied():
    """Training reads the arrays where they are."""
    found = resident(batches(X, Y))
    assert np.shares_memory(found.arrays[0], X)
    assert X.flags.writeable


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((X, Y[:4]), ShapeError, "x has 10, y has 4. Expected one row per example"),
        ((X, Y, Y[:3]), ShapeError, "sample_weight has 3"),
        (({"a": X, "b": Y[:2]}, Y), ShapeError, r"x\['a'\] has 10, x\['b'\] has 2, y has 10"),
        ((X[:0], Y[:0]), EmptyDataError, "x and y have 0 rows"),
        (([],), EmptyDataError, "x has 0 rows"),
        ((3.0,), ShapeError, "x is a scalar"),
        ((X, 3), ShapeError, "y is a scalar"),
        ((None, Y), TypeError, "x is None"),
        (((), Y), TypeError, r"x=\(\) holds no array"),
        ((X, ["a"] * 10), DTypeError, "^y: "),
        ((X, Y, None, 0), ValueError, "batch_size=0 holds no rows"),
        ((X, Y, None, -1), ValueError, "batch_size=-1"),
        ((X, Y, None, 2.5), TypeError, "batch_size=2.5 is no integer"),
        ((X, Y, None, True), TypeError, "batch_size=True"),
    ],
)
def test_arrays_that_do_not_fit(args, error, message):
    """What was given, what was expected, before anything starts."""
    with pytest.raises(error, match=message):
        batches(*args)


def test_frames_with_text_name_the_columns():
    """So that one knows what to encode."""
    import pandas as pd

    frame = pd.DataFrame({"age": [1, 2], "name": ["a", "b"]})
    with pytest.raises(DTypeError, match="x is a frame whose columns name hold no numbers"):
        batches(frame, [0, 1])


def test_shuffled_batches_follow_the_key():
    """Epoch e is the permutation of fold_in(key, e)."""
    dataset = batches(X, Y, batch_size=4, shuffle=True, key=threefry.key(5))
    for epoch in range(2):
        order = threefry.permutation(threefry.fold_in(threefry.key(5), epoch), 10)
        np.testing.assert_array_equal(np.concatenate([y for _, y in dataset.as_numpy_iterator()]), Y[order])


def test_host_batches_are_the_elements_without_tensors():
    """NumPy arrays in the structure of the element, from any dataset."""
    dataset = Dataset.from_tensor_slices({"x": X, "y": Y}).shuffle(10, seed=1).batch(3)
    expected = list(Dataset.from_tensor_slices({"x": X, "y": Y}).shuffle(10, seed=1).batch(3).as_numpy_iterator())
    found = list(host_batches(dataset))
    assert all(isinstance(batch["x"], np.ndarray) for batch in found)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a["x"], b["x"])
        np.testing.assert_array_equal(a["y"], b["y"])


def test_host_batches_of_a_given_epoch():
    """For resuming: the order of epoch e, however often the dataset has been read; also below repeat and map."""
    make = lambda: Dataset.from_tensor_slices(Y).shuffle(10, seed=1).repeat(2).map(lambda y: y + 1).batch(5)  # noqa: E731
    dataset = make()
    epochs = [[b.tolist() for b in dataset] for _ in range(3)]
    for epoch in (2, 0, 1):
        assert [b.tolist() for b in host_batches(make(), epoch)] == epochs[epoch]
        assert [b.tolist() for b in host_batches(dataset, epoch)] == epochs[epoch]


S = Dataset.from_tensor_slices((X, Y))


@pytest.mark.parametrize(
    "make",
    [
        lambda: S.batch(3),
        lambda: S.batch(3, drop_remainder=True).prefetch(2),
        lambda: S.shuffle(10, seed=1).batch(3),
        lambda: S.shuffle(4, seed=1).batch(3),
        lambda: S.shuffle(10, seed=1, reshuffle_each_iteration=False).batch(3),
        lambda: S.shuffle(10, seed=1).repeat(2).take(13).batch(4),
        lambda: S.skip(2).shard(2, 1).batch(2),
        lambda: S.shuffle(10, seed=1).cache().shuffle(5, seed=2).batch(4),
    ],
)
def test_resident_arrays(make):
    """The arrays and the order of each epoch give the batches of the dataset."""
    found = resident(make())
    assert found is not None
    dataset = make()
    stacked = found.orders(0, 3)
    for epoch in (0, 1, 2, 0):  # alone, in order and again
        np.testing.assert_array_equal(found.orders(epoch, 1), stacked[epoch : epoch + 1])
    for epoch in range(3):
        order = np.asarray(found.order(epoch), np.int64)
        np.testing.assert_array_equal(stacked[epoch], order)
        assert len(order) == found.rows
        starts = range(0, found.rows, found.batch_size)
        rows = [order[i : i + found.batch_size] for i in starts]
        if found.drop_remainder:
            rows = [row for row in rows if len(row) == found.batch_size]
        for row, (x, y) in zip(rows, dataset.as_numpy_iterator(), strict=True):
            np.testing.assert_array_equal(found.arrays[0][row], x)
            np.testing.assert_array_equal(found.arrays[1][row], y)


def test_resident_orders_without_an_epoch_go_on():
    """As iterating the dataset does."""
    found = resident(S.shuffle(10, seed=1).batch(3))
    np.testing.assert_array_equal(np.stack([found.order(), found.order()]), found.orders(0, 2))


@pytest.mark.parametrize(
    "dataset",
    [
        S,
        S.map(lambda x, y: x).batch(2),
        S.batch(2).map(lambda x, y: x),
        S.repeat().batch(2),
        S.filter(lambda x, y: True).batch(2),
        S.batch(2).take(2),
        Dataset.range(5).batch(2),
    ],
)
def test_what_is_not_resident(dataset):
    """Elements that must be computed, endless ones, and what is not batched last."""
    assert resident(dataset) is None
