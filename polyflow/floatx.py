"""The dtype that layers, metrics and initializers work in unless told otherwise: ``tf.keras.backend.set_floatx``."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes as dt
from .errors import DTypeError

_current = dt.DEFAULT_FLOAT


def floatx() -> str:
    """The name of the dtype that layers work in unless told otherwise."""
    return _current.name


def set_floatx(value: Any) -> None:
    """Let what is made from now on work in another floating dtype unless told otherwise; what there is stays as it is.

    Raises:
        DTypeError: for anything but float16, bfloat16, float32 and float64.
    """
    global _current
    chosen = dt.as_dtype(value)
    if chosen not in dt.FLOATING:
        raise DTypeError(f"set_floatx takes one of {', '.join(one.name for one in dt.FLOATS)}; got {chosen.name}.")
    _current = chosen


def chosen(dtype: Any) -> np.dtype:
    """``dtype`` as a dtype; the default one where it is None."""
    return _current if dtype is None else dt.as_dtype(dtype)
