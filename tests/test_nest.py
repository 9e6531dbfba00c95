"""tf.nest against Keras's trees, and where TensorFlow's documentation says what differs from them."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import polyflow as tf

Point = namedtuple("Point", ["x", "y"])
NESTS = [
    3,
    None,
    [],
    [1, (2, None), {"b": 3, "a": [4]}],
    Point(1, [2, 3]),
    {"k": Point((1,), 2)},
    ((), [[]], {}),
]


@pytest.mark.parametrize("nest", NESTS, ids=repr)
def test_nests_are_keras_s(nest):
    from keras import tree

    leaves = tf.nest.flatten(nest)
    assert leaves == tree.flatten(nest)
    assert tf.nest.is_nested(nest) == tree.is_nested(nest)
    new = list(range(len(leaves)))
    for found, expected in (
        (tf.nest.pack_sequence_as(nest, new), tree.pack_sequence_as(nest, new)),
        (tf.nest.map_structure(lambda a, b: (a, b), nest, nest), tree.map_structure(lambda a, b: (a, b), nest, nest)),
    ):
        assert found == expected
        assert type(found) is type(expected)


def test_mappings_keep_their_type_and_order():
    nest = OrderedDict(b=1, a=2)
    assert tf.nest.flatten(nest) == [2, 1]
    packed = tf.nest.pack_sequence_as(nest, ["a", "b"])
    assert isinstance(packed, OrderedDict)
    assert list(packed.items()) == [("b", "b"), ("a", "a")]


def test_tensors_are_leaves():
    x = tf.constant([1.0, 2.0])
    doubled = tf.nest.map_structure(lambda leaf: leaf * 2, {"x": x, "y": [np.ones(2), x]})
    assert doubled["y"][1].tolist() == [2, 4]
    assert len(tf.nest.flatten(doubled)) == 3


@pytest.mark.parametrize(
    ("one", "other", "error", "sentence"),
    [
        ([1, 2], [1], ValueError, "lengths 2 and 1"),
        ({"a": 1}, {"b": 1}, ValueError, r"keys \['a'\] and \['b'\]"),
        ([1, [2]], [1, 2], ValueError, r"at \[1\]: list and a leaf"),
        ([(1,)], [[1]], TypeError, r"at \[0\]: a tuple and a list"),
    ],
)
def test_structures_that_differ(one, other, error, sentence):
    from keras import tree

    with pytest.raises(error, match=sentence):
        tf.nest.assert_same_structure(one, other)
    with pytest.raises((ValueError, TypeError)):
        tree.assert_same_structure(one, other)
    with pytest.raises(error, match=sentence):
        tf.nest.map_structure(lambda a, b: a, one, other)
    if error is TypeError:
        tf.nest.assert_same_structure(one, other, check_types=False)


def test_leaves_that_do_not_fit():
    with pytest.raises(ValueError, match="got 1 leaves for a structure of 2"):
        tf.nest.pack_sequence_as([0, 0], [1])
    with pytest.raises(TypeError, match="needs a list of leaves; got a int"):
        tf.nest.pack_sequence_as([0], 1)
    with pytest.raises(TypeError, match="needs a function first"):
        tf.nest.map_structure([1], [2])
