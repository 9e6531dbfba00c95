"""Windows: datasets of consecutive elements, sliding over the elements of a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .blocks import Block
from .mapping import column, elements
from .node import AnyDataset, Cursor, Node, Over, Start
from .sources import Elements
from .spec import DatasetSpec, Spec
from .structure import LEAF

__all__ = ["Window"]


class Window(Over):
    """Datasets of ``size`` elements, one dataset for each leaf; the last windows may be smaller, or are dropped.

    Args:
        size: how many elements a window has.
        shift: how many elements the next window begins later.
        stride: how many elements there are from one element of a window to the next.
        drop_remainder: whether windows without ``size`` elements are left out.
        dataset: makes a dataset of a node.
    """

    def __init__(
        self,
        child: Node,
        size: int,
        shift: int,
        stride: int,
        drop_remainder: bool,
        dataset: Callable[[Node], AnyDataset],
    ) -> None:
        super().__init__(child)
        self.size, self.shift, self.stride, self.drop, self.dataset = size, shift, stride, drop_remainder, dataset
        self.span = (size - 1) * stride + 1
        n = child.cardinality
        if n >= 0:
            self.cardinality = max(0, (n - self.span) // shift + 1) if drop_remainder else -(-n // shift)

    def find_specs(self) -> tuple[Spec, ...]:
        return tuple(DatasetSpec(spec) for spec in self.child.specs)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            source = elements(cursor, turn)
            held: list[list[Any]] = []
            while True:
                while len(held) < self.span and (leaves := next(source, None)) is not None:
                    held.append(leaves)
                if not held or (self.drop and len(held) < self.span):
                    return
                yield self._window(held[:: self.stride][: self.size])
                for _ in range(self.shift - len(held)):
                    if next(source, None) is None:
                        return
                del held[: self.shift]

        return Cursor(begin)

    def _window(self, chosen: list[list[Any]]) -> Block:
        block: Block = []
        for spec, leaves in zip(self.child.specs, zip(*chosen, strict=True), strict=True):
            if isinstance(spec, DatasetSpec):
                raise TypeError("window() of windows is not supported. Use flat_map() between the two.")
            node = Elements(LEAF, (spec,), [[np.asarray(leaf)] for leaf in leaves])
            block.append(column(self.dataset(node)))
        return block
