"""Limiting numbers to an interval: few by `maximum` and `minimum`, many by NumPy's own clip, in one pass over them.

NumPy's clip takes ten microseconds to begin, and then a quarter of the time for each element.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow import dtypes as dt

MANY = 1 << 12
"""So many elements are limited in one pass."""


def at_once(size: int, dtype: Any, low: Any, high: Any) -> bool:
    """Whether so many elements are limited from both sides at once."""
    return size >= MANY and low is not None and high is not None and dtype not in dt.HALVES


def clip(x: Any, *, min: Any, max: Any) -> Any:
    """``x`` limited to the interval from ``min`` to ``max``, either of which may be None."""
    kind = x.dtype.type
    if at_once(x.size, x.dtype, min, max):
        return np.clip(x, kind(min), kind(max))
    x = x if min is None else np.maximum(x, kind(min))
    return x if max is None else np.minimum(x, kind(max))


def clamp(x: Any, low: Any, high: Any) -> Any:
    """``x`` limited to the interval from ``low`` to ``high``, which are arrays too."""
    return np.minimum(np.maximum(x, low), high)
