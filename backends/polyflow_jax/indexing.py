"""Indexing on JAX: an index outside the tensor never selects another element.

In a compiled program such an index reads NaN (the dtype's minimum, for integers) and writes nothing; run eagerly it is
an IndexError, found on the host before the program starts. Eager programs take the places of integers and slices as
data: ``x[0:32]`` and ``x[32:64]`` are one program.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow.backend.checks import check_indices
from polyflow.backend.keys import ARRAY, Key, Slice, Window, library_key, windows

Tracer = jax.core.Tracer


def getitem(x: Any, *indices: Any, key: Key) -> Any:
    """Read; what is outside reads as NaN, the smallest integer, or False."""
    if not indices:
        return x[library_key(key, ())]
    places = library_key(key, _wide(x, key, indices))
    return x.at[places].get(mode="fill", fill_value=_missing(x.dtype))


def index_add(x: Any, updates: Any, *indices: Any, key: Key) -> Any:
    """Add up; what is outside is left out."""
    updates = jnp.asarray(updates, x.dtype)
    place = x.at[library_key(key, _wide(x, key, indices))]
    return place.max(updates, mode="drop") if x.dtype == jnp.bool_ else place.add(updates, mode="drop")


def index_set(x: Any, updates: Any, *indices: Any, key: Key) -> Any:
    """Replace; what is outside is left out."""
    updates = jnp.asarray(updates, x.dtype)
    return x.at[library_key(key, _wide(x, key, indices))].set(updates, mode="drop")


def _missing(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.nan
    return False if dtype == jnp.bool_ else int(jnp.iinfo(dtype).min)


def _wide(x: Any, key: Key, indices: tuple[Any, ...]) -> tuple[Any, ...]:
    """The indices in a type that holds every axis size, so that negative ones can be counted from the end in it."""
    sizes = [x.shape[i] for i, part in enumerate(part for part in key if part is not None) if part == ARRAY]
    return tuple(
        jnp.minimum(index, size).astype(jnp.int64)  # else the largest uint64 would come out negative
        if index.dtype == jnp.uint64
        else index.astype(jnp.int64)
        if index.dtype == jnp.uint32
        else index
        if index.dtype.itemsize >= 4
        else index.astype(jnp.int32)
        for index, size in zip(indices, sizes, strict=True)
    )


# Eager programs: places are data -----------------------------------------------------------------------------------


def split(shape: tuple[int, ...], indices: tuple[Any, ...], key: Key) -> tuple[Key, np.ndarray | None]:
    """The pattern of a key and its places (None: it starts at 0 everywhere).

    Raises:
        IndexError: for an element of an index array outside its axis (of a traced one nothing is known).
    """
    if indices and not any(isinstance(index, Tracer) for index in indices):
        check_indices(shape, key, [np.asarray(index) for index in indices])
    return _split(shape, key)


@lru_cache(4096)
def _split(shape: tuple[int, ...], key: Key) -> tuple[Key, np.ndarray | None]:
    pattern, places = windows(key, shape)
    return pattern, np.array(places, np.int64) if any(places) else None


def getitem_at(x: Any, places: Any, *indices: Any, pattern: Key) -> Any:
    """`getitem` of the pattern at ``places``."""
    return getitem(_region(x, places, pattern), *indices, key=_relative(pattern))


def index_add_at(x: Any, updates: Any, places: Any, *indices: Any, pattern: Key) -> Any:
    """`index_add` at the pattern at ``places``."""
    return _replaced(x, places, index_add(_region(x, places, pattern), updates, *indices, key=_relative(pattern)))


def index_set_at(x: Any, updates: Any, places: Any, *indices: Any, pattern: Key) -> Any:
    """`index_set` at the pattern at ``places``."""
    return _replaced(x, places, index_set(_region(x, places, pattern), updates, *indices, key=_relative(pattern)))


def _region(x: Any, places: Any, pattern: Key) -> Any:
    """The part of ``x`` that the pattern reaches over."""
    parts = [part for part in pattern if part is not None]
    sizes = [
        1 if part == 0 else part.span if isinstance(part, Window) else size
        for part, size in zip(parts, x.shape, strict=True)
    ]
    if places is None:
        return x if tuple(sizes) == x.shape else lax.slice(x, (0,) * x.ndim, sizes)
    return lax.dynamic_slice(x, tuple(places), sizes)


def _replaced(x: Any, places: Any, region: Any) -> Any:
    if region.shape == x.shape:
        return region
    return lax.dynamic_update_slice(x, region, (0,) * x.ndim if places is None else tuple(places))


def _relative(pattern: Key) -> Key:
    """The pattern as a key into its region."""
    return tuple(
        Slice(0, None, part.step)
        if isinstance(part, Window) and part.step > 0
        else Slice(part.span - 1 if part.size else 0, None if part.size else 0, part.step)
        if isinstance(part, Window)
        else part
        for part in pattern
    )
