"""Steps between source and consumer: what tf.data does, one behaviour at a time."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from polyflow.data import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, TensorSpec
from polyflow.errors import DTypeError, ShapeError

N = Dataset.range


def listed(dataset):
    return [element.tolist() for element in dataset]


def ragged():
    return Dataset.from_generator(lambda: [[0], [1, 2], [3, 4, 5]], output_signature=TensorSpec((None,), "int64"))


def test_batch_keeps_or_drops_the_remainder():
    """The last batch holds what is left, unless it is dropped."""
    assert listed(N(5).batch(2)) == [[0, 1], [2, 3], [4]]
    assert listed(N(5).batch(2, drop_remainder=True)) == [[0, 1], [2, 3]]
    assert listed(N(5).batch(10)) == [[0, 1, 2, 3, 4]]
    assert listed(N(5).batch(10, drop_remainder=True)) == []
    assert listed(N(5).batch(2).batch(2)) != listed(N(5).batch(4))
    assert listed(N(8).batch(2).batch(2)) == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_many_small_batches_of_large_data():
    """More rows than are gathered at a time."""
    x = np.arange(100_000, dtype=np.float32).reshape(-1, 10)
    batches = list(Dataset.from_tensor_slices((x, np.arange(10_000))).batch(7).as_numpy_iterator())
    assert [len(i) for _, i in batches] == [7] * 1428 + [4]
    np.testing.assert_array_equal(np.concatenate([b for b, _ in batches]), x)


def test_ragged_elements_do_not_batch():
    """The message names both shapes and what to do; a batch of one is no trouble."""
    with pytest.raises(
        ShapeError, match=r"element 0 of the batch has shape \(1,\), element 1 has shape \(2,\).*pad or crop"
    ):
        list(ragged().batch(2))
    with pytest.raises(ShapeError, match="different shapes"):
        list(N(5).batch(2).batch(3))
    assert listed(ragged().batch(1)) == [[[0]], [[1, 2]], [[3, 4, 5]]]


def test_elements_of_different_dtypes_do_not_batch():
    """A function that returns now an integer, now a float."""
    mixed = N(2).map(lambda x: 1 if x == 0 else 0.5)
    with pytest.raises(DTypeError, match="element 0 of the batch is int32, element 1 is float32"):
        list(mixed.batch(2))


def test_unbatch_undoes_batch():
    """Also when the batches have different sizes, and over the slices of a matrix."""
    assert listed(N(5).batch(2).unbatch()) == [0, 1, 2, 3, 4]
    assert listed(ragged().unbatch()) == [0, 1, 2, 3, 4, 5]
    assert listed(Dataset.from_tensor_slices([[1, 2], [3, 4]]).unbatch().batch(3)) == [[1, 2, 3], [4]]


def test_unbatch_needs_rows_of_one_length():
    """Scalars have no rows; two tensors of an element must have as many."""
    with pytest.raises(ValueError, match="first axis"):
        N(3).unbatch()
    with pytest.raises(ValueError, match=r"shapes \(2,\), \(3,\)"):
        list(Dataset.from_tensors(([1, 2], [1, 2, 3])).unbatch())
    with pytest.raises(ValueError, match="first axis"):
        list(N(3).map(lambda x: x).unbatch())


def test_take_skip_and_shard():
    """-1 means everything."""
    assert listed(N(5).take(2)) == [0, 1]
    assert listed(N(5).take(9)) == listed(N(5).take(-1)) == [0, 1, 2, 3, 4]
    assert listed(N(5).take(0)) == []
    assert listed(N(5).skip(3)) == [3, 4]
    assert listed(N(5).skip(9)) == listed(N(5).skip(-1)) == []
    assert listed(N(10).shard(3, 0)) == [0, 3, 6, 9]
    assert listed(N(10).shard(3, 2)) == [2, 5, 8]
    assert listed(N(2).shard(5, 3)) == []
    assert listed(N(3).repeat(3).shard(2, 1)) == [1, 0, 2, 1]


def test_repeat():
    """A number of times, or without end; nothing repeated without end is nothing."""
    assert listed(N(2).repeat(2)) == [0, 1, 0, 1]
    assert listed(N(2).repeat(0)) == []
    assert listed(N(2).repeat().take(5)) == listed(N(2).repeat(-1).take(5)) == [0, 1, 0, 1, 0]
    assert listed(N(0).repeat()) == []
    assert listed(N(3).filter(lambda x: x > 5).repeat()) == []
    assert listed(N(2).repeat().batch(3).take(2)) == [[0, 1, 0], [1, 0, 1]]


def test_zip_ends_with_the_shortest():
    """Tuples of datasets, datasets as arguments, dicts, one dataset, and sources of both kinds."""
    pairs = [(0, 5), (1, 6)]
    assert [(a.item(), b.item()) for a, b in Dataset.zip((N(2), N(5, 9)))] == pairs
    assert [(a.item(), b.item()) for a, b in Dataset.zip(N(2), N(5, 9))] == pairs
    assert [(a.item(), b.item()) for a, b in Dataset.zip(datasets=(N(2), N(5, 9)))] == pairs
    assert [(e["a"].item(), e["b"].item()) for e in Dataset.zip({"a": N(2), "b": N(5, 9)})] == pairs
    assert listed(Dataset.zip(N(2))) == [0, 1]
    mapped = N(5, 9).map(lambda x: x)
    assert [(a.item(), b.item()) for a, b in Dataset.zip(N(2), mapped)] == pairs
    assert [(a.item(), b.item()) for b, a in Dataset.zip(mapped, N(2))] == pairs
    nested = Dataset.zip((N(2), Dataset.zip((N(3), N(4)))))
    assert nested.element_spec == (TensorSpec((), "int64"), (TensorSpec((), "int64"), TensorSpec((), "int64")))


def test_zip_does_not_read_past_the_end_of_the_first():
    """A source that is longer than the one before it is not asked for an element too many."""
    log = []
    logged = N(5).map(lambda x: log.append(int(x)) or x)
    assert len(list(Dataset.zip(N(2), logged))) == 2
    assert log == [0, 1]


def test_concatenate():
    """One after the other, of any kind of source, also when shuffled together; nested twice."""
    a, b = N(2), N(5, 8)
    assert listed(a.concatenate(b)) == [0, 1, 5, 6, 7]
    assert listed(a.concatenate(b.map(lambda x: x + 1))) == [0, 1, 6, 7, 8]
    assert listed(a.concatenate(b).concatenate(a).concatenate(b.concatenate(a))) == [0, 1, 5, 6, 7, 0, 1, 5, 6, 7, 0, 1]
    assert sorted(listed(a.concatenate(b).shuffle(5, seed=1))) == [0, 1, 5, 6, 7]
    assert listed(a.concatenate(b).batch(3)) == [[0, 1, 5], [6, 7]]
    assert listed(a.concatenate(b).shard(2, 1)) == [1, 6]
    mixed = Dataset.from_tensor_slices(np.zeros((2, 3))).concatenate(Dataset.from_tensor_slices(np.ones((2, 4))))
    assert [x.shape for x in mixed] == [(3,), (3,), (4,), (4,)]
    assert mixed.element_spec == TensorSpec((None,), "float64")
    assert sorted(x.shape for x in mixed.shuffle(4, seed=0)) == [(3,), (3,), (4,), (4,)]


def test_concatenate_of_dicts_in_another_order():
    """The keys count, not the order in which they were written."""
    a = Dataset.from_tensor_slices({"p": [1], "q": [2.0]})
    b = Dataset.from_tensor_slices({"q": [4.0], "p": [3]})
    assert [(e["p"].item(), e["q"].item()) for e in a.concatenate(b)] == [(1, 2.0), (3, 4.0)]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Dataset.from_tensor_slices([1.0]), "different dtypes.*int64.*float32"),
        (Dataset.zip((N(2), N(2))), r"different structures: \* and \(\*, \*\)"),
    ],
)
def test_concatenate_of_what_does_not_fit(other, message):
    """Refused when it is written, not in the middle of an epoch."""
    with pytest.raises(TypeError, match=message):
        N(3).concatenate(other)


def test_concatenate_of_functions_that_do_not_fit():
    """At once, or where only calling a function tells, with the first element of the second dataset."""
    with pytest.raises(TypeError, match="different structures"):
        N(1).map(lambda x: x).concatenate(N(1).map(lambda x: (x, x)))
    mixed = N(1).map(lambda x: int(x)).concatenate(N(1).map(lambda x: (int(x), x)))
    iterator = iter(mixed)
    next(iterator)
    with pytest.raises(TypeError, match="different structures"):
        next(iterator)


def test_enumerate():
    """Pairs with an int64 count, from any start, over any kind of source."""
    assert [(i.item(), x.item()) for i, x in N(5, 7).enumerate(10)] == [(10, 5), (11, 6)]
    assert [(i.item(), x.item()) for i, x in N(5, 7).map(lambda x: x).enumerate()] == [(0, 5), (1, 6)]
    assert N(3).enumerate().element_spec == (TensorSpec((), "int64"), TensorSpec((), "int64"))
    assert next(iter(N(3).enumerate()))[0].dtype == np.int64
    assert len(N(3).enumerate()) == 3
    assert [i.tolist() for i, _ in N(5).enumerate().batch(2)] == [[0, 1], [2, 3], [4]]


def windows(dataset):
    return [[x.item() for x in window] for window in dataset]


def test_window():
    """tf.data's examples: size, shift, stride and the windows at the end."""
    assert windows(N(7).window(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert windows(N(7).window(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
    assert windows(N(7).window(3, shift=1, drop_remainder=True)) == [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
        [3, 4, 5],
        [4, 5, 6],
    ]
    assert windows(N(7).window(3, shift=1)) == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6], [6]]
    assert windows(N(7).window(3, 1, 2, True)) == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]
    assert windows(N(7).window(2, shift=3)) == [[0, 1], [3, 4], [6]]
    assert windows(N(0).window(2)) == []
    for dataset in (N(7).window(3), N(7).window(3, 1, 2, True), N(7).window(2, 3), N(2).window(3, 1, 1, True)):
        assert len(dataset) == len(list(dataset))


def test_window_keeps_the_structure_and_flat_map_joins():
    """A window of pairs is a pair of datasets; flat_map makes one dataset of all windows."""
    pairs = Dataset.from_tensor_slices(([1, 2, 3], [4.0, 5.0, 6.0])).window(2)
    x, y = next(iter(pairs))
    assert listed(x) == [1, 2]
    assert listed(y) == [4, 5]
    assert listed(N(6).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))) == [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
        [3, 4, 5],
    ]
    joined = pairs.flat_map(lambda a, b: Dataset.zip((a, b))).batch(3)
    assert [(a.tolist(), b.tolist()) for a, b in joined] == [([1, 2, 3], [4, 5, 6])]
    assert "DatasetSpec" in repr(N(6).window(3).element_spec)
    with pytest.raises(TypeError, match="flat_map"):
        N(6).window(3).batch(2)
    with pytest.raises(TypeError, match="datasets"):
        N(6).window(3).as_numpy_iterator()


def test_as_numpy_iterator():
    """Read-only arrays, and NumPy scalars for scalars."""
    assert list(N(2).as_numpy_iterator()) == [0, 1]
    assert isinstance(next(N(2).as_numpy_iterator()), np.int64)
    for dataset in (N(4).batch(2), N(4).batch(2).map(lambda x: x), Dataset.from_tensor_slices(np.ones((2, 2)))):
        array = next(dataset.as_numpy_iterator())
        assert isinstance(array, np.ndarray)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert [type(x) for x in next(Dataset.zip((N(2), N(2).batch(1))).as_numpy_iterator())] == [np.int64, np.ndarray]


@pytest.mark.parametrize(
    ("dataset", "count"),
    [
        (N(7), 7),
        (N(7).batch(3), 3),
        (N(7).batch(3, drop_remainder=True), 2),
        (N(7).batch(7, drop_remainder=True).unbatch(), 7),
        (N(7).batch(3).unbatch(), UNKNOWN_CARDINALITY),
        (N(7).repeat(3), 21),
        (N(7).repeat(0), 0),
        (N(7).repeat(), INFINITE_CARDINALITY),
        (N(0).repeat(), 0),
        (N(7).repeat().take(4), 4),
        (N(7).repeat().skip(4), INFINITE_CARDINALITY),
        (N(7).repeat().batch(4), INFINITE_CARDINALITY),
        (N(7).take(-1), 7),
        (N(7).skip(-1), 0),
        (N(7).skip(9), 0),
        (N(7).shard(3, 1), 2),
        (N(7).concatenate(N(2)), 9),
        (N(7).concatenate(N(2).repeat()), INFINITE_CARDINALITY),
        (N(7).filter(lambda x: x > 1), UNKNOWN_CARDINALITY),
        (N(7).filter(lambda x: x > 1).repeat(), INFINITE_CARDINALITY),
        (N(7).filter(lambda x: x > 1).take(0), 0),
        (N(7).filter(lambda x: x > 1).take(3), UNKNOWN_CARDINALITY),
        (N(7).map(lambda x: x).shuffle(3).prefetch(1).cache().enumerate(), 7),
        (Dataset.zip((N(7), N(3), N(2).repeat())), 3),
        (Dataset.zip((N(7), N(3).filter(lambda x: x > 1))), UNKNOWN_CARDINALITY),
        (N(7).flat_map(lambda x: N(2)), UNKNOWN_CARDINALITY),
    ],
)
def test_cardinality(dataset, count):
    """What tf.data says; where it says a number, that many elements come."""
    assert dataset.cardinality().item() == count
    assert dataset.cardinality().dtype == np.int64
    if count >= 0:
        assert len(dataset) == len(list(dataset)) == count
    else:
        with pytest.raises(TypeError, match="The dataset is infinite" if count == -1 else "length is unknown"):
            len(dataset)
    assert bool(dataset) is True


def test_not_subscriptable():
    """As in TensorFlow."""
    with pytest.raises(TypeError, match="not subscriptable"):
        N(3)[0]


def test_empty_datasets_pass_through_everything():
    """No element in, no element out, no error."""
    empty = Dataset.from_tensor_slices((np.zeros((0, 3)), np.zeros(0)))
    chains = [
        empty,
        empty.batch(2),
        empty.shuffle(3),
        empty.map(lambda x, y: x),
        empty.map(lambda x, y: x, num_parallel_calls=2),
        empty.filter(lambda x, y: True),
        empty.cache().repeat(2),
        empty.prefetch(1),
        empty.batch(2).unbatch(),
        empty.enumerate(),
        empty.window(2),
        empty.concatenate(empty),
        Dataset.zip((empty, empty)),
        empty.shard(2, 1),
    ]
    for dataset in chains:
        assert list(dataset) == []
        assert list(dataset) == []
    assert empty.batch(2).element_spec == (TensorSpec((None, 3), "float64"), TensorSpec((None,), "float64"))


def test_two_iterations_at_once():
    """Two iterators of one dataset do not disturb each other, in one thread or in many."""
    dataset = Dataset.from_tensor_slices(np.arange(1000)).shuffle(100, seed=3, reshuffle_each_iteration=False).batch(10)
    expected = listed(dataset)
    a, b = iter(dataset), iter(dataset)
    assert [next(a).tolist() for _ in range(5)] == expected[:5]
    assert [next(b).tolist() for _ in range(5)] == expected[:5]
    assert [x.tolist() for x in a] == expected[5:]

    shared = dataset.map(lambda x: x + 1).cache()
    results = []
    threads = [threading.Thread(target=lambda: results.append(listed(shared))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[[v + 1 for v in batch] for batch in expected]] * 4


def test_apply():
    """A function of the dataset."""
    assert listed(N(3).apply(lambda dataset: dataset.batch(2))) == [[0, 1], [2]]
    with pytest.raises(TypeError, match="Expected a Dataset"):
        N(3).apply(lambda dataset: 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dataset.from_tensor_slices(3), ValueError, "from_tensor_slices.. got a scalar"),
        (lambda: Dataset.from_tensor_slices(([1, 2], 3)), ValueError, r"got a scalar at \[1\]"),
        (
            lambda: Dataset.from_tensor_slices(([1, 2], [1, 2, 3])),
            ValueError,
            r"Dimensions 2 and 3 are not compatible: .* 2 rows at \[0\], but 3 rows at \[1\]",
        ),
        (lambda: Dataset.from_tensor_slices({"a": [1], "b": ["x"]}), TypeError, r"at \['b'\]"),
        (lambda: Dataset.from_tensor_slices([[1, 2], [3]]), ValueError, "ragged"),
        (lambda: Dataset.from_tensor_slices(()), TypeError, "holds no array"),
        (lambda: Dataset.from_tensor_slices(N(3)), TypeError, "got a Dataset"),
        (lambda: Dataset(3), TypeError, "from_tensor_slices"),
        (lambda: Dataset.from_generator([1, 2], "int32"), TypeError, "without calling it"),
        (lambda: Dataset.from_generator(lambda: [1]), TypeError, "output_signature"),
        (lambda: Dataset.from_generator(lambda: [1], output_signature="int32"), TypeError, "Expected a TensorSpec"),
        (
            lambda: Dataset.from_generator(lambda: [1], "int32", output_signature=TensorSpec((), "int32")),
            TypeError,
            "one of them",
        ),
        (lambda: N(), TypeError, "range"),
        (lambda: N(1, 5, 0), ValueError, "other than 0"),
        (lambda: N(2**70), OverflowError, "out of range for int64"),
        (lambda: N(300, output_type="int8"), OverflowError, "299 is out of range for int8"),
        (lambda: N(2.5), TypeError, "start, stop and step=2.5 of type float"),
        (lambda: Dataset.zip(), TypeError, "zip.. needs datasets"),
        (lambda: Dataset.zip((N(2), [1, 2])), TypeError, r"got a list at \[1\]"),
        (lambda: N(3).batch(0), ValueError, "batch_size=0. Expected an integer of at least 1"),
        (lambda: N(3).batch(-2), ValueError, "batch_size=-2"),
        (lambda: N(3).batch(2.0), TypeError, "batch_size=2.0"),
        (lambda: N(3).shuffle(0), ValueError, "buffer_size=0"),
        (lambda: N(3).shuffle(3, seed="a"), TypeError, "seed='a'"),
        (lambda: N(3).shard(2, 2), ValueError, "index=2 of num_shards=2. Expected an index from 0 to 1"),
        (lambda: N(3).shard(0, 0), ValueError, "num_shards=0"),
        (lambda: N(3).take(1.5), TypeError, "count=1.5"),
        (lambda: N(3).window(0), ValueError, "size=0"),
        (lambda: N(3).window(1, shift=0), ValueError, "shift=0"),
        (lambda: N(3).prefetch(-2), ValueError, "buffer_size=-2"),
        (lambda: N(3).map(3), TypeError, "map.. needs a function"),
        (lambda: N(3).map(abs, num_parallel_calls=0), ValueError, "num_parallel_calls=0"),
        (lambda: N(3).filter("x"), TypeError, "filter.. needs a function"),
        (lambda: N(3).concatenate([1]), TypeError, "needs a Dataset; got a list"),
        (lambda: N(3).cache("file"), NotImplementedError, "in memory"),
    ],
)
def test_bad_arguments(call, error, message):
    """Each is refused when it is written, with what was given and what was expected."""
    with pytest.raises(error, match=message):
        call()
