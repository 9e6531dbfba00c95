"""Print the coefficients of `polyflow.backend.error_function.erfinv`, and how far its two fractions are off.

    python scripts/erfinv_coefficients.py

Both are minimax fits of the relative error of the result: least squares, linear in the coefficients once the
denominator of the round before divides the errors, whose weights grow where the error is large (C. L. Lawson, 1961).
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp

mp.mp.dps = 50

BORDER = mp.mpf("0.875")
POINTS, ROUNDS = 100, 25


class Fraction(NamedTuple):
    """A fraction of two polynomials, the constant first, and the largest weighted error at the points."""

    error: mp.mpf
    top: list[mp.mpf]
    bottom: list[mp.mpf]


def erfinv(x: mp.mpf, rest: mp.mpf) -> mp.mpf:
    """By Newton's method, from x in [0, 1) and ``1 - x``, which may have digits that x has not."""
    y = mp.sqrt(-mp.log(rest)) - mp.mpf("0.3") if rest < 0.3 else 0.9 * x
    for _ in range(60):
        excess = mp.erf(y) - x if x < 0.5 else rest - mp.erfc(y)
        step = excess * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
        y -= step
        if abs(step) < mp.mpf(10) ** -45:
            return y
    raise ArithmeticError(f"Newton's method does not come to rest at {x}.")


def chebyshev(low: mp.mpf, high: mp.mpf) -> list[mp.mpf]:
    """Points that lie closer together near the ends."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * POINTS)) for i in range(POINTS)]


def fit(at: list[mp.mpf], values: list[mp.mpf], scale: list[mp.mpf], top: int, bottom: int) -> Fraction:
    """The fraction of these degrees whose largest error, divided by ``scale``, is least."""
    weights, below = [mp.mpf(1)] * POINTS, [mp.mpf(1)] * POINTS
    best = None
    for number in range(ROUNDS):
        equations, right = mp.matrix(POINTS, top + 1 + bottom), mp.matrix(POINTS, 1)
        for i, (x, value) in enumerate(zip(at, values, strict=True)):
            factor = mp.sqrt(weights[i]) / (scale[i] * below[i])
            powers = [x**k for k in range(top + 1)] + [-value * x**k for k in range(1, bottom + 1)]
            for k, power in enumerate(powers):
                equations[i, k] = factor * power
            right[i] = factor * value
        found = list(mp.lu_solve(equations.T * equations, equations.T * right))
        above, under = found[: top + 1], [mp.mpf(1), *found[top + 1 :]]
        below = [mp.polyval(under[::-1], x) for x in at]
        errors = [
            abs(mp.polyval(above[::-1], x) / down - value) / size
            for x, down, value, size in zip(at, below, values, scale, strict=True)
        ]
        largest = max(errors)
        if best is None or largest < best.error:
            best = Fraction(largest, above, under)
        if number > 2:
            weights = [
                weight * error / largest + mp.mpf(10) ** -12 for weight, error in zip(weights, errors, strict=True)
            ]
            mean = sum(weights) / POINTS
            weights = [weight / mean for weight in weights]
    assert best is not None
    return best


def show(name: str, fraction: Fraction) -> None:
    """As it stands in the source: the highest power first."""
    print(f"# relative error {mp.nstr(fraction.error, 2)}\n{name} = (")
    for polynomial in (fraction.top, fraction.bottom):
        print("    (", *(f"        {float(each)!r}," for each in reversed(polynomial)), "    ),", sep="\n")
    print(")")


def main() -> None:
    squares = chebyshev(mp.mpf(0), BORDER**2)
    slopes = [erfinv(x, 1 - x) / x for x in map(mp.sqrt, squares)]
    centre = fit([BORDER**2 - square for square in squares], [slope - 1 for slope in slopes], slopes, 8, 7)
    show("CENTRE", centre)
    roots = chebyshev(mp.sqrt(-mp.log(1 - BORDER)) * 0.9999, mp.sqrt(53 * mp.log(2)) * 1.0001)
    values = [erfinv(1 - rest, rest) for rest in (mp.exp(-r * r) for r in roots)]
    show("OUTER", fit(roots, [r - value for r, value in zip(roots, values, strict=True)], values, 8, 8))


if __name__ == "__main__":
    main()
