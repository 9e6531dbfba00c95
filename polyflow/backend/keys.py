"""Index keys in the static form that kernels receive: index arrays are arguments, all else is an attribute."""

from __future__ import annotations

from typing import Any, NamedTuple


class Slice(NamedTuple):
    """A slice with its ends worked out for the axis it selects from (``stop`` None: through the first element)."""

    start: int
    stop: int | None
    step: int


ARRAY = "array"
"""Stands in a static key where an index array goes."""

Key = tuple[Any, ...]


def library_key(key: Key, indices: tuple[Any, ...]) -> Any:
    """The key as libraries take it: slices and index arrays in their places."""
    arrays = iter(indices)
    return tuple(slice(*part) if part.__class__ is Slice else next(arrays) if part == ARRAY else part for part in key)


def whole_axes_before(key: Key, shape: tuple[int, ...]) -> int | None:
    """How many axes, of which the key selects all, come before index arrays that stand side by side.

    None for other keys, and for those with integers or new axes.
    """
    if ARRAY not in key or any(part is None or part.__class__ is int for part in key):
        return None
    first, count = key.index(ARRAY), key.count(ARRAY)
    arrays = key[first : first + count] == (ARRAY,) * count
    return first if arrays and key[:first] == tuple([Slice(0, size, 1) for size in shape[:first]]) else None


class Window(NamedTuple):
    """A slice without its place: how many elements it selects, and how far apart."""

    size: int
    step: int

    @property
    def span(self) -> int:
        """How many neighbouring elements it reaches over."""
        return (self.size - 1) * abs(self.step) + 1 if self.size else 0


def windows(key: Key, shape: tuple[int, ...]) -> tuple[Key, list[int]]:
    """A key as a pattern that says nothing about places, and the places: where on each axis of ``shape`` it starts.

    Two keys of one pattern differ only in their places, so a program compiled for the pattern serves both. An integer
    is 0 in the pattern, a slice its `Window`; where a slice steps backwards, its place is that of its lowest element.
    Index arrays, and slices of a whole axis, start at 0.
    """
    pattern: list[Any] = []
    places: list[int] = []
    for part in key:
        if part is None or part == ARRAY:
            pattern.append(part)
            places.extend([0] * (part is not None))
        elif part.__class__ is Slice:
            first, stop, step = part
            count = len(
                range(first, -1 if stop is None and step < 0 else shape[len(places)] if stop is None else stop, step)
            )
            pattern.append(Window(count, step))
            places.append(0 if not count else first if step > 0 else first + (count - 1) * step)
        else:
            pattern.append(0)
            places.append(part)
    return tuple(pattern), places
