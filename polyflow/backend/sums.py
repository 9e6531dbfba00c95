"""Sums that keep polyflow's bound over libraries that add one number after the other.

Many libraries add pairwise only along the axis that lies contiguous in memory; over the rows of a long matrix their
error grows with the number of rows. Here one half of the rows is added to the other, until few are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FEW = 16
"""So many terms may be added one after the other."""


def adds_in_turn(backend: Any, dtype: np.dtype) -> bool:
    """Whether a backend's ``xp.sum`` adds the rows of a matrix one after the other; found out by asking it."""
    rows = np.full((4096, 4), 0.1, dtype)
    found = backend.to_numpy(backend.xp.sum(backend.asarray(rows), axis=0))
    exact = len(rows) * float(rows[0, 0].real)
    return bool(np.any(abs(found - exact) > 4 * exact * np.finfo(dtype).eps))


def halved(x: Any, axes: Sequence[int]) -> list[Any]:
    """Arrays of at most `FEW` elements along each of ``axes``, whose sums over these add up to the sum of ``x``."""
    parts = [x]
    for axis in axes:
        long, parts = parts, []
        for part in long:
            while part.shape[axis] > FEW:
                half, odd = divmod(part.shape[axis], 2)
                if odd:
                    parts.append(_rows(part, axis, 2 * half, 2 * half + 1))
                part = _rows(part, axis, 0, half) + _rows(part, axis, half, 2 * half)
            parts.append(part)
    return parts


def _rows(x: Any, axis: int, start: int, stop: int) -> Any:
    return x[(slice(None),) * axis + (slice(start, stop), ...)]
