"""core-1, ops that move elements: reshaped, turned, joined, taken apart, repeated."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, indexing, linalg, shape

from .. import samples
from ..case import Case, Trial
from ..measure import widened
from .core_elementwise import MAIN

GROUP = "core-1"

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
        ("many", lambda x: shape.concat([x, x[:1]] * 40, axis=0), lambda h: np.concatenate([h, h[:1]] * 40, 0)),
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


def cases() -> Iterator[Case]:
    """Each op on a few calls, in the main dtypes; some in every dtype."""
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


def drawn(t: Trial, dtype: np.dtype, size: tuple[int, ...] = (2, 3, 4)) -> tuple[np.ndarray, Any]:
    """Random values, and a tensor that holds them."""
    host = samples.values("any", dtype, size, t.rng)
    return host, t.tensor(host)


def _move(t: Trial, *, function: Any, oracle: Any, dtype: np.dtype, name: str) -> None:
    host, tensor = drawn(t, dtype)
    t.exactly(function(tensor), oracle(host), dtype=dtype, what=name)
    t.exactly(tensor, host, what=f"the argument of {name} after the call")


def _every(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host, x = drawn(t, dtype)
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
