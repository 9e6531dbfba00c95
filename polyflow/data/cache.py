"""Remembering the elements of the first pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from .blocks import SIZE, Block, integers
from .node import Cursor, Node, Over, Rows, Start, values

__all__ = ["Cache"]


class Cache(Over):
    """The elements of the first pass, remembered for all others.

    Every iteration reads one shared list that grows as far as anybody has come; so an element is computed once, even
    when two iterations run at the same time or the first is broken off. If computing one fails, everybody who waits for
    it gets the exception, and the next iteration begins anew.
    """

    def __init__(self, child: Node) -> None:
        super().__init__(child)
        self._store: _Store | None = None
        self._lock = threading.Lock()

    def open(self, start: Start) -> Cursor:
        if start.probe:
            return self.child.open(start)
        with self._lock:
            if self._store is None or self._store.error is not None:
                self._store = _Store(self.child.open(Start(epoch=0)))
            store = self._store
        return Cursor(store.blocks, store.cursor.rows if store.positions else store)


class _Store(Rows):
    """What has been read of one pass: blocks of positions where the child's elements lie in memory, else elements."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.positions = cursor.rows is not None and cursor.rows.plain  # the child's positions are worth remembering
        self.error: BaseException | None = None
        self._source: Iterator[Block] | None = cursor.begin() if self.positions else values(cursor)
        self._read: list[Any] = []  # blocks of positions, or the leaves of single elements
        self._stacked: list[np.ndarray] | None = None
        self._lock = threading.RLock()

    def blocks(self) -> Iterator[Block]:
        """A pass over what is remembered, and then over what is not yet."""
        at = 0
        while (end := self._reach(at)) > at:
            if self.positions:
                yield from self._read[at:end]
            else:
                yield [range(at, end)]
            at = end

    def _reach(self, at: int) -> int:
        """How much is there, once there is more than ``at`` or no more to come."""
        with self._lock:
            while self._source is not None and len(self._read) <= at:
                try:
                    block = next(self._source, None)
                except BaseException as error:
                    self.error, self._source = error, None
                    raise
                if block is None:
                    self._source = None
                    self._complete()
                elif self.positions:
                    self._read.append(block)
                else:
                    arrays = [integers(column) for column in block]
                    self._read += [[array[i : i + 1] for array in arrays] for i in range(len(arrays[0]))]
            if self.error is not None and len(self._read) <= at:
                raise self.error
            return len(self._read) if self._stacked is None else len(self._stacked[0])

    def _complete(self) -> None:
        """Stack the elements, where they have one shape, so that they can be gathered in blocks from now on."""
        if self.positions or not self._read:
            return
        kinds = [(leaf.shape, leaf.dtype) for leaf in self._read[0]]
        if any(dtype.kind == "O" for _, dtype in kinds):  # datasets
            return
        if all([(leaf.shape, leaf.dtype) for leaf in leaves] == kinds for leaves in self._read):
            self._stacked = [np.concatenate(column) for column in zip(*self._read, strict=True)]
            for array in self._stacked:
                array.flags.writeable = False
            self._read = []

    @property
    def uniform(self) -> bool:  # type: ignore[override]
        return self._stacked is not None

    @property
    def limit(self) -> int:  # type: ignore[override]
        if self._stacked is None:  # one at a time: elements are still being computed, or have different shapes
            return 1
        return max(1, SIZE // max(1, sum(array[:1].nbytes for array in self._stacked)))

    def gather(self, columns: Block) -> Block:
        (index,) = columns
        read, stacked = self._read, self._stacked  # in this order: another thread may be stacking what was read
        if stacked is not None:
            if isinstance(index, range):
                return [array[index.start : index.stop : index.step] for array in stacked]
            return [array.take(index, 0, None, "clip") for array in stacked]
        return list(read[int(index[0])])
