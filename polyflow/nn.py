"""Neural-network functions under the names of ``tf.nn``."""

from __future__ import annotations

import math
from typing import Any

from . import activations
from . import dtypes as dt
from .activations import (
    elu,
    gelu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .composed.counting import in_top_k, top_k
from .convert import number
from .errors import DTypeError, LabelError, ShapeError
from .math import divide_no_nan, l2_normalize, zero_fraction
from .missing import answer
from .ops import elementwise, indexing, reduction
from .ops.shape import broadcast_to, concat, squeeze
from .random.draws import keep_mask
from .tensor import Tensor, asarray, concrete

swish = silu

__all__ = [
    "batch_normalization",
    "bias_add",
    "compute_average_loss",
    "crelu",
    "dropout",
    "elu",
    "embedding_lookup",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "log_poisson_loss",
    "log_softmax",
    "moments",
    "relu",
    "relu6",
    "scale_regularization_loss",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "top_k",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "zero_fraction",
]


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """The cross-entropy of each element between ``labels`` (0 to 1) and ``sigmoid(logits)``, without overflow."""
    x = asarray(logits)
    z = _like(labels, x, "labels")
    return softplus(x) - x * z


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """The cross-entropy between ``labels`` (probabilities along ``axis``) and ``softmax(logits)``."""
    x = asarray(logits)
    return -reduction.sum(_like(labels, x, "labels") * log_softmax(x, axis), axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """The cross-entropy between classes, whole numbers, and ``softmax(logits)`` along the last axis.

    Raises:
        LabelError: for a label that is none of the classes; in a traced function its cross-entropy is NaN.
    """
    x, classes = asarray(logits), asarray(labels)
    if classes.dtype not in dt.INTEGERS:
        raise DTypeError(f"labels are whole numbers; got {classes.dtype.name}. Convert with .astype('int32').")
    if not x.shape or classes.shape != x.shape[:-1]:
        raise ShapeError(f"labels of shape {x.shape[:-1]} go with logits of shape {x.shape}; got {classes.shape}.")
    known = elementwise.logical_and(elementwise.greater_equal(classes, 0), elementwise.less(classes, x.shape[-1]))
    if concrete(known) and not bool(reduction.all(known)):
        outside = indexing.getitem(classes, elementwise.logical_not(known)).numpy()[0]
        raise LabelError(
            f"label {outside} is none of the {x.shape[-1]} classes that the logits tell apart. Expected whole numbers "
            f"from 0 to {x.shape[-1] - 1}."
        )
    place = indexing.getitem(elementwise.where(known, classes, 0), (..., None))
    found = indexing.take_along_axis(log_softmax(x, -1), place, axis=-1)
    return elementwise.where(known, -indexing.getitem(found, (..., 0)), float("nan"))


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: str | None = None) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` in which what the label 1 adds counts ``pos_weight`` times."""
    x = asarray(logits)
    z = _like(labels, x, "labels")
    return (1 - z) * x + (1 + (asarray(pos_weight) - 1) * z) * softplus(-x)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """``max(x, 0)``, and ``alpha * x`` for negative ``x``."""
    return activations.leaky_relu(asarray(features), alpha)


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """``relu(x)`` and ``relu(-x)`` side by side along ``axis``."""
    x = asarray(features)
    return concat([relu(x), relu(-x)], axis=axis)


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares."""
    return reduction.sum(elementwise.square(asarray(t))) / 2


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean and the (biased) variance over ``axes``."""
    x = asarray(x)
    places = tuple(axes) if isinstance(axes, (list, tuple)) else axes
    return reduction.mean(x, places, keepdims), reduction.var(x, places, keepdims=keepdims)


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and the (biased) variance over ``axes`` of elements that count as often as their weights say."""
    x, places = asarray(x), tuple(axes) if isinstance(axes, (list, tuple)) else axes
    weights = broadcast_to(elementwise.astype(asarray(frequency_weights), x.dtype), x.shape)
    count = reduction.sum(weights, places, keepdims=True)
    centre = reduction.sum(x * weights, places, keepdims=True) / count
    variance = reduction.sum(elementwise.square(x - centre) * weights, places, keepdims=True) / count
    return (centre, variance) if keepdims else (squeeze(centre, places), squeeze(variance, places))


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Tensor:
    """The sum of the samples' losses, weighted, divided by the number of samples; 0 for a batch of none.

    Args:
        per_example_loss: a loss for each sample.
        sample_weight: weights of the samples; 1 each if left out.
        global_batch_size: what to divide by instead of the number of samples.

    Raises:
        ShapeError: for a loss without axes.
    """
    losses = asarray(per_example_loss)
    if not losses.shape:
        raise ShapeError("compute_average_loss takes a loss for each sample; got a single one, without axes.")
    if sample_weight is not None:
        weight = elementwise.astype(asarray(sample_weight), losses.dtype)
        losses = losses * indexing.getitem(weight, (..., *[None] * (len(losses.shape) - len(weight.shape))))
    size = losses.shape[0] if global_batch_size is None else global_batch_size
    return divide_no_nan(reduction.sum(losses), elementwise.astype(asarray(size), losses.dtype))


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum of what regularizers add to the loss, divided by the number of devices that train together: one."""
    return reduction.sum(asarray(regularization_loss))


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Tensor:
    """``scale * (x - mean) / sqrt(variance + variance_epsilon) + offset``; scale and offset may be None."""
    factor = elementwise.rsqrt(asarray(variance) + variance_epsilon)
    result = (asarray(x) - mean) * (factor if scale is None else factor * scale)
    return result if offset is None else result + offset


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """``value`` with a vector added along its last axis (along axis 1 where ``data_format`` is "NC…").

    Raises:
        ShapeError: for a bias that is no vector of that axis's size.
    """
    x, b = asarray(value), asarray(bias)
    axis = 1 if data_format and data_format.startswith("NC") else len(x.shape) - 1
    if len(b.shape) != 1 or not x.shape or b.shape[0] != x.shape[axis]:
        raise ShapeError(f"bias_add needs a vector of the size of axis {axis} of shape {x.shape}; got shape {b.shape}.")
    return x + indexing.getitem(b, (slice(None), *[None] * (len(x.shape) - 1 - axis)))


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Tensor:
    """``x`` with a share of elements set to 0 and the others divided by ``1 - rate``.

    Args:
        x: a floating tensor.
        rate: the share, from 0 up to but without 1.
        noise_shape: the shape of the mask, which is broadcast; that of ``x`` if left out.
        seed: as in `polyflow.random.uniform`.
    """
    x = asarray(x)
    if not 0 <= number("dropout", rate) < 1:
        raise ValueError(f"dropout takes a rate from 0 up to but without 1; got {rate!r}.")
    if rate == 0:
        return x
    kept = keep_mask(x.shape if noise_shape is None else noise_shape, rate, seed, backend=x.backend)
    return elementwise.where(kept, x / (1.0 - rate), 0)


def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: str | None = None) -> Tensor:
    """The rows of ``params`` at ``ids``, scaled down to a norm of ``max_norm`` where they are longer."""
    rows = indexing.take(asarray(params), ids, axis=0)
    if max_norm is None:
        return rows
    norm = elementwise.sqrt(reduction.sum(elementwise.square(rows), -1, keepdims=True))
    return rows * (max_norm / elementwise.maximum(norm, max_norm))


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Tensor:
    """``exp(log_input) - log_input * targets``: the loss of Poisson distributed counts by the logarithm of their rate.

    ``compute_full_loss`` adds Stirling's approximation of ``log(targets!)``, where targets are above 1.
    """
    rate = asarray(log_input)
    counts = _like(targets, rate, "targets", "log_input")
    loss = elementwise.exp(rate) - rate * counts
    if not compute_full_loss:
        return loss
    some = elementwise.greater(counts, 1)
    inside = elementwise.where(some, counts, 1)
    stirling = inside * elementwise.log(inside) - inside + 0.5 * elementwise.log(2 * math.pi * inside)
    return loss + elementwise.where(some, stirling, 0)


def _like(given: Any, x: Tensor, what: str, other: str = "logits") -> Tensor:
    value = asarray(given)
    if value.shape != x.shape:
        raise ShapeError(f"{what} and {other} have one shape; got {value.shape} and {x.shape}.")
    return elementwise.astype(value, x.dtype)


answer(__name__)
