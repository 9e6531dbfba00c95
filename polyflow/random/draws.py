"""Distributions, each written once in polyflow's ops over the words of a key.

All take the arguments of TensorFlow's and Keras's functions of the same name, then:

    seed: None (the global generator's next key), an integer (that seed's key: the same numbers in every call, as in
        Keras), or a `SeedGenerator` (its next key).
    key: a key instead, for those who keep keys themselves.
    backend: where to draw; that of the key or generator, or the current one, if left out.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from .. import dtypes as dt
from .. import threefry
from ..backend import discovery
from ..convert import integer, number
from ..errors import DTypeError, ShapeError
from ..ops import random as ops
from ..ops.creation import ones
from ..ops.declare import checked_sizes, shape_tuple
from ..ops.elementwise import astype, bitwise_and, bitwise_right_shift, exp, less, less_equal
from ..ops.indexing import take
from ..ops.reduction import cumulative_sum, max, sum
from ..ops.rules import normal_axis
from ..ops.shape import expand_dims
from ..ops.special import erfinv
from ..tensor import Operators, asarray, concrete
from .keys import as_key
from .seeds import SeedGenerator, global_generator

if TYPE_CHECKING:
    from ..tensor import Tensor

SQRT2 = math.sqrt(2.0)
WITHIN_TWO = math.erf(SQRT2)
"""The probability that a normal lies within two standard deviations of its mean."""

_UNIT_BITS = {dt.float16: 11, dt.bfloat16: 8, dt.float32: 24}
"""How many bits of a word make a uniform of each dtype: as many as it holds without rounding."""
_LOW = 0xFFFFFFFF


def _key(seed: Any, key: Any, backend: Any) -> Tensor:
    where = None if backend is None else discovery.get(backend)
    if key is not None:
        if seed is not None:
            raise TypeError("give seed= or key=, not both.")
        return as_key(key, where)
    if isinstance(seed, SeedGenerator):
        return as_key(seed.next_key(), where)
    if seed is None:
        return global_generator(where).next_key()
    return as_key(threefry.key(seed), where)


def _float(name: str, dtype: Any) -> Any:
    target = dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
    if target not in dt.FLOATING:
        raise DTypeError(f"random.{name} draws real floating numbers; got dtype {target.name}.")
    return target


def _wide(key: Tensor) -> Any:
    """The dtype to compute in: float64 where the backend has it."""
    return dt.float64 if dt.float64 in key.backend.capabilities.dtypes else dt.float32


# Words and uniforms ---------------------------------------------------------------------------------------------------


def bits(shape: Any, dtype: Any = dt.uint32, seed: Any = None, *, key: Any = None, backend: Any = None) -> Tensor:
    """Random words: every one of the 2**32 (uint32) or 2**64 (uint64) is equally likely.

    Raises:
        DTypeError: for any other dtype.
    """
    target = dt.as_dtype(dtype)
    if target not in (dt.uint32, dt.uint64):
        raise DTypeError(f"random.bits draws uint32 or uint64; got {target.name}.")
    return ops.random_bits(_key(seed, key, backend), _shape(shape), target)


def _shape(shape: Any) -> tuple[int, ...]:
    return checked_sizes(shape_tuple(shape), dt.uint32)


def _unit(key: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Uniforms in [0, 1): float32 is (word >> 8) * 2**-24; float64 takes the upper 53 bits of two words."""
    if dtype is dt.float64:
        return astype(bitwise_right_shift(ops.random_bits(key, shape, dt.uint64), 11), dtype) * 2.0**-53
    count = _UNIT_BITS[dtype]
    whole = bitwise_right_shift(ops.random_bits(key, shape, dt.uint32), 32 - count)
    return astype(astype(whole, dt.float32) * 2.0**-count, dtype)


def uniform(
    shape: Any,
    minval: float = 0,
    maxval: float | None = None,
    dtype: Any = None,
    seed: Any = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Numbers spread evenly over [minval, maxval).

    In [0, 1) they are the multiples of 2**-24 (float32; 2**-53 in float64, 2**-11 in float16, 2**-8 in bfloat16). Other
    intervals are computed from these as ``u * (maxval - minval) + minval`` in float64 and rounded once (the halves: to
    float32, then again), so a result may round up to ``maxval``. Compiled programs may differ in the last digit of
    float64. For an integer dtype this is `randint`.

    Args:
        shape: the shape of the result.
        minval: the lower end, a number; or, of floats, a tensor that broadcasts to ``shape``.
        maxval: the upper end likewise; 1 if left out (integers need it).
        dtype: a floating dtype, float32 if left out; or an integer one.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.

    Raises:
        ValueError: unless minval and maxval are finite numbers and minval <= maxval.
    """
    if dtype is not None and dt.as_dtype(dtype) in dt.INTEGERS:
        if maxval is None:
            raise ValueError("random.uniform needs maxval for an integer dtype.")
        return randint(shape, minval, maxval, dtype, seed, key=key, backend=backend)
    target, sizes = _float("uniform", dtype), _shape(shape)
    ends = (minval, 1.0 if maxval is None else maxval)
    if any(isinstance(end, Operators) and (end.shape or not concrete(end)) for end in ends):
        used = _key(seed, key, backend)
        first, last = (astype(asarray(end, backend=used.backend), _wide(used)) for end in ends)
        spread = astype(_unit(used, sizes, target), _wide(used)) * (last - first) + first
        return spread if target is dt.float64 else astype(astype(spread, dt.float32), target)
    low, high = (float(number("random.uniform", end)) for end in ends)
    width = high - low
    if not (math.isfinite(width) and width >= 0):
        raise ValueError(f"random.uniform needs finite numbers minval <= maxval; got {minval!r} and {maxval!r}.")
    used = _key(seed, key, backend)
    unit = _unit(used, sizes, target)
    if (low, high) == (0.0, 1.0):
        return unit
    if target is dt.float64:
        return unit * width + low
    # to the halves by way of float32, as some libraries do anyway and others do not
    return astype(astype(_stretched(astype(unit, _wide(used)), width) + low, dt.float32), target)


def _stretched(unit: Tensor, width: float) -> Tensor:
    """``unit * width`` rounded once, in a form that compilers cannot change by fusing it with the addition after it.

    The width is the sum of a part of 29 bits and a remainder of 24: both products with a 24-bit unit are exact in
    float64, and their sum is the rounded product whether or not it is computed by a fused multiply-add.
    """
    fraction, exponent = math.frexp(width)
    coarse = math.ldexp(math.floor(fraction * 2.0**29), exponent - 29)
    return unit * coarse + unit * (width - coarse) if coarse != width else unit * width


def bernoulli(
    shape: Any = None, p: Any = 0.5, dtype: Any = dt.bool_, seed: Any = None, *, key: Any = None, backend: Any = None
) -> Tensor:
    """True with probability ``p``: where a 32-bit word is below ``p * 2**32``.

    Args:
        shape: the shape of the result; that of ``p`` if left out.
        p: a number from 0 to 1, or a floating tensor that broadcasts to ``shape`` (outside [0, 1] it means 0 or 1).
        dtype: bool, or a number dtype for 0 and 1.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.
    """
    sizes = _shape(getattr(p, "shape", ()) if shape is None else shape)
    used = _key(seed, key, backend)
    words = ops.random_bits(used, sizes, dt.uint32)
    if getattr(p, "shape", ()):
        chosen = less(astype(words, _wide(used)), astype(asarray(p, backend=used.backend), _wide(used)) * 2.0**32)
    else:
        chance = float(p)
        if not 0.0 <= chance <= 1.0:
            raise ValueError(f"random.bernoulli needs a probability from 0 to 1; got {p!r}.")
        limit = math.ceil(chance * 2.0**32)
        chosen = less(words, limit) if limit < 1 << 32 else ones(sizes, dt.bool_, backend=used.backend)
    return chosen.astype(dtype, copy=False)


def keep_mask(shape: Any, rate: float, seed: Any = None, *, key: Any = None, backend: Any = None) -> Tensor:
    """Which elements a dropout of ``rate`` keeps: booleans, False with probability ``rate`` rounded to 1/65536.

    One 16-bit half of a word decides about each element, which costs half of `bernoulli`; see
    `polyflow.threefry.keep_mask`.
    """
    threefry.drop_threshold(rate)
    return ops.keep_mask(_key(seed, key, backend), _shape(shape), float(rate))


# Normals --------------------------------------------------------------------------------------------------------------


def _symmetric(key: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """Uniforms in the open interval (-1, 1), symmetric about 0, exact in float64: 32 bits, or 53 for float64.

    With k of n bits, ``(k - 2**(n - 1) + 1/2) / 2**(n - 1)``.
    """
    wide = _wide(key)
    if dtype is dt.float64:
        whole, count = bitwise_right_shift(ops.random_bits(key, shape, dt.uint64), 11), 53
    else:
        whole, count = ops.random_bits(key, shape, dt.uint32), 32
    if wide is dt.float32:
        whole, count = bitwise_right_shift(whole, count - 24), 24
    half = 2.0 ** (count - 1)
    return ((astype(whole, wide) - half) + 0.5) * (1.0 / half)


def _moved(z: Tensor, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    """``mean + stddev * z`` in z's own dtype, then in ``dtype``."""
    stddev, mean = (
        astype(asarray(one, backend=z.backend), z.dtype)
        if isinstance(one, (list, tuple)) or getattr(one, "shape", ())
        else float(number("random.normal", one))
        for one in (stddev, mean)
    )
    if not (isinstance(stddev, float) and stddev == 1.0):
        z = z * stddev
    if not (isinstance(mean, float) and mean == 0.0):
        z = z + mean
    return z.astype(dtype, copy=False)


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    seed: Any = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Normally distributed numbers: ``mean + stddev * sqrt(2) * erfinv(v)``, v uniform in (-1, 1).

    Computed in float64 (where the backend has it) and rounded once. v has 32 bits (53 for float64): |z| < 6.4 (8.3).

    Args:
        shape: the shape of the result.
        mean: a number, or a tensor or list that broadcasts to ``shape``.
        stddev: the standard deviation, likewise.
        dtype: a floating dtype; float32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.
    """
    target, sizes = _float("normal", dtype), _shape(shape)
    return _moved(erfinv(_symmetric(_key(seed, key, backend), sizes, target)) * SQRT2, mean, stddev, target)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    seed: Any = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Normally distributed numbers within two standard deviations of the mean; arguments as in `normal`.

    ``stddev`` is that of the normal before it is cut off; the result's is 0.8796 times as large.
    """
    target, sizes = _float("truncated_normal", dtype), _shape(shape)
    inner = _symmetric(_key(seed, key, backend), sizes, target) * WITHIN_TWO
    return _moved(erfinv(inner) * SQRT2, mean, stddev, target)


# Integers and orders --------------------------------------------------------------------------------------------------


def randint(
    shape: Any,
    minval: Any,
    maxval: Any,
    dtype: Any = dt.int32,
    seed: Any = None,
    *,
    key: Any = None,
    backend: Any = None,
) -> Tensor:
    """Integers from ``minval`` to ``maxval - 1``.

    ``minval + floor(word * (maxval - minval) / 2**64)`` of a 64-bit word for up to 2**32 values, of a 128-bit word for
    more: the probability of each value differs from the exact one by less than one part in 2**32.

    Args:
        shape: the shape of the result.
        minval: the smallest integer.
        maxval: one more than the largest.
        dtype: an integer dtype, int32 if left out.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.

    Raises:
        ValueError: unless minval < maxval. OverflowError: for values outside the dtype's range.
    """
    target, sizes = dt.as_dtype(dtype), _shape(shape)
    if target not in dt.INTEGERS:
        raise DTypeError(f"random.randint draws integers; got dtype {target.name}.")
    low, high = (integer("random.randint", name, end) for name, end in (("minval", minval), ("maxval", maxval)))
    if low >= high:
        raise ValueError(f"random.randint needs minval < maxval; got {low} and {high}.")
    dt.check_fits(low, target)
    dt.check_fits(high - 1, target)
    offset = _below(_key(seed, key, backend), sizes, high - low)
    if target is not dt.uint64:
        offset = astype(offset, dt.int64)
    return astype(offset + low, target) if low else astype(offset, target)


def _below(key: Tensor, shape: tuple[int, ...], span: int) -> Tensor:
    """uint64 integers from 0 to ``span - 1``, span from 1 to 2**64."""
    if span == 1 << 64:
        return ops.random_bits(key, shape, dt.uint64)
    if span <= 1 << 32:
        word = ops.random_bits(key, shape, dt.uint64)
        carried = bitwise_right_shift(bitwise_and(word, _LOW) * span, 32)
        return bitwise_right_shift(bitwise_right_shift(word, 32) * span + carried, 32)
    pair = ops.random_bits(key, (2, *shape), dt.uint64)
    first, second = pair[0], pair[1]
    product = first * span
    total = product + _upper_half(second, span)
    return _upper_half(first, span) + astype(less(total, product), dt.uint64)


def _upper_half(word: Tensor, factor: int) -> Tensor:
    """The upper 64 bits of the 128-bit product of uint64 words and an integer, by halves."""
    high, low = bitwise_right_shift(word, 32), bitwise_and(word, _LOW)
    f1, f0 = factor >> 32, factor & _LOW
    inner, outer = low * f1, high * f0
    middle = bitwise_right_shift(low * f0, 32) + bitwise_and(inner, _LOW) + bitwise_and(outer, _LOW)
    carries = bitwise_right_shift(inner, 32) + bitwise_right_shift(outer, 32) + bitwise_right_shift(middle, 32)
    return high * f1 + carries


def permutation(x: Any, axis: int = 0, seed: Any = None, *, key: Any = None, backend: Any = None) -> Tensor:
    """The integers from 0 to ``x - 1`` in random order (int64), or a tensor's slices along ``axis`` in random order.

    `polyflow.threefry.permutation` says how the order is made from the key.
    """
    if isinstance(x, int) or not getattr(x, "shape", (1,)):
        n = operator.index(x)
        if n < 0:
            raise ValueError(f"random.permutation needs an integer of 0 or more, or a tensor; got {n}.")
        return ops.random_permutation(_key(seed, key, backend), n)
    return shuffle(x, axis, seed, key=key, backend=backend)


def shuffle(x: Any, axis: int = 0, seed: Any = None, *, key: Any = None, backend: Any = None) -> Tensor:
    """The slices of ``x`` along ``axis`` in random order."""
    if backend is None and not isinstance(x, Operators) and isinstance(key, Operators):
        backend = key.backend
    given = asarray(x, backend=backend)
    place = normal_axis(axis, given.ndim)
    order = ops.random_permutation(_key(seed, key, given.backend), given.shape[place])
    return take(given, order, axis=place)


def categorical(
    logits: Any, num_samples: int, dtype: Any = dt.int64, seed: Any = None, *, key: Any = None, backend: Any = None
) -> Tensor:
    """Class numbers drawn with probabilities ``softmax(logits)``, by the inverse of their running sum in float64.

    Args:
        logits: unnormalised log probabilities, a floating tensor of shape (..., classes); -inf is a class never drawn.
        num_samples: how many to draw for each row.
        dtype: an integer dtype.
        seed: None, an integer or a `SeedGenerator`.
        key: a key instead of a seed.
        backend: where to draw.

    Returns:
        A tensor of shape (..., num_samples).
    """
    given = asarray(logits, backend=backend)
    if not given.shape or not given.shape[-1]:
        raise ShapeError(f"random.categorical needs logits of shape (..., classes); got shape {given.shape}.")
    count, used = integer("random.categorical", "num_samples", num_samples), _key(seed, key, given.backend)
    wide = _wide(used)
    scores = astype(given, wide)
    reached = cumulative_sum(exp(scores - max(scores, -1, True)), axis=-1)
    level = _unit(used, _shape((*given.shape[:-1], count)), wide) * reached[..., -1:]
    passed = less_equal(expand_dims(reached[..., :-1], -2), expand_dims(level, -1))
    return astype(sum(astype(passed, dt.int64), -1), dt.as_dtype(dtype))


__all__ = [
    "bernoulli",
    "bits",
    "categorical",
    "keep_mask",
    "normal",
    "permutation",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
