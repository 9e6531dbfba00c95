"""Where elements come from: slices, tensors, ranges and generators, as tf.data has them."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import ml_dtypes
import numpy as np
import pytest

from polyflow import use_backend
from polyflow.data import Dataset, TensorSpec
from polyflow.errors import DTypeError, OutOfRangeError, ShapeError
from polyflow.tensor import Tensor, tensor

Point = namedtuple("Point", "x y")


def listed(dataset):
    return [element.tolist() for element in dataset]


def test_counting_without_end():
    assert listed(Dataset.counter().take(3)) == [0, 1, 2]
    assert listed(Dataset.counter(3, -2).take(4)) == [3, 1, -1, -3]
    assert Dataset.counter().cardinality().numpy() == -1
    assert Dataset.counter(dtype="int32").element_spec == TensorSpec((), "int32")
    assert listed(Dataset.counter(5, dtype="int8").batch(3).map(lambda x: x * 2).take(2)) == [
        [10, 12, 14],
        [16, 18, 20],
    ]
    beside = Dataset.zip((Dataset.from_tensor_slices([7, 8]), Dataset.counter(10)))
    assert [(int(x), int(n)) for x, n in beside] == [(7, 10), (8, 11)]
    with pytest.raises(ValueError, match="zero"):
        Dataset.counter(step=0)
    with pytest.raises(DTypeError, match="integer"):
        Dataset.counter(dtype="float32")
    with pytest.raises(OverflowError, match="300 is out of range for uint8"):
        Dataset.counter(300, dtype="uint8")


def test_slices_yield_tensors_row_by_row():
    """A matrix gives its rows, in its dtype."""
    rows = list(Dataset.from_tensor_slices(np.arange(6.0).reshape(3, 2)))

    assert all(isinstance(row, Tensor) for row in rows)
    assert [row.tolist() for row in rows] == [[0, 1], [2, 3], [4, 5]]
    assert rows[0].dtype == np.float64


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "uint8", "int16", "int32", "uint64", "float16", ml_dtypes.bfloat16, "float32", "complex64"],
)
def test_every_dtype_is_kept_through_a_chain(dtype):
    """Slicing, shuffling and batching change no dtype."""
    array = np.array([0, 1, 1, 0, 1]).astype(dtype)
    batches = list(Dataset.from_tensor_slices(array).shuffle(5, seed=0).batch(2))

    assert {batch.dtype for batch in batches} == {np.dtype(dtype)}
    assert sorted(map(abs, np.concatenate([batch.numpy() for batch in batches]).tolist())) == [0, 0, 1, 1, 1]


def test_structures_are_kept():
    """Tuples, named tuples and dicts come back as they were, a dict in its own order of keys."""
    assert [(a.item(), b.item()) for a, b in Dataset.from_tensor_slices(([1, 2], [3.0, 4.0]))] == [(1, 3.0), (2, 4.0)]

    (element, _) = Dataset.from_tensor_slices({"b": [1, 2], "a": ([3, 4], [5, 6])})
    assert list(element) == ["b", "a"]
    assert (element["b"].item(), element["a"][0].item(), element["a"][1].item()) == (1, 3, 5)

    point = next(iter(Dataset.from_tensor_slices(Point([1, 2], [3, 4]))))
    assert isinstance(point, Point)
    assert (point.x.item(), point.y.item()) == (1, 3)

    ordered = next(iter(Dataset.from_tensor_slices(OrderedDict(z=[1], a=[2]))))
    assert isinstance(ordered, OrderedDict)
    assert list(ordered) == ["z", "a"]

    assert next(iter(Dataset.from_tensor_slices(([1, 2], None))))[1] is None


def test_a_list_is_one_array():
    """A list of rows is an array, not a structure of two."""
    assert listed(Dataset.from_tensor_slices([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert Dataset.from_tensor_slices([1, 2]).element_spec == TensorSpec((), "int32")
    assert Dataset.from_tensor_slices([1.0, 2.0]).element_spec == TensorSpec((), "float32")


def test_tensors_and_pandas_objects_are_arrays():
    """Tensors of any backend, Series and frames are taken by their values."""
    import pandas as pd

    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert listed(Dataset.from_tensor_slices(tensor([[1.0], [2.0]]))) == [[1.0], [2.0]]
    assert listed(Dataset.from_tensor_slices(tensor([1, 2], backend="jax"))) == [1, 2]
    assert listed(Dataset.from_tensor_slices(frame)) == [[1, 3], [2, 4]]
    assert [e["b"].item() for e in Dataset.from_tensor_slices(dict(frame))] == [3.0, 4.0]


def test_later_writes_to_an_array_do_not_show():
    """An array is copied, also through a read-only view of it; with copy=False it is not."""
    array = np.arange(3)
    view = array[:]
    view.flags.writeable = False
    copied, viewed, aliased = (
        Dataset.from_tensor_slices(array),
        Dataset.from_tensor_slices(view),
        Dataset.from_tensor_slices(array, copy=False),
    )
    array[0] = 9

    assert listed(copied) == listed(viewed) == [0, 1, 2]
    assert listed(aliased) == [9, 1, 2]
    assert array.flags.writeable


def test_arrays_that_are_not_contiguous():
    """Strided arrays, also when they are not copied."""
    array = np.arange(24.0).reshape(4, 6)[::2, ::3]
    for copy in (True, False):
        dataset = Dataset.from_tensor_slices(array, copy=copy)
        assert listed(dataset) == [[0, 3], [12, 15]]
        assert sorted(listed(dataset.shuffle(2, seed=0))) == [[0, 3], [12, 15]]


def test_from_tensors_is_one_element():
    """The structure as a whole, scalars included."""
    dataset = Dataset.from_tensors(([1, 2, 3], 4.0))

    (element,) = dataset
    assert element[0].tolist() == [1, 2, 3]
    assert element[1].item() == 4.0
    assert len(dataset) == 1
    assert dataset.element_spec == (TensorSpec((3,), "int32"), TensorSpec((), "float32"))


def test_range_is_int64_and_like_pythons():
    """One to three arguments, negative steps, and no elements where Python has none."""
    assert listed(Dataset.range(3)) == [0, 1, 2]
    assert listed(Dataset.range(1, 8, 3)) == [1, 4, 7]
    assert listed(Dataset.range(5, 0, -2)) == [5, 3, 1]
    assert listed(Dataset.range(3, 3)) == []
    assert Dataset.range(3).element_spec == TensorSpec((), "int64")
    assert next(iter(Dataset.range(10**15))).item() == 0
    assert next(iter(Dataset.range(2, output_type="int32"))).dtype == np.int32
    assert next(iter(Dataset.range(2, output_type="float32"))).dtype == np.float32


def test_generator_by_signature():
    """Values are converted to the dtypes of the signature; sizes of None vary."""

    def rows():
        for i in range(1, 4):
            yield list(range(i)), i

    dataset = Dataset.from_generator(rows, output_signature=(TensorSpec((None,), "float32"), TensorSpec((), "int64")))

    assert [(x.tolist(), y.item()) for x, y in dataset] == [([0], 1), ([0, 1], 2), ([0, 1, 2], 3)]
    assert next((x.dtype, y.dtype) for x, y in dataset) == (np.float32, np.int64)
    assert dataset.element_spec == (TensorSpec((None,), "float32"), TensorSpec((), "int64"))
    assert dataset.cardinality().item() == -2


def test_generator_by_types_and_arguments():
    """The older signature of TensorFlow, and arguments that arrive as NumPy arrays."""

    def count(stop):
        assert isinstance(stop, np.ndarray)
        yield from ((i, [i, i]) for i in range(stop))

    dataset = Dataset.from_generator(count, ("int64", "float32"), ((), (2,)), args=(3,))

    assert [(i.item(), x.tolist()) for i, x in dataset] == [(0, [0, 0]), (1, [1, 1]), (2, [2, 2])]
    assert dataset.element_spec == (TensorSpec((), "int64"), TensorSpec((2,), "float32"))
    assert Dataset.from_generator(lambda: [1], "int32").element_spec == TensorSpec(None, "int32")


def test_generator_is_lazy_and_starts_anew():
    """Nothing runs before iteration, nothing runs ahead, and each pass calls the function again."""
    log = []

    def numbers():
        log.append("start")
        for i in range(5):
            log.append(i)
            yield i

    dataset = Dataset.from_generator(numbers, output_signature=TensorSpec((), "int64")).skip(1).take(2).repeat(2)
    assert log == []
    iterator = iter(dataset)
    assert log == []
    assert next(iterator).item() == 1
    assert log == ["start", 0, 1]
    assert [x.item() for x in iterator] == [2, 1, 2]
    assert log == ["start", 0, 1, 2] * 2


def test_generator_is_closed_when_the_consumer_stops():
    """`finally` blocks of the generator run when iteration is broken off."""
    closed = []

    def numbers():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    for x in Dataset.from_generator(numbers, output_signature=TensorSpec((), "int64")).map(lambda x: x + 1).batch(2):
        assert x.tolist() == [1, 2]
        break
    assert closed == [True]


def test_a_generator_may_reuse_its_array():
    """An array that the generator writes to again does not change elements already taken."""

    def numbers():
        buffer = np.zeros(2)
        for i in range(3):
            buffer[:] = i
            yield buffer

    dataset = Dataset.from_generator(numbers, output_signature=TensorSpec((2,), "float64"))
    assert listed(dataset.batch(3)) == [[[0, 0], [1, 1], [2, 2]]]


@pytest.mark.parametrize(
    ("element", "error", "message"),
    [
        ((1, 2), TypeError, r"element 0 of the generator has the structure \(\*, \*\); expected \*"),
        ([1, 2], ShapeError, r"element 0 of the generator has shape \(2,\); output_signature says \(\)"),
        (0.5, DTypeError, "float32, which does not convert to int32 without loss"),
        ("a", DTypeError, "element 0 of the generator"),
    ],
)
def test_generator_elements_that_do_not_fit(element, error, message):
    """The message says which element, what it is and what was declared."""
    dataset = Dataset.from_generator(lambda: [element], output_signature=TensorSpec((), "int32"))
    with pytest.raises(error, match=message):
        list(dataset)


def test_the_backend_of_the_iteration_counts():
    """A dataset made under one backend yields tensors of the one that is current when it is iterated."""
    with use_backend("numpy"):
        dataset = Dataset.from_tensor_slices([1.0, 2.0]).map(lambda x: x * 2).batch(2)
    with use_backend("jax"):
        (batch,) = dataset
    assert batch.backend.name == "jax"
    assert batch.tolist() == [2, 4]
    (batch,) = dataset
    assert batch.backend.name == "numpy"


def test_one_element_after_another():
    iterator = iter(Dataset.range(2))
    assert (next(iterator).item(), iterator.get_next().item()) == (0, 1)
    with pytest.raises(OutOfRangeError, match="the dataset has no more elements"):
        iterator.get_next()
    assert list(iterator) == []
