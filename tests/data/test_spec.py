"""TensorSpec, and what element_spec says of each step."""

from __future__ import annotations

import numpy as np
import pytest

from polyflow.data import Dataset, TensorSpec
from polyflow.data.structure import Structure
from polyflow.errors import DTypeError, ShapeError
from polyflow.tensor import tensor

PAIR = Dataset.from_tensor_slices((np.zeros((6, 3), np.float32), np.zeros(6, np.int64)))


def test_a_spec_is_shape_and_dtype():
    """Compared by these two; float32 unless said otherwise."""
    spec = TensorSpec((None, 3), "float32", name="x")
    assert spec == TensorSpec([None, 3])
    assert hash(spec) == hash(TensorSpec([None, 3]))
    assert spec != TensorSpec((2, 3))
    assert spec != TensorSpec((None, 3), "float64")
    assert repr(spec) == "TensorSpec(shape=(None, 3), dtype=float32, name='x')"
    assert (spec.rank, TensorSpec(None).rank) == (2, None)
    assert TensorSpec(None) != TensorSpec(())
    assert TensorSpec.from_tensor(tensor([1, 2])) == TensorSpec((2,), "int32")


def test_what_a_spec_accepts():
    """None stands for any size; without a shape, for any shape."""
    spec = TensorSpec((None, 3))
    assert spec.is_compatible_with(np.zeros((5, 3), np.float32))
    assert spec.is_compatible_with(TensorSpec((4, None)))
    assert spec.is_compatible_with(TensorSpec(None))
    assert not spec.is_compatible_with(np.zeros((5, 4), np.float32))
    assert not spec.is_compatible_with(np.zeros(3, np.float32))
    assert not spec.is_compatible_with(np.zeros((5, 3)))
    assert TensorSpec(None).is_compatible_with(tensor([[1.0]]))


@pytest.mark.parametrize(
    ("shape", "dtype", "error", "message"),
    [
        ((-1, 3), "float32", ShapeError, "negative size. Write None"),
        ("ab", "float32", ShapeError, "is no shape"),
        ((2,), "text", DTypeError, "is not a dtype"),
    ],
)
def test_bad_specs(shape, dtype, error, message):
    """Refused with what is expected."""
    with pytest.raises(error, match=message):
        TensorSpec(shape, dtype)


@pytest.mark.parametrize(
    ("dataset", "x", "y"),
    [
        (PAIR, (3,), ()),
        (PAIR.batch(4), (None, 3), (None,)),
        (PAIR.batch(4, drop_remainder=True), (4, 3), (4,)),
        (PAIR.batch(4).batch(2), (None, None, 3), (None, None)),
        (PAIR.batch(4).unbatch(), (3,), ()),
        (PAIR.shuffle(3, seed=0).repeat(2).take(3).cache().prefetch(1), (3,), ()),
        (PAIR.map(lambda x, y: (x[1:], y)), (2,), ()),
        (PAIR.batch(4).map(lambda x, y: (x[:, 1:], y)), (None, 2), (None,)),
        (PAIR.batch(1).map(lambda x, y: (x + 1, y)), (None, 3), (None,)),
        (PAIR.filter(lambda x, y: False).batch(2).map(lambda x, y: (x[:, 1:], y)), (None, 2), (None,)),
        (PAIR.take(0).map(lambda x, y: (x[1:], y)).batch(2), (None, 2), (None,)),
    ],
)
def test_element_spec(dataset, x, y):
    """Known without iterating, or, below a function, by calling it."""
    assert dataset.element_spec == (TensorSpec(x, "float32"), TensorSpec(y, "int64"))


def test_a_structure_of_one_kind_is_not_another():
    """Tuples, dicts and leaves are told apart; the order of a dict's keys is not."""
    assert Structure.of({"a": 1, "b": (2, None)}) == Structure.of({"b": (2, None), "a": 1})
    assert Structure.of((1, 2)) != Structure.of({"a": 1, "b": 2})
    assert Structure.of((1, (2, 3))) != Structure.of(((1, 2), 3))
    assert Structure.of({}) != Structure.of(())
    assert str(Structure.of({"a": 1, "b": (2, None), "c": (3,)})) == "{'a': *, 'b': (*, None), 'c': (*,)}"
    assert Structure.of({2: 1, "a": 2}).flatten({"a": 2, 2: 1}) == Structure.of({"a": 1, 2: 2}).flatten({"a": 2, 2: 1})


def test_repr_names_the_step_and_the_spec():
    """A mapped dataset is shown without calling its function."""
    assert repr(Dataset.range(3).batch(2)).startswith("<BatchDataset element_spec=TensorSpec(shape=(None,)")
    assert "Map" in repr(Dataset.range(3).map(lambda x: 1 / 0))
