"""Keras's backend functions, with its defaults: losses and metrics of one's own are often written with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import losses, nn, random
from ..activations import elu, relu, sigmoid, softmax, softplus, softsign, tanh
from ..composed import names
from ..composed.names import (
    cast,
    constant,
    cumprod,
    cumsum,
    eye,
    gather,
    one_hot,
    ones,
    ones_like,
    reshape,
    shape,
    tile,
    transpose,
    zeros,
    zeros_like,
)
from ..composed.names import matmul as dot
from ..composed.names import reduce_all as all
from ..composed.names import reduce_any as any
from ..composed.names import reduce_max as max
from ..composed.names import reduce_mean as mean
from ..composed.names import reduce_min as min
from ..composed.names import reduce_prod as prod
from ..composed.names import reduce_std as std
from ..composed.names import reduce_sum as sum
from ..composed.names import reduce_variance as var
from ..floatx import floatx, set_floatx
from ..flow.transforms import stop_gradient
from ..layers.base import clear_session
from ..math import l2_normalize
from ..missing import answer
from ..nn import in_top_k
from ..ops.elementwise import (
    abs,
    cos,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    not_equal,
    pow,
    round,
    sign,
    sin,
    sqrt,
    square,
    where,
)
from ..tensor import Operators, Tensor, asarray
from ..variable import Variable as variable
from .utils import is_keras_tensor

switch = where
permute_dimensions = transpose

__all__ = [
    "abs",
    "all",
    "any",
    "argmax",
    "argmin",
    "batch_flatten",
    "binary_crossentropy",
    "cast",
    "categorical_crossentropy",
    "clear_session",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "count_params",
    "cumprod",
    "cumsum",
    "dot",
    "dropout",
    "dtype",
    "elu",
    "epsilon",
    "equal",
    "exp",
    "expand_dims",
    "eye",
    "flatten",
    "floatx",
    "gather",
    "get_value",
    "greater",
    "greater_equal",
    "image_data_format",
    "in_top_k",
    "int_shape",
    "is_keras_tensor",
    "l2_normalize",
    "less",
    "less_equal",
    "log",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ndim",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "permute_dimensions",
    "pow",
    "prod",
    "random_bernoulli",
    "random_normal",
    "random_uniform",
    "relu",
    "repeat_elements",
    "reshape",
    "reverse",
    "round",
    "set_floatx",
    "set_value",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sum",
    "switch",
    "tanh",
    "tile",
    "transpose",
    "truncated_normal",
    "update",
    "update_add",
    "update_sub",
    "var",
    "variable",
    "zeros",
    "zeros_like",
]


def epsilon() -> float:
    """The small number that formulas add or clip by."""
    return 1e-7


def image_data_format() -> str:
    """Where images have their channels, by Keras's default: polyflow has no layers for images."""
    return "channels_last"


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The index of the largest element along ``axis``."""
    return names.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """The index of the smallest element along ``axis``."""
    return names.argmin(x, axis)


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """``x`` limited to the closed interval."""
    return names.clip_by_value(x, min_value, max_value)


def concatenate(tensors: Any, axis: int = -1) -> Tensor:
    """The tensors joined along an axis they have."""
    return names.concat(tensors, axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """The tensors joined along a new axis."""
    return names.stack(x, axis)


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """With a new axis of size 1 at ``axis``."""
    return names.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Tensor:
    """Without ``axis``, whose size is 1."""
    return names.squeeze(x, axis)


def flatten(x: Any) -> Tensor:
    """All elements on one axis."""
    return names.reshape(x, (-1,))


def int_shape(x: Any) -> tuple[int, ...]:
    """The size of each axis."""
    return tuple(asarray(x).shape)


def ndim(x: Any) -> int:
    """How many axes there are."""
    return len(asarray(x).shape)


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return asarray(x).dtype.name


def batch_flatten(x: Any) -> Tensor:
    """All elements of each sample on one axis."""
    x = asarray(x)
    return names.reshape(x, (x.shape[0], -1))


def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Every slice along ``axis`` so often, one after another."""
    return names.repeat(x, rep, axis)


def reverse(x: Any, axes: Any) -> Tensor:
    """The other way round along an axis, or several."""
    return names.reverse(x, [axes] if isinstance(axes, int) else axes)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """The cross-entropy of each element."""
    target, output = asarray(target), asarray(output)
    if from_logits:
        return nn.sigmoid_cross_entropy_with_logits(target, output)
    output = names.clip_by_value(output, epsilon(), 1.0 - epsilon())
    return -(target * log(output + epsilon()) + (1 - target) * log(1 - output + epsilon()))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The cross-entropy along ``axis``, of probabilities or logits."""
    return losses.categorical_crossentropy(target, output, from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, ignore_class: int | None = None
) -> Tensor:
    """The cross-entropy along ``axis``, of class numbers."""
    return losses.sparse_categorical_crossentropy(target, output, from_logits, ignore_class, axis)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers of this mean and standard deviation."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from ``minval`` to below ``maxval``, all equally likely."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """1 with probability ``p``, else 0."""
    return random.bernoulli(shape, p, floatx() if dtype is None else dtype, seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers, none further than two standard deviations from the mean."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """``x`` with a share of ``level`` of its elements 0, and the others larger by as much."""
    return nn.dropout(x, level, noise_shape, seed)


def count_params(x: Any) -> int:
    """How many elements there are."""
    return math.prod(asarray(x).shape)


def update(x: Any, new_x: Any) -> Any:
    """Give a variable a value."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable."""
    return x.assign_sub(decrement)


def get_value(x: Any) -> Any:
    """The value of a variable or tensor as a NumPy array."""
    return x.numpy() if isinstance(x, Operators) else np.asarray(x)


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    x.assign(value)


answer(__name__)
