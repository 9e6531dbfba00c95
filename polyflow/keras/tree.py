"""``tf.keras.tree``: nested containers taken apart, changed and put together. None is a leaf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import nest
from ..missing import answer
from ..nest import flatten, is_nested

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What a function returns to `traverse` for None to stand in a place; None itself means to go on."""


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The first structure with what a function makes of its leaves and those of the others at the same places.

    Args:
        func: a function of as many leaves as there are structures.
        structures: one structure, or several alike.
        none_is_leaf: False leaves each None as it is.

    Raises:
        ValueError, TypeError: where structures differ, or none is given.
    """
    if not structures:
        raise ValueError("map_structure needs a structure behind the function.")
    if none_is_leaf:
        return nest.map_structure(func, *structures, check_types=False)

    def unless_none(*leaves: Any) -> Any:
        return None if leaves[0] is None else func(*leaves)

    return nest.map_structure(unless_none, *structures, check_types=False)


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """The structure with other leaves, in the order of `flatten`."""
    return nest.pack_sequence_as(structure, list(flat_sequence))


def assert_same_structure(a: Any, b: Any) -> None:
    """Raise ValueError or TypeError, with the place, where two structures differ."""
    nest.assert_same_structure(a, b)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Each leaf with its path: the keys and indices that lead to it."""
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, part in nest.parts(structure) for path, leaf in flatten_with_path(part)]


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError where one structure has leaves at paths that the other has not, whatever their containers."""
    first, second = ({path for path, _ in flatten_with_path(one)} for one in (a, b))
    if first != second:
        only = ", ".join(map(str, sorted(first ^ second, key=str)))
        raise ValueError(f"two structures have no leaves at the same paths; only one of them has {only}.")


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """The structure with what a function returns in place of its parts, itself among them, where that is not None.

    Args:
        func: a function of a part; `MAP_TO_NONE` stands for None in its place.
        structure: a structure.
        top_down: whether containers come before what they hold, which is left alone then where the function returned
            something for them; else they come after it.
    """
    found = func(structure) if top_down else None
    if found is None:
        whole = structure
        if is_nested(structure):
            parts = {key: traverse(func, part, top_down) for key, part in nest.parts(structure)}
            whole = nest.with_parts(structure, parts)
        found = whole if top_down else func(whole)
        found = whole if found is None else found
    return None if found is MAP_TO_NONE else found


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples in place of lists."""
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """The structure with what a function makes of its shapes: tuples or lists of integers and None."""

    def changed(part: Any) -> Any:
        shape = isinstance(part, (list, tuple)) and all(isinstance(size, int | None) for size in part)
        if not shape and is_nested(part):
            return None
        found = func(part)
        return MAP_TO_NONE if found is None else found

    return traverse(changed, structure)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """The shallow structure with what a function makes of what others hold at its leaves, containers as they are.

    Raises:
        ValueError: where another has no such part, or none is given.
    """
    if not structures:
        raise ValueError("map_structure_up_to needs a structure behind the function.")
    if not is_nested(shallow_structure):
        return func(*structures)
    wanted = dict(nest.parts(shallow_structure))
    others = [dict(nest.parts(one)) if is_nested(one) else {} for one in structures]
    for one, held in zip(structures, others, strict=True):
        if [*held] != [*wanted]:
            there = [*held] if is_nested(one) else f"a leaf, {type(one).__name__}"
            raise ValueError(f"map_structure_up_to needs parts {[*wanted]} in each structure; got {there}.")
    return nest.with_parts(
        shallow_structure,
        {key: map_structure_up_to(part, func, *(held[key] for held in others)) for key, part in wanted.items()},
    )


answer(__name__)
