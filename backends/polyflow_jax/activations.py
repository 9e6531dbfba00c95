"""Sigmoid, softmax and its kin with XLA's own exponential, which is exact enough for the numbers that they give it.

As ops one by one, a sum over what `accurate.exp` gives is no loop that XLA makes vectors of. The halves are computed in
float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from polyflow.ops.declare import OPS


def _wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of float32, float64 and, through float32, of the halves."""

    def kernel(x: Any, **attrs: Any) -> Any:
        if x.dtype.itemsize < 4:
            return function(x.astype(jnp.float32), **attrs).astype(x.dtype)
        return function(x, **attrs)

    return kernel


sigmoid = _wide(lax.logistic)
"""``1 / (1 + exp(-x))``: where XLA's exponential is less exact, there is nothing but numbers too small to be held."""


@_wide
def softmax(x: Any, *, axis: Any) -> Any:
    """``exp(x)`` divided by its sum along ``axis``, without overflow."""
    parts = jnp.exp(x - _top(x, axis))
    return parts / parts.sum(axis, keepdims=True)


@_wide
def log_softmax(x: Any, *, axis: Any) -> Any:
    """``log(softmax(x))``, exact where the softmax is close to 0."""
    shifted = x - _top(x, axis)
    return shifted - jnp.log(jnp.exp(shifted).sum(axis, keepdims=True))


@_wide
def _logsumexp(x: Any, *, axis: Any, keepdims: bool) -> Any:
    top = _top(x, axis)
    top = jnp.where(jnp.isinf(top), jnp.zeros_like(top), top)
    result = jnp.log(jnp.exp(x - top).sum(axis, keepdims=True)) + top
    return result if keepdims else jnp.squeeze(result, tuple(range(x.ndim)) if axis is None else axis)


def logsumexp(backend: Any) -> Callable[..., Any]:
    """``log(sum(exp(x)))`` over ``axis``, without overflow; of complex numbers, and of none, as other ops make it."""
    by_parts = OPS["logsumexp"].fallback(backend)

    def kernel(x: Any, **attrs: Any) -> Any:
        return by_parts(x, **attrs) if jnp.iscomplexobj(x) or not x.size else _logsumexp(x, **attrs)

    return kernel


def _top(x: Any, axis: Any) -> Any:
    """The largest element along ``axis``; 0 where there are none."""
    return lax.stop_gradient(x.max(axis, keepdims=True)) if math.prod(x.shape) else jnp.zeros((), x.dtype)
