"""Keras's utilities against Keras, or against their definition where Keras needs TensorFlow for them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import ArgumentError, DTypeError, LabelError, ShapeError

utils = tf.keras.utils


def test_sequences_are_padded_as_keras_does():
    from keras.utils import pad_sequences

    assert tf.keras.preprocessing.sequence.pad_sequences is utils.pad_sequences
    rows = [[1, 2, 3], [4], [], [5, 6]]
    for length, padding, truncating, value in itertools.product(
        (None, 2, 5), ("pre", "post"), ("pre", "post"), (0, -1)
    ):
        options = {"maxlen": length, "padding": padding, "truncating": truncating, "value": value}
        found, expected = utils.pad_sequences(rows, **options), pad_sequences(rows, **options)
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()


# Series -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 3])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize(("start", "stop"), [(None, None), (2, None), (None, 15), (3, 14)])
def test_sequences_of_a_series(length, stride, rate, start, stop):
    data, targets = np.arange(40.0).reshape(20, 2), np.arange(100, 120)
    dataset = utils.timeseries_dataset_from_array(
        data, targets, length, stride, rate, 4, start_index=start, end_index=stop
    )
    first, last = start or 0, stop or 20
    begins = range(first, last - (length - 1) * rate, stride)
    batches = list(dataset)
    assert [len(x) for x, _ in batches[:-1]] == [4] * (len(batches) - 1)
    found = np.concatenate([x.numpy() for x, _ in batches])
    assert found.tolist() == [[data[i + k * rate].tolist() for k in range(length)] for i in begins]
    assert np.concatenate([y.numpy() for _, y in batches]).tolist() == [targets[i] for i in begins]


def test_series_without_targets_or_batches():
    series = np.arange(6)
    dataset = utils.timeseries_dataset_from_array(series, None, 4, batch_size=None)
    series[:] = 0  # what the dataset holds is its own
    assert [x.tolist() for x in dataset] == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
    assert [x.tolist() for x, _ in utils.timeseries_dataset_from_array([1, 2, 3], [7], 2)] == [[[1, 2]]]
    assert len(utils.timeseries_dataset_from_array([1, 2], None, 3)) == 0


def test_a_shuffled_series_keeps_targets_beside_their_sequences():
    series = np.arange(50)
    dataset = utils.timeseries_dataset_from_array(series, series, 3, batch_size=8, shuffle=True, seed=1)
    passes = [[(x.tolist(), y.tolist()) for x, y in dataset] for _ in range(2)]
    for batches in passes:
        begins = [y for _, ys in batches for y in ys]
        assert begins != sorted(begins)
        assert sorted(begins) == list(range(48))
        assert all(row == [y, y + 1, y + 2] for xs, ys in batches for row, y in zip(xs, ys, strict=True))
    assert passes[0] != passes[1]
    again = utils.timeseries_dataset_from_array(series, series, 3, batch_size=8, shuffle=True, seed=1)
    assert [(x.tolist(), y.tolist()) for x, y in again] == passes[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sequence_length": 0}, "sequence_length=0; expected an integer of at least 1"),
        ({"sampling_rate": 5}, "sampling_rate=5; expected an integer from 1 to 4"),
        ({"sequence_stride": -1}, "sequence_stride=-1; expected an integer from 1 to 4"),
        ({"start_index": 5}, "start_index=5; expected an integer from 0 to 4"),
        ({"start_index": 2, "end_index": 2}, "end_index=2; expected an integer from 3 to 5"),
    ],
)
def test_numbers_that_do_not_fit_a_series(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        utils.timeseries_dataset_from_array(**({"data": np.arange(5), "targets": None, "sequence_length": 2} | options))


def test_what_is_no_series():
    with pytest.raises(ShapeError, match="got a number as data"):
        utils.timeseries_dataset_from_array(1.0, None, 2)
    with pytest.raises(DTypeError, match="targets"):
        utils.timeseries_dataset_from_array([1.0, 2.0], ["a", "b"], 2)


# Labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["cat", "dog"], "got the label 'cat'; expected whole numbers from 0 up. .*np.unique"),
        ([[None]], "got the label None"),
        ([0, -1, 2], "got the label -1; expected whole numbers from 0 up"),
        ([-3], "got the label -3; expected whole numbers from 0 up"),
        ([0.0, np.nan], "got the label nan; expected whole numbers from 0 up"),
        ([0.0, 1.5], "got the label 1.5; expected whole numbers"),
    ],
)
def test_labels_that_are_no_classes(labels, sentence):
    with pytest.raises(LabelError, match=sentence):
        utils.to_categorical(labels)


def test_labels_as_keras_takes_them():
    from keras.utils import to_categorical

    for labels in ([0, 2, 1], [[1], [0]], [[1, 0], [2, 2]], [0.0, 3.0], [True, False]):
        found, expected = utils.to_categorical(labels), to_categorical(labels)
        assert found.tolist() == expected.tolist()
    assert utils.to_categorical([], 3).shape == (0, 3)


def test_split_dataset():
    split = utils.split_dataset
    ints = lambda data: [int(one) for one in data]  # noqa: E731
    left, right = split(np.arange(10), left_size=0.8)
    assert (ints(left), ints(right)) == ([*range(8)], [8, 9])
    left, right = split(tf.data.Dataset.range(10), left_size=6, right_size=2)
    assert (ints(left), ints(right)) == ([*range(6)], [8, 9])
    left, right = split(tf.data.Dataset.range(10).filter(lambda x: x > 3), right_size=2)
    assert (ints(left), ints(right)) == ([4, 5, 6, 7], [8, 9])
    left, right = split((np.arange(6), 2 * np.arange(6)), left_size=0.5, shuffle=True, seed=1)
    pairs = [(int(x), int(y)) for part in (left, right) for x, y in part]
    assert sorted(pairs) == [(n, 2 * n) for n in range(6)]
    with pytest.raises(ValueError, match="Leave at least 1 to each"):
        split(np.arange(4), left_size=4)
    with pytest.raises(ValueError, match="left_size or right_size"):
        split(np.arange(4))


def test_split_dataset_takes_batches_apart():
    rows = lambda data: [batch.tolist() for batch in data]  # noqa: E731
    left, right = utils.split_dataset(tf.data.Dataset.range(10).batch(3), left_size=0.5)
    assert (rows(left), rows(right)) == ([[0, 1, 2], [3, 4]], [[5, 6, 7], [8, 9]])
    left, right = utils.split_dataset(tf.data.Dataset.range(10).batch(4), right_size=7, shuffle=True, seed=1)
    assert sorted(n for batch in (*rows(left), *rows(right)) for n in batch) == [*range(10)]
    assert len(left) == 1
    assert len(right) == 2


def test_batches_by_number():
    class Rows(utils.PyDataset):
        ended = 0

        def __len__(self):
            return 2

        def __getitem__(self, index):
            x = np.full((2, 1), float(index), "float32")
            return x, x

        def on_epoch_end(self):
            self.ended += 1

    rows = Rows()
    model = tf.Sequential([tf.layers.Dense(1, kernel_initializer="zeros", input_dim=1)])
    model.compile(tf.optimizers.SGD(0.0), "mse")
    assert model.fit(rows, epochs=2, verbose=0).history["loss"] == [0.5, 0.5]
    assert rows.ended == 2
    assert model.evaluate(rows, verbose=0) == 0.5


# Settings ---------------------------------------------------------------------------------------------------------


def test_floatx_is_what_layers_work_in():
    before = tf.keras.layers.Dense(2, input_shape=(3,))
    tf.keras.backend.set_floatx("float64")
    try:
        assert tf.keras.config.floatx() == tf.keras.backend.floatx() == "float64"
        model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,)), tf.keras.layers.BatchNormalization()])
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
        assert {one.dtype for one in model.weights} == {tf.float64}
        assert model.predict(np.ones((1, 3)), verbose=0).dtype == "float64"
        assert tf.keras.Input((2,)).dtype is tf.keras.initializers.Ones()(2).dtype is tf.float64
        assert tf.keras.metrics.Mean().dtype is tf.float64
        assert tf.constant(1.0).dtype is before.dtype is tf.float32
        with pytest.raises(DTypeError, match="set_floatx takes one of float16, bfloat16, float32, float64; got int32"):
            tf.keras.config.set_floatx("int32")
    finally:
        tf.keras.backend.set_floatx("float32")
    assert tf.keras.layers.Dense(2).dtype is tf.float32


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: utils.normalize("a"), DTypeError, "cannot make a tensor of str 'a'"),
        (lambda: utils.normalize([[1.0]], axis="a"), ArgumentError, "normalize needs an integer; got axis='a'"),
        (lambda: utils.normalize([[1.0]], order="a"), ArgumentError, "normalize needs a number; got order='a'"),
        (lambda: utils.to_categorical([1], "a"), ArgumentError, "to_categorical needs an integer of 1 or more"),
        (lambda: utils.split_dataset(np.arange(4), "a"), TypeError, "split_dataset needs an integer as left_size"),
        (lambda: utils.pad_sequences([[1]], dtype="zz"), DTypeError, "'zz' is not a dtype"),
    ],
)
def test_mistakes_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("order", [1, 2, np.inf])
def test_normalize_divides_by_norms_as_keras_does(order):
    from keras.utils import normalize

    x = np.random.default_rng(0).normal(size=(3, 4))
    for axis in (1, -1):
        np.testing.assert_allclose(utils.normalize(x, axis, order), normalize(x, axis, order))
    np.testing.assert_allclose(utils.normalize(x, 0, order), normalize(x.T, 1, order).T)  # Keras mistakes 0 for -1
