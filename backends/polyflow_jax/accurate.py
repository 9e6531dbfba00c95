"""Elementary functions that XLA computes with errors of more than 4 units in the last place, at least on CPUs.

Measured on CPU against 80-bit arithmetic, jaxlib 0.10, worst error in ulp in float32 / float64, XLA's and here:
sinh and cosh 24 / 500 -> 2.3 / 3.4, tanh 4.7 / 6.5 -> 2.1 / 2.2, expm1 5.4 / 4.1 -> 1.7 / 2.8, acosh 4.2 / 3.3 ->
3.1 / 3.6, log1p 2.5 / 129 -> 2.5 / 1.9, atanh 2.8 / 129 -> 2.7 / 2.5.

float16 and bfloat16 are computed in float32; complex numbers are left to JAX.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

_TERMS = {"float32": 12, "float64": 21}
_HALF_E = math.e / 2
_HALF_1_E = 0.5 / math.e


def _real(
    function: Callable[[Any], Any], library: Callable[[Any], Any], slope: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """The kernel: ``function`` for real numbers, ``library`` for complex ones, with the derivative ``slope(x, y)``.

    (The derivative of the formula itself would be NaN where the branch not taken overflows.)
    """
    exact = jax.custom_jvp(function)

    @exact.defjvp
    def _(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        y = exact(*primals)
        return y, slope(*primals, y) * tangents[0]

    def kernel(x: Any, /) -> Any:
        if jnp.issubdtype(x.dtype, jnp.complexfloating):
            return library(x)
        if x.dtype.itemsize < 4:
            return exact(x.astype(jnp.float32)).astype(x.dtype)
        return exact(x)

    return kernel


def _small_expm1(x: Any) -> Any:
    """``exp(x) - 1`` for abs(x) up to 1.2, by its Taylor series."""
    total = jnp.zeros_like(x)
    for n in range(_TERMS[x.dtype.name], 1, -1):
        total = total * x + 1 / math.factorial(n)
    return jnp.where(x == 0, x, x + x * x * total)


def _expm1(x: Any) -> Any:
    return jnp.where(abs(x) <= 1, _small_expm1(x), jnp.exp(x) - 1)


def _exponentials(x: Any) -> tuple[Any, Any]:
    """``exp(|x|) / 2`` and ``exp(-|x|) / 2``; taking 1 off first is exact and keeps the first from overflowing early."""
    scaled = jnp.exp(abs(x) - 1)
    return scaled * _HALF_E, _HALF_1_E / scaled


def _sinh(x: Any) -> Any:
    large, small = _exponentials(x)
    square = x * x
    total = jnp.zeros_like(x)
    for n in range(_TERMS[x.dtype.name] | 1, 1, -2):
        total = total * square + 1 / math.factorial(n)
    return jnp.where(abs(x) <= 1, x + x * square * total, jnp.copysign(large - small, x))


def _cosh(x: Any) -> Any:
    large, small = _exponentials(x)
    return large + small


def _tanh(x: Any) -> Any:
    size = abs(x)
    small = _small_expm1(2 * size)
    large = 1 - 2 / (jnp.exp(2 * size) + 1)
    return jnp.copysign(jnp.where(size <= 0.55, small / (small + 2), large), x)


def _log1p(x: Any) -> Any:
    if x.dtype.itemsize < 8:
        return lax.log1p(x)
    ratio = x / (2 + x)  # log(1 + x) = 2 artanh(x / (2 + x)); XLA would cancel the usual correction (1 + x) - 1
    square = ratio * ratio
    total = jnp.zeros_like(x)
    for n in range(37, 1, -2):
        total = (total + 1 / n) * square
    return jnp.where(abs(x) <= 0.5, 2 * (ratio + ratio * total), jnp.log(1 + x))


def _atanh(x: Any) -> Any:
    if x.dtype.itemsize < 8:
        return lax.atanh(x)
    size = abs(x)
    return jnp.copysign(0.5 * _log1p(2 * size / (1 - size)), x)


def _acosh(x: Any) -> Any:
    above = x - 1
    near = _log1p(above + jnp.sqrt(above * (above + 2)))
    return jnp.where(x < 1e8, near, jnp.log(x) + math.log(2))


expm1 = _real(_expm1, jnp.expm1, lambda x, y: y + 1)
sinh = _real(_sinh, jnp.sinh, lambda x, y: cosh(x))
cosh = _real(_cosh, jnp.cosh, lambda x, y: sinh(x))
tanh = _real(_tanh, jnp.tanh, lambda x, y: 1 - y * y)
log1p = _real(_log1p, jnp.log1p, lambda x, y: 1 / (1 + x))
atanh = _real(_atanh, jnp.atanh, lambda x, y: 1 / (1 - x * x))
acosh = _real(_acosh, jnp.acosh, lambda x, y: 1 / (jnp.sqrt(x - 1) * jnp.sqrt(x + 1)))
