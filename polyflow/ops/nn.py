"""Activation functions and softmax.

Those whose formula overflows or loses digits when it is written plainly are ops with a gradient row of their own; the
others are plain functions made of ops.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import call
from .declare import gradient, op
from .elementwise import abs as absolute
from .elementwise import exp, expm1, greater, greater_equal, log, log1p, maximum, negative, tanh, where
from .reduction import max, sum
from .rules import along, elementwise, normal_axes
from .special import erf, erfc, erfinv

__all__ = [
    "elu",
    "erf",
    "erfc",
    "erfinv",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


# Sigmoid and softplus ---------------------------------------------------------------------------------------------


def _sigmoid(x: Any, exp: Any, where: Any, absolute: Any) -> Any:
    """With exponentials of negative numbers alone, which cannot overflow."""
    small = exp(-absolute(x))
    return where(x < 0, small, 1) / (1 + small)


@op(elementwise("real floating"), decomposition=lambda x: _sigmoid(x, exp, where, absolute), standard=False)
def sigmoid(x, /):
    """``1 / (1 + exp(-x))`` without overflow."""
    with np.errstate(all="ignore"):
        return _sigmoid(x, np.exp, np.where, np.abs).astype(x.dtype)


gradient(sigmoid, lambda g, y, x: g * (y * (1.0 - y)))


@op(
    elementwise("real floating"),
    decomposition=lambda x: maximum(x, 0.0) + log1p(exp(-absolute(x))),
    standard=False,
)
def softplus(x, /):
    """``log(1 + exp(x))`` without overflow."""
    with np.errstate(all="ignore"):
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


gradient(softplus, lambda g, y, x: g * sigmoid(x))


def log_sigmoid(x: Any, /) -> Any:
    """``log(sigmoid(x))``, exact where the sigmoid is close to 0 or 1."""
    x = call.operand(x)
    return negative(softplus(negative(x)))


def softsign(x: Any, /) -> Any:
    """``x / (1 + |x|)``."""
    x = call.operand(x)
    return x / (1.0 + absolute(x))


def silu(x: Any, /) -> Any:
    """``x * sigmoid(x)``."""
    x = call.operand(x)
    return x * sigmoid(x)


swish = silu


def mish(x: Any, /) -> Any:
    """``x * tanh(softplus(x))``."""
    x = call.operand(x)
    return x * tanh(softplus(x))


# The relu family --------------------------------------------------------------------------------------------------


@op(elementwise("real"), decomposition=lambda x: maximum(x, 0), standard=False)
def relu(x, /):
    """The larger of ``x`` and 0. Its gradient at 0 is 0."""
    return np.maximum(x, x.dtype.type(0))


gradient(relu, lambda g, y, x: where(greater(y, 0), g, 0))


def relu6(x: Any, /) -> Any:
    """``x`` limited to the interval from 0 to 6. Its gradient at both ends is 0."""
    x = call.operand(x)
    return where(greater_equal(x, 6), 6, relu(x))


def leaky_relu(x: Any, /, negative_slope: float = 0.2) -> Any:
    """``x`` where it is positive, ``negative_slope * x`` elsewhere."""
    x = call.operand(x)
    return where(greater(x, 0), x, negative_slope * x)


def elu(x: Any, /, alpha: float = 1.0) -> Any:
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere."""
    x = call.operand(x)
    positive = greater(x, 0)
    return where(positive, x, alpha * expm1(where(positive, 0, x)))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def selu(x: Any, /) -> Any:
    """A scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al., "Self-normalizing neural networks", 2017)."""
    x = call.operand(x)
    return SELU_SCALE * elu(x, SELU_ALPHA)


def gelu(x: Any, /, approximate: bool = False) -> Any:
    """``x`` times the normal distribution's cumulative probability of ``x`` (Hendrycks and Gimpel, 2016).

    Args:
        x: a floating tensor.
        approximate: whether to use the paper's formula with tanh, which is cheaper. (It is written with the sigmoid,
            ``1 + tanh(z) = 2 sigmoid(2z)``, which keeps the digits of small values.)
    """
    x = call.operand(x)
    if approximate:
        return x * sigmoid(math.sqrt(8.0 / math.pi) * (x + 0.044715 * x * x * x))
    return 0.5 * x * erfc(x * -math.sqrt(0.5))


def hard_sigmoid(x: Any, /) -> Any:
    """``relu6(x + 3) / 6``: a sigmoid of straight lines."""
    x = call.operand(x)
    return relu6(x + 3.0) / 6.0


def hard_swish(x: Any, /) -> Any:
    """``x * hard_sigmoid(x)``."""
    x = call.operand(x)
    return x * hard_sigmoid(x)


# Softmax ----------------------------------------------------------------------------------------------------------


def _shifted(x: Any, axis: Any) -> Any:
    """``x`` less its largest element along ``axis``, so that no exponential overflows."""
    return x - max(x, axis, True) if math.prod(x.shape) else x


def _softmax_by_parts(x: Any, *, axis: Any) -> Any:
    parts = exp(_shifted(x, axis))
    return parts / sum(parts, axis, keepdims=True)


def _log_softmax_by_parts(x: Any, *, axis: Any) -> Any:
    shifted = _shifted(x, axis)
    return shifted - log(sum(exp(shifted), axis, keepdims=True))


@op(along("real floating", several=True), decomposition=_softmax_by_parts, standard=False)
def softmax(x, /, axis=-1):
    """``exp(x)`` divided by its sum over ``axis`` (an integer, or a tuple of them), without overflow."""
    normal_axes(axis, x.ndim)  # NumPy lets an axis of a scalar pass
    with np.errstate(all="ignore"):
        parts = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
        return parts / np.sum(parts, axis=axis, keepdims=True)


gradient(softmax, lambda g, y, x, *, axis: y * (g - sum(g * y, axis, keepdims=True)))


@op(along("real floating", several=True), decomposition=_log_softmax_by_parts, standard=False)
def log_softmax(x, /, axis=-1):
    """``log(softmax(x))``, exact where the softmax is close to 0."""
    normal_axes(axis, x.ndim)
    with np.errstate(all="ignore"):
        shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
        return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


gradient(log_softmax, lambda g, y, x, *, axis: g - exp(y) * sum(g, axis, keepdims=True))
