"""Elements grouped by a key, and batches of about the same length."""

from __future__ import annotations

import numpy as np
import pytest

from polyflow import use_backend
from polyflow.data import Dataset, TensorSpec
from polyflow.errors import DTypeError

N = Dataset.range


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with use_backend(request.param):
        yield request.param


def listed(dataset):
    return [element.tolist() for element in dataset]


def lines(*lengths):
    """Vectors of these lengths, each filled with its length."""
    return Dataset.from_generator(
        lambda: (np.full(n, n, "float32") for n in lengths), output_signature=TensorSpec((None,), "float32")
    )


def test_windows_come_when_they_are_full_and_the_rest_by_key():
    """The example of TensorFlow's documentation, and one with something left."""
    even = N(10).group_by_window(lambda x: x % 2, lambda key, window: window.batch(5), window_size=5)
    assert listed(even) == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]
    rest = N(8).group_by_window(lambda x: 2 - x % 3, lambda key, window: window.batch(2), window_size=2)
    assert listed(rest) == [[0, 3], [1, 4], [2, 5], [7], [6]]
    assert listed(rest) == listed(rest)
    assert listed(N(0).group_by_window(lambda x: x, lambda key, window: window, window_size=1)) == []


def test_the_function_gets_key_and_dataset():
    pairs = Dataset.from_tensor_slices((np.arange(6), {"a": np.arange(6) * 10.0}))
    found = pairs.group_by_window(
        lambda x, named: x % 2,
        lambda key, window: window.map(lambda x, named: (key, x, named["a"])).batch(2),
        window_size_func=lambda key: 1 + key,
    )
    got = [[part.tolist() for part in element] for element in found]
    assert got == [
        [[0], [0], [0.0]],
        [[0], [2], [20.0]],
        [[1, 1], [1, 3], [10.0, 30.0]],
        [[0], [4], [40.0]],
        [[1], [5], [50.0]],
    ]


def test_batches_of_about_the_same_length():
    data = lines(1, 4, 2, 8, 3, 5, 9).bucket_by_sequence_length(lambda x: len(x), [3, 5], [2, 2, 2])
    assert [batch.shape for batch in data] == [(2, 2), (2, 4), (2, 8), (1, 9)]
    assert listed(data)[0] == [[1, 0], [2, 2]]
    assert listed(data)[1] == [[4, 4, 4, 4], [3, 3, 3, 0]]


def test_batches_up_to_the_end_of_the_bucket():
    options = {"pad_to_bucket_boundary": True, "padding_values": -1.0}
    data = lines(1, 4, 2).bucket_by_sequence_length(lambda x: len(x), [3, 6], [2, 1, 1], **options)
    assert listed(data) == [[[4, 4, 4, 4, -1]], [[1, -1], [2, 2]]]
    with pytest.raises(ValueError, match=r"shorter than the last of bucket_boundaries, 6; one is not"):
        list(lines(6).bucket_by_sequence_length(lambda x: len(x), [3, 6], [2, 1, 1], **options))


def test_batches_of_equal_length_need_no_filling():
    data = lines(2, 3, 2, 3, 2).bucket_by_sequence_length(
        lambda x: len(x), [3], [2, 2], no_padding=True, drop_remainder=True
    )
    assert listed(data) == [[[2, 2], [2, 2]], [[3, 3, 3], [3, 3, 3]]]


def test_mistakes():
    one = lambda key, window: window  # noqa: E731
    for size in ({}, {"window_size": 1, "window_size_func": lambda key: 1}):
        with pytest.raises(ValueError, match="window_size or window_size_func"):
            N(3).group_by_window(lambda x: x, one, **size)
    with pytest.raises(ValueError, match="window_size=0. Expected an integer of at least 1"):
        N(3).group_by_window(lambda x: x, one, window_size=0)
    with pytest.raises(TypeError, match=r"group_by_window\(\) needs a function"):
        N(3).group_by_window(5, one, window_size=1)
    with pytest.raises(DTypeError, match="one integer for an element"):
        list(N(3).group_by_window(lambda x: x / 2, one, window_size=1))
    with pytest.raises(TypeError, match=r"given to group_by_window\(\) returned a int. Expected a Dataset"):
        list(N(3).group_by_window(lambda x: x, lambda key, window: 5, window_size=1))
    with pytest.raises(ValueError, match="one batch size more than boundaries; got 1 sizes and 1 boundaries"):
        lines(1).bucket_by_sequence_length(lambda x: len(x), [3], [2])
    with pytest.raises(TypeError, match="got the length of an element=0.5 of type float"):
        list(lines(1).bucket_by_sequence_length(lambda x: 0.5, [3], [2, 2]))
    with pytest.raises(TypeError, match="of windows is not supported"):
        list(N(4).window(2).group_by_window(lambda x: 0, one, window_size=1))
