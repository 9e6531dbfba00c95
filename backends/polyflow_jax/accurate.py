"""Elementary functions that XLA computes with errors of more than 4 units in the last place, at least on CPUs.

Measured on CPU against 80-bit arithmetic, jaxlib 0.10, worst error in ulp in float32 / float64, XLA's and here:
sinh and cosh 24 / 500 -> 2.3 / 3.4, tanh 4.7 / 6.5 -> 2.1 / 2.2, exp 5.5 / 1.8 -> 2.2 / 1.8, expm1 5.4 / 4.1 -> 2.2 /
2.8, acosh 4.2 / 3.3 -> 3.1 / 3.6, log1p 2.5 / 129 -> 2.5 / 1.9, atanh 2.8 / 129 -> 2.8 / 2.8, atan of a few elements
5.3 / 2.4 -> 2.3 / 2.4. Complex logarithms lost all digits near 1. asin loses numbers below twice the smallest normal
one.

float16 and bfloat16 are computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.backend import complex_values as special

_TERMS = {"float32": 12, "float64": 21}
_LAST = 88
"""Above it XLA puts ``exp`` of float32 together from halves of the exponent, and loses two of its last bits."""
_EXP_LAST = math.exp(_LAST)
_FAR = 200
"""From -200 on the exponential is 0."""
_FEW = 333
"""XLA's CPU client counts the operations of a program, exponentials aside, and hands those with a thousand to another
thread, which costs more than the exponentials of so many numbers."""
_HALF_E = math.e / 2
_HALF_1_E = 0.5 / math.e


def _kernel(
    real: Callable[[Any], Any], complex_: Callable[[Any], Any], slope: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """The kernel made of a function for real numbers and one for complex ones, with the derivative ``slope(x, y)``.

    (The derivative of the formulas themselves would be NaN where the branch not taken overflows.)
    """
    real, complex_ = _with_slope(real, slope), _with_slope(complex_, slope)

    def kernel(x: Any, /) -> Any:
        if jnp.iscomplexobj(x):
            return complex_(x)
        if x.dtype.itemsize < 4:
            return real(x.astype(jnp.float32)).astype(x.dtype)
        return real(x)

    return kernel


def _with_slope(function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    differentiable = jax.custom_jvp(function)

    @differentiable.defjvp
    def _(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        y = differentiable(*primals)
        return y, slope(*primals, y) * tangents[0]

    return differentiable


def _small_expm1(x: Any) -> Any:
    """``exp(x) - 1`` for abs(x) up to 1.2, by its Taylor series."""
    total = jnp.zeros_like(x)
    for n in range(_TERMS[x.dtype.name], 1, -1):
        total = total * x + 1 / math.factorial(n)
    return jnp.where(x == 0, x, x + x * x * total)


def _exp(x: Any) -> Any:
    if x.dtype.itemsize == 8:
        return jnp.exp(x)
    last = x > _LAST  # x - 88 is exact there
    one, large = (x.dtype.type(number) for number in (1, _EXP_LAST))  # of Python numbers, choices are made in 64 bits
    return jnp.exp(jnp.where(last, x - _LAST, x)) * jnp.where(last, large, one)


def _exp_alone(x: Any) -> Any:
    """`_exp`, bit for bit, for a program of its own: in fewer operations, and two exponentials, for a few numbers.

    In larger programs two exponentials take longer than one.
    """
    if x.dtype.itemsize == 8 or x.size > _FEW:
        return _exp(x)
    apart = lax.optimization_barrier  # or each of the three operations would be done again wherever it is read
    low = apart(lax.clamp(x.dtype.type(-_FAR), x, x.dtype.type(_LAST)))
    return apart(jnp.exp(low)) * jnp.exp(x - low)


def _expm1(x: Any) -> Any:
    return jnp.where(abs(x) <= 1, _small_expm1(x), _exp(x) - 1)


def _exponentials(x: Any) -> tuple[Any, Any]:
    """``exp(|x|) / 2`` and ``exp(-|x|) / 2``: taking 1 off first is exact, and keeps the first from overflowing."""
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
    near = jnp.where(abs(x) < 1e-20, x, 2 * (ratio + ratio * total))  # half of the smallest would be lost
    return jnp.where(abs(x) <= 0.5, near, jnp.log(1 + x))


def _atanh(x: Any) -> Any:
    if x.dtype.itemsize < 8:
        return lax.atanh(x)
    size = abs(x)
    return jnp.copysign(0.5 * _log1p(2 * size / (1 - size)), x)


def _acosh(x: Any) -> Any:
    above = x - 1
    near = _log1p(above + jnp.sqrt(above * (above + 2)))
    return jnp.where(x < 1, jnp.nan, jnp.where(x < 1e8, near, jnp.log(x) + math.log(2)))


def _atan(x: Any) -> Any:
    small = abs(x) < 2e-3  # where XLA is off by 5 ulp of float32, in arrays of a few elements
    return jnp.where(small, x * (1 - x * x / 3), lax.atan(x)) if x.dtype.itemsize < 8 else lax.atan(x)


def _asin(x: Any) -> Any:
    return jnp.where(abs(x) < 1e-10, x, lax.asin(x))  # XLA halves its argument, and loses the smallest


# Complex logarithms ------------------------------------------------------------------------------------------------


def _complex_log(z: Any) -> Any:
    """Near the unit circle the real part comes from ``abs(z)**2 - 1``, which is small there and keeps its digits."""
    x, y = jnp.real(z), jnp.imag(z)
    large, small = jnp.maximum(abs(x), abs(y)), jnp.minimum(abs(x), abs(y))
    near = 0.5 * _log1p((large - 1) * (large + 1) + small * small)
    close = (large > 0.5) & (large < 2)
    return lax.complex(jnp.where(close, near, jnp.log(jnp.hypot(x, y))), jnp.arctan2(y, x))


def _complex_log1p(z: Any) -> Any:
    x, y = jnp.real(z), jnp.imag(z)
    near = 0.5 * _log1p(x * (2 + x) + y * y)
    close = (abs(x) < 0.5) & (abs(y) < 0.5)
    return jnp.where(close, lax.complex(near, jnp.arctan2(y, 1 + x)), _complex_log(lax.complex(1 + x, y)))


# Complex hyperbolic functions: from the real ones above ------------------------------------------------------------


def _complex_sinh(z: Any) -> Any:
    x, y = jnp.real(z), jnp.imag(z)
    return lax.complex(_sinh(x) * jnp.cos(y), _cosh(x) * jnp.sin(y))


def _complex_cosh(z: Any) -> Any:
    x, y = jnp.real(z), jnp.imag(z)
    return lax.complex(_cosh(x) * jnp.cos(y), _sinh(x) * jnp.sin(y))


def _complex_tanh(z: Any) -> Any:
    """W. Kahan, "Branch cuts for complex elementary functions" (1987): no difference of large numbers anywhere."""
    x, y = jnp.real(z), jnp.imag(z)
    far = abs(x) > 20
    slope, height = jnp.tan(y), _sinh(jnp.where(far, 0, x))
    spread = 1 + slope * slope
    below = 1 + spread * height * height
    near = lax.complex(spread * jnp.sqrt(1 + height * height) * height / below, slope / below)
    limit = lax.complex(jnp.copysign(jnp.ones_like(x), x), 4 * jnp.sin(y) * jnp.cos(y) * jnp.exp(-2 * abs(x)))
    return jnp.where(far, limit, near)


def _complex_tan(z: Any) -> Any:
    turned = _mended_tanh(lax.complex(-jnp.imag(z), jnp.real(z)))
    return lax.complex(jnp.imag(turned), -jnp.real(turned))


def _complex_log_to(base: float) -> Callable[[Any], Any]:
    def on_complex(z: Any) -> Any:
        raw = _complex_log(z)  # divided by parts: XLA's quotient of an infinite complex number is NaN
        return lax.complex(jnp.real(raw) / math.log(base), jnp.imag(raw) / math.log(base))

    return on_complex


def _mended(function: Callable[[Any], Any], special: Callable[..., tuple[Any, Any]]) -> Callable[[Any], Any]:
    """A complex function with the standard's special values."""

    def on_complex(z: Any) -> Any:
        raw = function(z)
        return lax.complex(*special(jnp, jnp.real(z), jnp.imag(z), jnp.real(raw), jnp.imag(raw)))

    return on_complex


def _mended_only(
    function: Callable[[Any], Any], special: Callable[..., tuple[Any, Any]], slope: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """The kernel made of a function of JAX's that is good but for special values of complex numbers."""
    on_complex = _with_slope(_mended(function, special), slope)

    def kernel(x: Any, /) -> Any:
        return on_complex(x) if jnp.iscomplexobj(x) else function(x)

    return kernel


_mended_tanh = _mended(_complex_tanh, special.tanh)

exp, exp_alone = (_kernel(real, _mended(jnp.exp, special.exp), lambda x, y: y) for real in (_exp, _exp_alone))
sqrt = _mended_only(jnp.sqrt, special.sqrt, lambda x, y: 0.5 / y)
acos = _kernel(jnp.acos, _mended(jnp.acos, special.acos), lambda x, y: -1 / jnp.sqrt(1 - x * x))
asin = _kernel(_asin, _mended(jnp.asin, special.asin), lambda x, y: 1 / jnp.sqrt(1 - x * x))
atan = _kernel(_atan, _mended(jnp.atan, special.atan), lambda x, y: 1 / (1 + x * x))
asinh = _kernel(jnp.asinh, _mended(jnp.asinh, special.asinh), lambda x, y: 1 / jnp.sqrt(x * x + 1))
expm1 = _kernel(_expm1, _mended(jnp.expm1, special.expm1), lambda x, y: y + 1)
sinh = _kernel(_sinh, _mended(_complex_sinh, special.sinh), lambda x, y: cosh(x))
cosh = _kernel(_cosh, _mended(_complex_cosh, special.cosh), lambda x, y: sinh(x))
tanh = _kernel(_tanh, _mended_tanh, lambda x, y: 1 - y * y)
tan = _kernel(jnp.tan, _complex_tan, lambda x, y: 1 + y * y)
atanh = _kernel(_atanh, _mended(jnp.atanh, special.atanh), lambda x, y: 1 / (1 - x * x))
acosh = _kernel(_acosh, _mended(jnp.acosh, special.acosh), lambda x, y: 1 / (jnp.sqrt(x - 1) * jnp.sqrt(x + 1)))
log = _kernel(jnp.log, _complex_log, lambda x, y: 1 / x)
log1p = _kernel(_log1p, _complex_log1p, lambda x, y: 1 / (1 + x))
log2 = _kernel(jnp.log2, _complex_log_to(2), lambda x, y: 1 / (x * math.log(2)))
log10 = _kernel(jnp.log10, _complex_log_to(10), lambda x, y: 1 / (x * math.log(10)))


def sign(x: Any, /) -> Any:
    """JAX's own but for zeros, whose signs it keeps."""
    if not jnp.iscomplexobj(x):
        return jnp.where(x == 0, jnp.zeros_like(x), jnp.sign(x))
    return _mended(jnp.sign, special.sign)(x)


# Functions of two arguments ----------------------------------------------------------------------------------------


def _in_float32(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A function of two numbers whose halves are computed in float32."""

    def kernel(x1: Any, x2: Any, /) -> Any:
        dtype = jnp.result_type(x1, x2)
        if dtype.itemsize >= 4:
            return function(x1, x2)
        return function(jnp.asarray(x1, jnp.float32), jnp.asarray(x2, jnp.float32)).astype(dtype)

    return kernel


def _logaddexp(x1: Any, x2: Any) -> Any:
    """``log(exp(x1) + exp(x2))``; JAX's own takes XLA's log1p."""
    distance = x1 - x2
    equal = jnp.isnan(distance)  # infinities of one sign, or NaN
    return jnp.where(equal, x1 + x2, jnp.maximum(x1, x2) + log1p(jnp.exp(-abs(jnp.where(equal, 0, distance)))))


logaddexp = _in_float32(_logaddexp)
hypot = _in_float32(jnp.hypot)


def nextafter(x1: Any, x2: Any, /) -> Any:
    """JAX's own, but for bfloat16: of an array and itself LLVM makes no code there, which ends the process."""
    dtype = jnp.result_type(x1, x2)
    if dtype != jnp.bfloat16:
        return jnp.nextafter(x1, x2)
    both = jnp.broadcast_arrays(jnp.asarray(x1, dtype), jnp.asarray(x2, dtype))
    bits = [lax.bitcast_convert_type(one, jnp.int16).astype(jnp.int32) for one in both]
    place, target = (jnp.where(one < 0, -0x8000 - one, one) for one in bits)  # ascending as the numbers do
    moved = place + jnp.where(target > place, 1, -1)
    below = jnp.where(place == 0, moved, place) < 0
    found = jnp.where(target == place, bits[1], jnp.where(below, -0x8000 - moved, moved))
    unknown = jnp.maximum(abs(place), abs(target)) > 0x7F80
    return lax.bitcast_convert_type(jnp.where(unknown, 0x7FC0, found).astype(jnp.int16), dtype)


def pow(x1: Any, x2: Any, /) -> Any:
    """``x1 ** x2``; integers by squaring, as often as the exponents ask for, where JAX's own stops after 6 bits.

    A negative power of an integer is 1 divided by the positive one, rounded towards zero; 0 for 0, as of all division.
    """
    if jnp.issubdtype(jnp.result_type(x1, x2), jnp.inexact):
        return jnp.pow(x1, x2)
    x1, x2 = jnp.broadcast_arrays(x1, x2)
    inverse = x2 < 0
    base = jnp.where(inverse & (abs(x1) != 1), 0, x1)
    exponent = jnp.where(inverse, 2 - (x2 & 1), x2)  # of -1, 0 and 1 the parity is all that matters

    def step(state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        result, base, exponent = state
        return jnp.where(exponent & 1, result * base, result), base * base, exponent >> 1

    return lax.while_loop(lambda state: jnp.any(state[2] != 0), step, (jnp.ones_like(base), base, exponent))[0]
