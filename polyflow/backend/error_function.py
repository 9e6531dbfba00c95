"""The error function, its complement and its inverse, for float64 and any namespace that has elementary functions.

Each lies within 4 ulp of the true value.
"""

from __future__ import annotations

import math
from typing import Any

# Sun Microsystems, FDLIBM 5.3 (1993), s_erf.c: minimax rational functions for four stretches, here with the highest
# power first. Up to 0.84375 in x**2, from there to 1.25 in x - 1, to 1 / 0.35 and beyond in 1 / x**2.
NEAR = (
    (
        -2.37630166566501626084e-05,
        -5.77027029648944159157e-03,
        -2.84817495755985104766e-02,
        -3.25042107247001499370e-01,
        1.28379167095512558561e-01,
    ),
    (
        -3.96022827877536812320e-06,
        1.32494738004321644526e-04,
        5.08130628187576562776e-03,
        6.50222499887672944485e-02,
        3.97917223959155352819e-01,
        1.0,
    ),
)
AT_ONE = (
    (
        -2.16637559486879084300e-03,
        3.54783043256182359371e-02,
        -1.10894694282396677476e-01,
        3.18346619901161753674e-01,
        -3.72207876035701323847e-01,
        4.14856118683748331666e-01,
        -2.36211856075265944077e-03,
    ),
    (
        1.19844998467991074170e-02,
        1.36370839120290507362e-02,
        1.26171219808761642112e-01,
        7.18286544141962662868e-02,
        5.40397917702171048937e-01,
        1.06420880400844228286e-01,
        1.0,
    ),
)
ERF_OF_ONE = 8.45062911510467529297e-01  # to the 24 bits that the stretch around 1 corrects
MIDDLE = (
    (
        -9.81432934416914548592e00,
        -8.12874355063065934246e01,
        -1.84605092906711035994e02,
        -1.62396669462573470355e02,
        -6.23753324503260060396e01,
        -1.05586262253232909814e01,
        -6.93858572707181764372e-01,
        -9.86494403484714822705e-03,
    ),
    (
        -6.04244152148580987438e-02,
        6.57024977031928170135e00,
        1.08635005541779435134e02,
        4.29008140027567833386e02,
        6.45387271733267880336e02,
        4.34565877475229228821e02,
        1.37657754143519042600e02,
        1.96512716674392571292e01,
        1.0,
    ),
)
TAIL = (
    (
        -4.83519191608651397019e02,
        -1.02509513161107724954e03,
        -6.37566443368389627722e02,
        -1.60636384855821916062e02,
        -1.77579549177547519889e01,
        -7.99283237680523006574e-01,
        -9.86494292470009928597e-03,
    ),
    (
        -2.24409524465858183362e01,
        4.74528541206955367215e02,
        2.55305040643316442583e03,
        3.19985821950859553908e03,
        1.53672958608443695994e03,
        3.25792512996573918826e02,
        3.03380607434824582924e01,
        1.0,
    ),
)
SLOPE = 2.0 / math.sqrt(math.pi)
NEAR_END, MIDDLE_START, TAIL_START = 0.84375, 1.25, 1 / 0.35
SHIFT = 0.5625

# Minimax fits of scripts/erfinv_coefficients.py, highest power first: erfinv(x) / x - 1 in 0.875**2 - x**2, and
# r - erfinv(x) in r = sqrt(-log(1 - x)), which goes as far as float64 does.
CENTRE = (
    (
        -0.007780437326081282,
        -2.1033813232884504,
        -17.848025179444306,
        -42.47518005188321,
        -36.16791042056673,
        -7.550727289317656,
        4.123458149731656,
        2.0448047419262836,
        0.2397566172220378,
    ),
    (
        2.7853952355777056,
        34.819224672663424,
        129.66905613327518,
        206.58843649534867,
        162.08587329843104,
        65.42483295777132,
        12.982263699903948,
        1.0,
    ),
)
OUTER = (
    (
        3.620953602265743e-07,
        0.00039521071111361076,
        0.020472439302624098,
        0.287668617672353,
        1.3941253595370826,
        2.136225735377427,
        1.3771061915179295,
        0.9932312662593641,
        0.0005001715172191888,
    ),
    (
        0.00013536704184186413,
        0.009983493575387256,
        0.1914810802494297,
        1.3474311006252129,
        3.6819300292908586,
        4.3908341931263895,
        4.248646977521464,
        2.2228723591783703,
        1.0,
    ),
)
CENTRE_END = 0.875


def ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    """A rational function."""
    top, bottom = (polynomial(coefficients, x) for coefficients in polynomials)
    return top / bottom


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """By Horner's scheme, in one new array where arrays can be written to."""
    value = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    value += coefficients[-1]
    return value


def exp_of_minus_square(x: Any, extra: Any, xp: Any) -> Any:
    """``exp(-x**2 - 0.5625 + extra)`` for x >= 0, with the square split in two, whose error would be magnified.

    (A product of two exponentials would be put together again by compilers that reorder arithmetic, as XLA does.)
    """
    coarse = xp.round(x * 256.0) / 256.0  # 12 bits in float32, 13 in float64: its square is exact
    main = xp.exp(-coarse * coarse - SHIFT)
    return main + main * xp.expm1(extra - (x - coarse) * (x + coarse))


def erfc_of_magnitude(x: Any, xp: Any) -> Any:
    """``erfc(x)`` for x from 0.84375 on."""
    early = x < MIDDLE_START
    offset = xp.where(early, x - 1.0, 0.0)
    held = xp.where(early, MIDDLE_START, xp.where(x > 30.0, 30.0, x))  # erfc(30) is 0 already
    inverse = 1.0 / (held * held)
    part = xp.where(held < TAIL_START, ratio(MIDDLE, inverse), ratio(TAIL, inverse))
    late = exp_of_minus_square(held, part, xp) / held
    return xp.where(early, 1.0 - ERF_OF_ONE - ratio(AT_ONE, offset), late)


def erf(x: Any, xp: Any) -> Any:
    """The error function."""
    size = xp.abs(x)
    near = ~(size >= NEAR_END)  # NaN is near, and passes through
    small = xp.where(near, x, 0.0)
    outer = 1.0 - erfc_of_magnitude(xp.where(near, 1.0, size), xp)
    return xp.where(near, small + small * ratio(NEAR, small * small), xp.where(x < 0.0, -outer, outer))


def erfc(x: Any, xp: Any) -> Any:
    """Its complement, ``1 - erf(x)``."""
    size = xp.abs(x)
    near = ~(size >= NEAR_END)
    small = xp.where(near, x, 0.0)
    part = small * ratio(NEAR, small * small)
    inner = xp.where(small < 0.25, 1.0 - (small + part), 0.5 - (part + (small - 0.5)))
    outer = erfc_of_magnitude(xp.where(near, 1.0, size), xp)
    return xp.where(near, inner, xp.where(x < 0.0, 2.0 - outer, outer))


def erfinv(x: Any, xp: Any) -> Any:
    """Its inverse."""
    size = xp.abs(x)
    centre = ~(size > CENTRE_END)
    small = xp.where(centre, x, 0.0)
    middle = small * (1.0 + ratio(CENTRE, CENTRE_END**2 - small * small))
    r = xp.sqrt(-xp.log(xp.where(centre, 1.0 - CENTRE_END, 1.0 - size)))
    tail = xp.where(size == 1.0, math.inf, r - ratio(OUTER, r))
    return xp.where(centre, middle, xp.where(x < 0.0, -tail, tail))


# For float32 nine digits are enough, computed in float64: one fraction, one polynomial. Their coefficients are minimax
# fits of the relative error, found by iterated least squares against values of fifty digits.
TOP = (
    -4.021264478113684e-09,
    1.3009791047389258e-06,
    0.00010306033154071447,
    0.0013018026139810478,
    0.017259348795962196,
    0.09900138927630835,
    0.46400491442020114,
    1.1283791668299508,
)
BOTTOM = (
    1.7038979965533107e-05,
    0.000386051967500663,
    0.005090081076116206,
    0.043290196831592055,
    0.23592013039265855,
    0.7445469693482225,
    1.0,
)
"""erf(x) / x as a fraction in x**2, highest power first: within 2.8e-10 up to x = 4, where erf(x) is 1 in float32."""

COMPLEMENT = (
    -0.02879775008543052,
    0.2172421478571463,
    -0.6970817247961025,
    1.2039310462123822,
    -1.153474247887079,
    0.5922421040947554,
    -0.26552503836160135,
    0.15625237317666069,
    0.16263279251154483,
    0.24850400412119866,
    0.28197575813467995,
    0.2820985353388611,
)
"""erfc(x) exp(x**2) / t in t = 2 / (2 + x), highest power first: within 3.2e-10 up to x = 10.3, where erfc(x) is 0."""
