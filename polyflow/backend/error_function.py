"""The error function, its complement and its inverse, for float64 and any namespace that has elementary functions.

Each lies within 4 ulp of the true value (``erfinv`` after its refinement).
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

# M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
# 477-484 (PPND16): numerator and denominator, highest power first, for the centre, the tail and the far tail.
CENTRE = (
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
OUTER = (
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
FAR = (
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
    """Its inverse, to 15 digits."""
    size = xp.abs(x)
    centre = ~(size > 0.85)
    q = xp.where(centre, x, 0.0) / 2.0
    middle = q * ratio(CENTRE, 0.180625 - q * q)
    r = xp.sqrt(-xp.log(xp.where(centre | (size >= 1.0), 0.5, (1.0 - size) / 2.0)))
    tail = xp.where(r <= 5.0, ratio(OUTER, r - 1.6), ratio(FAR, xp.where(r <= 5.0, 5.0, r) - 5.0))
    tail = xp.where(size == 1.0, math.inf, xp.where(size > 1.0, math.nan, tail))
    return xp.where(centre, middle, xp.where(x < 0.0, -tail, tail)) / math.sqrt(2.0)


def refined_erfinv(x: Any, xp: Any) -> Any:
    """`erfinv` and one step of Newton's method further: the last bits of float64."""
    y = erfinv(x, xp)
    size = xp.abs(x)
    settled = ~(size < 1.0)
    w = xp.where(settled, 0.0, xp.abs(y))
    inner = size <= 0.5
    excess = xp.where(inner, erf(w, xp) - size, (1.0 - size) - erfc(w, xp))
    w = w - excess * xp.exp(w * w) / SLOPE
    return xp.where(settled, y, xp.where(x < 0.0, -w, xp.where(x == 0.0, x, w)))


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
