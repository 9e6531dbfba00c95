"""TensorFlow's draws from a seed of two integers: the same numbers at every call, nothing is remembered."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from .. import threefry
from ..errors import ShapeError
from ..ops.shape import broadcast_to
from ..tensor import Operators, Tensor, asarray
from . import draws, rejection
from .keys import as_key, fold_in


def _key(seed: Any) -> Any:
    """The key of a seed: the first integer's, folded with the second."""
    words = seed.numpy() if isinstance(seed, Operators) else np.asarray(seed)
    if words.shape != (2,) or words.dtype.kind not in "iu":
        raise ShapeError(f"a stateless draw takes a seed of two integers, as in seed=(1, 2); got {seed!r}.")
    first, second = (int(word) % 2**32 for word in words)
    return fold_in(as_key(threefry.key(first)), second)


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dt.float32, name: str | None = None
) -> Tensor:
    """Numbers spread evenly over [minval, maxval), of a floating or an integer dtype.

    Raises:
        ShapeError: unless ``seed`` is two integers. ValueError: for integers without ``maxval``.
    """
    if dt.as_dtype(dtype) in dt.INTEGERS:
        if maxval is None:
            raise ValueError("stateless_uniform of integers needs maxval, the first number that is not drawn.")
        return draws.randint(shape, minval, maxval, dtype, key=_key(seed))
    return draws.uniform(shape, minval, maxval, dtype, key=_key(seed))


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dt.float32, name: str | None = None
) -> Tensor:
    """Normal numbers of this mean and standard deviation; ShapeError unless ``seed`` is two integers."""
    return draws.normal(shape, mean, stddev, dtype, key=_key(seed))


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dt.float32, name: str | None = None
) -> Tensor:
    """Normal numbers within two standard deviations of the mean; ShapeError unless ``seed`` is two integers."""
    return draws.truncated_normal(shape, mean, stddev, dtype, key=_key(seed))


def stateless_categorical(
    logits: Any, num_samples: int, seed: Any, dtype: Any = dt.int64, name: str | None = None
) -> Tensor:
    """Class numbers drawn with probabilities ``softmax(logits)``; ShapeError unless ``seed`` is two integers."""
    return draws.categorical(logits, num_samples, dtype, key=_key(seed))


def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dt.float32, name: str | None = None
) -> Tensor:
    """Gamma numbers, as `polyflow.random.gamma` draws them; the parameters broadcast to ``shape``.

    Raises:
        ShapeError: unless ``seed`` is two integers, and where the parameters do not broadcast to ``shape``.
    """
    a, b = (broadcast_to(asarray(one), shape) for one in (alpha, 1.0 if beta is None else beta))
    return rejection.gamma((), a, b, dtype, key=_key(seed))


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = dt.int32, name: str | None = None) -> Tensor:
    """Poisson counts, as `polyflow.random.poisson` draws them; the means broadcast to ``shape``.

    Raises:
        ShapeError: unless ``seed`` is two integers, and where the means do not broadcast to ``shape``.
    """
    return rejection.poisson((), broadcast_to(asarray(lam), shape), dtype, key=_key(seed))
