"""Indexing on NumPy by its fastest ways: `take` for rows, one-dimensional `add.at` for adding."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from polyflow.backend.checks import check_indices
from polyflow.backend.keys import ARRAY, Key, Slice, library_key, whole_axes_before

_MANY = 512
"""From so many elements on, adding at indices is worth working out their numbers in a flat array."""


def getitem(x: Any, *indices: np.ndarray, key: Key) -> Any:
    """The elements that the key selects: a view where there are no index arrays."""
    if not indices:
        return x[static(key)]
    try:
        axis = _only_axis(key, x.shape)
        if axis is not None and indices[0].dtype.char != "L":
            return x.take(indices[0], axis)
        return x[library_key(key, indices)]
    except (IndexError, ValueError):
        check_indices(x.shape, key, map(np.asarray, indices))
        raise


def _by_key(*, key: Key) -> Callable[..., Any]:
    """`getitem` by one key; what is wrong is for `getitem` itself to find."""
    if ARRAY not in key:
        return operator.itemgetter(static(key))
    only = lru_cache(64)(partial(_only_axis.__wrapped__, key))

    def select(x: Any, *indices: np.ndarray) -> Any:
        axis = only(x.shape)
        if axis is not None and indices[0].dtype.char != "L":
            return x.take(indices[0], axis)
        return x[library_key(key, indices)]

    return select


getitem.given = _by_key  # type: ignore[attr-defined]
getitem.basic = operator.getitem  # type: ignore[attr-defined]  # by basic keys and masks


def index_add(x: Any, updates: Any, *indices: np.ndarray, key: Key) -> np.ndarray:
    """A copy of ``x`` with ``updates`` added at the elements that the key selects; those selected twice get both."""
    result = np.array(x, order="C")  # seen as a flat array below
    if not indices:
        result[static(key)] += updates
        return result
    try:
        before = _whole_axes(key, x.shape) if result.size >= _MANY else None
        if before is not None:
            numbers, shape = _numbers(x.shape, indices, before)
            if len(numbers) >= _MANY:
                np.add.at(result.reshape(-1), numbers, np.broadcast_to(updates, shape).reshape(-1))
                return result
        np.add.at(result, library_key(key, indices), updates)
    except IndexError:
        check_indices(x.shape, key, map(np.asarray, indices))
        raise
    return result


def index_set(x: Any, updates: Any, *indices: np.ndarray, key: Key) -> np.ndarray:
    """A copy of ``x`` with the elements that the key selects replaced."""
    result = np.array(x)
    try:
        result[library_key(key, indices)] = updates
    except IndexError:
        check_indices(x.shape, key, map(np.asarray, indices))
        raise
    return result


@lru_cache(4096)
def static(key: Key) -> tuple[Any, ...]:
    """A key without index arrays as NumPy takes it."""
    return library_key(key, ())


@lru_cache(1024)
def _only_axis(key: Key, shape: tuple[int, ...]) -> int | None:
    """The axis of the one index array, where the key selects all of every other axis; else None."""
    if None in key or key.count(ARRAY) != 1 or not len(shape):
        return None
    whole = all(part == ARRAY or part == Slice(0, size, 1) for part, size in zip(key, shape, strict=True))
    return key.index(ARRAY) if whole else None


@lru_cache(1024)
def _whole_axes(key: Key, shape: tuple[int, ...]) -> int | None:
    """How many axes come before index arrays that stand side by side, where the key selects all others; else None."""
    before = whole_axes_before(key, shape)
    if before is None:
        return None
    after = before + key.count(ARRAY)
    return before if key[after:] == tuple([Slice(0, size, 1) for size in shape[after:]]) else None


def _numbers(shape: tuple[int, ...], indices: tuple[np.ndarray, ...], before: int) -> tuple[np.ndarray, Any]:
    """The selected elements' places in the flattened array, and the shape of the selection."""
    after = before + len(indices)
    rows: Any = np.zeros((), np.int64)
    for index, size in zip(indices, shape[before:after], strict=True):
        index = np.asarray(index)
        if index.size and (index.max() >= size or index.min() < -size):
            raise IndexError
        rows = rows * size + np.where(index < 0, index + size, index).astype(np.int64)
    blocks, width = math.prod(shape[:before]), math.prod(shape[after:])
    selected = (*shape[:before], *rows.shape, *shape[after:])
    numbers = rows.reshape(-1, 1) * width + np.arange(width)
    if blocks != 1:
        numbers = np.arange(blocks).reshape(-1, 1, 1) * (math.prod(shape[before:after]) * width) + numbers
    return numbers.reshape(-1), selected
