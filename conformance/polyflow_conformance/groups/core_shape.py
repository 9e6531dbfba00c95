"""core-1, ops that make, move, choose and convert elements, and products of matrices."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.ops import creation, elementwise, indexing, linalg, shape

from .. import samples
from ..case import Case, Trial
from ..keys import random_key
from ..measure import WIDE, WIDE_COMPLEX, widened

GROUP = "core-1"
MAIN = (dt.bool_, dt.int32, dt.float32, dt.float64, dt.complex64)

MOVES: dict[str, list[tuple[str, Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]]] = {
    "reshape": [
        ("flat", lambda x: shape.reshape(x, (-1,)), lambda h: h.reshape(-1)),
        ("matrix", lambda x: shape.reshape(x, (4, 6)), lambda h: h.reshape(4, 6)),
        ("transposed", lambda x: shape.reshape(x.T, (8, 3)), lambda h: h.T.reshape(8, 3)),
    ],
    "permute_dims": [
        ("turned", lambda x: shape.permute_dims(x, (2, 0, 1)), lambda h: np.transpose(h, (2, 0, 1))),
        ("negative", lambda x: shape.permute_dims(x, (-1, 0, 1)), lambda h: np.transpose(h, (2, 0, 1))),
    ],
    "broadcast_to": [
        ("wider", lambda x: shape.broadcast_to(x[:1], (3, 3, 4)), lambda h: np.broadcast_to(h[:1], (3, 3, 4))),
        ("more-axes", lambda x: shape.broadcast_to(x[0, 0], (2, 5, 4)), lambda h: np.broadcast_to(h[0, 0], (2, 5, 4))),
    ],
    "concat": [
        ("first", lambda x: shape.concat([x, x[:1]], axis=0), lambda h: np.concatenate([h, h[:1]], 0)),
        (
            "last",
            lambda x: shape.concat([x, x[..., ::-1], x], axis=-1),
            lambda h: np.concatenate([h, h[..., ::-1], h], -1),
        ),
        ("empty", lambda x: shape.concat([x[:0], x], axis=0), lambda h: h),
        ("flattened", lambda x: shape.concat([x, x], axis=None), lambda h: np.concatenate([h, h], None)),
    ],
    "flip": [
        ("all", lambda x: shape.flip(x), lambda h: np.flip(h)),
        ("two", lambda x: shape.flip(x, axis=(0, -1)), lambda h: np.flip(h, (0, -1))),
    ],
    "pad": [
        (
            "constant",
            lambda x: shape.pad(x, [(1, 0), (0, 2), (1, 1)], constant_values=1),
            lambda h: np.pad(h, [(1, 0), (0, 2), (1, 1)], constant_values=1),
        ),
        (
            "reflect",
            lambda x: shape.pad(x, [(1, 1), (2, 1), (0, 3)], "reflect"),
            lambda h: np.pad(h, [(1, 1), (2, 1), (0, 3)], "reflect"),
        ),
        ("symmetric", lambda x: shape.pad(x, 2, "symmetric"), lambda h: np.pad(h, 2, "symmetric")),
        ("edge", lambda x: shape.pad(x, (0, 2), "edge"), lambda h: np.pad(h, (0, 2), "edge")),
    ],
    "roll": [
        ("axis", lambda x: shape.roll(x, 2, axis=1), lambda h: np.roll(h, 2, 1)),
        ("flat", lambda x: shape.roll(x, -3), lambda h: np.roll(h, -3)),
    ],
    "tile": [("more", lambda x: shape.tile(x, (2, 1, 1, 2)), lambda h: np.tile(h, (2, 1, 1, 2)))],
    "repeat": [
        ("one", lambda x: shape.repeat(x, 2, axis=1), lambda h: np.repeat(h, 2, 1)),
        ("each", lambda x: shape.repeat(x, [1, 0, 3], axis=1), lambda h: np.repeat(h, [1, 0, 3], 1)),
    ],
    "stack": [("middle", lambda x: shape.stack([x, x[::-1]], axis=1), lambda h: np.stack([h, h[::-1]], 1))],
    "split": [
        ("equal", lambda x: shape.split(x, 2, axis=-1)[1], lambda h: np.split(h, 2, -1)[1]),
        ("sizes", lambda x: shape.split(x, [1, -1], axis=1)[1], lambda h: h[:, 1:]),
    ],
    "unstack": [("last", lambda x: shape.unstack(x, axis=-1)[2], lambda h: h[..., 2])],
    "squeeze": [("one", lambda x: shape.squeeze(x[:1], 0), lambda h: h[0])],
    "expand_dims": [("two", lambda x: shape.expand_dims(x, (0, -1)), lambda h: h[None, ..., None])],
    "moveaxis": [("last", lambda x: shape.moveaxis(x, 0, -1), lambda h: np.moveaxis(h, 0, -1))],
    "swapaxes": [("two", lambda x: shape.swapaxes(x, 0, 2), lambda h: np.swapaxes(h, 0, 2))],
    "matrix_transpose": [("plain", lambda x: x.mT, lambda h: np.swapaxes(h, -1, -2))],
    "tril": [("above", lambda x: shape.tril(x, k=1), lambda h: np.tril(h, 1))],
    "triu": [("plain", lambda x: shape.triu(x), lambda h: np.triu(h))],
    "take": [
        ("axis", lambda x: indexing.take(x, [2, 0, 2], axis=1), lambda h: np.take(h, [2, 0, 2], 1)),
        ("negative", lambda x: indexing.take(x, np.array([-1, 0]), axis=-1), lambda h: np.take(h, [-1, 0], -1)),
    ],
    "take_along_axis": [
        (
            "last",
            lambda x: indexing.take_along_axis(x, np.argsort(np.arange(24) % 5).reshape(2, 3, 4) % 4, axis=-1),
            lambda h: np.take_along_axis(h, np.argsort(np.arange(24) % 5).reshape(2, 3, 4) % 4, -1),
        )
    ],
    "diagonal": [("offset", lambda x: linalg.diagonal(x, offset=1), lambda h: np.diagonal(h, 1, -2, -1))],
}
"""Moves of the elements of a tensor of shape (2, 3, 4)."""

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
    "int32-array": np.array([1, 0], np.int32),
    "uint8-array": (0, np.array([1, 0, 2], np.uint8)),
}
"""Keys of a tensor of shape (2, 3, 4)."""


def cases() -> Iterator[Case]:
    """Moves, indexing, creation, conversion, choice and products."""
    for name, rows in MOVES.items():
        for label, function, oracle in rows:
            for dtype in MAIN if label == rows[0][0] else (dt.float32,):
                check = functools.partial(_move, function=function, oracle=oracle, dtype=dtype, name=name)
                yield Case(f"{GROUP}/{name}/{dtype.name}/{label}", check, (dtype,), quick=dtype is dt.float32)
    for dtype in dt.ALL:
        for name in ("reshape", "concat", "flip", "getitem", "where", "index_add", "index_set"):
            if dtype not in MAIN or (name == "index_add" and dtype is not dt.bool_) or name == "index_set":
                check = functools.partial(_every, name=name, dtype=dtype)
                yield Case(f"{GROUP}/{name}/{dtype.name}/plain", check, (dtype,))
    yield from _indexing()
    yield from _creation()
    yield from _conversion()
    yield from _choice()
    yield from _products()


def _tensor(t: Trial, dtype: np.dtype, size: tuple[int, ...] = (2, 3, 4)) -> tuple[np.ndarray, Any]:
    host = samples.values("any", dtype, size, t.rng)
    return host, t.tensor(host)


def _move(t: Trial, *, function: Any, oracle: Any, dtype: np.dtype, name: str) -> None:
    host, tensor = _tensor(t, dtype)
    t.exactly(function(tensor), oracle(host), dtype=dtype, what=name)
    t.exactly(tensor, host, what=f"the argument of {name} after the call")


def _every(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host, x = _tensor(t, dtype)
    if name == "reshape":
        value, true = shape.reshape(x, (6, 4)), host.reshape(6, 4)
    elif name == "concat":
        value, true = shape.concat([x, x], axis=1), np.concatenate([host, host], 1)
    elif name == "flip":
        value, true = shape.flip(x, axis=(0, -1)), np.flip(host, (0, -1))
    elif name == "getitem":
        value, true = x[:, np.array([2, 0]), ::-2], host[:, [2, 0], ::-2]
    elif name == "where":
        mask = host != 0
        value, true = elementwise.where(t.tensor(mask), x, x[::-1]), np.where(mask, host, host[::-1])
    elif name == "index_set":
        value, true = indexing.index_set(x, (slice(None), 1), x[:, 0]), host.copy()
        true[:, 1] = host[:, 0]
    else:
        updates = samples.values("any", dtype, (3, 3, 4), t.rng)
        value = indexing.index_add(x, np.array([1, 1, 0]), t.tensor(updates))
        true, scale = (widened(host), np.abs(widened(host))) if dtype in dt.INEXACT else (host.copy(), None)
        np.add.at(true, [1, 1, 0], updates.astype(true.dtype))
        if scale is not None:
            np.add.at(scale, [1, 1, 0], np.abs(updates.astype(true.dtype)))
        bound = 0.0 if scale is None else 3.0
        t.close(value, true, bound, dtype=dtype, scale=scale, what=name)
        value = indexing.index_add(x, np.array([1, 0, 1]), 3)
        true, scale = (widened(host), np.abs(widened(host)) + 6) if scale is not None else (host.copy(), None)
        np.add.at(true, [1, 0, 1], np.asarray(3, true.dtype))
        t.close(value, true, bound, dtype=dtype, scale=scale, what=f"{name} of a number")
        return
    t.exactly(value, true, dtype=dtype, what=name)


# Indexing ------------------------------------------------------------------------------------------------------------


def _indexing() -> Iterator[Case]:
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
    host, x = _tensor(t, dtype)
    t.exactly(x[key], host[key], dtype=dtype, what="getitem")
    if isinstance(key, np.ndarray) and key.dtype != bool:
        t.exactly(x[t.tensor(key)], host[key], dtype=dtype, what="getitem with a tensor")


def _update(t: Trial, *, name: str, key: Any) -> None:
    host, x = _tensor(t, dt.float32)
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


# Creation ------------------------------------------------------------------------------------------------------------


def _creation() -> Iterator[Case]:
    for dtype in dt.ALL:
        yield Case(
            f"{GROUP}/full/{dtype.name}/shapes", functools.partial(_full, dtype=dtype), (dtype,), quick=dtype in MAIN
        )
    yield Case(f"{GROUP}/full/float32/special", _full_special, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/arange/float32/steps", _arange, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/linspace/float32/ends", _linspace, (dt.float32, dt.float64))
    yield Case(f"{GROUP}/eye/float32/diagonals", _eye, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/meshgrid/float32/orders", _meshgrid, (dt.float32,))
    for dtype in dt.ALL:
        yield Case(f"{GROUP}/asarray/{dtype.name}/kept", functools.partial(_kept, dtype=dtype), (dtype,), quick=True)
    yield Case(f"{GROUP}/asarray/float32/copied", _copied, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/asarray/float32/layouts", _asarray_layouts, (dt.float32,))
    yield Case(f"{GROUP}/asarray/float32/python-numbers", _python_numbers, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/asarray/int32/defaults", _defaults, (dt.int32, dt.float32, dt.complex64, dt.int64), quick=True)


def _full(t: Trial, *, dtype: np.dtype) -> None:
    for size in ((), (0, 2), (3,), (2, 3)):
        t.exactly(creation.full(size, 1, dtype, backend=t.backend), np.full(size, 1, dtype), what=f"full({size})")
        t.exactly(creation.zeros(size, dtype, backend=t.backend), np.zeros(size, dtype), what=f"zeros({size})")
    if dtype in dt.INTEGERS:
        for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max, np.iinfo(dtype).max // 3):
            t.exactly(
                creation.full(2, int(limit), dtype, backend=t.backend), np.full(2, limit, dtype), what=f"full({limit})"
            )
    elif dtype in dt.FLOATS:
        t.exactly(creation.full(2, 0.1, dtype, backend=t.backend), np.full(2, 0.1, dtype), what="full(0.1)")
    elif dtype in dt.COMPLEX:
        t.exactly(creation.full(2, 1 - 2j, dtype, backend=t.backend), np.full(2, 1 - 2j, dtype), what="full(1-2j)")


def _full_special(t: Trial) -> None:
    for value in (math.inf, -math.inf, math.nan):
        t.exactly(creation.full(3, value, backend=t.backend), np.full(3, value, np.float32), what=f"full({value})")


def _arange(t: Trial) -> None:
    t.exactly(creation.arange(5, backend=t.backend), np.arange(5, dtype=np.int32), what="arange(5)")
    t.exactly(creation.arange(5, 0, -2, backend=t.backend), np.array([5, 3, 1], np.int32), what="arange(5, 0, -2)")
    true = np.array([0.5, 0.75, 1.0, 1.25], np.float32)
    t.exactly(creation.arange(0.5, 1.5, 0.25, backend=t.backend), true, what="arange(0.5, 1.5, 0.25)")


def _linspace(t: Trial) -> None:
    for dtype in (dt.float32, dt.float64):
        true = np.array([i / 6 for i in range(7)], dtype)
        t.close(creation.linspace(0, 1, 7, dtype=dtype, backend=t.backend), true, 1.0, what="linspace")


def _eye(t: Trial) -> None:
    t.exactly(creation.eye(2, 3, k=1, backend=t.backend), np.eye(2, 3, 1, np.float32), what="eye")
    t.exactly(creation.eye(3, dtype=dt.int32, backend=t.backend), np.eye(3, dtype=np.int32), what="eye")


def _meshgrid(t: Trial) -> None:
    a, b = np.arange(2, dtype=np.float32), np.arange(3, dtype=np.float32)
    for order in ("xy", "ij"):
        for value, true in zip(
            shape.meshgrid(t.tensor(a), t.tensor(b), indexing=order), np.meshgrid(a, b, indexing=order), strict=True
        ):
            t.exactly(value, true, what=f"meshgrid, {order}")


def _kept(t: Trial, *, dtype: np.dtype) -> None:
    """A NumPy array keeps its dtype, and every bit."""
    host = samples.extremes(dtype) if dtype in dt.INTEGERS else samples.values("any", dtype, (5,), t.rng)
    if dtype is dt.float64:
        host = np.array([1 + 2.0**-52, 1e300, -1e-300], dtype)
    t.exactly(pf.constant(host), host, what="the tensor")
    t.exactly(t.tensor(host), host, what="the tensor")
    t.exactly(t.tensor(host[0]), np.asarray(host[0]), what="a 0-d tensor")


def _python_numbers(t: Trial) -> None:
    """Numbers that Python takes for equal are not the same: True, 1 and 1.0; 0.0 and -0.0; each in every dtype."""
    from polyflow.tensor import Tensor

    kinds = ((bool, (dt.bool_,)), (int, (dt.int32, dt.int64, dt.uint8)), (float, (dt.float32, dt.float64, dt.float16)))
    for _ in range(2):
        for kind, dtypes in kinds:
            for number in (1, 0, -0.0):
                for dtype in _held(t):
                    if dtype in dtypes:
                        for given in (kind(number), np.array(kind(number), dtype)):
                            value = Tensor(t.backend.asarray(given, dtype), t.backend)
                            true = np.array(kind(number), dtype)
                            t.close(value, true, what=f"asarray({given!r}, {dtype.name})", zeros=True)


def _copied(t: Trial) -> None:
    """Writing to the array that a tensor was made of does not show in it, whatever its size, dtype and layout."""
    from polyflow.tensor import Tensor

    held = [one for one in (dt.float32, dt.float64, dt.int64, dt.bool_) if one in t.backend.capabilities.dtypes]
    sizes = [((size,), dt.float32) for size in (1, 5, 64, 4096)]
    for size, dtype in (*sizes, *(((17, 5), one) for one in held), ((300, 400), dt.float32), ((), dt.float32)):
        host = np.ones(size, dtype)
        for written in (np.ones(size, dtype), np.ones(size[::-1], dtype).T, np.ones((2, *size), dtype)[1, ...]):
            x = pf.constant(written)
            y = Tensor(t.backend.asarray(written), t.backend)
            z = Tensor(t.backend.asarray(written, dtype), t.backend)
            written[...] = 0
            for value in (x, y, z):
                t.exactly(value, host, what="the tensor after its source was written to")


def _asarray_layouts(t: Trial) -> None:
    base = samples.read_only(np.arange(24, dtype=np.float32).reshape(4, 6))
    for host in (base.T, base[::-1], base[::2, ::3], np.asfortranarray(base), np.broadcast_to(base[0], (3, 6))):
        t.exactly(t.tensor(host), np.ascontiguousarray(host, np.float32), dtype=dt.float32, what="the tensor")
    swapped = base.astype(base.dtype.newbyteorder())
    t.exactly(pf.constant(swapped), base, what="the tensor of an array with bytes in the other order")


def _defaults(t: Trial) -> None:
    for given, true in (
        (1, np.array(1, np.int32)),
        (2**40, np.array(2**40, np.int64)),
        (1.5, np.array(1.5, np.float32)),
        (1j, np.array(1j, np.complex64)),
        (True, np.array(True)),
        ([1, 2.5], np.array([1, 2.5], np.float32)),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], np.int32)),
        ([], np.array([], np.float32)),
    ):
        t.exactly(pf.constant(given), true, what=f"constant({given!r})")


# Conversion ----------------------------------------------------------------------------------------------------------


def _conversion() -> Iterator[Case]:
    for dtype in dt.ALL:
        check = functools.partial(_astype, dtype=dtype)
        yield Case(f"{GROUP}/astype/{dtype.name}/to-all", check, (dtype,), quick=dtype in MAIN)
    yield Case(f"{GROUP}/astype/float32/rounding", _rounding, (dt.float32, dt.float64, dt.float16, dt.bfloat16))
    yield Case(f"{GROUP}/saturate_cast/float32/limits", _saturate, (dt.float32,))
    for dtype in dt.ALL:
        check = functools.partial(_promotion, dtype=dtype)
        yield Case(f"{GROUP}/add/{dtype.name}/promotion", check, (dtype,), quick=dtype in MAIN)


def _held(t: Trial) -> tuple[np.dtype, ...]:
    return tuple(dtype for dtype in dt.ALL if dtype in t.backend.capabilities.dtypes)


def _astype(t: Trial, *, dtype: np.dtype) -> None:
    """Between values that both dtypes hold; integers wrap."""
    if dtype in dt.INTEGERS:
        host = samples.extremes(dtype)
    elif dtype is dt.bool_:
        host = np.array([True, False])
    else:
        host = np.array([0, 1, 0.25, 3.75, 100.5, 7], dtype)
        if dtype in dt.COMPLEX:
            host = np.append(host, np.array([2j, 1 - 3j], dtype))  # an imaginary number is not 0
    if dtype in dt.FLOATS:
        below = np.array([-0.25, -3.75, -7, 0.5, -1, -100.5], dtype)
        for target in set(_held(t)) & set(dt.SIGNED):
            value = elementwise.astype(t.tensor(below), target)
            t.exactly(value, np.trunc(below.astype(np.float64)).astype(target), dtype=target, what=f"as {target.name}")
        truth = np.array([-1.5, math.nan, -math.inf, 1e-3, -0.0, 0.0], dtype)
        t.exactly(
            elementwise.astype(t.tensor(truth), dt.bool_),
            np.array([1, 1, 1, 1, 0, 0], bool),
            what=f"{dtype.name} as bool",
        )
    if dtype in (dt.float32, dt.float64):
        wide = np.array([3e9, 2.0**33 + 2.0**12, 2.0**52, 1.8e19], dtype)
        for target in set(_held(t)) & {dt.int64, dt.uint32, dt.uint64}:
            given = np.resize([one for one in wide if float(one) < float(np.iinfo(target).max)], 6).astype(dtype)
            t.exactly(elementwise.astype(t.tensor(given), target), given.astype(target), what=f"as {target.name}")
    x = t.tensor(host)
    for target in _held(t):
        if dtype in dt.INEXACT or target in dt.INEXACT or target is dt.bool_ or dtype is dt.bool_:
            given = host
            if dtype in dt.INTEGERS and target is dt.float16:
                given = samples.read_only(np.array([0, 1, 7, 100], dtype))
            wide = (
                np.real(given) if dtype in dt.COMPLEX and target not in dt.COMPLEX and target is not dt.bool_ else given
            )
            true = wide.astype(target)
            t.exactly(
                elementwise.astype(t.tensor(given), target), true, dtype=target, what=f"{dtype.name} as {target.name}"
            )
            continue
        modulus, low = 1 << np.iinfo(target).bits, int(np.iinfo(target).min)
        true = np.array([(int(one) - low) % modulus + low for one in host], target)
        t.exactly(x.astype(target), true, dtype=target, what=f"{dtype.name} as {target.name}")


def _rounding(t: Trial) -> None:
    """To the nearest, ties to even: longdouble's numbers decide."""
    host = samples.values("any", dt.float64, (1000,), t.rng)
    for source, target in (
        (dt.float64, dt.float32),
        (dt.float64, dt.float16),
        (dt.float32, dt.float16),
        (dt.float32, dt.bfloat16),
    ):
        given = host.astype(source)
        t.close(
            elementwise.astype(t.tensor(given), target),
            widened(given),
            0.5,
            dtype=target,
            what=f"{source.name} as {target.name}",
        )
    for target in (dt.float16, dt.bfloat16):
        step = float(dt.finfo(target).eps)
        given = np.array([1 + step / 2 + sign * 2.0**-22 for sign in (-1, 1)], np.float32)
        true = np.array([1, 1 + step]).astype(target)
        t.exactly(elementwise.astype(t.tensor(given), target), true, what=f"float32 as {target.name} near a tie")
    if dt.int64 in t.backend.capabilities.dtypes:
        given = np.array([(1 << 60) + (1 << 36) + 1, (1 << 60) + (1 << 36), (1 << 60) + (3 << 36) - 1])
        true = np.array([(1 << 60) + (1 << 37), 1 << 60, (1 << 60) + (1 << 37)], np.float32)
        t.exactly(elementwise.astype(t.tensor(given), dt.float32), true, what="int64 as float32 near a tie")
    ties = np.array([1 + 2.0**-24, 1 + 3 * 2.0**-24, -1 - 2.0**-24])
    t.exactly(elementwise.astype(t.tensor(ties), dt.float32), np.array([1, 1 + 2.0**-22, -1], np.float32), what="ties")


def _saturate(t: Trial) -> None:
    host = np.array([math.nan, math.inf, -math.inf, 300.7, -300.7, 12.9, -0.5], np.float32)
    t.exactly(
        elementwise.saturate_cast(t.tensor(host), dt.uint8),
        np.array([0, 255, 0, 255, 0, 12, 0], np.uint8),
        what="uint8",
    )
    t.exactly(
        elementwise.saturate_cast(t.tensor(host), dt.int8),
        np.array([0, 127, -128, 127, -128, 12, 0], np.int8),
        what="int8",
    )


def promoted(a: np.dtype, b: np.dtype) -> np.dtype | None:
    """The common dtype of two, by the array API standard and what polyflow adds to it (None: none)."""
    if a is b:
        return a
    ranks = {**dict.fromkeys(("b",), 0), "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}
    kinds = [ranks[one.kind] for one in (a, b)]
    low, high = (a, b) if kinds[0] <= kinds[1] else (b, a)
    if kinds[0] != kinds[1]:
        if high.kind == "c" and low is dt.float64:
            return dt.complex128
        return high
    if high.kind in "fV":
        if {a, b} == {dt.float16, dt.bfloat16}:
            return dt.float32
        return max(a, b, key=lambda one: one.itemsize)
    if a.kind == b.kind:
        return max(a, b, key=lambda one: one.itemsize)
    unsigned, signed = (a, b) if a.kind == "u" else (b, a)
    if unsigned.itemsize < signed.itemsize:
        return signed
    return None if unsigned.itemsize == 8 else np.dtype(f"int{16 * unsigned.itemsize}")


def _promotion(t: Trial, *, dtype: np.dtype) -> None:
    x = t.tensor(np.ones(2, dtype))
    for other in _held(t):
        target = promoted(dtype, other)
        y = t.tensor(np.ones(2, other))
        if target is None:
            t.raises(lambda y=y: x + y, TypeError, dtype.name, other.name)
            continue
        target = dt.as_dtype(target)
        result = dt.int32 if target is dt.bool_ else target
        if result in t.backend.capabilities.dtypes:
            t.exactly(x + y, np.full(2, 2, result), what=f"{dtype.name} + {other.name}")


# Choice --------------------------------------------------------------------------------------------------------------


def _choice() -> Iterator[Case]:
    for dtype in MAIN:
        for label in ("small", "broadcast", "empty"):
            check = functools.partial(_where, dtype=dtype, label=label)
            yield Case(f"{GROUP}/where/{dtype.name}/{label}", check, (dtype,), quick=label == "broadcast")
    yield Case(f"{GROUP}/where/float32/scalars", _where_scalars, (dt.float32,), quick=True)
    for dtype in (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS):
        check = functools.partial(_clip, dtype=dtype)
        yield Case(f"{GROUP}/clip/{dtype.name}/limits", check, (dtype,), quick=dtype in MAIN)
    yield Case(f"{GROUP}/clip/float32/tensors", _clip_tensors, (dt.float32,))


def _where(t: Trial, *, dtype: np.dtype, label: str) -> None:
    sizes = {"small": ((3, 4),) * 3, "broadcast": ((3, 1), (4,), (2, 1, 1)), "empty": ((0, 3), (3,), ())}[label]
    mask = samples.values("any", dt.bool_, sizes[0], t.rng)
    a, b = (samples.values("any", dtype, size, t.rng) for size in sizes[1:])
    value = elementwise.where(t.tensor(mask), t.tensor(a), t.tensor(b))
    t.exactly(value, np.where(mask, a, b), dtype=dtype, what="where")


def _where_scalars(t: Trial) -> None:
    host = np.array([1.0, -2.0, math.nan], np.float32)
    x = t.tensor(host)
    t.exactly(elementwise.where(x > 0, x, 0), np.array([1, 0, 0], np.float32), what="where with a number")
    t.exactly(elementwise.where(x > 0, 2.5, x), np.array([2.5, -2, math.nan], np.float32), what="where with a number")


def _clip(t: Trial, *, dtype: np.dtype) -> None:
    host = (
        samples.extremes(dtype)
        if dtype in dt.INTEGERS
        else np.array([-9, -1, 0, 0.5, 2, 99, math.nan, math.inf], dtype)
    )
    for low, high in ((0, 2), (None, 1), (1, None), (3, 1)):
        rows = [_clipped(one, low, high) for one in host]
        t.exactly(elementwise.clip(t.tensor(host), low, high), np.array(rows, dtype), what=f"clip({low}, {high})")


def _clipped(value: Any, low: Any, high: Any) -> Any:
    if value != value:
        return value
    number = float(value) if value.dtype.kind in "fV" else int(value)
    number = number if low is None else max(number, low)
    return number if high is None else min(number, high)


def _clip_tensors(t: Trial) -> None:
    host = np.array([-3.0, 0.2, 5.0], np.float32)
    low, high = np.array([-1.0, 0.0, 1.0], np.float32), np.array([1.0, 0.1, 2.0], np.float32)
    value = elementwise.clip(t.tensor(host), t.tensor(low), t.tensor(high))
    t.exactly(value, np.array([-1.0, 0.1, 2.0], np.float32), what="clip")


# Products ------------------------------------------------------------------------------------------------------------

MATRICES = {
    "matrices": ((3, 4), (4, 5)),
    "vectors": ((4,), (4,)),
    "matrix-vector": ((3, 4), (4,)),
    "vector-matrix": ((4,), (4, 5)),
    "batched": ((2, 3, 4), (2, 4, 5)),
    "broadcast": ((2, 1, 3, 4), (3, 4, 2)),
    "empty": ((3, 0), (0, 2)),
    "long": ((2, 1000), (1000, 3)),
    "stack-vector": ((2, 3, 4), (4,)),
    "vector-stack": ((4,), (2, 4, 5)),
    "blocks": ((64, 48), (48, 40)),
    "stacks": ((2, 3, 4, 5), (2, 3, 5, 2)),
    "deep": ((2, 1, 2, 3, 4), (2, 1, 4, 2)),
    "row": ((1, 7), (7, 5)),
    "column": ((5, 7), (7, 1)),
    "outer": ((5, 1), (1, 7)),
    "tiles": ((131, 70), (70, 137)),
}


def _products() -> Iterator[Case]:
    for dtype in (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS, *dt.COMPLEX):
        for label in MATRICES if dtype in MAIN else ("matrices", "long"):
            check = functools.partial(_matmul, dtype=dtype, label=label)
            yield Case(
                f"{GROUP}/matmul/{dtype.name}/{label}",
                check,
                (dtype,),
                quick=dtype in MAIN and label in ("matrices", "long"),
            )
    for dtype in (dt.float16, dt.bfloat16):
        check = functools.partial(_matmul_many, dtype=dtype)
        yield Case(f"{GROUP}/matmul/{dtype.name}/accumulated-wide", check, (dtype,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/transposed", _matmul_transposed, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/views", _matmul_views, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/special", _matmul_special, (dt.float32,))
    for dtype in (*dt.SIGNED, *dt.UNSIGNED):
        check = functools.partial(_matmul_wraps, dtype=dtype)
        yield Case(f"{GROUP}/matmul/{dtype.name}/wrap", check, (dtype,), quick=dtype is dt.int32)
    for label, (equation, sizes) in EINSUMS.items():
        check = functools.partial(_einsum, equation=equation, sizes=sizes)
        yield Case(f"{GROUP}/einsum/float32/{label}", check, (dt.float32,), quick=label == "batched")
    yield Case(f"{GROUP}/tensordot/float32/axes", _tensordot, (dt.float32,))
    yield Case(f"{GROUP}/outer/float32/vectors", _outer, (dt.float32,))
    yield Case(f"{GROUP}/vecdot/complex64/conjugated", _vecdot, (dt.complex64,))
    yield Case(f"{GROUP}/trace/float32/offset", _trace, (dt.float32,))


EINSUMS = {
    "matmul": ("ij,jk->ik", ((3, 4), (4, 5))),
    "batched": ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
    "trace": ("ii->", ((4, 4),)),
    "diagonal": ("iij->ij", ((3, 3, 2),)),
    "sum": ("ijk->j", ((2, 3, 4),)),
    "outer": ("i,j->ij", ((3,), (4,))),
    "three": ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
    "implicit": ("ij,jk", ((2, 3), (3, 4))),
    "ellipsis": ("...ij,...jk->...ik", ((2, 3, 4), (4, 2))),
}


def _wide(host: np.ndarray) -> np.ndarray:
    return widened(host) if host.dtype in dt.INEXACT else host.astype(object)


def _product(
    t: Trial, value: Any, function: Callable[..., Any], hosts: tuple[np.ndarray, ...], dtype: np.dtype, what: str
) -> None:
    """A sum of products within 4 · eps · (|A|·|B|), or exactly for integers."""
    if dtype in dt.INTEGERS:
        true = function(*[host.astype(np.int64) for host in hosts]).astype(dtype)
        t.exactly(value, true, dtype=dtype, what=what)
        return
    wide = [host.astype(WIDE_COMPLEX if dtype in dt.COMPLEX else WIDE) for host in hosts]
    true = np.asarray(function(*wide))
    scale = np.asarray(function(*[np.abs(one) for one in wide]))
    t.close(value, true, 8.0 if dtype in dt.COMPLEX else 4.0, dtype=dtype, scale=scale, what=what)


def _matmul(t: Trial, *, dtype: np.dtype, label: str) -> None:
    a, b = (samples.values("any", dtype, size, t.rng) for size in MATRICES[label])
    value = linalg.matmul(t.tensor(a), t.tensor(b))
    kept = t.host(value).copy()
    linalg.matmul(t.tensor(a + np.ones((), dtype)), t.tensor(b))
    t.exactly(value, kept, dtype=dtype, what="a product after the next one")
    _product(t, value, np.matmul, (a, b), dtype, "matmul")


def _matmul_many(t: Trial, *, dtype: np.dtype) -> None:
    """5000 ones: sums in 16 bits stop growing at 2048 (float16) or 256 (bfloat16)."""
    value = linalg.matmul(t.tensor(np.ones((2, 5000), dtype)), t.tensor(np.ones((5000, 2), dtype)))
    t.close(value, np.full((2, 2), WIDE(5000)), 0.501, dtype=dtype, what="matmul of 5000 ones")


def _matmul_transposed(t: Trial) -> None:
    a, b = (samples.values("any", dt.float32, size, t.rng) for size in ((4, 3), (10, 4)))
    value = t.tensor(a).T @ t.tensor(b)[::-2].T
    _product(t, value, np.matmul, (a.T, b[::-2].T), dt.float32, "matmul of transposed matrices")


def _matmul_views(t: Trial) -> None:
    """A matrix and its own transpose, matrices turned around, every other row, one row again and again."""
    host = samples.values("any", dt.float32, (6, 6), t.rng)
    x = t.tensor(host)
    kept = []
    views = {"plain": (x, host), "transposed": (x.T, host.T), "reversed": (x[::-1, ::-1], host[::-1, ::-1])}
    views["repeated"] = shape.broadcast_to(x[:1], (6, 6)), np.broadcast_to(host[:1], (6, 6))
    for label, (a, h) in views.items():
        for other, (b, k) in views.items():
            value = linalg.matmul(a, b)
            _product(t, value, np.matmul, (h, k), dt.float32, f"matmul of a {label} and a {other} matrix")
            kept.append((value, t.host(value).copy()))
    strided = t.tensor(np.repeat(np.repeat(host, 2, 0), 3, 1))[::2, ::3]
    _product(t, linalg.matmul(strided, x), np.matmul, (host, host), dt.float32, "matmul of a strided matrix")
    for value, before in kept:
        t.exactly(value, before, what="an earlier product after later ones")
    t.exactly(x, host, what="the argument of matmul after the calls")


def _matmul_special(t: Trial) -> None:
    """0 times NaN is NaN, and so is 0 times infinity, also in a row of zeros."""
    a = np.array([[0, 0, 0], [1, 2, 3], [0, 0, 1]], np.float32)
    b = np.array([[math.nan, 1], [1, math.inf], [2, 3]], np.float32)
    true = np.array([[math.nan, math.nan], [math.nan, math.inf], [math.nan, math.nan]], np.float32)
    t.exactly(linalg.matmul(t.tensor(a), t.tensor(b)), true, what="matmul")


def _matmul_wraps(t: Trial, *, dtype: np.dtype) -> None:
    """Products of integers wrap, and keep every bit."""
    a, b = (samples.awkward(dtype, size, t.rng) for size in ((3, 7), (7, 4)))
    modulus, low = 1 << np.iinfo(dtype).bits, int(np.iinfo(dtype).min)
    whole = a.astype(object) @ b.astype(object)
    true = np.array([(int(one) - low) % modulus + low for one in whole.ravel()], dtype).reshape(whole.shape)
    t.exactly(linalg.matmul(t.tensor(a), t.tensor(b)), true, dtype=dtype, what="matmul")


def _einsum(t: Trial, *, equation: str, sizes: tuple[tuple[int, ...], ...]) -> None:
    hosts = tuple(samples.values("any", dt.float32, size, t.rng) for size in sizes)
    value = linalg.einsum(equation, *[t.tensor(host) for host in hosts])
    wide = [host.astype(WIDE) for host in hosts]
    true = np.asarray(np.einsum(equation, *wide))
    scale = np.asarray(np.einsum(equation, *[np.abs(one) for one in wide]))
    t.close(value, true, 8.0, dtype=dt.float32, scale=scale, what=f"einsum {equation}")


def _tensordot(t: Trial) -> None:
    hosts = tuple(samples.values("any", dt.float32, size, t.rng) for size in ((2, 3, 4), (4, 3, 5)))
    for axes in (1, ([2, 1], [0, 1])):
        if axes == 1:
            value = linalg.tensordot(t.tensor(hosts[0]), t.tensor(hosts[1]), axes=1)
        else:
            value = linalg.tensordot(t.tensor(hosts[0]), t.tensor(hosts[1]), axes=axes)
        _product(t, value, lambda a, b, axes=axes: np.tensordot(a, b, axes), hosts, dt.float32, f"tensordot {axes}")


def _outer(t: Trial) -> None:
    a, b = (samples.values("any", dt.float32, size, t.rng) for size in ((3,), (4,)))
    _product(t, linalg.outer(t.tensor(a), t.tensor(b)), np.outer, (a, b), dt.float32, "outer")


def _vecdot(t: Trial) -> None:
    a, b = (samples.values("any", dt.complex64, size, t.rng) for size in ((3, 4), (4,)))
    _product(
        t,
        linalg.vecdot(t.tensor(a), t.tensor(b)),
        lambda x, y: (np.conj(x) * y).sum(-1),
        (a, b),
        dt.complex64,
        "vecdot",
    )


def _trace(t: Trial) -> None:
    host = samples.values("any", dt.float32, (2, 3, 4), t.rng)
    _product(t, linalg.trace(t.tensor(host), offset=1), lambda x: np.trace(x, 1, -2, -1), (host,), dt.float32, "trace")
