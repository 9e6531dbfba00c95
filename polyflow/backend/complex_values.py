"""Special values of complex functions where libraries differ: the array API standard's zeros, infinities and NaN.

Each function takes an array namespace, the parts ``x`` and ``y`` of the arguments and the parts ``re`` and ``im`` of
what the library makes of them, and returns the parts with the special ones mended. Where the standard leaves a sign
open, it is that of the argument's part.
"""

from __future__ import annotations

import math
from typing import Any

Parts = tuple[Any, Any]

INF, NAN = math.inf, math.nan


def _zero(xp: Any, y: Any) -> Any:
    """Zeros with the signs of ``y``."""
    return xp.copysign(xp.zeros_like(y), y)


def exp(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Without an angle: 0 + 0j at -inf, inf + NaN j at inf; real numbers stay real."""
    re, im = _without_angle(xp, x, y, re, im, 0.0)
    return re, xp.where(y == 0, y, im)


def expm1(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """As `exp`, 1 less; real numbers stay real, and 0 is positive."""
    re, im = _without_angle(xp, x, y, re, im, -1.0)
    real = y == 0
    return xp.where(real, xp.where(x == 0, 0.0, xp.expm1(x)), re), xp.where(real, y, im)


def _without_angle(xp: Any, x: Any, y: Any, re: Any, im: Any, low: float) -> Parts:
    unknown = ~xp.isfinite(y)
    down, up = unknown & (x == -INF), unknown & (x == INF)
    return xp.where(down, low, xp.where(up, INF, re)), xp.where(down, 0.0, xp.where(up, NAN, im))


def sinh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """The real part of 0 and of infinities is known without an angle; real numbers stay real."""
    known = ~xp.isfinite(y) & ((x == 0) | xp.isinf(x))
    return xp.where(known, x, re), xp.where(y == 0, y, im)


def cosh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """The real part of infinities is known without an angle, and the imaginary part of 0; real numbers stay real."""
    unknown = ~xp.isfinite(y)
    flat = (y == 0) | (unknown & (x == 0))
    zero = xp.copysign(_zero(xp, y), xp.where(xp.signbit(x) == xp.signbit(y), xp.ones_like(x), -xp.ones_like(x)))
    return xp.where(unknown & xp.isinf(x), INF, re), xp.where(flat, zero, im)


def tanh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """1 at infinity whatever the angle; without an angle only the real part of 0 is known; real numbers stay real."""
    far, unknown = xp.isinf(x), ~xp.isfinite(y) & xp.isfinite(x)
    re = xp.where(far, xp.copysign(xp.ones_like(x), x), xp.where(unknown, xp.where(x == 0, x, NAN), re))
    im = xp.where(far, _zero(xp, y), xp.where(unknown, NAN, im))
    return re, xp.where(y == 0, y, im)


def _signed(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """The parts with the signs of the argument's, which say on which side of a cut it lies."""
    return xp.copysign(re, x), xp.copysign(im, y)


def sqrt(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Of an infinity with an unknown part; real numbers of 0 and more stay real."""
    unknown, far = xp.isnan(y), xp.isinf(y)
    up, down = unknown & (x == INF), unknown & (x == -INF)
    im = xp.where(down, INF, xp.where(((y == 0) & (x >= 0)) | far, y, xp.copysign(im, y)))
    return xp.where(up | far, INF, xp.where(down, NAN, re)), xp.where(up, NAN, im)


def acos(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Of a finite number with an unknown imaginary part."""
    unknown = xp.isfinite(x) & xp.isnan(y)
    re = xp.where(unknown, xp.where(x == 0, math.pi / 2, NAN), re)
    return re, xp.where(unknown, NAN, xp.copysign(im, -y))


def asin(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Of a finite number with an unknown imaginary part."""
    unknown = xp.isfinite(x) & xp.isnan(y)
    return _signed(xp, x, y, xp.where(unknown, xp.where(x == 0, x, NAN), re), xp.where(unknown, NAN, im))


def atan(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """With one part unknown."""
    lost, unknown = xp.isnan(x), xp.isnan(y)
    re = xp.where(lost | (unknown & ~xp.isinf(x)), NAN, re)
    return _signed(xp, x, y, re, xp.where(lost & ((y == 0) | xp.isinf(y)), 0.0, xp.where(lost, NAN, im)))


def acosh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Of a finite number with an unknown imaginary part."""
    unknown = xp.isfinite(x) & xp.isnan(y)
    im = xp.where(unknown, xp.where(x == 0, math.pi / 2, NAN), im)
    return xp.where(unknown, NAN, re), xp.copysign(im, y)


def asinh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """Of NaN without an imaginary part, or with a finite one."""
    lost = xp.isnan(x)
    return _signed(xp, x, y, xp.where(lost & xp.isfinite(y), NAN, re), xp.where(lost & (y == 0), y, im))


def atanh(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """With one part unknown."""
    unknown = xp.isnan(y)
    re = xp.where(unknown, xp.where((x == 0) | xp.isinf(x), 0.0, NAN), re)
    im = xp.where(unknown, NAN, im)
    lost = xp.isnan(x) & ~xp.isinf(y)
    return _signed(xp, x, y, xp.where(lost, NAN, re), xp.where(lost, NAN, im))


def sign(xp: Any, x: Any, y: Any, re: Any, im: Any) -> Parts:
    """0 of every 0."""
    zero = (x == 0) & (y == 0)
    return xp.where(zero, 0.0, re), xp.where(zero, 0.0, im)
