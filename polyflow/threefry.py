"""Threefry-2x32 with 20 rounds, in plain NumPy: the one source of random bits.

Threefry is a counter-based generator: a *key* of two 32-bit words turns any 64-bit counter into two words that look
random (J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC11,
2011). There is no state: the same key gives the same words on every machine and every array library, in any order.

The 64-bit counters of a key are divided in three, so that a stream and the keys derived from its key never share bits:

    counter = i             block i of the key's stream of words     (0 <= i < 2**63)
    counter = 2**63 + i     the i-th key of `split`                  (0 <= i < 2**62)
    counter = 2**63 + 2**62 + data     the key of `fold_in`          (0 <= data < 2**62)
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
"""How far the second word is rotated in each round; the two rows alternate every four rounds."""

PARITY = 0x1BD11BDA
"""The third word of the key schedule is the xor of the key's words and this constant."""

BLOCK = 1 << 15
"""Pairs encrypted at once: the cost per word is lowest where three buffers of a block just fit into a core's cache."""

SPLIT, FOLD = 1 << 63, (1 << 63) + (1 << 62)
"""The first counters from which `split` and `fold_in` derive keys."""

NEXT = np.array([0, 0, 1], np.uint32)
"""What each key adds to the state of a generator: the two words of a base key, and how many keys it has given."""

_MASK = 0xFFFFFFFF
_NUMBERS = tuple(np.array(i, np.uint32) for i in range(32))  # NumPy takes an array sooner than a scalar
HIGH = 1 if sys.byteorder == "little" else 0
"""Where the high 32 bits of a 64-bit word lie among its two halves."""


# The cipher -----------------------------------------------------------------------------------------------------------


def rounds(schedule: Any, x0: Any, x1: Any, add: Callable[[Any, Any], Any], rotate: Callable[[Any, int], Any]) -> Any:
    """Encrypt the pair ``(x0, x1)``: the definition, for any kind of number that can be added, rotated and xor-ed.

    Args:
        schedule: the key's three words, see `schedule`.
        x0: the counter's high word.
        x1: the counter's low word.
        add: addition modulo 2**32.
        rotate: rotation of 32 bits to the left.
    """
    x0, x1 = add(x0, schedule[0]), add(x1, schedule[1])
    for group in range(5):
        for distance in ROTATIONS[group % 2]:
            x0 = add(x0, x1)
            x1 = rotate(x1, distance) ^ x0
        x0 = add(x0, schedule[(group + 1) % 3])
        x1 = add(add(x1, schedule[(group + 2) % 3]), group + 1)
    return x0, x1


def encrypt_one(key: Any, counter: int) -> tuple[int, int]:
    """The pair of one counter in Python integers: ten times faster than arrays of one element."""
    k0, k1 = int(key[0]), int(key[1])
    return rounds(
        (k0, k1, k0 ^ k1 ^ PARITY),
        counter >> 32,
        counter & _MASK,
        lambda a, b: (a + b) & _MASK,
        lambda x, distance: (x << distance) & _MASK | x >> (32 - distance),
    )


def encrypt_inplace(key: Any, x0: Words, x1: Words, spare: Words) -> None:
    """`rounds` for arrays, in place, with ``spare`` for the rotations: no memory is allocated.

    The key's two words may themselves be arrays, of a key for each row.
    """
    add, left, right, either, xor = np.add, np.left_shift, np.right_shift, np.bitwise_or, np.bitwise_xor
    k0, k1 = key[0], key[1]
    schedule = (k0, k1, k0 ^ k1 ^ np.uint32(PARITY))
    add(x0, k0, x0)
    add(x1, k1, x1)
    for group in range(5):
        for distance in ROTATIONS[group % 2]:
            add(x0, x1, x0)
            right(x1, _NUMBERS[32 - distance], spare)
            left(x1, _NUMBERS[distance], x1)
            either(x1, spare, x1)
            xor(x1, x0, x1)
        add(x0, schedule[(group + 1) % 3], x0)
        add(x1, schedule[(group + 2) % 3], x1)
        add(x1, _NUMBERS[group + 1], x1)


def encrypt(key: Any, high: Any, low: Any) -> tuple[Words, Words]:
    """The pair of words that ``key`` makes of each counter ``high * 2**32 + low``.

    Args:
        key: uint32 of shape (2,).
        high: the counters' high words, uint32 of any shape.
        low: the counters' low words, uint32, broadcast with ``high``.

    Returns:
        Two uint32 arrays of the common shape.
    """
    given = np.broadcast_arrays(np.asarray(high, np.uint32), np.asarray(low, np.uint32))
    x0, x1 = (np.array(each, order="C", ndmin=1) for each in given)
    encrypt_inplace(as_key(key), x0, x1, np.empty_like(x0))
    return x0.reshape(given[0].shape), x1.reshape(given[0].shape)


def _fill(key: Words, first: int, high: Words, low: Words) -> None:
    """Write the pairs of the counters ``first``, ``first + 1``, … into two arrays of one length (views are welcome)."""
    size = len(high)
    # blocks of equal length, for the last one not to be short: short blocks cost more per word
    step = max(1, -(-size // max(1, -(-size // BLOCK))))
    ramp = np.arange(step, dtype=np.uint32)
    buffers = np.empty((3, step), np.uint32)
    done = 0
    while done < size:
        counter = first + done
        take = min(step, size - done, (1 << 32) - (counter & _MASK))  # the high word is one number within a block
        x0, x1, spare = buffers[:, :take]
        x0.fill(counter >> 32)
        np.add(ramp[:take], np.uint32(counter & _MASK), out=x1)
        encrypt_inplace(key, x0, x1, spare)
        high[done : done + take], low[done : done + take] = x0, x1
        done += take


# Keys -----------------------------------------------------------------------------------------------------------------


def key(seed: int) -> Words:
    """The key of an integer seed: its 64 bits, the high word first.

    Args:
        seed: an integer from 0 to 2**64 - 1.

    Returns:
        uint32 of shape (2,).

    Raises:
        TypeError: for anything but an integer. ValueError: for one out of range.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"a seed is an integer from 0 to 2**64 - 1; got {seed!r}.") from None
    if not 0 <= number < 1 << 64:
        raise ValueError(
            f"a seed is an integer from 0 to 2**64 - 1; got {number}. Take it modulo 2**64 if you mean it."
        )
    return np.array([number >> 32, number & _MASK], np.uint32)


def as_key(key: Any) -> Words:
    """``key`` itself, checked to be two uint32 words; raises TypeError or ValueError otherwise."""
    array = np.asarray(key)
    if array.shape != (2,):
        raise ValueError(f"a key has shape (2,); got shape {array.shape}. Make one with key(seed).")
    if array.dtype != np.uint32:
        raise TypeError(f"a key holds uint32; got {array.dtype.name}. Make one with key(seed).")
    return array


def fold_in(key: Any, data: int) -> Words:
    """A new key from a key and an integer: the pair of the counter ``2**63 + 2**62 + data``.

    Args:
        key: uint32 of shape (2,).
        data: an integer from 0 to 2**62 - 1, such as the number of an epoch, a step or a worker.

    Returns:
        uint32 of shape (2,).
    """
    return np.array(encrypt_one(as_key(key), fold_counter(data)), np.uint32)


def fold_counter(data: int) -> int:
    """The counter from which `fold_in` derives a key."""
    number = operator.index(data)
    if not 0 <= number < 1 << 62:
        raise ValueError(f"fold_in takes an integer from 0 to 2**62 - 1; got {number}.")
    return FOLD + number


def split(key: Any, n: int = 2) -> Words:
    """``n`` new keys from one: row i is the pair of the counter ``2**63 + i``.

    The first rows do not depend on ``n``. Use the new keys, and the old one no more.

    Args:
        key: uint32 of shape (2,).
        n: how many, 0 or more.

    Returns:
        uint32 of shape (n, 2).
    """
    count = _count("split", n)
    keys = np.empty((count, 2), np.uint32)
    if count <= 8:
        for i in range(count):
            keys[i] = encrypt_one(as_key(key), SPLIT + i)
    else:
        _fill(as_key(key), SPLIT, keys[:, 0], keys[:, 1])
    return keys


def _count(name: str, n: Any, what: str = "n") -> int:
    count = operator.index(n)
    if count < 0:
        raise ValueError(f"{name} needs {what} >= 0; got {what}={count}.")
    return count


# What is made of the words --------------------------------------------------------------------------------------------


def words(key: Any, n: int, start: int = 0) -> Words:
    """``n`` words of the key's stream, from word number ``start`` on.

    Block i of the stream is the pair of the counter i, the high word first; the stream is all blocks in order.

    Args:
        key: uint32 of shape (2,).
        n: how many words, 0 or more.
        start: the number of the first one, 0 or more: ``words(key, n, start)`` is ``words(key, start + n)[start:]``.

    Returns:
        uint32 of shape (n,).
    """
    count, begin = _count("words", n), _count("words", start, "start")
    first = begin // 2
    pairs = np.empty(((begin + count + 1) // 2 - first, 2), np.uint32)
    _fill(as_key(key), first, pairs[:, 0], pairs[:, 1])
    return pairs.reshape(-1)[begin % 2 : begin % 2 + count]


def words64(key: Any, n: int, start: int = 0) -> NDArray[np.uint64]:
    """The blocks ``start`` to ``start + n - 1`` of the key's stream as 64-bit words, the first of each pair on top.

    Returns:
        uint64 of shape (n,).
    """
    result = np.empty(_count("words64", n), np.uint64)
    halves = result.view(np.uint32).reshape(-1, 2)
    _fill(as_key(key), _count("words64", start, "start"), halves[:, HIGH], halves[:, 1 - HIGH])
    return result


def permutation(key: Any, n: int) -> NDArray[np.int64]:
    """The integers from 0 to ``n - 1`` in random order.

    The stream's first n 64-bit words, their low ``b = max(1, bit_length(n - 1))`` bits replaced by the index, are
    sorted; the low bits are then the permutation. It is the stable argsort of the words without those bits.

    Args:
        key: uint32 of shape (2,).
        n: how many, 0 or more.

    Returns:
        int64 of shape (n,).
    """
    return permutations(key, n, 1)[0]


def permutations(key: Any, n: int, count: int, start: int = 0) -> NDArray[np.int64]:
    """``count`` permutations of ``n`` from one stream, those numbered ``start`` to ``start + count - 1``.

    Permutation e is made, as `permutation` says, of the stream's 64-bit words from number ``e * n`` on, so the shuffles
    of many epochs come in one block and equal those of one epoch at a time; number 0 is ``permutation(key, n)``.

    Args:
        key: uint32 of shape (2,).
        n: the length of each.
        count: how many.
        start: the number of the first.

    Returns:
        int64 of shape (count, n).
    """
    n, count = _count("permutation", n), _count("permutations", count, "count")
    keys = words64(key, count * n, _count("permutations", start, "start") * n).reshape(count, n)
    low = np.uint64((1 << index_bits(n)) - 1)
    np.bitwise_and(keys, ~low, out=keys)
    np.bitwise_or(keys, np.arange(n, dtype=np.uint64), out=keys)
    keys.sort(axis=1)
    np.bitwise_and(keys, low, out=keys)
    return keys.view(np.int64)


def index_bits(n: int) -> int:
    """How many low bits of a 64-bit word hold the index in a permutation of ``n``."""
    return max(1, (n - 1).bit_length()) if n > 0 else 1


def drop_threshold(rate: float) -> int:
    """``rate`` in 65536ths, rounded: a 16-bit number is dropped where it is below this.

    Raises:
        ValueError: unless 0 <= rate <= 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a dropout rate lies between 0 and 1; got {rate!r}.")
    return round(float(rate) * 65536)


def keep_mask(key: Any, shape: Any, rate: float) -> NDArray[np.bool_]:
    """Which elements a dropout of ``rate`` keeps: each is dropped with probability ``round(rate * 65536) / 65536``.

    The stream's words are cut into 16-bit halves, the low half first; element i (in C order) is kept where half i is
    at least `drop_threshold`.

    Args:
        key: uint32 of shape (2,).
        shape: the shape of the mask.
        rate: the fraction to drop, from 0 to 1.

    Returns:
        bool of that shape, True where an element is kept.
    """
    return kept(words(key, (math.prod(shape) + 1) // 2), shape, rate)


def kept(words: Words, shape: Any, rate: float) -> NDArray[np.bool_]:
    """`keep_mask` made of the stream's first words: half as many as the mask has elements, rounded up."""
    threshold = drop_threshold(rate)
    halves = words.astype("<u4", copy=False).view("<u2")[: math.prod(shape)].reshape(shape)
    return np.zeros(shape, np.bool_) if threshold == 65536 else halves >= np.uint16(threshold)
