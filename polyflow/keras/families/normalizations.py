"""Normalization of tensors by their moments, rows with several ones, and how near two pictures are."""

from __future__ import annotations

from typing import Any

from ... import dtypes as dt
from ...convert import integer
from ...errors import ShapeError
from ...ops import elementwise, indexing, reduction
from ...ops import shape as shapes
from ...ops.rules import normal_axes, normal_axis
from ...tensor import asarray
from .elementary import floating

EPSILON = 1e-7
"""What is added to a variance unless another number is given."""


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """``x`` less its mean over ``axis``, divided by its standard deviation, times ``gamma``, plus ``beta``.

    Args:
        x: a tensor; halves are computed in float32.
        gamma: factors, of the sizes of the axes; 1 if left out.
        beta: what is added, of the same sizes; 0 if left out.
        axis: an axis, or several.
        epsilon: added to the variance; 1e-7 if left out.
    """
    x = asarray(x)
    wide = _wide(x)
    axes = tuple(sorted(normal_axes(axis, len(x.shape))))
    mean = reduction.mean(wide, axes, keepdims=True)
    variance = reduction.var(wide, axes, keepdims=True)
    found = (wide - mean) * elementwise.rsqrt(variance + (EPSILON if epsilon is None else epsilon))
    if gamma is not None:
        found = found * _along("gamma", gamma, wide, axes)
    if beta is not None:
        found = found + _along("beta", beta, wide, axes)
    return elementwise.astype(found, x.dtype)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """``x`` divided by the root of the mean of its squares over ``axis``, times ``scale``.

    Args:
        x: a tensor; halves are computed in float32.
        scale: factors, which broadcast with ``x``; 1 if left out.
        axis: an axis, or several.
        epsilon: added to the mean; 1e-7 if left out.
    """
    x = asarray(x)
    wide = _wide(x) if x.shape else shapes.reshape(_wide(x), (1,))
    axes = normal_axes(axis, len(wide.shape))
    squares = reduction.mean(elementwise.square(wide), axes, keepdims=True)
    found = wide * elementwise.rsqrt(squares + (EPSILON if epsilon is None else epsilon))
    if scale is not None:
        found = found * elementwise.astype(asarray(scale), wide.dtype)
    return elementwise.astype(found, x.dtype)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """``(x - mean) / sqrt(variance + epsilon) * scale + offset``, each a vector along ``axis``.

    Raises:
        ShapeError: for one that is no vector of the size of the axis.
    """
    x = floating(x)
    axes = (normal_axis(axis, len(x.shape)),)
    factor = elementwise.rsqrt(_along("variance", variance, x, axes) + epsilon)
    if scale is not None:
        factor = factor * _along("scale", scale, x, axes)
    found = (x - _along("mean", mean, x, axes)) * factor
    return found if offset is None else found + _along("offset", offset, x, axes)


def _wide(x: Any) -> Any:
    return elementwise.astype(x, dt.promote(x.dtype, dt.float32))


def _along(name: str, given: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Numbers for each place along axes, with axes to stand beside ``x``."""
    value = elementwise.astype(asarray(given), x.dtype)
    wanted = tuple(x.shape[axis] for axis in axes)
    if tuple(value.shape) == wanted:
        return shapes.reshape(value, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))
    if len(value.shape) == len(x.shape) and all(n in (1, m) for n, m in zip(value.shape, x.shape, strict=True)):
        return value
    raise ShapeError(f"{name} has shape {wanted} for axis {axes} of shape {x.shape}; got shape {value.shape}.")


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Rows of integers as rows with ones at all their places; integers outside 0 … num_classes - 1 have none.

    Args:
        inputs: integers, of shape (…, n): for a single axis one row.
        num_classes: the size of the new axis.
        axis: where it stands among the axes of ``inputs``.
        dtype: float32 if left out.
        sparse: False: all tensors are dense.

    Raises:
        ValueError: without ``num_classes``, or with ``sparse``.
    """
    if num_classes is None:
        raise ValueError("multi_hot needs num_classes, the number of places in a row.")
    if sparse:
        raise ValueError("multi_hot gives dense tensors; leave out sparse=True.")
    hot = indexing.one_hot(
        elementwise.astype(asarray(inputs), dt.int32),
        integer("multi_hot", "num_classes", num_classes),
        axis=axis,
        dtype=dt.DEFAULT_FLOAT if dtype is None else dtype,
    )
    return reduction.max(hot, 1 if len(hot.shape) > 2 else 0)


def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """The peak signal-to-noise ratio, in decibels, of two tensors whose largest possible value is ``max_val``.

    Raises:
        ShapeError: for different shapes.
    """
    first, second = floating(x1), floating(x2)
    if first.shape != second.shape:
        raise ShapeError(f"psnr compares two tensors of one shape; got {first.shape} and {second.shape}.")
    error = reduction.mean(elementwise.square(first - second))
    peak = elementwise.asarray_like(max_val, error)
    return 20 * elementwise.log10(elementwise.astype(peak, error.dtype)) - 10 * elementwise.log10(error)
