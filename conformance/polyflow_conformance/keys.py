"""Random keys: integers, slices, index arrays, masks, None, ``...`` and truth values, mixed, as NumPy takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SHAPES = ((), (1,), (2,), (3, 1), (1, 2), (2, 2), (0,))
"""Shapes of the index arrays of one key; two of them broadcast, or the key is drawn anew."""


def random_key(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """A key of a tensor of ``shape`` that NumPy takes too: nothing is outside, and index arrays broadcast."""
    hollow = np.broadcast_to(np.int8(0), shape)
    while True:
        key = _drawn(rng, list(shape))
        try:
            if hollow[key].size < 200:
                return key
        except IndexError:  # masks and arrays that do not broadcast
            continue


def _drawn(rng: np.random.Generator, left: list[int]) -> Any:
    parts: list[Any] = []
    common = SHAPES[rng.integers(len(SHAPES))]
    dotted = False
    while True:
        kind = rng.choice(["integer", "slice", "array", "array", "mask", "none", "dots", "flag", "stop"])
        if kind == "none" and rng.random() < 0.5:
            parts.append(None)
        elif kind == "flag" and rng.random() < 0.3:
            parts.append([True, False, np.True_, np.array(True), np.array(False)][rng.integers(5)])
        elif kind == "dots" and not dotted:
            dotted = True
            parts.append(...)
            del left[: rng.integers(len(left) + 1)]
        elif not left or (kind == "stop" and not dotted and rng.random() < 0.3):
            break
        elif kind == "integer" and left[0]:
            parts.append(int(rng.integers(-left[0], left.pop(0))))
        elif kind == "array" and left[0]:
            parts.append(_index_array(rng, left.pop(0), common))
        elif kind == "mask":
            depth = int(rng.integers(1, min(2, len(left)) + 1))
            parts.append(rng.random(left[:depth]) < 0.4)
            del left[:depth]
        elif kind == "slice":
            size = left.pop(0)
            start, stop = (None if rng.random() < 0.4 else int(rng.integers(-size - 2, size + 3)) for _ in range(2))
            parts.append(slice(start, stop, (None, 1, 2, -1, -2, -3)[rng.integers(6)]))
    return tuple(parts) if len(parts) != 1 or rng.random() < 0.5 else parts[0]


def _index_array(rng: np.random.Generator, size: int, common: tuple[int, ...]) -> Any:
    shape = common if rng.random() < 0.8 else SHAPES[rng.integers(len(SHAPES))]
    signed = rng.random() < 0.7
    index = rng.integers(-size if signed else 0, size, shape)
    index = index.astype(rng.choice(["int8", "int32", "int64"] if signed else ["uint8", "uint32", "int64"]))
    return index.tolist() if shape and math.prod(shape) and rng.random() < 0.3 else index
