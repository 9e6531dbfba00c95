"""Functions that MLX lacks or computes less closely than polyflow asks for (4 ulp), in formulas over MLX's own.

Measured on CPU against 80-bit arithmetic, MLX 0.32, worst error in ulp in float32 / float64: exp 62 / 6e10, sin
1.5 / 9e15, cos 1.5 / 8e14, logaddexp 3e3 / 1e12: in float64 these four are computed in float32, and in
float32 sin and cos are that close up to some 10,000 only. Its expm1, log1p, tan
and sqrt are good to 1 ulp in both, so the others are made of them.
"""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx

_INTEGER = {mx.float16: mx.int16, mx.bfloat16: mx.int16, mx.float32: mx.int32, mx.float64: mx.int64}
_HALVES = (mx.float16, mx.bfloat16)


def _is_complex(x: Any) -> bool:
    return x.dtype == mx.complex64


# Signs ---------------------------------------------------------------------------------------------------------------


def signbit(x: Any, /) -> Any:
    """Whether the sign is set, also that of zeros and NaN."""
    return mx.view(mx.stop_gradient(x), _INTEGER[x.dtype]) < 0


def copysign(x1: Any, x2: Any, /) -> Any:
    """The magnitude of ``x1`` with the sign of ``x2``."""
    return mx.where(signbit(x1) == signbit(x2), x1, -x1)


def sign(x: Any, /) -> Any:
    """The sign; NaN's is NaN."""
    return mx.where(mx.isnan(x), x, mx.sign(x)) if x.dtype in _INTEGER else mx.sign(x)


# Exponential functions -----------------------------------------------------------------------------------------------


@mx.custom_function
def _exp(x: Any) -> Any:
    large = mx.expm1(mx.abs(x)) + 1
    return mx.where(x < 0, 1 / large, large)


@_exp.vjp
def _(primals: Any, cotangent: Any, output: Any) -> Any:
    return cotangent * output


def exp(x: Any, /) -> Any:
    """``e ** x``."""
    if _is_complex(x):
        return mx.exp(x)
    wide: Any = _exp(x.astype(mx.float32) if x.dtype in _HALVES else x)
    return wide.astype(x.dtype)


def expm1(x: Any, /) -> Any:
    """``e ** x - 1``, which MLX has for real numbers."""
    if not _is_complex(x):
        return mx.expm1(x)
    re, im = mx.real(x), mx.imag(x)
    half = mx.sin(im / 2)
    return _complex(mx.expm1(re) * mx.cos(im) - 2 * half * half, exp(re) * mx.sin(im))


def _rounded_once(function: Any) -> Any:
    """A function of two arrays that computes halves in float32."""

    def kernel(x1: Any, x2: Any, /) -> Any:
        half = next((x.dtype for x in (x1, x2) if getattr(x, "dtype", None) in _HALVES), None)
        if half is None:
            return function(x1, x2)
        return function(*(x.astype(mx.float32) if isinstance(x, mx.array) else x for x in (x1, x2))).astype(half)

    return kernel


@_rounded_once
def logaddexp(x1: Any, x2: Any, /) -> Any:
    """``log(exp(x1) + exp(x2))``."""
    distance = x1 - x2
    equal = mx.isnan(distance)  # infinities of one sign, or NaN
    return mx.where(equal, x1 + x2, mx.maximum(x1, x2) + mx.log1p(exp(-mx.abs(mx.where(equal, 0, distance)))))


def _complex(re: Any, im: Any) -> Any:
    return re + 1j * im


# Logarithms and the tangent: good values, but MLX rounds constants of their derivatives to float32 -------------------


def _logarithm(function: Any, base: float) -> Any:
    known = mx.custom_function(function)

    @known.vjp
    def _(primals: Any, cotangent: Any, output: Any) -> Any:
        return cotangent / (primals * mx.array(math.log(base), primals.dtype))

    def log(x: Any, /) -> Any:
        return function(x) if _is_complex(x) else known(x)

    return log


log2 = _logarithm(mx.log2, 2.0)
log10 = _logarithm(mx.log10, 10.0)


@mx.custom_function
def _tan(x: Any) -> Any:
    return mx.tan(x)


@_tan.vjp
def _(primals: Any, cotangent: Any, output: Any) -> Any:
    return cotangent * (1 + output * output)


def tan(x: Any, /) -> Any:
    """The tangent."""
    return mx.tan(x) if _is_complex(x) else _tan(x)


# Sines --------------------------------------------------------------------------------------------------------------


@mx.custom_function
def _sin64(x: Any) -> Any:
    half = mx.tan(x / 2)
    return 2 * half / (1 + half * half)


@_sin64.vjp
def _(primals: Any, cotangent: Any, output: Any) -> Any:
    return cotangent * _cos64(primals)


@mx.custom_function
def _cos64(x: Any) -> Any:
    half, slope = mx.tan(x / 2), mx.tan(x)
    return copysign(1 / mx.sqrt(1 + slope * slope), 1 - half * half)


@_cos64.vjp
def _(primals: Any, cotangent: Any, output: Any) -> Any:
    return -cotangent * _sin64(primals)


def sin(x: Any, /, *, wide: bool) -> Any:
    """The sine; of float32 in float64 where it is ``wide``, for MLX's own loses digits beyond some 10,000."""
    if _is_complex(x):
        return mx.sin(x)
    if x.dtype == mx.float64 or (wide and x.dtype == mx.float32):
        return _sin64(x.astype(mx.float64)).astype(x.dtype)
    return mx.where(x == 0, x, mx.sin(x))  # -0.0 stays


def cos(x: Any, /, *, wide: bool) -> Any:
    """The cosine, as `sin`."""
    if x.dtype == mx.float64 or (wide and x.dtype == mx.float32):
        return _cos64(x.astype(mx.float64)).astype(x.dtype)
    return mx.cos(x)


@_rounded_once
def hypot(x1: Any, x2: Any, /) -> Any:
    """``sqrt(x1 ** 2 + x2 ** 2)``, which overflows only where the result does."""
    x1, x2 = mx.abs(x1), mx.abs(x2)
    large, small = mx.maximum(x1, x2), mx.minimum(x1, x2)
    ratio = small / mx.where((large == 0) | mx.isinf(large), mx.ones_like(large), large)
    found = large * mx.sqrt(1 + ratio * ratio)
    return mx.where(mx.isinf(x1) | mx.isinf(x2), mx.full((), math.inf, x1.dtype), found)
