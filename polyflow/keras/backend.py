"""Keras's backend functions, with its defaults: losses and metrics of one's own are often written with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import names
from ..activations import elu, relu, sigmoid, softmax, softplus, softsign, tanh
from ..floatx import floatx, set_floatx
from ..layers.base import clear_session
from ..missing import answer
from ..names import cast, constant, one_hot, ones, ones_like, reshape, shape, transpose, zeros, zeros_like
from ..names import matmul as dot
from ..names import reduce_all as all
from ..names import reduce_any as any
from ..names import reduce_max as max
from ..names import reduce_mean as mean
from ..names import reduce_min as min
from ..names import reduce_prod as prod
from ..names import reduce_std as std
from ..names import reduce_sum as sum
from ..names import reduce_variance as var
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

switch = where

__all__ = [
    "abs",
    "all",
    "any",
    "argmax",
    "argmin",
    "cast",
    "clear_session",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "dot",
    "elu",
    "epsilon",
    "equal",
    "exp",
    "expand_dims",
    "flatten",
    "floatx",
    "get_value",
    "greater",
    "greater_equal",
    "int_shape",
    "less",
    "less_equal",
    "log",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "pow",
    "prod",
    "relu",
    "reshape",
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
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sum",
    "switch",
    "tanh",
    "transpose",
    "var",
    "variable",
    "zeros",
    "zeros_like",
]


def epsilon() -> float:
    """The small number that formulas add or clip by."""
    return 1e-7


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


def get_value(x: Any) -> Any:
    """The value of a variable or tensor as a NumPy array."""
    return x.numpy() if isinstance(x, Operators) else np.asarray(x)


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    x.assign(value)


answer(__name__)
