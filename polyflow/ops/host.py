"""Arrays on the host that depend on sizes alone: small ones are made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

_KEPT, _SMALL = 128, 1 << 16
"""So many arrays of each kind are kept, none of more bytes than this."""


def _kept_if_small(make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """``make(*sizes)``, which nobody may write to; what is small is kept for the next call."""

    @lru_cache(_KEPT)
    def kept(*sizes: Any) -> np.ndarray | None:
        array = made(*sizes)
        return array if array.nbytes <= _SMALL else None

    def made(*sizes: Any) -> np.ndarray:
        array = make(*sizes)
        array.setflags(write=False)
        return array

    def call(*sizes: Any) -> np.ndarray:
        array = kept(*sizes)
        return made(*sizes) if array is None else array

    return call


@_kept_if_small
def triangle(rows: int, columns: int, k: int, lower: bool) -> np.ndarray:
    """Which elements of a matrix stand on or below its ``k``-th diagonal; on or above it where not ``lower``."""
    below = np.tri(rows, columns, k if lower else k - 1, dtype=bool)
    return below if lower else ~below


@_kept_if_small
def count_from_0(count: int, axes: int, dtype: np.dtype) -> np.ndarray:
    """The numbers below ``count``, with so many axes of size 1 after them."""
    return np.arange(count, dtype=dtype).reshape(count, *[1] * axes)
