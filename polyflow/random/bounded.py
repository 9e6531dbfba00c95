"""Beta and binomial numbers, which lie between 0 and 1, and between 0 and a count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import dtypes as dt
from ..composed.gamma import lgamma
from ..errors import DTypeError
from ..flow.transforms import stop_gradient
from ..ops import elementwise as e
from ..ops import reduction
from ..ops.creation import zeros
from ..ops.shape import broadcast_to
from ..tensor import concrete
from .draws import _float, _key, _shape, _symmetric
from .keys import split
from .rejection import FEW, _between, _first_accepted, _gamma, _parameter, _repeated

if TYPE_CHECKING:
    from ..tensor import Tensor


def beta(
    shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None, *, key: Any = None, backend: Any = None
) -> Tensor:
    """Beta distributed numbers: their mean is ``alpha / (alpha + beta)``.

    They are the share of one gamma number in two, of which the logarithms are drawn, so that small parameters lose
    nothing. No gradient flows to the parameters.

    Args:
        shape: the shape of the result, to which the parameters are broadcast.
        alpha: numbers above 0.
        beta: likewise.
        dtype: a floating dtype; float32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.

    Raises:
        ValueError: for parameters of 0 or less. (Not inside compiled functions: NaN there.)
    """
    target, used = _float("beta", dtype), _key(seed, key, backend)
    wanted = _shape(shape)
    a, b = (broadcast_to(stop_gradient(_parameter("beta", one, used)), wanted) for one in (alpha, beta))
    first, second = split(used)
    apart = _log_gamma(second, b, target) - _log_gamma(first, a, target)
    larger = e.exp(-e.abs(apart))  # of the two shares the smaller is known to all its digits
    return e.astype(e.where(e.greater(apart, 0), larger, 1.0) / (1.0 + larger), target)


def _log_gamma(key: Tensor, alpha: Tensor, dtype: Any) -> Tensor:
    """The logarithms of gamma numbers of rate 1."""
    first, second = split(key)
    larger = _gamma(first, alpha + 1.0, dtype)
    return e.log(larger) + e.log(_between(second, alpha.shape, dtype)) / alpha


def binomial(
    shape: Any,
    counts: Any,
    probabilities: Any,
    dtype: Any = None,
    seed: Any = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Binomial distributed numbers: how many of ``counts`` trials succeed that each do so with a probability.

    By W. Hörmann, "The generation of binomial random variates" (1993), means below 10 by the inverse of their
    distribution function, in float64 where the backend has it. No gradient flows to the parameters.

    Args:
        shape: the shape of the result, to which the parameters are broadcast.
        counts: numbers of 0 or more.
        probabilities: numbers from 0 to 1.
        dtype: a floating or an integer dtype; float32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.

    Raises:
        ValueError: for other parameters. (Not inside compiled functions: NaN there, and 0 of integers.)
    """
    target = dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
    if target not in dt.FLOATING and target not in dt.INTEGERS:
        raise DTypeError(f"random.binomial draws integers or real floating numbers; got dtype {target.name}.")
    used, wanted = _key(seed, key, backend), _shape(shape)
    n = e.floor(stop_gradient(_parameter("binomial", counts, used, least=0.0)))
    p = stop_gradient(_parameter("binomial", probabilities, used, least=0.0))
    if concrete(p) and bool(reduction.any(e.greater(p, 1))):
        raise ValueError(f"random.binomial takes probabilities from 0 to 1; got {probabilities!r}.")
    n, p = broadcast_to(n, wanted), broadcast_to(e.where(e.greater(p, 1), math.nan, p), wanted)
    often = e.greater(p, 0.5)
    rare = e.where(often, 1.0 - p, p)
    first, second = split(used)
    few = e.less(n * rare, FEW)
    found = e.where(
        few,
        _few(first, n, e.where(few, rare, 0.0)),
        _many(second, e.where(few, 4.0 * FEW, n), e.where(few, 0.5, rare)),
    )
    found = e.where(e.isnan(n * p), math.nan, e.where(often, n - found, found))
    return e.saturate_cast(found, target)


def _few(key: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """How often the distribution function stays below a uniform number."""
    u = _between(key, p.shape, p.dtype)
    odds = p / (1.0 - p)

    def another(count: Tensor, term: Tensor, reached: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        more = e.logical_and(e.greater(u, reached), e.less(count, n))
        following = term * odds * (n - count) / (count + 1.0)
        term = e.where(more, following, term)
        return e.where(more, count + 1.0, count), term, e.where(more, reached + term, reached)

    nothing = e.exp(n * e.log1p(-p))
    start = (zeros(p.shape, p.dtype, backend=p.backend), nothing, nothing)
    return _repeated(lambda count, term, reached: reduction.any(e.greater(u, reached)), another, start)[0]


def _many(key: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """Hörmann's BTRS, for means of 10 and more and probabilities up to one half."""
    q = 1.0 - p
    width = e.sqrt(n * p * q)
    b = 1.15 + 2.53 * width
    a = -0.0873 + 0.0248 * b + 0.01 * p
    scale = (2.83 + 5.1 / b) * width
    most = e.floor((n + 1.0) * p)
    top, level = lgamma(most + 1.0) + lgamma(n - most + 1.0), e.log(p / q)

    def tried(key: Tensor) -> tuple[Tensor, Tensor]:
        first, second = split(key)
        u = 0.5 * _symmetric(first, n.shape, n.dtype)
        v = _between(second, n.shape, n.dtype)
        rest = 0.5 - e.abs(u)
        k = e.floor((2.0 * a / rest + b) * u + n * p + 0.5)
        inside = e.logical_and(e.greater_equal(k, 0), e.less_equal(k, n))
        k = e.clip(k, 0.0, n)
        sure = e.logical_and(e.greater_equal(rest, 0.07), e.less_equal(v, 0.92 - 4.2 / b))
        left = e.log(v * scale / (a / (rest * rest) + b))
        under = e.less_equal(left, top - lgamma(k + 1.0) - lgamma(n - k + 1.0) + (k - most) * level)
        return k, e.logical_and(inside, e.logical_or(sure, under))

    return _first_accepted(key, n, tried)
