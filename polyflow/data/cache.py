"""Remembering the elements of the first pass."""

from __future__ import annotations

import abc
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from .blocks import SIZE, Block, integers
from .lock import Lock
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
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_store": None}  # a copy reads its child itself

    def open(self, start: Start) -> Cursor:
        if start.probe:
            return self.child.open(start)
        with self._lock:
            if self._store is None or self._store.error is not None:
                self._store = self._begin(self.child.open(Start(epoch=0)))
            store = self._store
        return Cursor(lambda _: store.blocks(), store.rows)

    def _begin(self, cursor: Cursor) -> _Store:
        """Where to remember what a cursor reads."""
        rows = cursor.rows
        if rows is not None and rows.plain:
            return _Positions(cursor, rows)  # the child's positions are worth remembering
        if rows is not None and rows.uniform:
            return _Columns(values(cursor), self.child.cardinality, rows.limit)
        return _Elements(values(cursor))


class _Store(Rows, abc.ABC):
    """What has been read of one pass over the child."""

    def __init__(self, source: Iterator[Block]) -> None:
        self.error: BaseException | None = None
        self._source: Iterator[Block] | None = source
        self._lock = threading.RLock()

    @property
    def rows(self) -> Rows:
        """What the columns of `blocks` are positions in."""
        return self

    def blocks(self) -> Iterator[Block]:
        """A pass over what is remembered, and then over what is not yet."""
        at = 0
        while (end := self._reach(at)) > at:
            yield [range(at, end)]
            at = end

    def _reach(self, at: int) -> int:
        """How much is there, once there is more than ``at`` or no more to come."""
        with self._lock:
            while self._source is not None and self.count <= at:
                try:
                    block = next(self._source, None)
                except BaseException as error:
                    self.error, self._source = error, None
                    raise
                if block is None:
                    self._source = None
                    self._complete()
                else:
                    self._remember(block)
            if self.error is not None and self.count <= at:
                raise self.error
            return self.count

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How much is remembered."""

    @abc.abstractmethod
    def _remember(self, block: Block) -> None:
        """Take in what was read."""

    def _complete(self) -> None:
        """All has been read."""


class _Positions(_Store):
    """Blocks of positions of elements that lie in memory."""

    def __init__(self, cursor: Cursor, rows: Rows) -> None:
        super().__init__(cursor.begin(0))
        self._rows, self._read = rows, list[Block]()

    @property
    def rows(self) -> Rows:
        return self._rows

    @property
    def count(self) -> int:
        return len(self._read)

    def blocks(self) -> Iterator[Block]:
        at = 0
        while (end := self._reach(at)) > at:
            yield from self._read[at:end]
            at = end

    def _remember(self, block: Block) -> None:
        self._read.append(block)

    def gather(self, columns: Block) -> Block:
        return self._rows.gather(columns)


class _Columns(_Store):
    """Elements that are computed in blocks, all of one shape: arrays that are filled from the start.

    Args:
        source: blocks of values.
        cardinality: how many elements there will be, if that is known.
        limit: how many elements to gather at a time.
    """

    def __init__(self, source: Iterator[Block], cardinality: int, limit: int) -> None:
        super().__init__(source)
        self.limit = limit
        self._columns: list[np.ndarray] = []
        self._room, self._filled = max(cardinality, 0), 0

    @property
    def count(self) -> int:
        return self._filled

    def _remember(self, block: Block) -> None:
        arrays = [integers(column) for column in block]
        start, stop = self._filled, self._filled + len(arrays[0])
        if not self._columns or stop > self._room:
            self._room = max(stop, self._room if not self._columns else 2 * self._room)
            wider = [np.empty((self._room, *array.shape[1:]), array.dtype) for array in arrays]
            for new, old in zip(wider, self._columns, strict=False):
                new[:start] = old[:start]
            self._columns = wider
        for column, array in zip(self._columns, arrays, strict=True):
            column[start:stop] = array
        self._filled = stop

    def gather(self, columns: Block) -> Block:
        return _rows_of(self._columns, columns)


class _Elements(_Store):
    """Elements that are computed one by one, or have different shapes."""

    def __init__(self, source: Iterator[Block]) -> None:
        super().__init__(source)
        self._read: list[list[Any]] = []  # the leaves of single elements
        self._stacked: list[np.ndarray] | None = None

    @property
    def count(self) -> int:
        return len(self._read) if self._stacked is None else len(self._stacked[0])

    @property
    def uniform(self) -> bool:  # type: ignore[override]
        return self._stacked is not None

    @property
    def limit(self) -> int:  # type: ignore[override]
        if self._stacked is None:
            return 1
        return max(1, SIZE // max(1, sum(array[:1].nbytes for array in self._stacked)))

    def _remember(self, block: Block) -> None:
        arrays = [integers(column) for column in block]
        self._read += [[array[i : i + 1] for array in arrays] for i in range(len(arrays[0]))]

    def _complete(self) -> None:
        """Stack the elements, where they have one shape, so that they can be gathered in blocks from now on."""
        if not self._read:
            return
        kinds = [(leaf.shape, leaf.dtype) for leaf in self._read[0]]
        if any(dtype.kind == "O" for _, dtype in kinds):  # datasets
            return
        if all([(leaf.shape, leaf.dtype) for leaf in leaves] == kinds for leaves in self._read):
            self._stacked = [np.concatenate(column) for column in zip(*self._read, strict=True)]
            for array in self._stacked:
                array.flags.writeable = False
            self._read = []

    def gather(self, columns: Block) -> Block:
        read, stacked = self._read, self._stacked  # in this order: another thread may be stacking what was read
        if stacked is not None:
            return _rows_of(stacked, columns)
        return list(read[int(columns[0][0])])


def _rows_of(arrays: list[np.ndarray], columns: Block) -> Block:
    """The rows of arrays at positions."""
    (index,) = columns
    if isinstance(index, range):
        return [array[index.start : index.stop : index.step] for array in arrays]
    return [array.take(index, 0, None, "clip") for array in arrays]
