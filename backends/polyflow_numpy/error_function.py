"""The error function of narrow floats: in float64, by one formula for all of them, and rounded once.

The formulas of the ops themselves (`polyflow.ops.special`) are exact to a few units of float64. They choose among four
stretches, and NumPy computes each of them for every element. Nine digits are enough for float32: one fraction does for
the error function, one polynomial for its complement. Their coefficients are minimax fits of the relative error, found
by iterated least squares against values of fifty digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops.declare import OPS

BLOCK = 1 << 13
"""Elements at a time: so many in float64, and two more of them, stay in a core's cache."""

TOP = (
    -4.021264478113684e-09,
    1.3009791047389258e-06,
    0.00010306033154071447,
    0.0013018026139810478,
    0.017259348795962196,
    0.09900138927630835,
    0.46400491442020114,
    1.1283791668299508,
)
BOTTOM = (
    1.7038979965533107e-05,
    0.000386051967500663,
    0.005090081076116206,
    0.043290196831592055,
    0.23592013039265855,
    0.7445469693482225,
    1.0,
)
"""erf(x) / x as a fraction in x**2, highest power first: within 2.8e-10 up to x = 4, where erf(x) is 1 in float32."""

COMPLEMENT = (
    -0.02879775008543052,
    0.2172421478571463,
    -0.6970817247961025,
    1.2039310462123822,
    -1.153474247887079,
    0.5922421040947554,
    -0.26552503836160135,
    0.15625237317666069,
    0.16263279251154483,
    0.24850400412119866,
    0.28197575813467995,
    0.2820985353388611,
)
"""erfc(x) exp(x**2) / t in t = 2 / (2 + x), highest power first: within 3.2e-10 up to x = 10.3, where erfc(x) is 0."""


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
