"""Activations in few passes over the data, each of which NumPy does with vector instructions.

The halves are computed in float32 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.optable import OPS

from . import extremes, sums

_HALVES = frozenset(dt.HALVES)


def _wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of float32, float64 and, through float32, of the halves."""

    def kernel(x: Any, **attrs: Any) -> Any:
        if x.dtype in _HALVES:
            return function(x.astype(dt.float32), **attrs).astype(x.dtype)
        return function(x, **attrs)

    return kernel


@_wide
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``: where the exponential overflows, the result is 0, as it has to be."""
    return np.reciprocal(np.exp(-x) + 1)


def relu(x: Any) -> Any:
    """The larger of ``x`` and 0."""
    return np.maximum(x, zeros(x.shape, x.dtype))


def zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros to compare an array of this shape with: a row, for NumPy compares two arrays ten times as fast."""
    return _zeros(shape[-1:] if shape and shape[-1] >= ROW else (), dtype)


@lru_cache(256)
def _zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    found = np.zeros(shape, dtype)
    found.flags.writeable = False
    return found


ROW = 64
"""Rows of fewer elements are compared with a number just as fast."""


def _along(function: Callable[..., Any]) -> Any:
    """A kernel of a function that is handed the sum over the axis, worked out once where the axis comes again."""
    wide = _wide(function)

    def kernel(x: Any, *, axis: Any, **attrs: Any) -> Any:
        return wide(x, axis=axis, total=partial(sums.total, axis=axis, keepdims=True), **attrs)

    def given(*, axis: Any, **attrs: Any) -> Callable[[Any], Any]:
        return (
            partial(wide, axis=axis, total=sums.over(axis, True), **attrs)
            if axis.__class__ is int
            else partial(kernel, axis=axis, **attrs)
        )

    kernel.given = given  # type: ignore[attr-defined]
    return kernel


@_along
def softmax(x: Any, axis: Any, total: Callable[[Any], Any]) -> Any:
    """``exp(x)`` divided by its sum along ``axis``, without overflow."""
    parts = np.exp(_shifted(x, axis))
    return np.divide(parts, total(parts))


@_along
def log_softmax(x: Any, axis: Any, total: Callable[[Any], Any]) -> Any:
    """``log(softmax(x))``, exact where the softmax is close to 0."""
    shifted = _shifted(x, axis)
    return shifted - np.log(total(np.exp(shifted)))


@_along
def logsumexp(x: Any, axis: Any, total: Callable[[Any], Any], keepdims: bool) -> Any:
    """``log(sum(exp(x)))`` over ``axis``, without overflow."""
    if x.dtype.kind == "c" or not x.ndim or not x.size:
        return OPS["logsumexp"].reference(np.asarray(x), axis=axis, keepdims=keepdims)
    top = extremes.largest(x, axis, True)
    endless = np.isinf(top)
    if np.count_nonzero(endless):
        top = np.where(endless, top.dtype.type(0), top)
    result = np.log(total(np.exp(x - top))) + top
    return result if keepdims else result.squeeze(axis)


def _shifted(x: Any, axis: Any) -> Any:
    """``x`` less its largest element along ``axis``, which NumPy would let pass for an array that has none."""
    if not x.ndim:
        raise np.exceptions.AxisError("an array without axes has none to normalize")
    return x - extremes.largest(x, axis, True) if x.size else x
