"""Activation functions under Keras's names, and finding one by name.

Each takes a floating tensor of any shape and returns one of the same shape and dtype; integers are computed in float32.
"""

from __future__ import annotations

from typing import Any

from .errors import ShapeError
from .missing import answer
from .naming import Family, by_name
from .ops.creation import arange
from .ops.elementwise import abs as absolute
from .ops.elementwise import astype, clip, exp, expm1, greater, greater_equal, less, maximum, sqrt, square, where
from .ops.nn import (
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .ops.nn import hard_swish as hard_silu
from .ops.nn import relu as _relu
from .ops.reduction import cumulative_sum, sort, sum
from .ops.shape import reshape, split
from .tensor import Operators, asarray

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "register",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

exponential = exp
swish = silu
hard_swish = hard_silu


def linear(x: Any) -> Any:
    """``x`` itself."""
    return x


# Piecewise linear -----------------------------------------------------------------------------------------------------


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """``max(x, 0)``, or its general form.

    Args:
        x: a tensor.
        negative_slope: below ``threshold`` the result is ``negative_slope * (x - threshold)``.
        max_value: the largest value of the part above ``threshold``; None for no limit.
        threshold: elements up to this value count as negative.
    """
    x = _tensor(x)
    if threshold == 0:
        y = _relu(x)
    else:
        y = where(greater(x, threshold), x, 0)
    if max_value is not None:
        y = where(greater_equal(y, max_value), max_value, y)
    if negative_slope == 0:
        return y
    below = _relu(threshold - x) if threshold else _relu(-x)
    return y - negative_slope * below


def hard_tanh(x: Any) -> Any:
    """``x`` limited to the interval from -1 to 1."""
    return clip(_tensor(x), -1.0, 1.0)


def sparse_sigmoid(x: Any) -> Any:
    """``(x + 1) / 2`` limited to the interval from 0 to 1."""
    return clip(0.5 * (_tensor(x) + 1.0), 0.0, 1.0)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where it is above ``threshold``, ``default_value`` elsewhere."""
    x = _tensor(x)
    return where(greater(x, threshold), x, default_value)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where its magnitude is above ``threshold``, 0 elsewhere."""
    x = _tensor(x)
    return where(greater(absolute(x), threshold), x, 0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` moved towards 0 by ``threshold``, and 0 where it would cross it."""
    x = _tensor(x)
    return where(greater(x, threshold), x - threshold, where(less(x, -threshold), x + threshold, 0))


# Smooth ---------------------------------------------------------------------------------------------------------------


def celu(x: Any, alpha: float = 1.0) -> Any:
    """``max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)`` (Barron, 2017)."""
    x = _tensor(x)
    positive = greater(x, 0)
    return where(positive, x, alpha * expm1(where(positive, 0, x) / alpha))


def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + sqrt(x**2 + b)) / 2`` (Barron, 2021)."""
    x = _tensor(x)
    return 0.5 * (x + sqrt(square(x) + float(b)))


def sparse_plus(x: Any) -> Any:
    """0 up to -1, ``x`` from 1, and the parabola ``(x + 1)**2 / 4`` between."""
    x = _tensor(x)
    return where(less(x, -1.0), 0, where(greater(x, 1.0), x, 0.25 * square(x + 1.0)))


def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``."""
    x = _tensor(x)
    return x - tanh(x)


# Along an axis --------------------------------------------------------------------------------------------------------


def glu(x: Any, axis: int = -1) -> Any:
    """``a * sigmoid(b)`` for the two halves of ``x`` along ``axis``, whose size must be even (Dauphin et al., 2017)."""
    x = _tensor(x)
    if x.shape and x.shape[axis] % 2:
        raise ShapeError(f"glu halves axis {axis}, so its size must be even; got shape {x.shape}.")
    a, b = split(x, 2, axis=axis)
    return a * sigmoid(b)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex nearest to ``x`` along ``axis`` (Martins and Astudillo, 2016).

    With the elements in descending order, those with ``1 + k * x[k] > x[1] + … + x[k]`` are the support; their mean
    excess over 1 is what is taken off every element.
    """
    x = _tensor(x)
    ordered = sort(x, axis=axis, descending=True)
    total = cumulative_sum(ordered, axis=axis)
    place = [1] * len(x.shape)
    place[axis] = -1
    k = reshape(arange(1, x.shape[axis] + 1, dtype=x.dtype, backend=x.backend), place)
    support = greater(1.0 + k * ordered, total)
    size = sum(astype(support, x.dtype), axis, keepdims=True)
    excess = (sum(where(support, ordered, 0), axis, keepdims=True) - 1.0) / size
    return maximum(x - excess, 0.0)


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Operators) else asarray(x)


# By name --------------------------------------------------------------------------------------------------------------

FAMILY = Family(
    "activation",
    by_name(celu, elu, gelu, glu, hard_shrink, hard_sigmoid, hard_tanh, leaky_relu, linear, log_sigmoid, log_softmax)
    | by_name(mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign, sparse_plus)
    | by_name(sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold)
    | {"exponential": exponential, "swish": silu, "hard_silu": hard_silu, "hard_swish": hard_silu},
    count=1,
)

register = FAMILY.register
serialize = FAMILY.serialize


def get(identifier: Any) -> Any:
    """The activation of a name; functions and layers are returned as they are, and None gives `linear`.

    Raises:
        UnknownNameError: for a name that no activation has; the message lists the nearest.
    """
    return linear if identifier is None else FAMILY.get(identifier)


deserialize = get

answer(__name__)
