"""How targets, predictions and weights are brought to one dtype and one shape, by Keras's rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import DTypeError, ShapeError
from ..ops.elementwise import equal, where
from ..ops.shape import expand_dims, reshape, squeeze
from ..tensor import Operators, asarray, tensor


def prediction(y_pred: Any, dtype: np.dtype | None = None) -> Any:
    """A prediction as a floating tensor: in ``dtype``, else in its own (float32, for integers)."""
    y_pred = y_pred.read() if isinstance(y_pred, Operators) else asarray(y_pred)
    if dtype is None:
        dtype = y_pred.dtype if y_pred.dtype in dt.INEXACT else dt.DEFAULT_FLOAT
    return y_pred.astype(dtype, copy=False)


def beside(value: Any, y_pred: Any) -> Any:
    """A target or weight as a tensor on the prediction's backend, in its own dtype."""
    return value.read() if isinstance(value, Operators) else tensor(value, backend=y_pred.backend)


def same_rank(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Where ranks differ by one and the longer shape ends in 1, that axis is added to the other, or removed.

    It is added to a one-dimensional tensor, so that ``(n,)`` and ``(n, 1)`` both become ``(n, 1)``.
    """
    if len(x1.shape) == len(x2.shape) + 1 and x1.shape[-1] == 1:
        return (x1, expand_dims(x2, -1)) if len(x2.shape) == 1 else (squeeze(x1, -1), x2)
    if len(x2.shape) == len(x1.shape) + 1 and x2.shape[-1] == 1:
        return (expand_dims(x1, -1), x2) if len(x1.shape) == 1 else (x1, squeeze(x2, -1))
    return x1, x2


def same_shape(y_true: Any, y_pred: Any, name: str, hint: str = "") -> Any:
    """``y_true``, which must have the shape of ``y_pred``.

    Raises:
        ShapeError: where it has another; the message names both.
    """
    if y_true.shape != y_pred.shape:
        raise ShapeError(
            f"{name} compares targets and predictions element by element; y_true has shape {y_true.shape} and y_pred "
            f"{y_pred.shape}. Expected equal shapes.{hint}"
        )
    return y_true


def aligned(y_true: Any, y_pred: Any, name: str, hint: str = "") -> tuple[Any, Any]:
    """Targets and predictions of one shape, by `same_rank`; a target that is a single number stays one."""
    if not y_true.shape:
        return y_true, y_pred
    y_true, y_pred = same_rank(y_true, y_pred)
    return same_shape(y_true, y_pred, name, hint), y_pred


def paired(y_true: Any, y_pred: Any, name: str, hint: str = "") -> tuple[Any, Any]:
    """Targets and predictions of one shape, both in the prediction's dtype."""
    y_pred = prediction(y_pred)
    y_true = beside(y_true, y_pred)
    if y_true.dtype in dt.COMPLEX and y_pred.dtype not in dt.COMPLEX:
        raise DTypeError(
            f"{name}: y_true is {y_true.dtype.name} and y_pred {y_pred.dtype.name}, which holds no imaginary parts. "
            "Give their real and imaginary parts as targets of their own."
        )
    return aligned(y_true.astype(y_pred.dtype, copy=False), y_pred, name, hint)


def weighted(values: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Values and their weights with axes that broadcast: weights for the leading axes get axes of size 1 behind.

    Raises:
        ShapeError: where the weights fit neither the values' leading axes nor all of them.
    """
    weight = beside(sample_weight, values).astype(values.dtype, copy=False)
    values, weight = same_rank(values, weight)
    missing = len(values.shape) - len(weight.shape)
    if missing > 0 and weight.shape and weight.shape == values.shape[: len(weight.shape)]:
        weight = reshape(weight, weight.shape + (1,) * missing)
    given, held = weight.shape, values.shape
    fits = not held or (
        len(given) <= len(held)
        and all(size in (1, wide) for size, wide in zip(reversed(given), reversed(held), strict=False))
    )
    if not fits:
        raise ShapeError(
            f"sample_weight of shape {given} does not fit values of shape {held}. "
            "Expected one weight per sample (or per value), or sizes of 1."
        )
    return values, weight


def divide_or_zero(x1: Any, x2: Any) -> Any:
    """``x1 / x2``, and 0 where ``x2`` is 0."""
    zero = equal(x2, 0)
    return where(zero, 0, x1 / where(zero, 1, x2))
