"""The error function, its complement and its inverse, block by block.

The formulas of the ops themselves (`polyflow.backend.error_function`) choose among several stretches, and NumPy would
compute each of them for every element. Of narrow floats nine digits are enough: one fraction does for the error
function, one polynomial for its complement. For the inverse the elements of the outer stretch are taken out, which
gives the formula's own bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.error_function import BOTTOM, CENTRE, CENTRE_END, COMPLEMENT, OUTER, TOP, polynomial, ratio
from polyflow.ops.declare import OPS

BLOCK = 1 << 13
"""Elements at a time: so many in float64, and two more of them, stay in a core's cache."""

Fraction = tuple[tuple[float, ...], tuple[float, ...]]


def _arrays(fraction: Fraction) -> Any:
    """A fraction's coefficients as arrays, which NumPy takes sooner than numbers."""
    return tuple(tuple(map(np.array, polynomial)) for polynomial in fraction)


_CENTRE, _OUTER = _arrays(CENTRE), _arrays(OUTER)

Block = Callable[[np.ndarray], np.ndarray]
"""A function of some elements in float64, which it may write over."""


def _in_blocks(narrow: Block, wide: Block | None, reference: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A kernel: of narrow floats by ``narrow``, rounded once, of float64 by ``wide``, or else the op's reference."""

    def kernel(x: Any) -> Any:
        block = wide if x.dtype is dt.float64 else narrow
        if block is None:
            return reference(x)
        result = np.empty(x.shape, x.dtype)
        flat, out = x.reshape(-1), result.reshape(-1)
        for start in range(0, x.size, BLOCK):
            out[start : start + BLOCK] = block(flat[start : start + BLOCK].astype(dt.float64))
        return result

    return kernel


def _erf(x: np.ndarray) -> np.ndarray:
    x = np.minimum(np.maximum(x, -4.0), 4.0)
    square = x * x
    x *= polynomial(TOP, square)
    x /= polynomial(BOTTOM, square)
    return x


def _erfc(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    t = 2.0 / (size + 2.0)
    size *= size
    np.negative(size, size)
    tail = np.exp(size, size)
    tail *= t
    tail *= polynomial(COMPLEMENT, t)
    return np.where(x < 0.0, 2.0 - tail, tail)


def _erfinv(x: np.ndarray) -> np.ndarray:
    square = x * x
    np.subtract(CENTRE_END**2, square, square)
    y = ratio(_CENTRE, square)
    y += 1.0
    y *= x
    (late,) = np.nonzero(np.abs(x, square) > CENTRE_END)
    if late.size:
        far = x[late]
        rest = np.abs(far)
        np.subtract(1.0, rest, rest)
        r = np.log(rest)
        np.negative(r, r)
        np.sqrt(r, r)
        tail = r - ratio(_OUTER, r)
        tail[rest == 0.0] = np.inf
        y[late] = np.copysign(tail, far, tail)
    return y


erf = _in_blocks(_erf, None, OPS["erf"].reference)
erfc = _in_blocks(_erfc, None, OPS["erfc"].reference)
erfinv = _in_blocks(_erfinv, _erfinv, OPS["erfinv"].reference)
