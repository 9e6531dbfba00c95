"""Shuffling: a node that puts the elements of each pass into a random order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .blocks import Block
from .lock import Lock
from .node import Cursor, Node, Over, Start
from .order import Epoch, Orders, seed_key, shuffled_elements, shuffled_positions

__all__ = ["Shuffle"]


class Shuffle(Over):
    """Elements in a random order, a new one for each pass unless told otherwise.

    Args:
        size: how many elements the buffer holds.
        seed: an integer; without it, the key comes from the global generator when an iteration starts.
        reshuffle: whether each pass has an order of its own.
        key: the base key itself, in place of a seed.
    """

    def __init__(
        self, child: Node, size: int, seed: int | None = None, reshuffle: bool = True, key: np.ndarray | None = None
    ) -> None:
        super().__init__(child)
        self.size, self.reshuffle = size, reshuffle
        self.key = seed_key(seed) if key is None and seed is not None else key
        self._next = 0
        self._lock = Lock()
        self._orders = Orders()

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        key, first = self._draw(start)

        def begin(turn: int) -> Iterator[Block]:
            mine = Epoch(key, first + turn if self.reshuffle else 0, self._orders)
            if cursor.rows is not None:
                return shuffled_positions(cursor.begin(turn), self.size, mine)
            return shuffled_elements(_singles(cursor.begin(turn)), self.size, mine)

        return Cursor(begin, cursor.rows)

    def order(self, epoch: int, n: int) -> np.ndarray:
        """The order of a pass over n elements, all of which the buffer holds; of a shuffle that has a key."""
        assert self.key is not None
        return self._orders.of(self.key, epoch if self.reshuffle else 0, n)

    def _draw(self, start: Start) -> tuple[np.ndarray, int]:
        """The base key of an iteration and its first epoch."""
        if start.probe:
            return np.zeros(2, np.uint32), 0
        if start.epoch is not None and self.key is not None:
            return self.key, start.epoch * start.passes
        with self._lock:
            key = self.key
            if key is None:
                from ..random import host_key

                key = host_key()
                if self.reshuffle:
                    return key, 0
                self.key = key  # without reshuffling, the first iteration's order is that of all
            epoch = self._next
            self._next += start.passes
            return key, epoch


def _singles(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks of one element each, on memory of their own where they were part of a larger block."""
    for block in blocks:
        length = len(block[0])
        if length == 1:
            yield block
        else:
            for i in range(length):
                yield [np.array(column[i : i + 1]) for column in block]
