"""Random words as JAX computes them fastest: pairs side by side in 64 bits, then read as 32 or 16 bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow import threefry
from polyflow.ops.random import check_blocks


def _blocks(key: Any, count: int) -> tuple[Any, Any]:
    """The first ``count`` pairs of words of a key's stream."""
    check_blocks(count)
    low = lax.iota(jnp.uint32, count)
    schedule = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(threefry.PARITY))
    return threefry.rounds(schedule, jnp.zeros_like(low), low, _add, _rotate)


def _add(a: Any, b: Any) -> Any:
    return a + (np.uint32(b) if isinstance(b, int) else b)


def _rotate(x: Any, distance: int) -> Any:
    return (x << np.uint32(distance)) | (x >> np.uint32(32 - distance))


def _joined(high: Any, low: Any) -> Any:
    return (high.astype(jnp.uint64) << np.uint64(32)) | low.astype(jnp.uint64)


def _cut(key: Any, size: int, dtype: Any) -> Any:
    """The first ``size`` pieces of a key's stream, as wide as ``dtype``, the low ones of a word first."""
    pieces = 8 // np.dtype(dtype).itemsize
    first, second = _blocks(key, -(-size // pieces))
    return lax.bitcast_convert_type(_joined(second, first), dtype).reshape(-1)[:size]


def random_bits(key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The first words of a key's stream, as uint32 or uint64."""
    size = math.prod(shape)
    if dtype == np.uint64:
        return _once(lambda: _joined(*_blocks(key, size)), key).reshape(shape)
    return _once(lambda: _cut(key, size, jnp.uint32), key).reshape(shape)


def keep_mask(key: Any, *, shape: tuple[int, ...], rate: float) -> Any:
    """Which elements a dropout keeps, one 16-bit half of a word for each."""
    threshold = threefry.drop_threshold(rate)
    if threshold == 1 << 16:
        return jnp.zeros(shape, bool)
    pieces = _once(lambda: _cut(key, math.prod(shape), jnp.uint16), key)
    return (pieces >= np.uint16(threshold)).reshape(shape)


def _once(compute: Callable[[], Any], key: Any) -> Any:
    """What ``compute`` gives, computed once and by itself, however many read it.

    The way back of a training step reads a mask wherever it reads activations, and XLA would compute the words again in
    each of these places: it takes them for cheap, and has dropped `lax.optimization_barrier` on a CPU when it decides.
    Normals take twice as long where it computes their words among the rest. A branch stays whole. Which one is taken is
    nothing that it can know beforehand. (A GPU would wait for the host to choose; its compiler is left alone.)
    """
    nothing = jax.eval_shape(compute)

    def branch() -> Any:
        return lax.cond((key[0] | np.uint32(1)) != 0, compute, lambda: jnp.zeros(nothing.shape, nothing.dtype))

    return lax.platform_dependent(cpu=branch, default=compute)
