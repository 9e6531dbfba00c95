"""Indexing on NumPy by its fastest ways: `take` for rows, one-dimensional `add.at` for adding."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from polyflow.backend.checks import check_indices
from polyflow.backend.keys import ARRAY, Key, Slice, library_key

_MANY = 512
"""From so many elements on, adding at indices is worth working out their numbers in a flat array."""


def getitem(x: Any, *indices: np.ndarray, key: Key) -> Any:
    """The elements that the key selects: a view where there are no index arrays."""
    if not indices:
        return x[_static(key)]
    try:
        axis = _only_axis(key, x.shape)
        if axis is not None and indices[0].dtype.char != "L":
            return x.take(indices[0], axis)
        return x[library_key(key, indices)]
    except (IndexError, ValueError):
        check_indices(x.shape, key, map(np.asarray, indices))
        raise


def index_add(x: Any, updates: Any, *indices: np.ndarray, key: Key) -> np.ndarray:
    """A copy of ``x`` with ``updates`` added at the elements that the key selects; those selected twice get both."""
    result = np.array(x)
    if not indices:
        result[_static(key)] += updates
        return result
    try:
        if result.size >= _MANY and _leading(key, x.shape):
            numbers, shape = _numbers(x.shape, indices)
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
def _static(key: Key) -> tuple[Any, ...]:
    return library_key(key, ())


@lru_cache(1024)
def _only_axis(key: Key, shape: tuple[int, ...]) -> int | None:
    """The axis of the one index array, where the key selects all of every other axis; else None."""
    if None in key or key.count(ARRAY) != 1 or not len(shape):
        return None
    whole = all(part == ARRAY or part == Slice(0, size, 1) for part, size in zip(key, shape, strict=True))
    return key.index(ARRAY) if whole else None


@lru_cache(1024)
def _leading(key: Key, shape: tuple[int, ...]) -> bool:
    """Whether index arrays stand on the first axes and the key selects all of the others."""
    count = key.count(ARRAY)
    rest = (Slice(0, size, 1) for size in shape[count:])
    return key[:count] == (ARRAY,) * count and key[count:] == (*rest,)


def _numbers(shape: tuple[int, ...], indices: tuple[np.ndarray, ...]) -> tuple[np.ndarray, tuple[int, ...]]:
    """The selected elements' places in the flattened array, and the shape of the selection."""
    rows: Any = np.zeros((), np.int64)
    for index, size in zip(indices, shape[: len(indices)], strict=True):
        index = np.asarray(index)
        if index.size and (index.max() >= size or index.min() < -size):
            raise IndexError
        rows = rows * size + np.where(index < 0, index + size, index).astype(np.int64)
    width = 1
    for size in shape[len(indices) :]:
        width *= size
    selected = (*rows.shape, *shape[len(indices) :])
    return (rows.reshape(-1, 1) * width + np.arange(width)).reshape(-1), selected
