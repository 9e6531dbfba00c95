"""Random numbers without end as a source of elements, from the one generator, on the host."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import dtypes as dt
from .. import threefry
from .blocks import Block
from .lock import Lock
from .node import INFINITE, Cursor, Node, Start
from .order import seed_key
from .spec import TensorSpec
from .structure import LEAF

__all__ = ["Drawn"]

COUNT = 1024
"""How many numbers are drawn at a time."""


class Drawn(Node):
    """Random integers from 0 to 2**32 - 1; or, with ``weights``, the places in them, drawn with those chances.

    Args:
        seed: an integer; without it the key is drawn from the global generator now.
        again: whether each pass has numbers of its own.
        weights: numbers of at least 0.
    """

    def __init__(self, seed: int | None, again: bool, weights: np.ndarray | None = None) -> None:
        super().__init__(INFINITE, LEAF, (TensorSpec((), dt.int64),))
        if seed is None:
            from ..random import host_key

            self.key = host_key()
        else:
            self.key = seed_key(seed)
        self.again, self.bounds = again, None if weights is None else np.cumsum(weights / weights.sum())[:-1]
        self._next = 0
        self._lock = Lock()

    def open(self, start: Start) -> Cursor:
        first = self._first(start) if self.again else 0

        def begin(turn: int) -> Iterator[Block]:
            key, at = threefry.fold_in(self.key, first + turn if self.again else 0), 0
            while True:
                words = threefry.words(key, COUNT, at)
                at += COUNT
                yield [words.astype(np.int64) if self.bounds is None else self._places(words)]

        return Cursor(begin)

    def _places(self, words: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.bounds, words / 2.0**32, side="right").astype(np.int64)  # type: ignore[arg-type]

    def _first(self, start: Start) -> int:
        """The number of an iteration's first pass."""
        if start.probe:
            return 0
        if start.epoch is not None:
            return start.epoch * start.passes
        with self._lock:
            found = self._next
            self._next += start.passes
            return found
