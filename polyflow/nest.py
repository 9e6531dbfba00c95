"""``tf.nest``: nested containers taken apart and put together. As in TensorFlow, None is a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .convert import unless_endless
from .missing import answer

__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as"]


def is_nested(structure: Any) -> bool:
    """Whether this is a container (list, tuple, named tuple, mapping) and no leaf."""
    return isinstance(structure, (list, tuple, Mapping))


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, in order; those of mappings in the order of their sorted keys."""
    with unless_endless():
        return _leaves(structure)


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False) -> Any:
    """The structure with other leaves, in the order of `flatten`.

    Raises:
        TypeError: when the leaves are no sequence. ValueError: when there are more or fewer than in ``structure``.
    """
    if not isinstance(flat_sequence, (list, tuple)):
        raise TypeError(f"pack_sequence_as needs a list of leaves; got a {type(flat_sequence).__name__}.")
    count = len(flatten(structure))
    if count != len(flat_sequence):
        raise ValueError(
            f"pack_sequence_as got {len(flat_sequence)} leaves for a structure of {count}. Expected as many."
        )
    return _packed(structure, iter(flat_sequence))


def map_structure(func: Callable[..., Any], *structure: Any, check_types: bool = True, **options: Any) -> Any:
    """The first structure with what ``func`` gives for its leaves, and those of the others at the same places.

    Args:
        func: called with one leaf of each structure.
        structure: one or more structures, alike as by `assert_same_structure`.
        check_types: whether containers have to be of one type.
        options: ``expand_composites``, accepted as in TensorFlow.

    Raises:
        TypeError: when ``func`` cannot be called, or types differ. ValueError: for no structure, or different ones.
    """
    if not callable(func):
        raise TypeError(f"map_structure needs a function first; got a {type(func).__name__}.")
    unknown = set(options) - {"expand_composites"}
    if unknown:
        raise TypeError(f"map_structure got an unexpected argument {min(unknown)!r}.")
    if not structure:
        raise ValueError("map_structure needs at least one structure after the function.")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types)
    leaves = [func(*found) for found in zip(*map(flatten, structure), strict=True)]
    return pack_sequence_as(structure[0], leaves)


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise where two structures differ.

    Raises:
        ValueError: where lengths or keys differ, or one has a leaf and the other a container.
        TypeError: where containers are of different types, unless ``check_types`` is False.
    """
    with unless_endless():
        _compare(nest1, nest2, check_types, "")


def _leaves(structure: Any) -> list[Any]:
    if not is_nested(structure):
        return [structure]
    return [leaf for _, part in parts(structure) for leaf in _leaves(part)]


def _compare(one: Any, other: Any, check_types: bool, place: str) -> None:
    where = f" at {place}" if place else ""
    if is_nested(one) != is_nested(other):
        names = [type(found).__name__ if is_nested(found) else "a leaf" for found in (one, other)]
        raise ValueError(f"the structures differ{where}: {names[0]} and {names[1]}. Expected a container in both.")
    if not is_nested(one):
        return
    both_mappings = isinstance(one, Mapping) and isinstance(other, Mapping)
    if check_types and type(one) is not type(other) and not both_mappings:
        raise TypeError(
            f"the structures differ{where}: a {type(one).__name__} and a {type(other).__name__}. Expected one type, or "
            "check_types=False."
        )
    found, others = list(parts(one)), list(parts(other))
    keys_differ = both_mappings and [key for key, _ in found] != [key for key, _ in others]
    if keys_differ or len(found) != len(others):
        shown = [[key for key, _ in each] if keys_differ else len(each) for each in (found, others)]
        raise ValueError(
            f"the structures differ{where}: {'keys' if keys_differ else 'lengths'} {shown[0]} and {shown[1]}."
        )
    for (key, part), (_, another) in zip(found, others, strict=True):
        _compare(part, another, check_types, f"{place}[{key!r}]")


def parts(container: Any) -> Iterator[tuple[Any, Any]]:
    """The keys and parts of a container, in order."""
    if isinstance(container, Mapping):
        return ((key, container[key]) for key in sorted(container))
    return enumerate(container)


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(structure):
        return next(leaves)
    return with_parts(structure, {key: _packed(part, leaves) for key, part in parts(structure)})


def with_parts(container: Any, held: Mapping[Any, Any]) -> Any:
    """A container of the same kind, its keys in the same order, that holds other parts."""
    if isinstance(container, Mapping):
        ordered = {key: held[key] for key in container}
        return ordered if type(container) is dict else type(container)(ordered)  # type: ignore[call-arg]
    if hasattr(container, "_fields"):
        return type(container)(*held.values())
    return type(container)(held.values())  # type: ignore[call-arg]


answer(__name__)
