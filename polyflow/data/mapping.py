"""Steps that call a function of the user's for each element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import dtypes as dt
from .blocks import Block, cut, pick
from .lock import Lock
from .node import UNKNOWN, AnyDataset, Cursor, Node, Over, Rows, Start, values
from .parallel import ordered
from .rows import MappedRows
from .spec import DatasetSpec, Spec, TensorSpec, general, spec_of
from .structure import LEAF, NONE, Structure
from .user import UserFunction, host_leaf
from .vectorize import BlockFunction, Vectorized

__all__ = ["Filter", "FlatMap", "Interleave", "Map", "TakeWhile", "elements"]


def elements(cursor: Cursor, turn: int = 0) -> Iterator[list[Any]]:
    """A pass of a cursor, the one numbered ``turn``, as single elements: a list of leaves each."""
    for block in values(cursor, turn):
        yield from map(list, zip(*block, strict=True))


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


_Unit = tuple[BlockFunction | None, Block]
"""What a function is given at a time: a block and the function of blocks, or a block of one element and None."""


def _units(vectorized: Vectorized, child: Node, cursor: Cursor, turn: int) -> Iterator[_Unit]:
    """A pass of a cursor over ``child`` in parts for a function."""
    for block in values(cursor, turn):
        length = len(block[0])
        made = vectorized.of(child.structure, block)
        step = 1 if made is None else made.limit
        for start in range(0, length, step):
            yield made, block if length <= step else cut(block, start, start + step)


class Map(Over):
    """A function of each element; its results are the elements.

    Args:
        function: called with the element, a tuple's items as arguments; or run on blocks where that is the same.
        workers: how many threads call it at once; 1 calls it where the iteration happens.
    """

    def __init__(self, child: Node, function: Callable[..., Any], workers: int = 1) -> None:
        super().__init__(child)
        self.function, self.workers = UserFunction(function, "map()"), workers
        self.vectorized = Vectorized(self.function)
        made = self._whole()
        self.known = made is not None
        if made is not None:
            self._structure, self._specs = made.structure, made.specs
        self._lock = Lock()

    def find_structure(self) -> Structure:
        _ = self.specs  # calls the function, and so tells
        assert self._structure is not None
        return self._structure

    def _whole(self) -> BlockFunction | None:
        """The function of blocks for all elements, where they have one shape that is known beforehand."""
        child = self.child
        return self.vectorized.at(child.structure, child.specs) if child.known and self.vectorized.possible else None

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        if not start.probe:
            self.vectorized.renew()
        if cursor.rows is not None and (made := self._whole()) is not None:
            self._note(made)
            return Cursor(cursor.begin, MappedRows(cursor.rows, made.run, made.limit))
        workers = 1 if start.probe else self.workers

        def begin(turn: int) -> Iterator[Block]:
            source = _units(self.vectorized, self.child, cursor, turn)
            return map(self._run, source) if workers == 1 else ordered(self._run, source, workers)

        return Cursor(begin)

    def _run(self, unit: _Unit) -> Block:
        made, block = unit
        if made is None:
            return [column(leaf) for leaf in self._call([leaf[0] for leaf in block])]
        self._note(made)
        return made.run(block)

    def _note(self, made: BlockFunction) -> None:
        """See to it that all results have one structure."""
        if self._structure is None:
            with self._lock:
                if self._structure is None:
                    self._structure = made.structure
        if made.structure != self._structure:
            self.function.flatten(made.structure.pack([0] * made.structure.count), self._structure)  # says how

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
        """The specs of the results, found by tracing the function or calling it with the first element.

        Where a size of the element may vary, this is done once more with one row less: what differs varies.
        """
        leaves = first_element(self.child)
        found = self._result_specs(leaves)
        specs = self.child.specs
        if all(isinstance(spec, DatasetSpec) or spec.fixed for spec in specs):
            return tuple(found)
        other = self._result_specs([_shorter(*pair) for pair in zip(leaves, specs, strict=True)])
        return tuple(general(a, b) or a for a, b in zip(found, other, strict=True))

    def _result_specs(self, leaves: list[Any]) -> list[Spec]:
        made = self.vectorized.at(self.child.structure, [_spec(leaf) for leaf in leaves])
        if made is None:
            return [_spec(leaf) for leaf in self._call(leaves)]
        self._note(made)
        return list(made.specs)


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

    what = "filter()"

    def __init__(self, child: Node, function: Callable[..., Any]) -> None:
        super().__init__(child)
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN
        self.function = UserFunction(function, self.what)
        self.vectorized = Vectorized(self.function)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        if not start.probe:
            self.vectorized.renew()
        rows = cursor.rows
        if rows is not None and rows.uniform and self.child.known:
            made = _predicate(self.vectorized.at(self.child.structure, self.child.specs))
            if made is not None:  # positions go on: the rows that are kept are gathered once they are needed
                return Cursor(lambda turn: _kept_positions(cursor, rows, made, turn), rows)

        def begin(turn: int) -> Iterator[Block]:
            for made, block in _units(self.vectorized, self.child, cursor, turn):
                if made is not None and _predicate(made):
                    yield from _kept(block, made.run(block))
                else:
                    for i in range(len(block[0])):
                        if self._keeps([column[i] for column in block]):
                            yield cut(block, i, i + 1)

        return Cursor(begin)

    def _keeps(self, leaves: list[Any]) -> bool:
        result = self.function(self.child.structure, leaves)
        if isinstance(result, (bool, np.bool_)):
            return bool(result)
        structure = Structure.of(result)
        if structure.kind is None and not isinstance(result, AnyDataset):
            array = host_leaf(result, f"the result of the function given to {self.what}")
            if array.shape == () and array.dtype == bool:
                return bool(array)
            shown = f"a value of shape {array.shape} and dtype {array.dtype.name}"
        else:
            shown = "None" if structure is NONE else f"a value of the structure {structure}"
        raise TypeError(
            f"the function given to {self.what} returned {shown}. Expected one True or False for the element, e.g. "
            "x > 0 for a scalar, or a comparison reduced with all() or any()."
        )


class TakeWhile(Filter):
    """The elements before the first of which a function says False."""

    what = "take_while()"

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            for leaves in elements(cursor, turn):
                if not self._keeps(leaves):
                    return
                yield [column(leaf) for leaf in leaves]

        return Cursor(begin)


def _predicate(made: BlockFunction | None) -> BlockFunction | None:
    """A function of blocks, if it gives one truth value for each element."""
    if made is None or made.structure != LEAF or made.specs[0].shape != () or made.specs[0].dtype is not dt.bool_:
        return None
    return made


def _kept_positions(cursor: Cursor, rows: Rows, made: BlockFunction, turn: int) -> Iterator[Block]:
    """A pass of a cursor over rows without the positions whose rows a predicate refuses."""
    limit = min(rows.limit, made.limit)
    for block in cursor.begin(turn):
        for start in range(0, len(block[0]), limit):
            part = cut(block, start, start + limit)
            yield from _kept(part, made.run(rows.gather(part)))


def _kept(block: Block, mask: Block) -> Iterator[Block]:
    """The elements of a block for which a mask, a block of one column, is true."""
    chosen = np.flatnonzero(mask[0])
    if len(chosen) == len(block[0]):
        yield block
    elif len(chosen):
        yield [pick(column, chosen) for column in block]


class FlatMap(Over):
    """A function of each element that returns a dataset; the elements of these, one dataset after the other."""

    what = "flat_map()"

    def __init__(self, child: Node, function: Callable[..., Any]) -> None:
        super().__init__(child)
        self.known = False
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN
        self.function = UserFunction(function, self.what)
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
                f"the function given to {self.what} returned a {type(result).__name__}. Expected a Dataset, e.g. "
                "Dataset.from_tensor_slices(x)."
            )
        if self._first is None:
            self._first = result._node
        elif result._node.structure != self._first.structure:
            raise TypeError(
                f"the function given to {self.what} returned datasets of different structures: "
                f"{self._first.structure}, then {result._node.structure}. Expected the same nesting each time."
            )
        return result._node

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            for leaves in elements(cursor, turn):
                yield from values(self._call(leaves).open(Start(epoch=None, probe=start.probe)))

        return Cursor(begin)


class Interleave(FlatMap):
    """A function of each element that returns a dataset; the elements of several of these by turns.

    Args:
        cycle: how many datasets take turns. block: how many elements each gives at a turn.
    """

    what = "interleave()"

    def __init__(self, child: Node, function: Callable[..., Any], cycle: int, block: int) -> None:
        super().__init__(child, function)
        self.cycle, self.block = cycle, block

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            source = elements(cursor, turn)
            slots: list[Iterator[list[Any]] | None] = [None] * self.cycle
            ended, at, given = False, 0, 0
            while not ended or any(slot is not None for slot in slots):
                slot = slots[at]
                if slot is None and not ended:
                    leaves = next(source, None)
                    if leaves is None:
                        ended = True
                    else:
                        slots[at] = elements(self._call(leaves).open(Start(epoch=None, probe=start.probe)))
                    continue
                found = None if slot is None else next(slot, None)
                if found is None:
                    slots[at] = None
                else:
                    yield [column(leaf) for leaf in found]
                    given += 1
                if found is None or given == self.block:
                    at, given = (at + 1) % self.cycle, 0

        return Cursor(begin)
