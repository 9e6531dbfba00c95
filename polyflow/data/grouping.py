"""Groups: elements with the same key, gathered to datasets as long as a window, which a function reduces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import DTypeError
from .blocks import Block
from .mapping import FlatMap, column, elements
from .node import UNKNOWN, AnyDataset, Cursor, Node, Over, Start
from .sources import Elements
from .spec import DatasetSpec, Spec, TensorSpec
from .structure import LEAF, Structure, tuple_of
from .user import UserFunction

__all__ = ["Grouped", "Reduced"]


class Grouped(Over):
    """Pairs of a key and a dataset of elements that have it; at the end those that have not filled a window, by key.

    Args:
        key: from an element to an integer.
        size: how many elements the window of a key has.
        dataset: makes a dataset of a node.
    """

    def __init__(
        self, child: Node, key: Callable[..., Any], size: Callable[[int], int], dataset: Callable[[Node], AnyDataset]
    ) -> None:
        super().__init__(child)
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN
        self.key, self.size, self.dataset = UserFunction(key, "group_by_window()"), size, dataset

    def find_structure(self) -> Structure:
        return tuple_of(LEAF, LEAF)

    def find_specs(self) -> tuple[Spec, ...]:
        if any(isinstance(spec, DatasetSpec) for spec in self.child.specs):
            raise TypeError("group_by_window() of windows is not supported. Use flat_map() between the two.")
        return TensorSpec((), dt.int64), DatasetSpec(self.child.structure.pack(self.child.specs))

    def open(self, start: Start) -> Cursor:
        _ = self.specs  # refuses elements that are datasets
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            held: dict[int, list[list[Any]]] = {}
            for leaves in elements(cursor, turn):
                key = self._key(leaves)
                window = held.setdefault(key, [])
                window.append(leaves)
                if len(window) >= self.size(key):
                    yield self._group(key, held.pop(key))
            for key in sorted(held):
                yield self._group(key, held[key])

        return Cursor(begin)

    def _key(self, leaves: list[Any]) -> int:
        _, (key, *more) = self.key.flatten(self.key(self.child.structure, leaves), None)
        if more or isinstance(key, AnyDataset) or key.shape or key.dtype not in dt.INTEGERS:
            raise DTypeError("the function of the key given to group_by_window() returns one integer for an element.")
        return int(key)

    def _group(self, key: int, window: list[list[Any]]) -> Block:
        rows = [[np.asarray(leaf) for leaf in leaves] for leaves in window]
        node = Elements(self.child.structure, self.child.specs, rows)  # type: ignore[arg-type]
        return [np.array([key], np.int64), column(self.dataset(node))]


class Reduced(FlatMap):
    """The elements of the dataset that a function makes of each group."""

    what = "group_by_window()"
