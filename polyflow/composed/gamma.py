"""The gamma function and its relatives in composed ops: the same numbers on every backend.

Both functions move their argument up to where an asymptotic series in ``1 / x**2`` holds (its coefficients come from
the Bernoulli numbers), and reflect negative arguments. They are computed in float64 where the backend has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes as dt
from ..flow.transforms import custom_gradient
from ..ops import elementwise as e
from ..ops.reduction import sum
from ..tensor import Tensor, asarray

SHIFT = 8
"""How far arguments are moved up: the series' first term left out is below 1e-17 from there on."""

_LGAMMA = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188)
"""B(2k) / (2k (2k - 1)): ``lgamma(x) = (x - 1/2) log x - x + log(2 pi) / 2 + sum of these over x**(2k - 1)``."""

_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160, 43867 / 14364)
"""B(2k) / 2k: ``digamma(x) = log x - 1 / 2x - sum of these over x**2k``."""


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, …"""
    return _lgamma(_floating(x))


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of `lgamma`; NaN at 0, -1, -2, …"""
    return _wide(_digamma_of, _floating(x))


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the beta function of the numbers along the last axis: ``sum(lgamma(x)) - lgamma(sum(x))``."""
    x = _floating(x)
    return sum(lgamma(x), -1) - lgamma(sum(x, -1))


@custom_gradient
def _lgamma(x: Tensor) -> tuple[Tensor, Any]:
    return _wide(_lgamma_of, x), lambda g: g * digamma(x)


def _floating(x: Any) -> Tensor:
    tensor = asarray(x)
    return tensor if tensor.dtype in dt.FLOATING else e.astype(tensor, dt.DEFAULT_FLOAT)


def _wide(formula: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if x.dtype is dt.float64 or dt.float64 not in x.backend.capabilities.dtypes:
        return formula(x)
    return e.astype(formula(e.astype(x, dt.float64)), x.dtype)


def _series(coefficients: tuple[float, ...], over: Tensor) -> Tensor:
    """The polynomial in ``over`` with these coefficients, the first of them constant, by Horner's rule."""
    found: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        found = found * over + coefficient
    return found


def _moved_up(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which arguments are reflected; all after that; which of these are moved up; and all moved, for the series."""
    low = e.less(x, 0.5)
    y = e.where(low, 1.0 - x, x)
    small = e.less(y, SHIFT)
    return low, y, small, e.where(small, y + SHIFT, y)


def _lgamma_of(x: Tensor) -> Tensor:
    low, y, small, z = _moved_up(x)
    product: Any = 1.0
    for step in range(SHIFT):
        product = product * e.where(small, y + step, 1.0)
    bounded = e.minimum(z, 1e300)  # the logarithm of infinity minus infinity is no number
    value = (bounded - 0.5) * e.log(bounded) - bounded + 0.5 * math.log(2 * math.pi)
    value = value + _series(_LGAMMA, 1.0 / e.square(bounded)) / bounded - e.log(product)
    value = e.where(e.isinf(z), math.inf, value)
    reflected = math.log(math.pi) - e.log(e.abs(_sin_of_turns(x))) - value
    value = e.where(e.logical_or(e.equal(x, 1.0), e.equal(x, 2.0)), 0.0, value)
    return e.where(low, e.where(e.equal(x, -math.inf), math.inf, reflected), value)


def _digamma_of(x: Tensor) -> Tensor:
    low, y, small, z = _moved_up(x)
    steps: Any = 0.0
    for step in range(SHIFT):
        steps = steps + e.where(small, 1.0 / e.where(small, y + step, 1.0), 0.0)
    square = 1.0 / e.square(z)
    value = e.log(z) - 0.5 / z - _series(_DIGAMMA, square) * square - steps
    rest = x - e.round(x)
    pole = e.logical_and(low, e.equal(rest, 0))
    turn = e.where(low, e.where(pole, 0.25, rest), 0.25) * math.pi
    reflected = value - math.pi * e.cos(turn) / e.sin(turn)
    return e.where(pole, math.nan, e.where(low, reflected, value))


def _sin_of_turns(x: Tensor) -> Tensor:
    """``sin(pi x)``, 0 at whole numbers."""
    return e.sin((x - e.round(x)) * math.pi)
