"""core-1, elements read and replaced by a key: of every kind, and what an update leaves alone."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.ops import indexing

from .. import samples
from ..case import Case, Trial
from ..keys import random_key
from ..measure import WIDE
from .core_moves import drawn

GROUP = "core-1"

KEYS: dict[str, Any] = {
    "integer": 1,
    "negative": (-1, 2),
    "slice": (slice(None), slice(1, None, 2)),
    "reversed": (slice(None, None, -1), slice(None, 0, -1), slice(-2, None, -2)),
    "ellipsis": (..., 0),
    "new-axis": (None, 0, ..., None),
    "beyond": (slice(0, 99), slice(-99, 2)),
    "nothing": (slice(2, 2),),
    "array": np.array([1, 0, 1]),
    "array-negative": (slice(None), np.array([-1, 0])),
    "arrays": (np.array([[0], [1]]), np.array([2, 0])),
    "arrays-apart": (np.array([0, 1]), slice(None), np.array([3, 0])),
    "arrays-parted-by-none": (slice(None), np.array([2, 0, 2]), None, np.array([3, 1, 0])),
    "array-and-slice": (slice(None), np.array([2, 2, 0]), slice(None, None, -2)),
    "array-and-integer": (0, slice(None), np.array([1, 1, 3])),
    "arrays-parted-by-nothing": (slice(None), np.array([2, 0, 2]), ..., np.array([3, 1, 0])),
    "integer-parted-by-nothing": (slice(None), np.array([2, 0]), ..., 1),
    "array-empty": (np.zeros((0,), np.int64),),
    "mask": np.array([[True, False, True], [False, True, True]]),
    "mask-of-one-axis": (slice(None), np.array([True, False, True])),
    "mask-and-array": (np.array([True, False]), slice(None), np.array([3, 0])),
    "truth": (np.array(True), slice(None), np.array([1, 0])),
    "falsehood": (..., np.array(False)),
    "int16-array": (0, np.array([-1, 1], np.int16)),
    "int32-array": np.array([-1, 0], np.int32),
    "uint8-array": (0, np.array([1, 0, 2], np.uint8)),
    "uint64-array": (slice(None), np.array([2, 0, 1], np.uint64)),
}
"""Keys of a tensor of shape (2, 3, 4)."""


def cases() -> Iterator[Case]:
    """Keys of every kind, random ones, many updates, and what stays as it was."""
    for label, key in KEYS.items():
        for dtype in (dt.float32, dt.int32) if label in ("slice", "array", "mask") else (dt.float32,):
            yield Case(
                f"{GROUP}/getitem/{dtype.name}/{label}",
                functools.partial(_get, key=key, dtype=dtype),
                (dtype,),
                quick=dtype is dt.float32,
            )
        for name in ("index_add", "index_set"):
            if name == "index_set" and label in ("array", "array-and-slice", "array-and-integer"):
                continue  # they name an element twice
            check = functools.partial(_update, name=name, key=key)
            yield Case(
                f"{GROUP}/{name}/float32/{label}", check, (dt.float32,), quick=label in ("slice", "array", "mask")
            )
    for name in ("getitem", "index_add", "index_set"):
        for i in range(4):
            yield Case(
                f"{GROUP}/{name}/float32/random-keys-{i}", functools.partial(_random_keys, name=name), (dt.float32,)
            )
    yield Case(f"{GROUP}/index_add/float32/duplicates", _duplicates, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/index_add/int32/duplicates", functools.partial(_duplicates, dtype=dt.int32), (dt.int32,))
    for label, axis, turned in (("many", 0, False), ("many-columns", 1, False), ("many-transposed", 0, True)):
        check = functools.partial(_many, axis=axis, turned=turned)
        yield Case(f"{GROUP}/index_add/float32/{label}", check, (dt.float32,), quick=not axis)
    yield Case(f"{GROUP}/index_add/float32/equal-updates", _equal_updates, (dt.float32,))
    yield Case(f"{GROUP}/index_add/float32/same-every-time", _same_every_time, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/index_set/float32/keeps-its-argument", _keeps, (dt.float32,), quick=True)
    yield Case(
        f"{GROUP}/index_add/float32/keeps-its-argument",
        functools.partial(_keeps, name="index_add"),
        (dt.float32,),
        quick=True,
    )
    yield Case(f"{GROUP}/getitem/float32/keeps-its-owner", _owner, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/one_hot/int32/outside", _one_hot, (dt.int32, dt.float32), quick=True)
    yield Case(f"{GROUP}/nonzero/int32/places", _nonzero, (dt.int32, dt.int64))
    yield Case(f"{GROUP}/scatter/float32/added", _scatter, (dt.float32,))


def _get(t: Trial, *, key: Any, dtype: np.dtype) -> None:
    host, x = drawn(t, dtype)
    t.exactly(x[key], host[key], dtype=dtype, what="getitem")
    if isinstance(key, np.ndarray) and key.dtype != bool:
        t.exactly(x[t.tensor(key)], host[key], dtype=dtype, what="getitem with a tensor")


def _update(t: Trial, *, name: str, key: Any) -> None:
    host, x = drawn(t, dt.float32)
    updates = samples.values("any", dt.float32, host[key].shape, t.rng)
    true = host.astype(WIDE)
    if name == "index_add":
        np.add.at(true, key, updates.astype(WIDE))
    else:
        true[key] = updates
    value = getattr(indexing, name)(x, key, t.tensor(updates))
    scale = np.abs(host.astype(WIDE))
    if name == "index_add":
        np.add.at(scale, key, np.abs(updates.astype(WIDE)))
    t.close(
        value,
        true,
        2.0 if name == "index_add" else 0.0,
        dtype=dt.float32,
        scale=scale if name == "index_add" else None,
        what=name,
    )
    t.exactly(x, host, what=f"the argument of {name} after the call")
    scalar = getattr(indexing, name)(x, key, 2.0)
    true = host.copy()
    if name == "index_add":
        np.add.at(true, key, np.float32(2))
    else:
        true[key] = 2
    t.close(scalar, true, 2.0 if name == "index_add" else 0.0, what=f"{name} of a number")


def _random_keys(t: Trial, *, name: str) -> None:
    """Six keys of mixed parts; of getitem the gradient too, whose rule is adding at the key."""
    for _ in range(6):
        size = tuple(int(one) for one in t.rng.integers(0 if t.rng.random() < 0.2 else 1, 5, t.rng.integers(1, 5)))
        key = random_key(t.rng, size)
        host = t.rng.integers(-50, 50, size).astype(np.float32)
        x = t.tensor(host)
        place = np.arange(host.size).reshape(size)[key]
        fewer = 0 if name == "getitem" else int(t.rng.integers(np.ndim(place) + 1))  # updates that broadcast
        updates = t.rng.integers(-9, 10, np.shape(place)[fewer:]).astype(np.float32)
        added = host.copy()
        np.add.at(added, key, updates)
        if name == "getitem":
            value, pull = transforms.vjp(lambda x, key=key: x[key], x)
            t.exactly(value, host[key], what=f"x[{key}] of shape {size}")
            t.exactly(pull(t.tensor(updates))[0], added - host, what=f"the gradient of x[{key}] of shape {size}")
        elif name == "index_add":
            t.exactly(indexing.index_add(x, key, t.tensor(updates)), added, what=f"x[{key}] += … of shape {size}")
        elif len(np.unique(place)) == np.size(place):
            true = host.copy()
            true[key] = updates
            t.exactly(indexing.index_set(x, key, t.tensor(updates)), true, what=f"x[{key}] = … of shape {size}")
        else:
            t.raises(lambda x=x, key=key: indexing.index_set(x, key, 0.0), ValueError, "twice")


def _duplicates(t: Trial, *, dtype: np.dtype = dt.float32) -> None:
    """An element that is named often gets all its updates."""
    x = t.tensor(np.zeros(4, dtype))
    places = np.array([1, 3, 1, 1, 0, 3, 1])
    value = indexing.index_add(x, places, t.tensor(np.array([1, 2, 4, 8, 16, 32, 64], dtype)))
    t.exactly(value, np.array([16, 77, 0, 34], dtype), what="index_add")


def _many(t: Trial, *, axis: int, turned: bool) -> None:
    """Many updates, whole numbers, of the rows or columns of a matrix, which may be seen through its transpose."""
    host = t.rng.integers(-9, 10, (40, 30)).astype(np.float32)
    x = t.tensor(host)
    host, x = (host.T, x.T) if turned else (host, x)
    places = t.rng.integers(-30, 30, 70)
    key: Any = (slice(None), places) if axis else places
    updates = t.rng.integers(-9, 10, host[key].shape).astype(np.float32)
    true = host.copy()
    np.add.at(true, key, updates)
    t.exactly(indexing.index_add(x, key, t.tensor(updates)), true, what="index_add of many")


def _same_every_time(t: Trial) -> None:
    """Many updates of few rows, enough for several threads: the same bits each time, so that trainings repeat."""
    x = t.tensor(np.zeros((3, 40), np.float32))
    places = t.tensor(t.rng.integers(0, 3, 3000))
    updates = t.tensor(t.rng.normal(size=(3000, 40)).astype(np.float32))
    first, *others = (indexing.index_add(x, places, updates) for _ in range(8))
    expected = t.host(first)
    for other in others:
        t.exactly(other, expected, what="index_add, done again")


def _equal_updates(t: Trial) -> None:
    """A thousand equal updates of one element: rounding errors add up to no more than one for each."""
    value = indexing.index_add(t.tensor(np.zeros(2, np.float32)), np.zeros(1000, np.int64), np.float32(0.1))
    true = np.array([WIDE(np.float32(0.1)) * 1000, 0])
    t.close(value, true, 501.0, dtype=dt.float32, scale=true, what="index_add")


def _keeps(t: Trial, *, name: str = "index_set") -> None:
    """Tensors never change: what was computed from one before an update stays as it was, whatever it shares."""
    host = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = t.tensor(host)
    part, turned = x[0], x.T
    changed = getattr(indexing, name)(x, 0, 9.0)
    t.exactly(x, host, what=f"the argument of {name}")
    t.exactly(part, host[0], what=f"a slice taken before {name}")
    t.exactly(turned, host.T, what=f"the transpose taken before {name}")
    again = getattr(indexing, name)(changed, 1, 7.0)
    t.exactly(
        changed[0], np.full(3, 9.0, np.float32) + (host[0] if name == "index_add" else 0), what="the first result"
    )
    del again
    held = [one for one in (dt.float64, dt.int32, dt.float16) if one in t.backend.capabilities.dtypes]
    for dtype in (dt.float32, *held):
        host = np.arange(71 * 73).reshape(71, 73).astype(dtype)
        for x in (t.tensor(host), t.tensor(host - 1) + 1):
            before = t.host(x).copy()
            keys = (0, slice(3, 60, 2), np.array([5, 3]), (slice(None), -1))
            for key in keys if dtype is dt.float32 else keys[1:2]:
                getattr(indexing, name)(x, key, 9)
                t.exactly(x, before, what=f"the argument of {name}")


def _owner(t: Trial) -> None:
    """A slice never shows what happens to its owner's memory afterwards."""
    host = np.arange(12, dtype=np.float32)
    x = t.tensor(host)
    part = x[2:5]
    x += 1
    x = indexing.index_set(x, slice(None), 0.0)
    t.exactly(part, host[2:5], what="the slice")


def _one_hot(t: Trial) -> None:
    index = np.array([1, 0, 3, -1, 5], np.int32)
    true = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], np.float32)
    t.exactly(indexing.one_hot(t.tensor(index), 4), true, what="one_hot")
    t.exactly(indexing.one_hot(t.tensor(index), 4, axis=0), true.T, what="one_hot, axis 0")


def _nonzero(t: Trial) -> None:
    host = np.array([[0, 3, 0], [5, 0, 7]], np.int32)
    for part, true in zip(indexing.nonzero(t.tensor(host)), np.nonzero(host), strict=True):
        t.exactly(part, true.astype(np.int64), what="nonzero")


def _scatter(t: Trial) -> None:
    index = np.array([[0, 1], [2, 0], [0, 1]], np.int64)
    value = indexing.scatter(t.tensor(index), t.tensor(np.array([1, 2, 4], np.float32)), (3, 2))
    t.exactly(value, np.array([[0, 5], [0, 0], [2, 0]], np.float32), what="scatter")
