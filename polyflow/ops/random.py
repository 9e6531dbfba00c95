"""Random bits as ops: pure functions of a key, the same words on every backend.

A key is a uint32 tensor of two words. The references are `polyflow.threefry`; each op has a decomposition in unsigned
integer ops, which wrap, so that every backend has it and none can differ. `polyflow.random` turns bits into numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes as dt
from .. import threefry
from ..errors import DTypeError, ShapeError
from . import call
from .creation import zeros
from .declare import checked_sizes, op
from .elementwise import add, astype, bitwise_and, bitwise_left_shift, bitwise_or, bitwise_right_shift, greater_equal
from .elementwise import bitwise_xor as xor
from .indexing import getitem
from .reduction import sort
from .rules import Rule, Spec, broadcast
from .shape import reshape, stack

KEY_SHAPE = (2,)


def _words(name: str, given: tuple[Any, ...]) -> tuple[np.dtype, ...]:
    """All arguments are uint32; Python integers become it."""
    for dtype in given:
        if dtype is not dt.uint32 and dtype is not int:
            shown = dtype.name if isinstance(dtype, np.dtype) else dtype.__name__
            raise DTypeError(f"{name} takes uint32 words; got {shown}. Make keys with polyflow.random.key(seed).")
    return (dt.uint32,) * len(given)


def _drawn(infer: Any) -> Rule:
    """The rule of an op whose first argument is a key."""

    def checked(key: Spec, *others: Spec, **attrs: Any) -> Spec:
        if key.shape != KEY_SHAPE:
            raise ShapeError(f"a key has shape {KEY_SHAPE}; got shape {key.shape}.")
        return infer(*others, **attrs)

    return Rule(_words, checked, frozenset({dt.uint32}))


# In ops ---------------------------------------------------------------------------------------------------------------


def schedule(key: Any) -> tuple[Any, Any, Any]:
    """The three words of the key schedule, each of shape (1,)."""
    k0, k1 = getitem(key, slice(0, 1)), getitem(key, slice(1, 2))
    return k0, k1, xor(xor(k0, k1), threefry.PARITY)


def rotate(x: Any, distance: int) -> Any:
    """32 bits rotated to the left."""
    return bitwise_or(bitwise_left_shift(x, distance), bitwise_right_shift(x, 32 - distance))


def blocks(key: Any, high: int, low: Any) -> tuple[Any, Any]:
    """The pairs of words that a key makes of the counters ``high * 2**32 + low``; ``low`` has one axis or more."""
    x0 = bitwise_or(zeros(low.shape, dt.uint32, backend=low.backend), high)
    return threefry.rounds(schedule(key), x0, low, add, rotate)


def check_blocks(n: int) -> None:
    """Raise ValueError for more pairs of words than 32-bit counters tell apart."""
    if n > 1 << 32:
        raise ValueError(f"at most 2**32 blocks of random bits can be drawn at once; got {n}. Draw in parts.")


def counters(n: int, backend: Any) -> Any:
    """The integers from 0 to ``n - 1`` in uint32, made on the backend from about ``2 * sqrt(n)`` host numbers."""
    check_blocks(n)
    side = max(1, math.isqrt(n))
    columns = call.constant(np.arange(side, dtype=np.uint32), backend)
    rows = call.constant(np.arange(-(-n // side), dtype=np.uint32)[:, None] * np.uint32(side), backend)
    return getitem(reshape(add(rows, columns), (rows.shape[0] * side,)), slice(0, n))


def _paired(first: Any, second: Any) -> Any:
    """The elements of two one-dimensional tensors in turn."""
    return reshape(stack([first, second], axis=1), (2 * first.shape[0],))


def _bits_in_ops(key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    size = math.prod(shape)
    if dtype is dt.uint64:
        x0, x1 = blocks(key, 0, counters(size, key.backend))
        return reshape(bitwise_or(bitwise_left_shift(astype(x0, dtype), 32), astype(x1, dtype)), shape)
    x0, x1 = blocks(key, 0, counters((size + 1) // 2, key.backend))
    return reshape(getitem(_paired(x0, x1), slice(0, size)), shape)


def _encrypt_in_ops(key: Any, low: Any, *, high: int) -> Any:
    x0, x1 = blocks(key, high, reshape(low, (math.prod(low.shape),)))
    return reshape(_paired(x0, x1), (*low.shape, 2))


def _next_key_in_ops(state: Any) -> Any:
    return _encrypt_in_ops(getitem(state, slice(0, 2)), getitem(state, 2), high=threefry.FOLD >> 32)


def _permutation_in_ops(key: Any, *, n: int) -> Any:
    bits = threefry.index_bits(n)
    words = random_bits(key, shape=(n,), dtype=dt.uint64)
    index = astype(counters(n, key.backend), dt.uint64)
    ordered = sort(bitwise_or(bitwise_left_shift(bitwise_right_shift(words, bits), bits), index))
    return astype(bitwise_and(ordered, (1 << bits) - 1), dt.int64)


def _keep_mask_in_ops(key: Any, *, shape: tuple[int, ...], rate: float) -> Any:
    size = math.prod(shape)
    words = random_bits(key, shape=((size + 1) // 2,), dtype=dt.uint32)
    halves = _paired(bitwise_and(words, 0xFFFF), bitwise_right_shift(words, 16))
    return reshape(greater_equal(getitem(halves, slice(0, size)), threefry.drop_threshold(rate)), shape)


# The ops --------------------------------------------------------------------------------------------------------------


def _bits_spec(*, shape: tuple[int, ...], dtype: np.dtype) -> Spec:
    if dtype not in (dt.uint32, dt.uint64):
        raise DTypeError(f"random bits come as uint32 or uint64; got {dtype.name}.")
    return Spec(checked_sizes(shape, dtype), dtype)


@op(_drawn(_bits_spec), decomposition=_bits_in_ops, standard=False)
def random_bits(key, /, shape, dtype=dt.uint32):
    """The first words of a key's stream, in C order: uint32 words, or uint64 ones whose upper half comes first."""
    size = math.prod(shape)
    words = threefry.words64(key, size) if dtype == np.uint64 else threefry.words(key, size)
    return words.reshape(shape)


@op(
    _drawn(lambda low, *, high: Spec((*broadcast(low.shape), 2), dt.uint32)),
    decomposition=_encrypt_in_ops,
    standard=False,
)
def threefry2x32(key, low, /, high=0):
    """The pair of words that a key makes of each counter ``high * 2**32 + low``, on a new last axis of size 2."""
    if low.size == 1:
        return np.array(threefry.encrypt_one(key, (high << 32) + int(low.item())), np.uint32).reshape(*low.shape, 2)
    return np.stack(threefry.encrypt(key, high, low), axis=-1)


def _state_spec(state: Spec) -> Spec:
    if state.shape != (3,):
        raise ShapeError(f"the state of a generator has shape (3,): a key and a counter; got shape {state.shape}.")
    return Spec(KEY_SHAPE, dt.uint32)


@op(Rule(_words, _state_spec, frozenset({dt.uint32})), decomposition=_next_key_in_ops, standard=False)
def next_key(state, /):
    """The key of a generator whose state is the three words of a base key and a counter: ``fold_in(base, counter)``."""
    return threefry.fold_in(state[:2], int(state[2]))


@op(
    _drawn(lambda *, n: Spec(checked_sizes((n,), dt.int64), dt.int64)),
    decomposition=_permutation_in_ops,
    standard=False,
)
def random_permutation(key, /, n):
    """The integers from 0 to ``n - 1`` in random order, as int64: the sorted index bits of 64-bit words."""
    return threefry.permutation(key, n)


@op(
    _drawn(lambda *, shape, rate: Spec(checked_sizes(shape), dt.bool_)), decomposition=_keep_mask_in_ops, standard=False
)
def keep_mask(key, /, shape, rate):
    """Which elements a dropout of ``rate`` keeps: 16-bit halves of the stream, low half first, at ``rate`` or above."""
    return threefry.keep_mask(key, shape, rate)


__all__ = ["keep_mask", "next_key", "random_bits", "random_permutation", "threefry2x32"]
