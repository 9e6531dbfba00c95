"""The modified Bessel function of order 0, by series of Chebyshev polynomials."""

from __future__ import annotations

from typing import Any

from ...ops import elementwise
from .elementary import floating

_NEAR = (
    0.6767952744094761,
    -0.3046826723431984,
    0.17162090152220877,
    -0.09490109704804764,
    0.04930528423967071,
    -0.02373741480589947,
    0.010546460394594998,
    -0.004324309995050576,
    0.0016394756169413357,
    -0.0005763755745385824,
    0.00018850288509584165,
    -5.754195010082104e-05,
    1.6448448070728896e-05,
    -4.4167383584587505e-06,
    1.1173875391201037e-06,
    -2.670793853940612e-07,
    6.046995022541919e-08,
    -1.300025009986248e-08,
    2.6598237246823866e-09,
    -5.189795601635263e-10,
    9.675809035373237e-11,
    -1.726826291441556e-11,
    2.95505266312964e-12,
    -4.856446783111929e-13,
    7.676185498604936e-14,
    -1.1685332877993451e-14,
    1.715391285555133e-15,
    -2.431279846547955e-16,
    3.3307945188222384e-17,
    -4.4153416464793395e-18,
)
"""``exp(-x) I0(x)`` for x from 0 to 8, of ``x / 4 - 1``; worked out with 60 digits."""

_FAR = (
    0.8044904110141088,
    0.0033691164782556943,
    6.889758346916825e-05,
    2.8913705208347567e-06,
    2.0489185894690638e-07,
    2.266668990498178e-08,
    3.3962320257083865e-09,
    4.94060238822497e-10,
    1.1889147107846439e-11,
    -3.1499165279632416e-11,
    -1.3215811840447713e-11,
    -1.7941785315068062e-12,
    7.180124451383666e-13,
    3.8527783827421426e-13,
    1.54008621752141e-14,
    -4.150569347287222e-14,
    -9.554846698828307e-15,
    3.8116806693526224e-15,
    1.7725601330565263e-15,
    -3.425485619677219e-16,
    -2.8276239805165836e-16,
    3.461222867697461e-17,
    4.46562142029676e-17,
    -4.830504485944182e-18,
    -7.233180487874754e-18,
)
"""``exp(-x) sqrt(x) I0(x)`` for x from 8 on, of ``16 / x - 1``."""


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0."""
    x = floating(x)
    size = elementwise.where(elementwise.less(x, 0), -x, x)  # has a slope at 0, as all derivatives there need
    close = elementwise.less_equal(size, 8)
    near = _series(_NEAR, elementwise.where(close, size, 8) / 4 - 1)
    away = elementwise.where(close, 8, size)
    far = _series(_FAR, 16 / away - 1) * elementwise.rsqrt(away)
    half = elementwise.exp(size / 2)  # the whole of it may be infinite where the product is not
    return half * elementwise.where(close, near, far) * half


def _series(coefficients: tuple[float, ...], t: Any) -> Any:
    """The sum of Chebyshev polynomials, the first of which counts half, by Clenshaw's recurrence."""
    before, now = 0.0 * t, 0.0 * t
    for coefficient in reversed(coefficients[1:]):
        before, now = now, 2 * t * now - before + coefficient
    return t * now - before + coefficients[0] / 2
