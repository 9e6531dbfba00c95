"""Ops that work element by element: PyTorch's functions, and what they do differently mended.

The class is a part of `TorchBackend`; each attribute is the kernel of the op of its name.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import torch

from polyflow.backend.checks import negative_power

from .forms import Forms, among, in_float32, in_float64, in_order, on_bits, unchanged

where = torch.where


# Integers ------------------------------------------------------------------------------------------------------------


def _floor_divide_signed(x1: Any, x2: Any) -> Any:
    """Division by 0 and by -1 by hand: the first is an error in PyTorch, the second stops the process on overflow."""
    zero, minus = x2 == 0, x2 == -1
    quotient = torch.floor_divide(x1, where(zero | minus, 1, x2))
    return where(minus, -x1, quotient).masked_fill_(zero, 0)


def _remainder_signed(x1: Any, x2: Any) -> Any:
    return torch.remainder(x1, where((x2 == 0) | (x2 == -1), 1, x2))


def _floor_divide_bytes(x1: Any, x2: Any) -> Any:
    zero = x2 == 0
    return torch.floor_divide(x1, where(zero, 1, x2)).masked_fill_(zero, 0)


def _remainder_bytes(x1: Any, x2: Any) -> Any:
    return torch.remainder(x1, where(x2 == 0, 1, x2))


def _floor_divide_unsigned(x1: Any, x2: Any) -> Any:
    if x1.dtype is not torch.uint64:
        return _floor_divide_signed(x1.long(), x2.long()).to(x1.dtype)
    return _divided(x1, x2)[0].view(torch.uint64)


def _remainder_unsigned(x1: Any, x2: Any) -> Any:
    if x1.dtype is not torch.uint64:
        return _remainder_signed(x1.long(), x2.long()).to(x1.dtype)
    return _divided(x1, x2)[1].view(torch.uint64)


def _divided(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Quotient and remainder of uint64, as the signed numbers of the same bits; both 0 where the divisor is.

    Half of the dividend is never negative, so signed division gives a quotient that is right or one too small. Divisors
    whose uppermost bit is set go once at most.
    """
    over, under = x1.view(torch.int64), x2.view(torch.int64)
    zero, huge = under == 0, under < 0
    quotient = torch.floor_divide(_half(over), where(zero | huge, 1, under)) << 1
    quotient = quotient.masked_fill_(huge, 0)
    rest = over - quotient * under
    more = (rest ^ _LOWEST) >= (under ^ _LOWEST)
    quotient = quotient + more.long()
    rest = where(more, rest - under, rest)
    return quotient.masked_fill_(zero, 0), rest.masked_fill_(zero, 0)


_LOWEST = torch.iinfo(torch.int64).min
_HIGHEST = torch.iinfo(torch.int64).max


def _half(bits: Any) -> Any:
    """Bits of uint64 shifted to the right by one place."""
    return (bits >> 1) & _HIGHEST


def _pow_signed(x1: Any, x2: Any) -> Any:
    if not torch.compiler.is_compiling() and bool((x2 < 0).any()):
        raise negative_power()
    return torch.pow(x1, x2)


def _pow_unsigned(x1: Any, x2: Any) -> Any:
    if x1.dtype is not torch.uint64:
        return torch.pow(x1.long(), x2.long()).to(x1.dtype)
    base, exponent = x1.view(torch.int64), x2.view(torch.int64)
    low, high = exponent & 0xFFFFFFFF, (exponent >> 32) & 0xFFFFFFFF
    return (torch.pow(torch.pow(torch.pow(base, high), 1 << 16), 1 << 16) * torch.pow(base, low)).view(torch.uint64)


def _right_shift_unsigned(x1: Any, x2: Any) -> Any:
    if x1.dtype is not torch.uint64:
        return torch.bitwise_right_shift(x1.long(), x2.long()).to(x1.dtype)
    bits, count = x1.view(torch.int64), x2.view(torch.int64)
    return where(count == 0, bits, _half(bits) >> (count - 1)).view(torch.uint64)


# Floats --------------------------------------------------------------------------------------------------------------


def _floor_divide_floating(x1: Any, x2: Any) -> Any:
    """PyTorch's own but for infinities on either side, where the standard has the plain quotient."""
    plain = x1.detach() / x2.detach()
    return where(torch.isinf(x1) | torch.isinf(x2), plain, torch.div(x1, x2, rounding_mode="floor"))


def _remainder_floating(x1: Any, x2: Any) -> Any:
    """PyTorch's own but for zeros, which have the divisor's sign in the standard; and where the quotient overflows."""
    raw = torch.remainder(_reduced(x1, x2) if x1.is_cpu else x1, x2)
    return where(raw == 0, torch.copysign(raw, x2), raw)


def _reduced(x1: Any, x2: Any) -> Any:
    """The dividend without what is a large multiple of the divisor, where PyTorch's loops over vectors give NaN."""
    steep = torch.isinf(x1 / x2) & torch.isfinite(x1) & (x2 != 0)
    if not torch.compiler.is_compiling() and not bool(steep.any()):
        return x1
    multiple = x2.detach() * 2.0 ** (math.frexp(torch.finfo(x1.dtype).max)[1] - 2)
    return where(steep, torch.fmod(x1, multiple), x1)


def _sign_floating(x: Any) -> Any:
    return where(torch.isnan(x), x, torch.sign(x))


def _round_complex(x: Any) -> Any:
    return torch.view_as_complex(torch.round(torch.view_as_real(x)))


def _negative_complex(x: Any) -> Any:
    """Part by part: PyTorch's loops over vectors subtract from 0, which makes 0 of 0 and not -0."""
    return torch.view_as_complex(torch.neg(torch.view_as_real(x.resolve_conj())))


def _sqrt(x: Any) -> Any:
    """NumPy's on CPUs, which rounds correctly (PyTorch's is MKL's there, and up to 0.75 ulp off)."""
    if not x.is_cpu or x.requires_grad or torch.compiler.is_compiling():
        return torch.sqrt(x)
    result = torch.empty_like(x)
    with np.errstate(invalid="ignore"):
        np.sqrt(x.numpy(), out=result.numpy())
    return result


def _steep(function: Any, odd: bool) -> Any:
    """The hyperbolic sine or cosine: PyTorch's, and where it overflows too early, half of the exponential."""

    def kernel(x: Any) -> Any:
        size = torch.abs(x)
        steep = size > math.log(torch.finfo(x.dtype).max) - 2
        half = torch.exp(size - 1) * (math.e / 2)
        return where(steep, torch.copysign(half, x) if odd else half, function(where(steep, 0, x)))

    return kernel


_sinh, _cosh = _steep(torch.sinh, True), _steep(torch.cosh, False)


def _square(x: Any) -> Any:
    return x * x


def _softplus(x: Any) -> Any:
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype, device=x.device))


def _imag_of_real(x: Any) -> Any:
    return torch.zeros_like(x)


def _clip(x: Any, *, min: Any, max: Any) -> Any:
    if x.dtype.is_floating_point and not (min != min or max != max):
        return unchanged(x) if min is None and max is None else torch.clamp(x, min, max)
    if min is not None:
        x = Elementwise.maximum(x, torch.full((), min, dtype=x.dtype, device=x.device))
    if max is not None:
        x = Elementwise.minimum(x, torch.full((), max, dtype=x.dtype, device=x.device))
    return x


def _clamp(x: Any, low: Any, high: Any) -> Any:
    return torch.minimum(torch.maximum(x, low), high)


class Elementwise:
    """Kernels of one dtype or two, element by element."""

    identity: Any = staticmethod(unchanged)

    # Arithmetic

    add = Forms(operator.add, unsigned=on_bits(operator.add))
    subtract = Forms(operator.sub, unsigned=on_bits(operator.sub))
    multiply = Forms(operator.mul, unsigned=on_bits(operator.mul))
    divide = Forms(operator.truediv)
    floor_divide = Forms(
        _floor_divide_floating,
        half=in_float64(_floor_divide_floating),
        unsigned=_floor_divide_unsigned,
        uint8=_floor_divide_bytes,
        integer=_floor_divide_signed,
    )
    remainder = Forms(
        _remainder_floating,
        half=in_float64(_remainder_floating),
        unsigned=_remainder_unsigned,
        uint8=_remainder_bytes,
        integer=_remainder_signed,
    )
    pow = Forms(torch.pow, unsigned=_pow_unsigned, uint8=torch.pow, integer=_pow_signed)
    negative = Forms(torch.neg, unsigned=on_bits(torch.neg), complex=_negative_complex)
    positive: Any = staticmethod(unchanged)
    abs = Forms(torch.abs, unsigned=unchanged, uint8=unchanged)
    sign = Forms(
        _sign_floating,
        unsigned=lambda x: (x != 0).to(x.dtype),
        integer=torch.sign,
        complex=torch.sgn,
    )
    square = Forms(_square, unsigned=on_bits(_square))
    reciprocal = Forms(torch.reciprocal)
    sqrt = Forms(_sqrt, half=torch.sqrt, complex=torch.sqrt)
    rsqrt = Forms(torch.rsqrt, half=in_float32(torch.rsqrt))
    maximum = Forms(torch.maximum, unsigned=among(torch.maximum))
    minimum = Forms(torch.minimum, unsigned=among(torch.minimum))
    hypot = Forms(torch.hypot)
    copysign = Forms(torch.copysign)
    nextafter = Forms(torch.nextafter)
    logaddexp = Forms(torch.logaddexp)
    clip: Any = staticmethod(_clip)
    clamp = Forms(_clamp, unsigned=among(_clamp))

    # Rounding

    floor = Forms(torch.floor, integer=unchanged)
    ceil = Forms(torch.ceil, integer=unchanged)
    trunc = Forms(torch.trunc, integer=unchanged)
    round = Forms(torch.round, integer=unchanged, complex=_round_complex)

    # Elementary functions

    exp = Forms(torch.exp)
    expm1 = Forms(torch.expm1)
    log = Forms(torch.log)
    log1p = Forms(torch.log1p)
    log2 = Forms(torch.log2)
    log10 = Forms(torch.log10)
    sin = Forms(torch.sin)
    cos = Forms(torch.cos)
    tan = Forms(torch.tan)
    asin = Forms(torch.asin)
    acos = Forms(torch.acos)
    atan = Forms(torch.atan)
    atan2 = Forms(torch.atan2)
    sinh = Forms(_sinh, half=in_float32(_sinh), complex=torch.sinh)
    cosh = Forms(_cosh, half=in_float32(_cosh), complex=torch.cosh)
    tanh = Forms(torch.tanh)
    asinh = Forms(torch.asinh)
    acosh = Forms(torch.acosh)
    atanh = Forms(torch.atanh)
    erf = Forms(torch.erf, half=in_float32(torch.erf))  # PyTorch's own is off by 0.8 ulp where the array has gaps
    erfc = Forms(torch.erfc)
    erfinv = Forms(torch.erfinv)
    sigmoid = Forms(torch.sigmoid)
    softplus = Forms(_softplus)
    relu = Forms(torch.relu, unsigned=unchanged, uint8=unchanged)

    # Comparisons

    equal = Forms(torch.eq)
    not_equal = Forms(torch.ne)
    less = Forms(torch.lt, unsigned=in_order(torch.lt))
    less_equal = Forms(torch.le, unsigned=in_order(torch.le))
    greater = Forms(torch.gt, unsigned=in_order(torch.gt))
    greater_equal = Forms(torch.ge, unsigned=in_order(torch.ge))
    isnan = Forms(torch.isnan)
    isinf = Forms(torch.isinf)
    isfinite = Forms(torch.isfinite)
    signbit = Forms(torch.signbit)

    # Logic and bits

    logical_and = Forms(torch.logical_and)
    logical_or = Forms(torch.logical_or)
    logical_xor = Forms(torch.logical_xor)
    logical_not = Forms(torch.logical_not)
    bitwise_and = Forms(torch.bitwise_and)
    bitwise_or = Forms(torch.bitwise_or)
    bitwise_xor = Forms(torch.bitwise_xor)
    bitwise_invert = Forms(torch.bitwise_not, unsigned=on_bits(torch.bitwise_not))
    bitwise_left_shift = Forms(torch.bitwise_left_shift, unsigned=on_bits(torch.bitwise_left_shift))
    bitwise_right_shift = Forms(torch.bitwise_right_shift, unsigned=_right_shift_unsigned)

    # Complex numbers. (torch.conj only marks them; marked tensors cannot be handed to NumPy.)

    conj = Forms(unchanged, complex=torch.conj_physical)
    real = Forms(unchanged, complex=torch.real)
    imag = Forms(_imag_of_real, complex=torch.imag)

    where: Any = Forms(torch.where, at=1)
