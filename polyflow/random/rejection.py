"""Gamma and Poisson numbers: drawn until they are accepted, each element in rounds of its own.

Round ``r`` draws from ``fold_in(key, r)`` for all elements at once, and an element takes the first round that accepts
it: so its number depends on the key, its place and its parameters alone, whatever its neighbours need.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import dtypes as dt
from ..composed.gamma import lgamma
from ..errors import DTypeError
from ..flow.transforms import stop_gradient
from ..ops import elementwise as e
from ..ops import reduction
from ..ops.creation import zeros
from ..ops.rules import broadcast
from ..ops.shape import broadcast_to
from ..ops.special import erfinv
from ..tensor import Operators, asarray, concrete
from .draws import SQRT2, _float, _key, _shape, _symmetric, _wide
from .keys import fold_in, split

if TYPE_CHECKING:
    from ..tensor import Tensor

ROUNDS = 64
"""More than any element needs: a round accepts 95 of 100 gamma numbers, and 80 of 100 Poisson numbers, or more."""

FEW = 10
"""Poisson numbers of means below this come from one uniform number, through their distribution function."""


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = None,
    seed: Any = None,
    name: str | None = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Gamma distributed numbers of shape ``alpha`` and rate ``beta``: their mean is ``alpha / beta``.

    By G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables" (2000), in float64 where the
    backend has it. Gradients flow to ``beta`` and not to ``alpha``.

    Args:
        shape: how many to draw for each of the parameters.
        alpha: numbers above 0.
        beta: likewise; 1 if left out.
        dtype: a floating dtype; float32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        name: means nothing.
        key: a key instead of a seed.
        backend: where to draw.

    Returns:
        A tensor of ``shape`` and the shape of the parameters after it.

    Raises:
        ValueError: for parameters of 0 or less. (Not inside compiled functions: NaN there.)
    """
    target, used = _float("gamma", dtype), _key(seed, key, backend)
    a, b = (_parameter("gamma", one, used) for one in (alpha, 1.0 if beta is None else beta))
    each = broadcast(a.shape, b.shape)
    drawn = _gamma(used, broadcast_to(stop_gradient(a), (*_shape(shape), *each)), target)
    return e.astype(drawn / e.where(e.greater(b, 0), b, math.nan), target)


def poisson(
    shape: Any,
    lam: Any,
    dtype: Any = None,
    seed: Any = None,
    name: str | None = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Poisson distributed counts of mean ``lam``.

    By W. Hörmann, "The transformed rejection method for generating Poisson random variables" (1993), means below 10
    by the inverse of their distribution function, in float64 where the backend has it. No gradient flows to ``lam``.

    Args:
        shape: how many to draw for each mean.
        lam: numbers of 0 or more.
        dtype: a floating or an integer dtype, whose largest number stands for larger ones; float32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        name: means nothing.
        key: a key instead of a seed.
        backend: where to draw.

    Returns:
        A tensor of ``shape`` and the shape of ``lam`` after it.

    Raises:
        ValueError: for means below 0. (Not inside compiled functions: NaN there, and 0 of integers.)
    """
    target = dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
    if target not in dt.FLOATING and target not in dt.INTEGERS:
        raise DTypeError(f"random.poisson draws integers or real floating numbers; got dtype {target.name}.")
    used = _key(seed, key, backend)
    mean = stop_gradient(_parameter("poisson", lam, used, least=0.0))
    mean = broadcast_to(mean, (*_shape(shape), *mean.shape))
    return e.saturate_cast(_poisson(used, mean), target)


def _parameter(name: str, given: Any, key: Tensor, least: float | None = None) -> Tensor:
    """A parameter in the dtype that numbers are computed in: finite, and above 0 or at least ``least``."""
    x = e.astype(asarray(given, backend=None if isinstance(given, Operators) else key.backend), _wide(key))
    good = e.logical_and(e.isfinite(x), e.greater(x, 0) if least is None else e.greater_equal(x, least))
    if concrete(good) and not bool(reduction.all(good)):
        wanted = "above 0" if least is None else f"of {least:g} or more"
        raise ValueError(f"random.{name} takes finite numbers {wanted}; got {given!r}.")
    return e.where(good, x, math.nan)


def _between(key: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Uniforms in the open interval (0, 1), exact in float64: of 32 bits, or 53 for float64."""
    return 0.5 * _symmetric(key, shape, dtype) + 0.5


def _first_accepted(key: Tensor, like: Tensor, tried: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """For each element what the first round that accepts it gives; ``tried`` makes of a key numbers and acceptance."""

    def another(turn: Tensor, found: Tensor, missing: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        numbers, accepted = tried(fold_in(key, turn))
        still = e.logical_and(missing, e.logical_not(accepted))
        return turn + 1, e.where(e.logical_and(missing, accepted), numbers, found), still

    start = (asarray(0, dt.uint32, backend=key.backend), e.where(e.isnan(like), like, 0), e.logical_not(e.isnan(like)))
    return _repeated(lambda turn, found, missing: reduction.any(missing), another, start)[1]


def _repeated(cond: Callable[..., Any], body: Callable[..., Any], start: tuple[Tensor, ...]) -> Any:
    from ..flow.control import while_loop  # with all that traces graphs, which most draws do without

    return while_loop(cond, body, start, maximum_iterations=ROUNDS)


# Gamma ----------------------------------------------------------------------------------------------------------------


def _gamma(key: Tensor, alpha: Tensor, dtype: Any) -> Tensor:
    """Gamma numbers of rate 1, in the dtype of ``alpha``, with the digits of ``dtype``."""
    few, shape = e.less(alpha, 1.0), alpha.shape
    d = e.where(few, alpha + 1.0, alpha) - 1.0 / 3.0
    c = 1.0 / e.sqrt(9.0 * d)
    rounds, last = split(key)

    def tried(key: Tensor) -> tuple[Tensor, Tensor]:
        first, second = split(key)
        x = erfinv(_symmetric(first, shape, dtype)) * SQRT2
        v = 1.0 + c * x
        positive = e.greater(v, 0)
        v = e.where(positive, v * v * v, 1.0)
        bound = 0.5 * x * x + d * (1.0 - v + e.log(v))
        return v, e.logical_and(positive, e.less(e.log(_between(second, shape, dtype)), bound))

    found = d * _first_accepted(rounds, alpha, tried)
    smaller = e.exp(e.log(_between(last, shape, dtype)) / e.where(few, alpha, 1.0))
    return e.where(few, found * smaller, found)


# Poisson --------------------------------------------------------------------------------------------------------------


def _poisson(key: Tensor, mean: Tensor) -> Tensor:
    first, second = split(key)
    few = e.less(mean, FEW)
    return e.where(few, _few(first, e.where(few, mean, 0.0)), _many(second, e.where(few, FEW, mean)))


def _few(key: Tensor, mean: Tensor) -> Tensor:
    """How often the distribution function stays below a uniform number."""
    u = _between(key, mean.shape, mean.dtype)

    def another(count: Tensor, term: Tensor, reached: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        more = e.greater(u, reached)
        count = e.where(more, count + 1.0, count)
        term = e.where(more, term * mean / e.maximum(count, 1.0), term)
        return count, term, e.where(more, reached + term, reached)

    nothing = e.exp(-mean)
    start = (zeros(mean.shape, mean.dtype, backend=mean.backend), nothing, nothing)
    return _repeated(lambda count, term, reached: reduction.any(e.greater(u, reached)), another, start)[0]


def _many(key: Tensor, mean: Tensor) -> Tensor:
    """Hörmann's PTRS, for means of 10 and more."""
    b = 0.931 + 2.53 * e.sqrt(mean)
    a = -0.059 + 0.02483 * b
    ratio = 0.9277 - 3.6224 / (b - 2.0)
    scale = 1.1239 + 1.1328 / (b - 3.4)
    level = e.log(mean)

    def tried(key: Tensor) -> tuple[Tensor, Tensor]:
        first, second = split(key)
        u = 0.5 * _symmetric(first, mean.shape, mean.dtype)
        v = _between(second, mean.shape, mean.dtype)
        rest = 0.5 - e.abs(u)
        k = e.floor((2.0 * a / rest + b) * u + mean + 0.43)
        sure = e.logical_and(e.greater_equal(rest, 0.07), e.less_equal(v, ratio))
        outside = e.logical_or(e.less(k, 0), e.logical_and(e.less(rest, 0.013), e.greater(v, rest)))
        counts = e.maximum(k, 0.0)
        left = e.log(v * scale / (a / (rest * rest) + b))
        under = e.less_equal(left, counts * level - mean - lgamma(counts + 1.0))
        return counts, e.logical_or(sure, e.logical_and(e.logical_not(outside), under))

    return _first_accepted(key, mean, tried)
