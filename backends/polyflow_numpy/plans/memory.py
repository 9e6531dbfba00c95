"""Blocks of memory, each used by one value after another."""

from __future__ import annotations

import math
from typing import Any

from .places import Order, c_order
from .source import Source

LARGE = 1 << 16
"""How many bytes a value has for which a block grows."""


class Memory:
    """The blocks of a plan. A block is as large as the largest value it ever holds."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._sizes: list[int] = []
        self._free: list[int] = []
        self._held: dict[Any, int] = {}

    def array(self, owner: Any, shape: tuple[int, ...], dtype: Any, order: Order) -> str:
        """The name of an array for ``owner`` to hold until `free`; ``order`` lists its axes as they lie in memory."""
        block = self._held[owner] = self._block(math.prod(shape) * dtype.itemsize)
        laid = tuple(shape[axis] for axis in order)
        made = f"ndarray({laid}, {self._source.constant(dtype, 'd')}, k{block})"
        if order != c_order(shape):
            made += f".transpose({tuple(order.index(axis) for axis in range(len(order)))})"
        return self._source.once(made, "b")

    def _block(self, size: int) -> int:
        """A free block that is large enough and not much too large, the one freed last if there are several.

        Where there is none, the largest that is free grows for a large value, which takes less than one more block.
        """
        for block in reversed(self._free):
            if size <= self._sizes[block] <= 2 * size + 64:
                self._free.remove(block)
                return block
        smaller = [block for block in self._free if self._sizes[block] < size] if size >= LARGE else []
        if smaller:
            block = max(smaller, key=self._sizes.__getitem__)
            self._free.remove(block)
            self._sizes[block] = size
            return block
        self._sizes.append(size)
        return len(self._sizes) - 1

    def hand_on(self, owner: Any, heir: Any) -> None:
        """Let what ``owner`` holds be ``heir``'s."""
        if owner in self._held:
            self._held[heir] = self._held.pop(owner)

    def free(self, owner: Any) -> None:
        """Nobody reads what ``owner`` holds any more."""
        if owner in self._held:
            self._free.append(self._held.pop(owner))

    @property
    def size(self) -> int:
        """How many bytes all blocks have."""
        return sum(self._sizes)

    def lines(self) -> list[str]:
        """What makes the blocks."""
        return [f"k{block} = empty({size}, uint8)" for block, size in enumerate(self._sizes)]
