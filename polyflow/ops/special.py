"""The error function and its relatives, which neither NumPy nor the array API standard has.

Each is one formula, written once for any namespace that has the elementary functions: NumPy (the reference) or
polyflow's own ops (the decomposition, for backends that have no such function). float64 results lie within 4 ulp of the
true ones; narrower floats are computed in float64 where the backend has it, and rounded once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes as dt
from . import elementwise
from .declare import gradient, op
from .elementwise import astype, exp, square
from .rules import elementwise as rule

# W. J. Cody, "Rational Chebyshev approximation for the error function", Mathematics of Computation 23 (1969), 631-637:
# numerator and denominator, highest power first. Near 0 in x**2, in the middle in x, in the tail in 1 / x**2.
_NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_TAIL = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346047e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)
_NEAR_END = 0.46875

# M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
# 477-484 (PPND16): numerator and denominator, highest power first, for the centre, the tail and the far tail.
_CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
_OUTER = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
_FAR = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    """A rational function by Horner's scheme."""
    top, bottom = (_polynomial(coefficients, x) for coefficients in polynomials)
    return top / bottom


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    value = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        value = value * x + coefficient
    return value


def _exp_of_minus_square(x: Any, xp: Any) -> Any:
    """``exp(-x**2)`` for x >= 0, the square split in two so that its rounding error is not magnified (Cody's way).

    (A product of two exponentials would be put together again by compilers that take them for real numbers, as XLA does.)
    """
    coarse = xp.round(x * 256.0) / 256.0  # 12 bits in float32, 13 in float64: its square is exact
    main = xp.exp(-coarse * coarse)
    return main + main * xp.expm1(-(x - coarse) * (x + coarse))


def _erfc_of_magnitude(x: Any, xp: Any) -> Any:
    """``erfc(x)`` for x above 0.46875."""
    tail = x > 4.0
    inverse = 1.0 / xp.where(tail, x * x, 16.0)
    far = (1.0 / math.sqrt(math.pi) - inverse * _ratio(_TAIL, inverse)) / xp.where(tail, x, 4.0)
    held = xp.where(x > 30.0, 30.0, x)  # exp(-900) is 0 already
    return _exp_of_minus_square(held, xp) * xp.where(tail, far, _ratio(_MIDDLE, xp.where(tail, 4.0, x)))


def _erf_near(x: Any, xp: Any) -> Any:
    return x * _ratio(_NEAR, x * x)


def _erf(x: Any, xp: Any) -> Any:
    size = xp.abs(x)
    near = ~(size > _NEAR_END)  # NaN is near, and passes through
    outer = 1.0 - _erfc_of_magnitude(xp.where(near, 1.0, size), xp)
    return xp.where(near, _erf_near(xp.where(near, x, 0.0), xp), xp.where(x < 0.0, -outer, outer))


def _erfc(x: Any, xp: Any) -> Any:
    size = xp.abs(x)
    near = ~(size > _NEAR_END)
    outer = _erfc_of_magnitude(xp.where(near, 1.0, size), xp)
    return xp.where(near, 1.0 - _erf_near(xp.where(near, x, 0.0), xp), xp.where(x < 0.0, 2.0 - outer, outer))


def _erfinv(x: Any, xp: Any) -> Any:
    size = xp.abs(x)
    centre = ~(size > 0.85)
    q = xp.where(centre, x, 0.0) / 2.0
    middle = q * _ratio(_CENTRE, 0.180625 - q * q)
    r = xp.sqrt(-xp.log(xp.where(centre | (size >= 1.0), 0.5, (1.0 - size) / 2.0)))
    tail = xp.where(r <= 5.0, _ratio(_OUTER, r - 1.6), _ratio(_FAR, xp.where(r <= 5.0, 5.0, r) - 5.0))
    tail = xp.where(size == 1.0, math.inf, xp.where(size > 1.0, math.nan, tail))
    return xp.where(centre, middle, xp.where(x < 0.0, -tail, tail)) / math.sqrt(2.0)


_BLOCK = 1 << 14
"""Elements computed at once on the host: a formula's many intermediate arrays then stay in the processor's cache."""


def _on_host(formula: Any, x: np.ndarray) -> np.ndarray:
    flat, result = x.reshape(-1), np.empty(x.size, x.dtype)
    with np.errstate(all="ignore"):
        for start in range(0, x.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            result[part] = formula(flat[part].astype(np.float64), np)
    return result.reshape(x.shape)


def _in_ops(formula: Any) -> Any:
    """The formula as a decomposition: in float64 where the backend has it."""

    def decomposition(x: Any) -> Any:
        if x.dtype is dt.float64 or dt.float64 not in x.backend.capabilities.dtypes:
            return formula(x, elementwise)
        return astype(formula(astype(x, dt.float64), elementwise), x.dtype)

    return decomposition


@op(rule("real floating"), decomposition=_in_ops(_erf), standard=False)
def erf(x, /):
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to ``x``."""
    return _on_host(_erf, x)


@op(rule("real floating"), decomposition=_in_ops(_erfc), standard=False)
def erfc(x, /):
    """``1 - erf(x)``, exact for large ``x``."""
    return _on_host(_erfc, x)


@op(rule("real floating"), decomposition=_in_ops(_erfinv), standard=False, samples="unit")
def erfinv(x, /):
    """The inverse of `erf` on [-1, 1]; infinite at the ends, NaN beyond them."""
    return _on_host(_erfinv, x)


_SLOPE = 2.0 / math.sqrt(math.pi)

gradient(erf, lambda g, y, x: g * (_SLOPE * exp(-square(x))))
gradient(erfc, lambda g, y, x: g * (-_SLOPE * exp(-square(x))))
gradient(erfinv, lambda g, y, x: g * (exp(square(y)) / _SLOPE))
