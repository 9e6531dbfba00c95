"""The error function, its complement and its inverse: of float32 and the halves in float64, and rounded once.

XLA's own in float32 are off by up to 6 and 65 units in the last place. The inverse has a logarithm of its own: on a CPU
XLA computes that of float64 number by number, which took most of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow.backend.error_function import BOTTOM, CENTRE, CENTRE_END, COMPLEMENT, OUTER, SLOPE, TOP, polynomial, ratio
from polyflow.ops.declare import OPS

_SQRT_PI = math.sqrt(math.pi)


def _narrow_erf(x: Any) -> Any:
    wide = jnp.clip(x.astype(jnp.float64), -4, 4)
    square = wide * wide
    return (wide * polynomial(TOP, square) / polynomial(BOTTOM, square)).astype(x.dtype)


def _narrow_erfc(x: Any) -> Any:
    wide = x.astype(jnp.float64)
    size = abs(wide)
    t = 2 / (size + 2)
    tail = jnp.exp(-size * size) * t * polynomial(COMPLEMENT, t)
    return jnp.where(wide < 0, 2 - tail, tail).astype(x.dtype)


def _in_float32(function: Callable[[Any], Any], sign: float) -> Callable[[Any], Any]:
    """A function of float32 and, through it, of the halves, with the derivative ``sign`` 2 / sqrt(pi) exp(-x ** 2)."""
    differentiable = jax.custom_jvp(function)

    @differentiable.defjvp
    def _(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        (x,), (tangent,) = primals, tangents
        return differentiable(x), sign * 2 / _SQRT_PI * jnp.exp(-x * x) * tangent

    return lambda x: differentiable(x.astype(jnp.float32)).astype(x.dtype)


_erf32, _erfc32 = _in_float32(_narrow_erf, 1), _in_float32(_narrow_erfc, -1)


def erf(x: Any, /) -> Any:
    """The error function."""
    return lax.erf(x) if x.dtype.itemsize == 8 else _erf32(x)


def erfc(backend: Any) -> Callable[[Any], Any]:
    """The kernel of its complement: of float64 as other ops make it, for XLA's own is off by 12 units."""
    by_parts = OPS["erfc"].fallback(backend)
    return lambda x: by_parts(x) if x.dtype.itemsize == 8 else _erfc32(x)


_ONE, _SMALLEST = (np.float64(x).view(np.uint64) for x in (1, math.sqrt(0.5)))
_WHOLE = 1.5 * 2.0**52
"""A number whose last bits are a whole number's, which is added to them: uint64 is slow to convert without AVX-512."""
_ARTANH = tuple(2 / (2 * i + 1) for i in reversed(range(11)))


def _log(x: Any) -> Any:
    """The logarithm of positive normal numbers in float64, within 1 ulp."""
    bits = lax.bitcast_convert_type(x, jnp.uint64)
    exponent = (bits + (_ONE - _SMALLEST)) >> np.uint64(52)
    fraction = lax.bitcast_convert_type(bits - (exponent << np.uint64(52)) + _ONE, jnp.float64)
    power = lax.bitcast_convert_type(exponent + np.float64(_WHOLE).view(np.uint64), jnp.float64) - (_WHOLE + 1023)
    s = (fraction - 1) / (fraction + 1)  # at most 0.172: log(fraction) = 2 artanh(s)
    return power * math.log(2) + s * polynomial(_ARTANH, s * s)


@jax.custom_jvp
def _erfinv(x: Any) -> Any:
    size = abs(x)
    rest = 1 - size
    r = jnp.sqrt(-_log(rest))
    tail = jnp.where(rest > 0, r - ratio(OUTER, r), jnp.where(rest == 0, math.inf, math.nan))
    middle = x * (1 + ratio(CENTRE, CENTRE_END**2 - x * x))
    return jnp.where(size > CENTRE_END, jnp.where(x < 0, -tail, tail), middle)


@_erfinv.defjvp
def _(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,), (tangent,) = primals, tangents
    y = _erfinv(x)
    return y, jnp.exp(y * y) / SLOPE * tangent


def erfinv(backend: Any) -> Callable[[Any], Any]:
    """The kernel of the inverse."""
    return lambda x: backend.astype(_erfinv(x.astype(jnp.float64)), dtype=x.dtype)
