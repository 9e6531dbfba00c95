"""Steps that pick, repeat or pair elements without looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import DTypeError
from .blocks import Block, cut
from .node import ENDLESS, INFINITE, UNKNOWN, Cursor, Node, Over, Start, values
from .rows import JoinedRows, ZippedRows, tagged
from .spec import Spec, general
from .structure import Structure

__all__ = ["Concatenate", "Repeat", "Shard", "Skip", "Take", "Zip"]


class Take(Over):
    """The first ``count`` elements (all, if it is negative)."""

    def __init__(self, child: Node, count: int) -> None:
        super().__init__(child)
        self.count = count
        if count >= 0 and child.cardinality != UNKNOWN:
            self.cardinality = count if child.cardinality == INFINITE else min(count, child.cardinality)
        elif count == 0:
            self.cardinality = 0

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            if self.count < 0:
                yield from cursor.begin(turn)
                return
            left = self.count
            if not left:
                return
            for block in cursor.begin(turn):
                length = len(block[0])
                if length >= left:
                    yield cut(block, 0, left)
                    return
                left -= length
                yield block

        return Cursor(begin, cursor.rows)


class Skip(Over):
    """All but the first ``count`` elements (none, if it is negative)."""

    def __init__(self, child: Node, count: int) -> None:
        super().__init__(child)
        self.count = count
        if count < 0:
            self.cardinality = 0
        elif child.cardinality >= 0:
            self.cardinality = max(child.cardinality - count, 0)

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            if self.count < 0:
                return
            left = self.count
            for block in cursor.begin(turn):
                length = len(block[0])
                if left >= length:
                    left -= length
                elif left:
                    yield cut(block, left, length)
                    left = 0
                else:
                    yield block

        return Cursor(begin, cursor.rows)


class Shard(Over):
    """Every ``num``-th element, from element ``index`` on."""

    def __init__(self, child: Node, num: int, index: int) -> None:
        super().__init__(child)
        self.num, self.index = num, index
        if child.cardinality >= 0:
            self.cardinality = len(range(index, child.cardinality, num))

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            offset = self.index
            for block in cursor.begin(turn):
                length = len(block[0])
                if offset < length:
                    yield cut(block, offset, length, self.num)
                offset = (offset - length) % self.num if offset < length else offset - length

        return Cursor(begin, cursor.rows)


class Repeat(Over):
    """The elements ``count`` times over, or without end if it is negative; each time is a pass of its own."""

    def __init__(self, child: Node, count: int) -> None:
        super().__init__(child)
        self.count = count
        if count == 0:
            self.cardinality = 0
        elif count < 0 and child.cardinality != 0:
            self.cardinality = INFINITE
        elif child.cardinality >= 0:
            self.cardinality = count * child.cardinality if count > 0 else 0

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start.times(self.count))
        reserved = self.count if self.count > 0 else ENDLESS

        def begin(turn: int) -> Iterator[Block]:
            done = 0
            while done != self.count:
                empty = True
                for block in cursor.begin(turn * reserved + done):
                    empty = False
                    yield block
                if empty and self.count < 0:  # repeating nothing without end is nothing
                    return
                done += 1

        return Cursor(begin, cursor.rows)


class Concatenate(Over):
    """The elements of one node, then those of another."""

    def __init__(self, child: Node, other: Node) -> None:
        super().__init__(child)
        self.other = other
        self.known = child.known and other.known
        n, m = child.cardinality, other.cardinality
        self.cardinality = INFINITE if INFINITE in (n, m) else UNKNOWN if UNKNOWN in (n, m) else n + m
        if self.known:
            _ = self.specs  # wrong now is better than wrong in the middle of an epoch

    def find_specs(self) -> tuple[Spec, ...]:
        self._same_structure()
        merged = []
        pairs = zip(self.structure.paths(), self.child.specs, self.other.specs, strict=True)
        for path, a, b in pairs:
            spec = general(a, b)
            if spec is None:
                raise DTypeError(
                    f"concatenate() got datasets of different dtypes: element{path} is {a} in the first and {b} in the "
                    "second. Convert one of them with map() first."
                )
            merged.append(spec)
        return tuple(merged)

    def _same_structure(self) -> None:
        if self.child.structure != self.other.structure:
            raise TypeError(
                f"concatenate() got datasets of different structures: {self.child.structure} and "
                f"{self.other.structure}. Expected the same nesting of tuples and dicts; change one with map() first."
            )

    def open(self, start: Start) -> Cursor:
        first, second = self.child.open(start), self.other.open(start)
        if first.rows is not None and second.rows is not None and first.rows.width == second.rows.width:
            same = self.known and all(
                a == b and a.fixed for a, b in zip(self.child.specs, self.other.specs, strict=True)
            )

            def positions(turn: int) -> Iterator[Block]:
                for block in first.begin(turn):
                    yield tagged(block, 0)
                for block in second.begin(turn):
                    yield tagged(block, 1)

            return Cursor(positions, JoinedRows(first.rows, second.rows, same))

        def begin(turn: int) -> Iterator[Block]:
            yield from values(first, turn)
            checked = False
            for block in values(second, turn):
                if not checked:
                    self._same_structure()
                    checked = True
                yield block

        return Cursor(begin)


class Zip(Node):
    """The elements of several nodes side by side, in a structure of which each node is a leaf."""

    def __init__(self, layout: Structure, parts: Sequence[Node]) -> None:
        counts = [part.cardinality for part in parts if part.cardinality != INFINITE]
        super().__init__(UNKNOWN if UNKNOWN in counts else min(counts, default=INFINITE))
        self.layout, self.parts = layout, tuple(parts)
        self.known = all(part.known for part in parts)

    def find_structure(self) -> Structure:
        return self.layout.nested([part.structure for part in self.parts])

    def find_specs(self) -> tuple[Spec, ...]:
        return tuple(spec for part in self.parts for spec in part.specs)

    def open(self, start: Start) -> Cursor:
        cursors = [part.open(start) for part in self.parts]
        rows = [cursor.rows for cursor in cursors if cursor.rows is not None]
        late = len(rows) == len(cursors)

        def begin(turn: int) -> Iterator[Block]:
            return _side_by_side([cursor.begin(turn) if late else values(cursor, turn) for cursor in cursors])

        return Cursor(begin, ZippedRows(rows) if late else None)


def _side_by_side(sources: list[Iterator[Block]]) -> Iterator[Block]:
    """Blocks of several sources as blocks of all their columns, until one source ends."""
    held: list[Block | None] = [None] * len(sources)
    while True:
        for i, source in enumerate(sources):
            if held[i] is None:
                held[i] = next(source, None)
                if held[i] is None:
                    return
        ready = [block for block in held if block is not None]
        length = min(len(block[0]) for block in ready)
        yield [column for block in ready for column in (block if len(block[0]) == length else cut(block, 0, length))]
        held = [cut(block, length, len(block[0])) if len(block[0]) > length else None for block in ready]
