"""The regularized incomplete gamma functions in composed ops: the same numbers on every backend.

Where ``x`` is small beside ``a`` by the lower function's power series, elsewhere by the upper one's continued fraction
(W. J. Lentz's way to go down one), each for so many terms as any element needs. They are computed in float64 where the
backend has it.
"""

from __future__ import annotations

import math
from typing import Any

from . import dtypes as dt
from .composed.gamma import lgamma
from .flow.control import while_loop
from .flow.transforms import custom_gradient, jvp
from .ops import elementwise as e
from .ops.creation import ones_like
from .ops.reduction import any
from .ops.shape import broadcast_arrays
from .tensor import Tensor, asarray

TERMS = 2000
"""At most so many: enough for ``a`` up to 50,000 where ``x`` is near it, and for all others."""

TINY = 1e-300
"""What a denominator of the continued fraction is instead of 0."""


def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The lower regularized incomplete gamma function: the share of ``t**(a - 1) exp(-t)`` that lies below ``x``.

    NaN for negative ``x`` and for ``a`` that is not positive. Differentiable in both.
    """
    return _in_the_widest(a, x, upper=False)


def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The upper one: ``1 - igamma(a, x)``, exact where that is small."""
    return _in_the_widest(a, x, upper=True)


def _in_the_widest(a: Any, x: Any, upper: bool) -> Tensor:
    a, x = asarray(a), asarray(x)
    dtype = dt.result_type(a.dtype, x.dtype)
    dtype = dtype if dtype in dt.FLOATING else dt.DEFAULT_FLOAT
    widest = dt.float64 if dt.float64 in x.backend.capabilities.dtypes else dtype
    a, x = broadcast_arrays(e.astype(a, widest), e.astype(x, widest))
    return e.astype(_upper(a, x) if upper else _lower(a, x), dtype)


@custom_gradient
def _lower(a: Tensor, x: Tensor) -> tuple[Tensor, Any]:
    return _share(a, x, False), lambda g: (g * _along_a(a, x, False), g * _density(a, x))


@custom_gradient
def _upper(a: Tensor, x: Tensor) -> tuple[Tensor, Any]:
    return _share(a, x, True), lambda g: (g * _along_a(a, x, True), -g * _density(a, x))


def _along_a(a: Tensor, x: Tensor, upper: bool) -> Tensor:
    """The derivative in ``a``: that of the terms."""
    return jvp(lambda a: _share(a, x, upper), (a,), (ones_like(a),))[1]


def _density(a: Tensor, x: Tensor) -> Tensor:
    positive = e.greater(x, 0)
    inside = e.where(positive, x, 1.0)
    at_0 = e.where(e.equal(a, 1), 1.0, e.where(e.less(a, 1), math.inf, 0.0))
    return e.where(positive, e.exp((a - 1) * e.log(inside) - inside - lgamma(a)), e.where(e.less(x, 0), math.nan, at_0))


def _share(a: Tensor, x: Tensor, upper: bool) -> Tensor:
    known = e.logical_and(e.greater(a, 0), e.greater_equal(x, 0))
    ends = e.logical_or(e.equal(x, 0), e.isinf(x))
    inside = e.logical_and(known, e.logical_not(ends))
    a, at = e.where(inside, a, 1.0), e.where(inside, x, 1.0)
    low = e.less(at, a + 1)
    scale = e.exp(a * e.log(at) - at - lgamma(a))
    series, fraction = _terms(a, e.where(low, at, a / 2), e.where(low, 2 * a + 10, at))
    below, above = scale * series, scale * fraction
    found = e.where(low, 1 - below, above) if upper else e.where(low, below, 1 - above)
    at_ends = e.where(e.equal(x, 0), float(upper), float(not upper))
    return e.where(known, e.where(ends, at_ends, found), math.nan)


def _terms(a: Tensor, small: Tensor, large: Tensor) -> tuple[Tensor, Tensor]:
    """``sum small**n / (a (a + 1) … (a + n))`` and ``1 / (large + 1 - a - (1 - a) / (large + 3 - a - 2 (2 - a) …``."""
    eps = dt.finfo(a.dtype).eps

    def go_on(turn: Tensor, term: Tensor, total: Tensor, c: Tensor, d: Tensor, found: Tensor, left: Tensor) -> Tensor:
        return e.logical_or(any(e.greater(term, total * eps / 4)), any(e.greater(left, eps)))

    def step(turn: Tensor, term: Tensor, total: Tensor, c: Tensor, d: Tensor, found: Tensor, _: Tensor) -> Any:
        term = term * small / (a + turn)
        numerator, b = turn * (a - turn), large + 1 - a + 2 * turn
        d = 1 / _off_zero(numerator * d + b)
        c = _off_zero(b + numerator / c)
        return turn + 1, term, total + term, c, d, found * (c * d), e.abs(c * d - 1)

    first, start = 1 / a, 1 / _off_zero(large + 1 - a)
    state = (ones_like(a), first, first, ones_like(a) / TINY, start, start, ones_like(a))
    _, _, total, _, _, found, _ = while_loop(go_on, step, state, maximum_iterations=TERMS)
    return total, found


def _off_zero(x: Tensor) -> Tensor:
    return e.where(e.less(e.abs(x), TINY), TINY, x)
