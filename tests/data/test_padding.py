"""Batches of elements of different sizes, and datasets that take turns."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as tf
from polyflow.errors import ShapeError

Dataset = tf.data.Dataset


def ragged():
    return Dataset.range(5).map(lambda n: np.full(int(n), int(n)))


def test_elements_are_filled_up_to_the_largest_of_a_batch():
    found = [batch.tolist() for batch in ragged().padded_batch(2)]
    assert found == [[[0], [1]], [[2, 2, 0], [3, 3, 3]], [[4, 4, 4, 4]]]
    assert [batch.shape for batch in ragged().padded_batch(2, drop_remainder=True)] == [(2, 1), (2, 3)]
    assert len(Dataset.range(5).padded_batch(2)) == 3


def test_elements_are_filled_up_to_a_shape_with_a_value():
    pairs = Dataset.range(1, 3).map(lambda n: (np.full(int(n), 1.5), n))
    ((rows, numbers),) = pairs.padded_batch(4, padded_shapes=([3], []), padding_values=(-1.0, None))
    assert rows.tolist() == [[1.5, -1, -1], [1.5, 1.5, -1]]
    assert numbers.tolist() == [1, 2]
    assert pairs.padded_batch(4, ([3], [])).element_spec[0].shape == (None, 3)
    with pytest.raises(ShapeError, match=r"larger than the shape \(1,\)"):
        list(ragged().padded_batch(5, [1]))
    with pytest.raises(ShapeError, match="as many axes in both"):
        list(ragged().padded_batch(5, [None, None]))


@pytest.mark.parametrize("cycle", [1, 2, 3, 5])
@pytest.mark.parametrize("block", [1, 2])
def test_datasets_take_turns(cycle, block):
    sizes = [3, 1, 4, 0, 2]

    def expected():
        waiting = [[(i, j) for j in range(size)] for i, size in enumerate(sizes)]
        slots = [None] * cycle
        at = 0
        while waiting or any(slot is not None for slot in slots):
            if slots[at] is None and waiting:
                slots[at] = waiting.pop(0)
            for _ in range(block):
                if slots[at]:
                    yield slots[at].pop(0)
                elif slots[at] is not None:
                    slots[at] = None
                    break
            at = (at + 1) % cycle

    data = Dataset.from_tensor_slices((np.arange(5), sizes))
    found = data.interleave(lambda i, n: Dataset.range(int(n)).map(lambda j: (i, j)), cycle, block)
    assert [(int(i), int(j)) for i, j in found] == list(expected())


def test_elements_before_the_first_that_fails():
    assert list(Dataset.range(9).take_while(lambda x: x < 4).as_numpy_iterator()) == [0, 1, 2, 3]


def test_interleave_needs_datasets():
    with pytest.raises(TypeError, match=r"interleave\(\) returned a Tensor"):
        list(Dataset.range(3).interleave(lambda x: x))
