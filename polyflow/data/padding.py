"""Batches of elements of different sizes, filled up to the largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from .blocks import Block
from .mapping import elements
from .node import Cursor, Node, Over, Start
from .spec import DatasetSpec, Spec, TensorSpec

__all__ = ["PaddedBatch"]


class PaddedBatch(Over):
    """``size`` elements stacked along a new first axis, each filled up to one shape; the last may be smaller.

    Args:
        size: how many elements a batch has. drop_remainder: whether a smaller last one is left out.
        shapes: for each leaf the shape to fill up to, with None or -1 for the largest of a batch; or None for all that.
        fillers: for each leaf what to fill up with.
    """

    def __init__(
        self, child: Node, size: int, shapes: Sequence[Any] | None, fillers: Sequence[Any], drop_remainder: bool
    ) -> None:
        super().__init__(child)
        self.size, self.shapes, self.fillers, self.drop = size, shapes, fillers, drop_remainder
        if child.cardinality >= 0:
            self.cardinality = child.cardinality // size if drop_remainder else -(-child.cardinality // size)

    def find_specs(self) -> tuple[Spec, ...]:
        found: list[Spec] = []
        for place, spec in enumerate(self.child.specs):
            if isinstance(spec, DatasetSpec):
                raise TypeError(
                    "padded_batch() takes elements that hold tensors, no datasets: use flat_map() before it."
                )
            sizes = None if self.shapes is None else self.shapes[place]
            if sizes is None and spec.shape is not None:
                sizes = (None,) * len(spec.shape)
            known = None if sizes is None else [None if one in (None, -1) else int(one) for one in sizes]
            shape = None if known is None else (self.size if self.drop else None, *known)
            found.append(TensorSpec(shape, spec.dtype))
        return tuple(found)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            held: list[list[Any]] = []
            for leaves in elements(cursor, turn):
                held.append(leaves)
                if len(held) == self.size:
                    yield self._stacked(held)
                    held = []
            if held and not self.drop:
                yield self._stacked(held)

        return Cursor(begin)

    def _stacked(self, held: list[list[Any]]) -> Block:
        return [
            self._filled(place, list(map(np.asarray, leaves))) for place, leaves in enumerate(zip(*held, strict=True))
        ]

    def _filled(self, place: int, arrays: list[np.ndarray]) -> np.ndarray:
        """One leaf of a batch, as a column of one element."""
        rank = arrays[0].ndim
        sizes = (None,) * rank if self.shapes is None or self.shapes[place] is None else tuple(self.shapes[place])
        if len(sizes) != rank or any(array.ndim != rank for array in arrays):
            other = next((array for array in arrays if array.ndim != len(sizes)), arrays[0])
            raise ShapeError(
                f"padded_batch() fills up to shape {sizes}, and got an element of shape {other.shape}. "
                "Expected as many axes in both."
            )
        most = [max(array.shape[axis] for array in arrays) for axis in range(rank)]
        shape = [m if size in (None, -1) else int(size) for m, size in zip(most, sizes, strict=True)]
        if any(m > size for m, size in zip(most, shape, strict=True)):
            raise ShapeError(
                f"padded_batch() got an element of size {most}, larger than the shape {sizes} to fill up to. "
                "Cut it with map() first, or leave the size out with None."
            )
        result = np.full((1, len(arrays), *shape), self.fillers[place], arrays[0].dtype)
        for row, array in enumerate(arrays):
            result[(0, row, *map(slice, array.shape))] = array
        return result
