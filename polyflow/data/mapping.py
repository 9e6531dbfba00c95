"""Steps that call a function of the user's for each element."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .blocks import Block
from .node import UNKNOWN, AnyDataset, Cursor, Node, Over, Start, values
from .parallel import ordered
from .rows import MappedRows
from .spec import DatasetSpec, Spec, TensorSpec, general, spec_of
from .structure import NONE, Structure
from .user import UserFunction, host_leaf
from .vectorize import vectorize

__all__ = ["Filter", "FlatMap", "Map", "elements"]


def elements(cursor: Cursor) -> Iterator[list[Any]]:
    """The next pass of a cursor as single elements: a list of leaves each."""
    for block in values(cursor):
        for i in range(len(block[0])):
            yield [column[i] for column in block]


def column(leaf: Any) -> np.ndarray:
    """A leaf as a column of one element."""
    if isinstance(leaf, AnyDataset):
        holder = np.empty(1, object)
        holder[0] = leaf
        return holder
    return leaf[None]


def first_element(node: Node) -> list[Any]:
    """The leaves of the first element of a node; zeros of its specs where it has none."""
    found = next(elements(node.open(Start(probe=True))), None)
    if found is not None:
        return found
    return [
        np.zeros([1 if size is None else size for size in spec.shape or ()], getattr(spec, "dtype", np.float32))
        for spec in node.specs
    ]


class Map(Over):
    """A function of each element; its results are the elements.

    Args:
        function: called with the element, a tuple's items as arguments.
        workers: how many threads call it at once; 1 calls it where the iteration happens.
    """

    def __init__(self, child: Node, function: Callable[..., Any], workers: int = 1) -> None:
        super().__init__(child)
        self.function, self.workers = UserFunction(function, "map()"), workers
        self.block = vectorize(function, child.structure, child.specs) if child.known else None
        self.known = self.block is not None
        if self.block is not None:
            self._structure, self._specs = self.block.structure, self.block.specs
        self._lock = threading.Lock()

    def find_structure(self) -> Structure:
        _ = self.specs  # calls the function, and so tells
        assert self._structure is not None
        return self._structure

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        if self.block is not None:
            run = self.block.run
            if cursor.rows is not None:
                return Cursor(cursor.begin, MappedRows(cursor.rows, run))
            return Cursor(lambda: map(run, cursor.begin()))
        workers = 1 if start.probe else self.workers

        def begin() -> Iterator[Block]:
            source = elements(cursor)
            results = map(self._call, source) if workers == 1 else ordered(self._call, source, workers)
            for leaves in results:
                yield [column(leaf) for leaf in leaves]

        return Cursor(begin)

    def _call(self, leaves: list[Any]) -> list[Any]:
        result = self.function(self.child.structure, leaves)
        structure, out = self.function.flatten(result, self._structure)
        if self._structure is None:
            with self._lock:
                if self._structure is None:
                    self._structure = structure
            if self._structure != structure:
                self.function.flatten(
                    result, self._structure
                )  # another thread's result came first: says how they differ
        return out

    def find_specs(self) -> tuple[Spec, ...]:
        """The specs of the results, found by calling the function with the first element.

        Where a size of the element may vary, the function is called once more with one row less: what differs varies.
        """
        leaves = first_element(self.child)
        found = [_spec(leaf) for leaf in self._call(leaves)]
        specs = self.child.specs
        if all(isinstance(spec, DatasetSpec) or spec.fixed for spec in specs):
            return tuple(found)
        other = [_spec(leaf) for leaf in self._call([_shorter(*pair) for pair in zip(leaves, specs, strict=True)])]
        return tuple(general(a, b) or a for a, b in zip(found, other, strict=True))


def _spec(leaf: Any) -> Spec:
    if isinstance(leaf, AnyDataset):
        return DatasetSpec(leaf._node.structure.pack(leaf._node.specs))
    return spec_of(leaf)


def _shorter(leaf: Any, spec: Spec) -> Any:
    """A leaf with one row less (or twice) along each axis whose size may vary."""
    if not isinstance(spec, TensorSpec) or spec.shape is None:
        return leaf
    array = np.asarray(leaf)
    for axis, size in enumerate(spec.shape):
        if size is None and array.shape[axis]:
            keep = np.arange(array.shape[axis] - 1) if array.shape[axis] > 1 else np.zeros(2, int)
            array = array.take(keep, axis)
    return array


class Filter(Over):
    """The elements of which a function says True."""

    def __init__(self, child: Node, function: Callable[..., Any]) -> None:
        super().__init__(child)
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN
        self.function = UserFunction(function, "filter()")

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin() -> Iterator[Block]:
            for leaves in elements(cursor):
                if self._keeps(leaves):
                    yield [column(leaf) for leaf in leaves]

        return Cursor(begin)

    def _keeps(self, leaves: list[Any]) -> bool:
        result = self.function(self.child.structure, leaves)
        if isinstance(result, (bool, np.bool_)):
            return bool(result)
        structure = Structure.of(result)
        if structure.kind is None and not isinstance(result, AnyDataset):
            array = host_leaf(result, "the result of the function given to filter()")
            if array.shape == () and array.dtype == bool:
                return bool(array)
            shown = f"a value of shape {array.shape} and dtype {array.dtype.name}"
        else:
            shown = "None" if structure is NONE else f"a value of the structure {structure}"
        raise TypeError(
            f"the function given to filter() returned {shown}. Expected one True or False for the element, e.g. x > 0 "
            "for a scalar, or a comparison reduced with all() or any()."
        )


class FlatMap(Over):
    """A function of each element that returns a dataset; the elements of these, one dataset after the other."""

    def __init__(self, child: Node, function: Callable[..., Any]) -> None:
        super().__init__(child)
        self.known = False
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN
        self.function = UserFunction(function, "flat_map()")
        self._first: Node | None = None

    def find_structure(self) -> Structure:
        return self._inner().structure

    def find_specs(self) -> tuple[Spec, ...]:
        return self._inner().specs

    def _inner(self) -> Node:
        if self._first is None:
            self._first = self._call(first_element(self.child))
        return self._first

    def _call(self, leaves: list[Any]) -> Node:
        result = self.function(self.child.structure, leaves)
        if not isinstance(result, AnyDataset):
            raise TypeError(
                f"the function given to flat_map() returned a {type(result).__name__}. Expected a Dataset, e.g. "
                "Dataset.from_tensor_slices(x)."
            )
        if self._first is None:
            self._first = result._node
        elif result._node.structure != self._first.structure:
            raise TypeError(
                f"the function given to flat_map() returned datasets of different structures: {self._first.structure}, "
                f"then {result._node.structure}. Expected the same nesting each time."
            )
        return result._node

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin() -> Iterator[Block]:
            for leaves in elements(cursor):
                yield from values(self._call(leaves).open(Start(epoch=None, probe=start.probe)))

        return Cursor(begin)
