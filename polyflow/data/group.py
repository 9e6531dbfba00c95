"""Batches of elements, and batches taken apart again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .blocks import Block, integers, regroup
from .node import UNKNOWN, Cursor, Node, Over, Start, values
from .spec import Spec, TensorSpec, batched, unbatched

__all__ = ["Batch", "Unbatch"]


class Batch(Over):
    """``size`` elements stacked along a new first axis; the last batch may be smaller, or is dropped."""

    def __init__(self, child: Node, size: int, drop_remainder: bool) -> None:
        super().__init__(child)
        self.size, self.drop = size, drop_remainder
        if child.cardinality >= 0:
            self.cardinality = child.cardinality // size if drop_remainder else -(-child.cardinality // size)
        if child.known:
            _ = self.specs  # refuses elements that cannot be stacked

    def find_specs(self) -> tuple[Spec, ...]:
        return tuple(batched(spec, self.size if self.drop else None) for spec in self.child.specs)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        rows = cursor.rows

        def many(turn: int) -> Iterator[Block]:
            assert rows is not None
            for block in regroup(cursor.begin(turn), self.size * max(1, rows.limit // self.size)):
                yield from self._split(rows.gather(block))

        def one(turn: int) -> Iterator[Block]:
            for block in regroup(values(cursor, turn), self.size):
                if any(isinstance(column, np.ndarray) and column.dtype == object for column in block):
                    _ = self.specs  # refuses datasets
                yield from self._split(block)

        return Cursor(lambda turn: many(turn) if rows is not None and rows.uniform else one(turn))

    def _split(self, block: Block) -> Iterator[Block]:
        length = len(block[0])
        count, rest = divmod(length, self.size)
        arrays = [integers(column) for column in block]
        if count:
            yield [array[: length - rest].reshape(count, self.size, *array.shape[1:]) for array in arrays]
        if rest and not self.drop:
            yield [array[length - rest :][None] for array in arrays]


class Unbatch(Over):
    """The rows of the elements, each as an element."""

    def __init__(self, child: Node) -> None:
        super().__init__(child)
        self.cardinality = UNKNOWN
        if child.known:
            sizes = {spec.shape[0] for spec in child.specs if spec.shape}
            _ = self.specs  # refuses scalars
            if child.cardinality >= 0 and len(sizes) == 1 and None not in sizes:
                (size,) = sizes
                assert size is not None
                self.cardinality = child.cardinality * size

    def find_specs(self) -> tuple[Spec, ...]:
        return tuple(unbatched(spec) for spec in self.child.specs)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            for block in values(cursor, turn):
                arrays = [integers(column) for column in block]
                if any(a.ndim < 2 or a.dtype == object or a.shape[1] != arrays[0].shape[1] for a in arrays):
                    self._refuse(arrays)
                if arrays[0].shape[1]:
                    yield [array.reshape(-1, *array.shape[2:]) for array in arrays]

        return Cursor(begin)

    def _refuse(self, arrays: list[np.ndarray]) -> None:
        _ = [unbatched(spec) for spec in self.child.specs]  # refuses datasets
        for array in arrays:
            unbatched(TensorSpec(array.shape[1:], array.dtype))  # refuses scalars
        shapes = ", ".join(str(array.shape[1:]) for array in arrays)
        raise ValueError(
            f"unbatch() got an element whose arrays have the shapes {shapes}. "
            "Expected the same size of the first axis in all of them."
        )
