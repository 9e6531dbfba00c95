"""Elementwise ops: arithmetic, comparison, logic, rounding, exponentials and trigonometry.

Gradient rows follow each op. ``conj`` appears where the argument may be complex: the cotangent of a complex value is
the conjugate of the derivative (TensorFlow's and PyTorch's: its negative is the direction of steepest descent).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import mended
from ..backend.checks import check_power
from ..convert import held
from ..halves import rounds_once
from . import call
from .attributes import Attrs
from .creation import full, zeros_like
from .declare import OPS, gradient, op
from .rules import Rule, Spec, broadcast, common, elementwise


def conj(x: Any, /) -> Any:
    """The complex conjugate; real numbers as they are."""
    if x.__class__ is float:
        return x
    try:
        return x if x.array.dtype.kind != "c" else _conjugate(x)
    except AttributeError:  # no plain tensor, or a library whose dtypes are its own
        return x if getattr(x, "dtype", dt.complex128) not in dt.COMPLEX else _conjugate(x)


def _zero(g: Any, y: Any, x: Any) -> Any:
    """The gradient of a function that is constant but for its jumps."""
    return zeros_like(x)


# Conversion -------------------------------------------------------------------------------------------------------


@op(Rule(common("any"), lambda x, *, dtype: Spec(x.shape, dtype), frozenset(dt.ALL)))
def astype(x, /, dtype):
    """The values converted to ``dtype``.

    Floats lose their fraction on the way to integers; NaN, infinities and values out of range then give an unspecified
    integer (`saturate_cast` is defined for them). Complex numbers lose their imaginary part on the way to real ones.
    """
    with np.errstate(all="ignore"):
        real = np.iscomplexobj(x) and dtype not in dt.COMPLEX and dtype is not dt.bool_
        x = x.real if real else x
        return (rounds_once(x, np.int64) if dtype is dt.bfloat16 and x.dtype == dt.float64 else x).astype(dtype)


gradient(
    astype, lambda g, y, x, *, dtype: astype(g, x.dtype) if x.dtype in dt.INEXACT and dtype in dt.INEXACT else None
)


_EACH = {dtype: Attrs(OPS["astype"], {"dtype": dtype}) for dtype in dt.ALL}
CASTS = {name: _EACH[dtype] for name, dtype in dt.KNOWN.items()}
"""The attributes of `astype` for each dtype, under all its usual names."""


@op(elementwise("any"))
def identity(x, /):
    """The same values."""
    return x


gradient(identity, lambda g, y, x: g)


@op(elementwise("any"), decomposition=lambda x: identity(x))
def stop_gradient(x, /):
    """The same values, as a constant to every derivative."""
    return x


# Arithmetic -------------------------------------------------------------------------------------------------------


@op(elementwise())
def add(x1, x2, /):
    """``x1 + x2``, element by element. Integers wrap."""
    return np.add(x1, x2)


gradient(add, lambda g, y, a, b: g, lambda g, y, a, b: g)


@op(elementwise())
def subtract(x1, x2, /):
    """``x1 - x2``, element by element. Integers wrap."""
    return np.subtract(x1, x2)


gradient(subtract, lambda g, y, a, b: g, lambda g, y, a, b: negative(g))


@op(elementwise())
def multiply(x1, x2, /):
    """``x1 * x2``, element by element. Integers wrap."""
    return np.multiply(x1, x2)


gradient(multiply, lambda g, y, a, b: g * conj(b), lambda g, y, a, b: g * conj(a))


@op(elementwise("floating"), samples=("any", "nonzero"))
def divide(x1, x2, /):
    """``x1 / x2``, element by element; integers are divided in float32."""
    return np.divide(x1, x2)


gradient(divide, lambda g, y, a, b: g / conj(b), lambda g, y, a, b: -g * conj(y / b))


@op(elementwise("real"), samples=("any", "nonzero"))
def floor_divide(x1, x2, /):
    """``floor(x1 / x2)``, element by element.

    Integers divided by 0 give 0; floats follow the array API standard's special cases, infinities and signed zeros too.
    """
    with np.errstate(all="ignore"):
        if np.result_type(x1, x2).kind in "iu":
            return np.where(x2 == 0, 0, np.floor_divide(x1, np.where(x2 == 0, 1, x2))).astype(x1.dtype)
        plain = np.isinf(x1) | np.isinf(x2) | (x2 == 0)
        return np.where(plain, x1 / x2, np.floor_divide(x1, x2)).astype(x1.dtype)


gradient(floor_divide, lambda g, y, a, b: zeros_like(y), lambda g, y, a, b: zeros_like(y))


@op(elementwise("real"), samples=("any", "nonzero"))
def remainder(x1, x2, /):
    """``x1 - floor(x1 / x2) * x2`` with the sign of ``x2``, element by element. Integers modulo 0 give 0."""
    with np.errstate(all="ignore"):
        if np.result_type(x1, x2).kind in "iu":
            return np.where(x2 == 0, 0, np.remainder(x1, np.where(x2 == 0, 1, x2))).astype(x1.dtype)
        return np.remainder(x1, x2)


gradient(remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * floor_divide(a, b))


def _negative_power(args, attrs):
    """What is wrong where integers are raised to a negative power."""
    exponent = args[1]
    check_power(args[0], exponent.numpy() if hasattr(exponent, "numpy") else np.asarray(exponent))


@op(elementwise(), samples=("positive", "any"), diagnose=_negative_power)
def pow(x1, x2, /):
    """``x1 ** x2``, element by element. An integer to a negative integer power is a ValueError."""
    return mended.power(x1, x2)


def _pow_base(g, y, a, b):
    if isinstance(b, (int, float)):
        return zeros_like(a) if b == 0 else g * (b * a if b == 2 else b * pow(a, b - 1))
    constant = equal(b, 0)
    return g * conj(where(constant, 0, b * pow(a, where(constant, 1, b - 1))))


def _pow_exponent(g, y, a, b):
    base = asarray_like(a, y)
    return g * conj(y * log(where(equal(base, 0), 1, base)))


gradient(pow, _pow_base, _pow_exponent)


def asarray_like(value: Any, like: Any) -> Any:
    """A Python scalar as a tensor of ``like``'s dtype; tensors as they are."""
    return value if hasattr(value, "dtype") else full((), value, like.dtype, backend=like.backend)


@op(elementwise())
def negative(x, /):
    """``-x``, element by element. Unsigned integers wrap."""
    return np.negative(x)


gradient(negative, lambda g, y, x: negative(g))


@op(elementwise())
def positive(x, /):
    """``+x``."""
    return np.positive(x)


gradient(positive, lambda g, y, x: g)


@op(elementwise("numeric", "real"))
def abs(x, /):
    """The absolute value (the modulus of complex numbers). Its gradient at 0 is 0."""
    return np.abs(x)


gradient(abs, lambda g, y, x: g * sign(x))


@op(elementwise())
def sign(x, /):
    """-1, 0 (never -0.0) or 1; NaN stays NaN; ``x / |x|`` for complex numbers."""
    return mended.sign(x)


def _sign_gradient(g, y, x):
    """0 for real numbers; a complex sign turns with its argument, at the rate 1 / |x|."""
    if x.dtype not in dt.COMPLEX:
        return zeros_like(x)
    size = abs(x)
    zero = equal(size, 0)
    return where(zero, 0.0, (g - y * real(conj(g) * y)) / where(zero, 1.0, size))


gradient(sign, _sign_gradient)


@op(elementwise())
def square(x, /):
    """``x * x``."""
    return np.square(x)


gradient(square, lambda g, y, x: g * conj(x + x))


@op(elementwise("floating"), samples="nonzero")
def reciprocal(x, /):
    """``1 / x``; integers in float32."""
    return np.reciprocal(x)


gradient(reciprocal, lambda g, y, x: -g * conj(y * y))


@op(elementwise("floating"), samples="positive")
def sqrt(x, /):
    """The square root; NaN for negative numbers. Its gradient at 0 is infinite."""
    return np.sqrt(x)


gradient(sqrt, lambda g, y, x: g * conj(0.5 / y))


@op(elementwise("floating"), decomposition=lambda x: 1.0 / sqrt(x), standard=False, samples="positive")
def rsqrt(x, /):
    """``1 / sqrt(x)``."""
    with np.errstate(all="ignore"):
        return 1 / np.sqrt(x)


gradient(rsqrt, lambda g, y, x: g * conj(-0.5 * y / x))


@op(elementwise("real"))
def maximum(x1, x2, /):
    """The larger of two elements; NaN if either is NaN. Equal elements share the gradient."""
    return np.maximum(x1, x2)


def _larger_share(a, b, dtype):
    return astype(greater(a, b), dtype) + 0.5 * astype(equal(a, b), dtype)


gradient(
    maximum,
    lambda g, y, a, b: g * _larger_share(a, b, g.dtype),
    lambda g, y, a, b: g * _larger_share(b, a, g.dtype),
)


@op(elementwise("real"))
def minimum(x1, x2, /):
    """The smaller of two elements; NaN if either is NaN. Equal elements share the gradient."""
    return np.minimum(x1, x2)


gradient(
    minimum,
    lambda g, y, a, b: g * _larger_share(b, a, g.dtype),
    lambda g, y, a, b: g * _larger_share(a, b, g.dtype),
)


@op(elementwise("real floating"))
def hypot(x1, x2, /):
    """``sqrt(x1**2 + x2**2)`` without overflow. Its gradient at (0, 0) is 0."""
    return np.hypot(x1, x2)


gradient(
    hypot,
    lambda g, y, a, b: g * where(equal(y, 0), 0.0, a / where(equal(y, 0), 1.0, y)),
    lambda g, y, a, b: g * where(equal(y, 0), 0.0, b / where(equal(y, 0), 1.0, y)),
)


@op(elementwise("real floating"))
def copysign(x1, x2, /):
    """The magnitude of ``x1`` with the sign of ``x2`` (zeros and NaN have signs too)."""
    return np.copysign(x1, x2)


gradient(
    copysign, lambda g, y, a, b: g * where(equal(signbit(a), signbit(b)), 1.0, -1.0), lambda g, y, a, b: zeros_like(y)
)


@op(elementwise("real floating"))
def nextafter(x1, x2, /):
    """The next representable number after ``x1`` towards ``x2``."""
    return mended.nextafter(x1, x2)


@op(elementwise("real floating"))
def logaddexp(x1, x2, /):
    """``log(exp(x1) + exp(x2))`` without overflow."""
    return np.logaddexp(x1, x2)


def _softmax_share(g, y, a):
    return g * where(equal(y, -np.inf), 0.5, exp(a - where(equal(y, -np.inf), 0.0, y)))


gradient(logaddexp, lambda g, y, a, b: _softmax_share(g, y, a), lambda g, y, a, b: _softmax_share(g, y, b))


# Rounding ---------------------------------------------------------------------------------------------------------


@op(elementwise("real"))
def floor(x, /):
    """The largest integer that is not larger."""
    return x if x.dtype.kind in "iu" else np.floor(x)


@op(elementwise("real"))
def ceil(x, /):
    """The smallest integer that is not smaller."""
    return x if x.dtype.kind in "iu" else np.ceil(x)


@op(elementwise("real"))
def trunc(x, /):
    """The integer next towards zero."""
    return x if x.dtype.kind in "iu" else np.trunc(x)


@op(elementwise())
def round(x, /):
    """The nearest integer, halves to the even one."""
    return np.round(x)


for _rounding in (floor, ceil, trunc, round):
    gradient(_rounding, _zero)


# Exponentials and logarithms --------------------------------------------------------------------------------------


@op(elementwise("floating"))
def exp(x, /):
    """E raised to the power of each element."""
    return np.exp(x)


gradient(exp, lambda g, y, x: g * conj(y))


@op(elementwise("floating"))
def expm1(x, /):
    """``exp(x) - 1``, exact for small ``x``."""
    return np.expm1(x)


gradient(expm1, lambda g, y, x: g * conj(y + 1.0))


@op(elementwise("floating"), samples="positive")
def log(x, /):
    """The natural logarithm."""
    return np.log(x)


gradient(log, lambda g, y, x: g / conj(x))


@op(elementwise("floating"), samples="positive")
def log1p(x, /):
    """``log(1 + x)``, exact for small ``x``."""
    return mended.log1p(x)


gradient(log1p, lambda g, y, x: g / conj(1.0 + x))


@op(elementwise("floating"), samples="positive")
def log2(x, /):
    """The logarithm to base 2."""
    return np.log2(x)


gradient(log2, lambda g, y, x: g / conj(x * float(np.log(2))))


@op(elementwise("floating"), samples="positive")
def log10(x, /):
    """The logarithm to base 10."""
    return np.log10(x)


gradient(log10, lambda g, y, x: g / conj(x * float(np.log(10))))


# Trigonometry -----------------------------------------------------------------------------------------------------


@op(elementwise("floating"))
def sin(x, /):
    """The sine (radians)."""
    return np.sin(x)


gradient(sin, lambda g, y, x: g * conj(cos(x)))


@op(elementwise("floating"))
def cos(x, /):
    """The cosine (radians)."""
    return np.cos(x)


gradient(cos, lambda g, y, x: -g * conj(sin(x)))


@op(elementwise("floating"))
def tan(x, /):
    """The tangent (radians)."""
    return np.tan(x)


gradient(tan, lambda g, y, x: g * conj(1.0 + y * y))


@op(elementwise("floating"), samples="unit")
def asin(x, /):
    """The inverse sine, in [-pi/2, pi/2]."""
    return np.arcsin(x)


gradient(asin, lambda g, y, x: g / conj(sqrt(1.0 - x * x)))


@op(elementwise("floating"), samples="unit")
def acos(x, /):
    """The inverse cosine, in [0, pi]."""
    return np.arccos(x)


gradient(acos, lambda g, y, x: -g / conj(sqrt(1.0 - x * x)))


@op(elementwise("floating"))
def atan(x, /):
    """The inverse tangent, in [-pi/2, pi/2]."""
    return np.arctan(x)


gradient(atan, lambda g, y, x: g / conj(1.0 + x * x))


@op(elementwise("real floating"))
def atan2(x1, x2, /):
    """The angle of the point ``(x2, x1)``, in [-pi, pi]."""
    return np.arctan2(x1, x2)


gradient(atan2, lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -g * a / (a * a + b * b))


@op(elementwise("floating"))
def sinh(x, /):
    """The hyperbolic sine."""
    return np.sinh(x)


gradient(sinh, lambda g, y, x: g * conj(cosh(x)))


@op(elementwise("floating"))
def cosh(x, /):
    """The hyperbolic cosine."""
    return np.cosh(x)


gradient(cosh, lambda g, y, x: g * conj(sinh(x)))


@op(elementwise("floating"))
def tanh(x, /):
    """The hyperbolic tangent."""
    return np.tanh(x)


gradient(tanh, lambda g, y, x: g * conj(1.0 - y * y))


@op(elementwise("floating"))
def asinh(x, /):
    """The inverse hyperbolic sine."""
    return np.arcsinh(x)


gradient(asinh, lambda g, y, x: g / conj(sqrt(x * x + 1.0)))


@op(elementwise("floating"), samples="above one")
def acosh(x, /):
    """The inverse hyperbolic cosine."""
    return np.arccosh(x)


gradient(acosh, lambda g, y, x: g / conj(sqrt(x - 1.0) * sqrt(x + 1.0)))


@op(elementwise("floating"), samples="unit")
def atanh(x, /):
    """The inverse hyperbolic tangent."""
    return np.arctanh(x)


gradient(atanh, lambda g, y, x: g / conj(1.0 - x * x))


# Comparison and tests ---------------------------------------------------------------------------------------------


@op(elementwise("any", "bool"))
def equal(x1, x2, /):
    """Whether elements are equal (NaN equals nothing)."""
    return np.equal(x1, x2)


@op(elementwise("any", "bool"))
def not_equal(x1, x2, /):
    """Whether elements differ."""
    return np.not_equal(x1, x2)


@op(elementwise("ordered", "bool"))
def less(x1, x2, /):
    """``x1 < x2``."""
    return np.less(x1, x2)


@op(elementwise("ordered", "bool"))
def less_equal(x1, x2, /):
    """``x1 <= x2``."""
    return np.less_equal(x1, x2)


@op(elementwise("ordered", "bool"))
def greater(x1, x2, /):
    """``x1 > x2``."""
    return np.greater(x1, x2)


@op(elementwise("ordered", "bool"))
def greater_equal(x1, x2, /):
    """``x1 >= x2``."""
    return np.greater_equal(x1, x2)


@op(elementwise("numeric", "bool"))
def isnan(x, /):
    """Whether elements are NaN."""
    return np.isnan(x)


@op(elementwise("numeric", "bool"))
def isinf(x, /):
    """Whether elements are infinite."""
    return np.isinf(x)


@op(elementwise("numeric", "bool"))
def isfinite(x, /):
    """Whether elements are neither infinite nor NaN."""
    return np.isfinite(x)


@op(elementwise("real floating", "bool"))
def signbit(x, /):
    """Whether the sign bit is set (for -0.0 too)."""
    return np.signbit(x)


# Logic and bits ---------------------------------------------------------------------------------------------------


@op(elementwise("boolean", "bool"))
def logical_and(x1, x2, /):
    """Whether both elements are true."""
    return np.logical_and(x1, x2)


@op(elementwise("boolean", "bool"))
def logical_or(x1, x2, /):
    """Whether either element is true."""
    return np.logical_or(x1, x2)


@op(elementwise("boolean", "bool"))
def logical_xor(x1, x2, /):
    """Whether exactly one element is true."""
    return np.logical_xor(x1, x2)


@op(elementwise("boolean", "bool"))
def logical_not(x, /):
    """Whether elements are false."""
    return np.logical_not(x)


@op(elementwise("integral"))
def bitwise_and(x1, x2, /):
    """The bits set in both (logical and, for booleans)."""
    return np.bitwise_and(x1, x2)


@op(elementwise("integral"))
def bitwise_or(x1, x2, /):
    """The bits set in either."""
    return np.bitwise_or(x1, x2)


@op(elementwise("integral"))
def bitwise_xor(x1, x2, /):
    """The bits set in exactly one."""
    return np.bitwise_xor(x1, x2)


@op(elementwise("integral"))
def bitwise_invert(x, /):
    """Every bit flipped (logical not, for booleans)."""
    return np.invert(x)


@op(elementwise("integer"))
def bitwise_left_shift(x1, x2, /):
    """The bits of ``x1`` moved left by ``x2`` places (0 to one less than the width)."""
    return np.left_shift(x1, x2)


@op(elementwise("integer"))
def bitwise_right_shift(x1, x2, /):
    """The bits of ``x1`` moved right by ``x2`` places, keeping the sign."""
    return np.right_shift(x1, x2)


# Complex numbers --------------------------------------------------------------------------------------------------


@op(elementwise(), name="conj")
def _conjugate(x, /):
    """The complex conjugate."""
    return np.conj(x)


gradient(_conjugate, lambda g, y, x: conj(g))


@op(elementwise("numeric", "real"))
def real(x, /):
    """The real part."""
    return np.real(x)


gradient(real, lambda g, y, x: astype(g, x.dtype))


@op(elementwise("numeric", "real"))
def imag(x, /):
    """The imaginary part (0 for real numbers)."""
    return np.imag(x)


gradient(imag, lambda g, y, x: astype(g, x.dtype) * 1j if x.dtype in dt.COMPLEX else zeros_like(x))


# Selection --------------------------------------------------------------------------------------------------------


def _where_operands(name, given):
    return (dt.bool_, *common("any")(name, given[1:]))


@op(Rule(_where_operands, lambda c, x1, x2: Spec(broadcast(c.shape, x1.shape, x2.shape), x1.dtype)))
def where(condition, x1, x2, /):
    """``x1`` where ``condition`` is true, else ``x2``. No gradient flows to the branch not taken, NaN included."""
    return np.where(condition, x1, x2)


gradient(
    where,
    None,
    lambda g, y, c, a, b: where(c, g, 0),
    lambda g, y, c, a, b: where(c, 0, g),
)


def _clip_by_parts(x, *, min, max):
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


@op(elementwise("real"), name="clip", decomposition=_clip_by_parts)
def _clip(x, /, min, max):
    return np.clip(x, min, max)


def _clip_gradient(g, y, x, *, min, max):
    inside = [compare(x, limit) for compare, limit in ((greater_equal, min), (less_equal, max)) if limit is not None]
    return where(inside[0] if len(inside) == 1 else logical_and(*inside), g, 0)


gradient(_clip, _clip_gradient)


@op(
    elementwise("real"),
    standard=False,
    decomposition=lambda x, low, high: minimum(maximum(x, low), high),
    called="clip",
)
def clamp(x, low, high, /):
    """``x`` limited to the closed interval from ``low`` to ``high``, element by element; where they cross, ``high``."""
    return np.minimum(np.maximum(x, low), high)


gradient(
    clamp,
    lambda g, y, x, low, high: where(logical_and(greater_equal(x, low), less_equal(x, high)), g, 0),
    lambda g, y, x, low, high: where(logical_and(less(x, low), less_equal(low, high)), g, 0),
    lambda g, y, x, low, high: where(greater(maximum(x, low), high), g, 0),
)


_LIMITS = frozenset({int, float, type(None)})


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """``x`` limited to the closed interval from ``min`` to ``max``, inside which gradients pass. NaN stays NaN.

    Args:
        x: the tensor.
        min: a number, or a tensor that broadcasts with ``x``; None for no limit.
        max: likewise. Where ``min`` is larger than ``max``, the result is ``max``.
    """
    x = call.operand(x)
    if min is None and max is None:
        return identity(x)
    if min.__class__ in _LIMITS and max.__class__ in _LIMITS and x.dtype in dt.FLOATING:
        return OPS["clip"].prepared(x, {"min": _limit(min, x.dtype), "max": _limit(max, x.dtype)})
    scalars: list[Any] = [limit for limit in (min, max) if limit.__class__ in (int, float)]
    weak = len(scalars) == (min is not None) + (max is not None)
    if weak and dt.result_type(x.dtype, *map(type, scalars)) is x.dtype:
        for limit in scalars:
            if limit.__class__ is int:
                dt.check_fits(limit, x.dtype)
        return _clip(x, min, max)
    if min is None or max is None:
        lowest, highest = _ends(dt.result_type(x.dtype, _kind(max if min is None else min)))
        min, max = lowest if min is None else min, highest if max is None else max
    return clamp(x, min, max)


def _limit(value: Any, dtype: np.dtype) -> Any:
    """A limit as a dtype of floats holds it."""
    return value if value is None or -_SMALL <= value <= _SMALL else held(value, dtype)


_SMALL = float(np.finfo(np.float16).max)
"""The largest finite number that each dtype of floats holds."""


def _kind(limit: Any) -> Any:
    """What a limit is to promotion: a dtype, or the type of a Python number."""
    return type(limit) if limit.__class__ in _LIMITS else call.operand(limit).dtype


def _ends(dtype: np.dtype) -> tuple[Any, Any]:
    """Limits that limit nothing."""
    if dtype in dt.INEXACT:
        return -np.inf, np.inf
    info = np.iinfo(dt.DEFAULT_INT if dtype is dt.bool_ else dtype)
    return int(info.min), int(info.max)


def saturate_cast(x: Any, /, dtype: Any) -> Any:
    """``x`` converted to an integer ``dtype``, with values out of range at the nearest limit and NaN at 0."""
    target = dt.as_dtype(dtype)
    x = call.operand(x)
    if target not in dt.INTEGERS:
        return astype(x, target)
    if x.dtype is dt.bool_ or x.dtype in dt.COMPLEX:
        x = astype(x, dt.real_of(x.dtype) if x.dtype in dt.COMPLEX else dt.int8)
    info = np.iinfo(target)
    if x.dtype in dt.INTEGERS:
        held = np.iinfo(x.dtype)
        low = int(info.min) if held.min < info.min else None
        high = int(info.max) if held.max > info.max else None
        return astype(clip(x, low, high), target)
    limits = dt.finfo(x.dtype)
    low, high = max(float(info.min), limits.min), float(info.max)
    if high > limits.max:
        high = limits.max
    elif float(x.dtype.type(high)) > info.max:  # the limit rounds up in this dtype: the largest float below it
        high = float(np.nextafter(x.dtype.type(high), x.dtype.type(0)))
    inside = astype(trunc(clip(where(isnan(x), 0, x), low, high)), target)
    return where(greater(x, high), int(info.max), where(less(x, low), int(info.min), inside))
