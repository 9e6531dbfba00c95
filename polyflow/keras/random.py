"""``tf.keras.random``: draws from polyflow's generator; a `SeedGenerator` gives new numbers at every call."""

from __future__ import annotations

from typing import Any

from ..missing import answer
from ..ops.elementwise import where
from ..ops.shape import broadcast_to
from ..random import SeedGenerator, bounded, categorical, draws, keep_mask, rejection, shuffle
from ..tensor import Tensor, asarray

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers of this mean and standard deviation."""
    return draws.normal(shape, mean, stddev, dtype, seed)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from ``minval`` to below ``maxval``, all equally likely."""
    return draws.uniform(shape, minval, maxval, dtype, seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers, none further than two standard deviations from the mean."""
    return draws.truncated_normal(shape, mean, stddev, dtype, seed)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Integers from ``minval`` to below ``maxval``, all equally likely."""
    return draws.randint(shape, minval, maxval, dtype, seed)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Gamma numbers of shape parameter ``alpha``, which broadcasts to ``shape``, and rate 1."""
    return rejection.gamma((), broadcast_to(asarray(alpha), shape), None, dtype, seed)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Beta numbers of these parameters, which broadcast to ``shape``."""
    return bounded.beta(shape, alpha, beta, dtype, seed)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """How many of ``counts`` trials succeed, each with a probability; both broadcast to ``shape``."""
    return bounded.binomial(shape, counts, probabilities, dtype, seed)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """``inputs`` with a share of ``rate`` of its elements 0, and the others larger by as much.

    Args:
        inputs: the tensor. rate: from 0 to below 1.
        noise_shape: the shape of the mask, which is broadcast; that of ``inputs`` if left out, or where it is None.
        seed: None, an integer or a `SeedGenerator`.

    Raises:
        ValueError: for another rate.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout takes a rate from 0 to below 1; got {rate!r}.")
    x = asarray(inputs)
    wanted = x.shape if noise_shape is None else [m or n for m, n in zip(noise_shape, x.shape, strict=True)]
    mask = keep_mask(wanted, rate, seed, backend=x.backend)
    return where(mask, x / (1.0 - rate), 0.0)


answer(__name__)
