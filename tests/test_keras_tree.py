"""`keras.tree` against Keras's own."""

from __future__ import annotations

from collections import namedtuple

import pytest

from polyflow.keras import tree

Pair = namedtuple("Pair", ["x", "y"])
NESTED = {"b": [1, (2, None)], "a": Pair(3, {"z": 4}), "c": ()}
STRUCTURES = [NESTED, [1, 2], 7, None, {"x": [None]}, (Pair([1], 2), [])]


@pytest.fixture(scope="module")
def theirs():
    import keras

    return keras.tree


def test_all_of_its_names_are_there(theirs):
    assert set(tree.__all__) == {name for name in dir(theirs) if not name.startswith("_")}


def double(leaf):
    return None if leaf is None else 2 * leaf


def shorter(part):
    return part[:1] if isinstance(part, list) else None


def gone(module):
    return lambda part: module.MAP_TO_NONE if part == 1 else None


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda t, s: t.flatten(s),
        lambda t, s: t.is_nested(s),
        lambda t, s: t.flatten_with_path(s),
        lambda t, s: t.map_structure(double, s),
        lambda t, s: t.map_structure(lambda a, b: (a, b), s, s),
        lambda t, s: t.pack_sequence_as(s, range(len(t.flatten(s)))),
        lambda t, s: t.lists_to_tuples(s),
        lambda t, s: t.traverse(shorter, s),
        lambda t, s: t.traverse(shorter, s, top_down=False),
        lambda t, s: t.traverse(gone(t), s),
        lambda t, s: t.map_structure_up_to({"b": 0, "a": 0, "c": 0}, str, s) if isinstance(s, dict) and "b" in s else 0,
    ],
)
def test_structures_become_keras_s(theirs, structure, call):
    found, expected = call(tree, structure), call(theirs, structure)
    assert found == expected
    assert type(found) is type(expected)


def test_shapes():
    shapes = {"a": (None, 3), "b": [[2, 3], (4,)]}
    assert tree.map_shape_structure(len, shapes) == {"a": 2, "b": [2, 1]}


def test_none_may_stay(theirs):
    assert tree.map_structure(str, [1, None], none_is_leaf=False) == ["1", None]
    assert theirs.map_structure(str, [1, None], none_is_leaf=False) == ["1", None]


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.assert_same_structure([1], [1, 2]),
        lambda t: t.assert_same_structure({"a": 1}, {"b": 1}),
        lambda t: t.assert_same_paths([1, 2], [1, [2]]),
        lambda t: t.map_structure(str, [1], [1, 2]),
        lambda t: t.map_structure(str),
        lambda t: t.map_structure_up_to([1, 2], str, [1]),
        lambda t: t.map_structure_up_to([1], str),
    ],
)
def test_differences_are_told(theirs, call):
    with pytest.raises((ValueError, TypeError)):
        call(theirs)
    with pytest.raises((ValueError, TypeError)):
        call(tree)


def test_paths_are_the_same_whatever_the_containers():
    tree.assert_same_paths([1, (2, 3)], (1, [2, 3]))
