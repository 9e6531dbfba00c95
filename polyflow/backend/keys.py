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
