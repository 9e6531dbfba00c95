"""The error function of narrow floats: in float64, by one formula for all of them, and rounded once.

The formulas of the ops themselves (`polyflow.ops.special`) are exact to a few units of float64. They choose among four
stretches, and NumPy computes each of them for every element. Nine digits are enough for float32
(`polyflow.backend.error_function`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.error_function import BOTTOM, COMPLEMENT, TOP
from polyflow.ops.declare import OPS

BLOCK = 1 << 13
"""Elements at a time: so many in float64, and two more of them, stay in a core's cache."""


def _narrow(block: Callable[[np.ndarray], np.ndarray], reference: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A kernel that goes through narrow floats block by block, in float64, and leaves float64 to the op's reference."""

    def kernel(x: Any) -> Any:
        if x.dtype is dt.float64:
            return reference(x)
        result = np.empty(x.shape, x.dtype)
        flat, out = x.reshape(-1), result.reshape(-1)
        for start in range(0, x.size, BLOCK):
            out[start : start + BLOCK] = block(flat[start : start + BLOCK].astype(dt.float64))
        return result

    return kernel


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """By Horner's scheme, in one new array."""
    value = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    value += coefficients[-1]
    return value


def _erf(x: np.ndarray) -> np.ndarray:
    x = np.minimum(np.maximum(x, -4.0), 4.0)
    square = x * x
    x *= _polynomial(TOP, square)
    x /= _polynomial(BOTTOM, square)
    return x


def _erfc(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    t = 2.0 / (size + 2.0)
    size *= size
    np.negative(size, size)
    tail = np.exp(size, size)
    tail *= t
    tail *= _polynomial(COMPLEMENT, t)
    return np.where(x < 0.0, 2.0 - tail, tail)


erf = _narrow(_erf, OPS["erf"].reference)
erfc = _narrow(_erfc, OPS["erfc"].reference)
