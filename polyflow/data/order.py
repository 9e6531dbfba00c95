"""The order of a shuffle, drawn on the host from the one generator, so that it is the same on every backend.

Epoch e of a shuffle with base key K has the key k = fold_in(K, e). A buffer is filled with the first elements. Each
further element t = 0, 1, … takes slot (word t · size) >> 32 of the buffer, where the words are those of fold_in(k, 1),
and pushes out the element that was there: so element i comes at position i - size + 1 at the earliest. What is left in
the buffer at the end is put out by the permutation of k. A buffer that holds everything gives that permutation alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import threefry
from .blocks import Block, integers, join, pick, regroup
from .lock import Lock

__all__ = ["Epoch", "Orders", "permutations_of", "seed_key", "shuffle_keys", "shuffled_elements", "shuffled_positions"]

STEPS = 1 << 16
"""How many elements go through the buffer at a time."""

FEW = 4096
"""Up to so many elements, several permutations are made at once."""

AHEAD = 1 << 14
"""How many elements they have together at most."""


def seed_key(seed: int) -> np.ndarray:
    """The base key of a shuffle with a seed, of which the 64 low bits count."""
    return threefry.key(seed % (1 << 64))


class Orders:
    """The permutations of a shuffle's epochs.

    Where few elements are permuted, most of the time goes into starting NumPy's loops: an epoch that follows the last
    then comes with twice as many of the next epochs.
    """

    def __init__(self) -> None:
        self._made: tuple[bytes, int, int, np.ndarray] | None = None
        self._lock = Lock()

    def of(self, key: np.ndarray, epoch: int, n: int) -> np.ndarray:
        """The permutation of n in an epoch of the base key: int64 of shape (n,), read-only."""
        if n > FEW:
            return threefry.permutation(threefry.fold_in(key, epoch), n)
        tag, count = key.tobytes(), 1
        with self._lock:
            if self._made is not None and self._made[:2] == (tag, n):
                _, _, first, rows = self._made
                if first <= epoch < first + len(rows):
                    return rows[epoch - first]
                if epoch == first + len(rows):
                    count = max(1, min(2 * len(rows), AHEAD // max(1, n)))
            rows = permutations_of(shuffle_keys(key, epoch, count), n, count)
            rows.flags.writeable = False
            self._made = (tag, n, epoch, rows)
            return rows[0]


class Epoch:
    """One epoch of a shuffle: all that is random in it.

    Args:
        key: the shuffle's base key.
        number: the number of the epoch.
        orders: where its permutation comes from.
    """

    def __init__(self, key: np.ndarray, number: int, orders: Orders) -> None:
        self._base, self._number, self._orders = key, number, orders

    def permutation(self, n: int) -> np.ndarray:
        """The integers from 0 to n - 1 in the order of this epoch."""
        return self._orders.of(self._base, self._number, n)

    def slots(self, size: int) -> _Slots:
        """The slots of a buffer that elements take."""
        return _Slots(threefry.fold_in(self._base, self._number), size)


def shuffled_positions(blocks: Iterable[Block], size: int, epoch: Epoch) -> Iterator[Block]:
    """Shuffle blocks of positions, or of anything held in arrays, through a buffer of ``size`` elements."""
    fed = _feed(blocks, size)
    buffer = next(fed, None)
    if buffer is None:
        return
    slots: _Slots | None = None
    held: Block = buffer
    for block in fed:
        if slots is None:
            slots = epoch.slots(size)
            held = [np.array(integers(column)) for column in buffer]
        yield _push(held, block, slots.draw(len(block[0])))
    order = epoch.permutation(len(buffer[0]))
    yield [pick(column, order) for column in held]


def _feed(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """First the elements that fill the buffer, then the others, at most `STEPS` at a time."""
    source = iter(blocks)
    held: list[Block] = []
    count = 0
    for block in source:
        held.append(block)
        count += len(block[0])
        if count >= size:
            break
    if not held:
        return
    first = join(held)
    yield [column[:size] for column in first]
    for start in range(size, count, STEPS):
        yield [column[start : start + STEPS] for column in first]
    for block in source:
        yield from regroup([block], STEPS)


def _push(buffer: Block, block: Block, slots: np.ndarray) -> Block:
    """Send a block through the buffer, its element t into slot ``slots[t]``; what is pushed out comes back."""
    steps = len(slots)
    ranked = np.sort((slots.astype(np.uint64) << np.uint64(32)) | np.arange(steps, dtype=np.uint64))
    step = (ranked & np.uint64(0xFFFFFFFF)).astype(np.int64)  # the steps, those of one slot together and in order
    slot = (ranked >> np.uint64(32)).astype(np.int64)
    again = slot[1:] == slot[:-1]  # whether a step finds in its slot what the step before it put there
    last = np.append(~again, True)
    out: Block = []
    for held, column in zip(buffer, block, strict=True):
        assert isinstance(held, np.ndarray)
        new = integers(column)
        pushed = held[slots]
        pushed[step[1:][again]] = new[step[:-1][again]]
        held[slot[last]] = new[step[last]]
        out.append(pushed)
    return out


def shuffled_elements(elements: Iterable[Any], size: int, epoch: Epoch) -> Iterator[Any]:
    """Shuffle elements that are computed one by one; none is asked for earlier than it must be."""
    buffer: list[Any] = []
    slots: _Slots | None = None
    drawn: list[int] = []
    at, amount = 0, 64
    for element in elements:
        if len(buffer) < size:
            buffer.append(element)
            continue
        if at == len(drawn):
            slots = slots or epoch.slots(size)
            drawn, at, amount = slots.draw(amount).tolist(), 0, min(2 * amount, STEPS)
        slot = drawn[at]
        at += 1
        pushed, buffer[slot] = buffer[slot], element
        yield pushed
    for i in epoch.permutation(len(buffer)).tolist():
        yield buffer[i]


class _Slots:
    """The slots that the elements after the first ``size`` take, in order."""

    def __init__(self, key: np.ndarray, size: int) -> None:
        self.key, self.size, self.drawn = threefry.fold_in(key, 1), size, 0

    def draw(self, count: int) -> np.ndarray:
        words = threefry.words(self.key, count, self.drawn).astype(np.uint64)
        self.drawn += count
        return ((words * np.uint64(self.size)) >> np.uint64(32)).astype(np.int64)


def shuffle_keys(key: np.ndarray, first: int, count: int) -> np.ndarray:
    """The keys of the epochs ``first`` to ``first + count - 1`` of a shuffle: uint32 of shape (count, 2)."""
    if count <= 8:  # Python's integers are as quick
        return np.stack([threefry.fold_in(key, epoch) for epoch in range(first, first + count)])
    counters = np.arange(threefry.FOLD + first, threefry.FOLD + first + count, dtype=np.uint64)
    words = np.empty((3, count), np.uint32)
    words[0], words[1] = counters >> np.uint64(32), counters
    threefry.encrypt_inplace(key, *words)
    return words[:2].T


def permutations_of(keys: np.ndarray, n: int, count: int) -> np.ndarray:
    """`threefry.permutation` of each key (of shape (count, 2), or one for all): int64 of shape (count, n).

    Where n is small, all are made at once: most of the time would go into starting NumPy's loops.
    """
    if n > FEW or len(keys) == 1:
        each = [threefry.permutation(key, n) for key in keys]
        return np.stack(each if len(each) == count else each * count)
    numbers = np.arange(n, dtype=np.uint32)
    each = np.empty((2, count, n), np.uint32)  # the keys beside each word: in one piece, NumPy's loops cost less
    each[0], each[1] = keys[:, :1], keys[:, 1:]
    high, low, spare = np.empty((3, count, n), np.uint32)
    high.fill(0)
    low[:] = numbers
    threefry.encrypt_inplace(each, high, low, spare)
    mask = np.uint32((1 << threefry.index_bits(n)) - 1)
    np.bitwise_and(low, ~mask, out=low)
    np.bitwise_or(low, numbers, out=low)
    words = np.empty((count, n), np.uint64)
    halves = words.view(np.uint32).reshape(count, n, 2)
    halves[..., threefry.HIGH], halves[..., 1 - threefry.HIGH] = high, low
    words.sort(axis=1)
    return np.bitwise_and(halves[..., 1 - threefry.HIGH], mask, dtype=np.int64, casting="unsafe")
