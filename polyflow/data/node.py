"""What every step of a pipeline is: a node that knows its elements' spec and number, and can be opened for iteration.

Nodes never change; what belongs to one iteration (random keys, files, threads) lives in the `Cursor` that `Node.open`
returns. A cursor's passes yield blocks of columns. Where the elements lie in memory, the columns are *positions*, and
`Rows` turns positions into values only when somebody needs them: shuffling, slicing, repeating and zipping arrays of
any size then move nothing but integers. Where elements must be computed one by one, the columns are the values.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .blocks import Block, cut
from .spec import Spec
from .structure import Structure

__all__ = ["ENDLESS", "INFINITE", "UNKNOWN", "AnyDataset", "Cursor", "Node", "Over", "Rows", "Start", "values"]

INFINITE = -1
"""The cardinality of a dataset that never ends."""

UNKNOWN = -2
"""The cardinality of a dataset whose number of elements is only known once it has been iterated."""

ENDLESS = 1 << 16
"""How many epochs an endless repetition reserves of the shuffles below it."""


@dataclass(frozen=True)
class Start:
    """How an iteration begins.

    Attributes:
        passes: how many passes the iteration makes over the node (`ENDLESS` if without end).
        epoch: the number of this iteration, for those who count themselves; None to take the next of each shuffle.
        probe: the iteration only finds out what elements look like: it draws and remembers nothing.
    """

    passes: int = 1
    epoch: int | None = None
    probe: bool = False

    def times(self, count: int) -> Start:
        """The start of a node that is passed ``count`` times (negative: without end) for each pass over this one."""
        return replace(self, passes=ENDLESS if count < 0 else min(self.passes * count, ENDLESS))


class Rows(abc.ABC):
    """Elements that can be had by position.

    Attributes:
        width: how many columns of positions there are.
        limit: how many elements to ask for at a time; 1 where elements may have different shapes.
        uniform: whether all elements have the same shapes and dtypes.
        plain: whether nothing is computed: the values lie in memory already.
    """

    width: int = 1
    limit: int = 1
    uniform: bool = True
    plain: bool = True

    @abc.abstractmethod
    def gather(self, columns: Block) -> Block:
        """The values at the positions in ``columns`` (`width` of them), one column per leaf.

        Where the rows are not uniform, only one position may be asked for.
        """


@dataclass(frozen=True)
class Cursor:
    """One iteration over a node.

    Attributes:
        begin: starts a pass, given its number in the iteration (from 0), and yields its blocks. Which passes began
            before, and how far they came, makes no difference.
        rows: what the columns of the blocks are positions in; None where they are the values.
    """

    begin: Callable[[int], Iterator[Block]]
    rows: Rows | None = None


def values(cursor: Cursor, turn: int = 0) -> Iterator[Block]:
    """A pass of a cursor, the one numbered ``turn``, as blocks of values."""
    rows = cursor.rows
    if rows is None:
        yield from cursor.begin(turn)
        return
    for block in cursor.begin(turn):
        start, length = 0, len(block[0])
        while start < length:
            stop = start + rows.limit
            yield rows.gather(block if start == 0 and stop >= length else cut(block, start, stop))
            start = stop


class Node(abc.ABC):
    """One step of a pipeline.

    Args:
        cardinality: how many elements a pass yields, or `INFINITE`, or `UNKNOWN`.
        structure: the structure of an element; None where `find_structure` tells.
        specs: the spec of each leaf of an element; None where `find_specs` tells.

    Attributes:
        known: whether `specs` is known without running any function of the user's.
    """

    known: bool = True

    def __init__(
        self, cardinality: int, structure: Structure | None = None, specs: tuple[Spec, ...] | None = None
    ) -> None:
        self.cardinality = cardinality
        self._structure = structure
        self._specs = specs

    @abc.abstractmethod
    def open(self, start: Start) -> Cursor:
        """Begin an iteration: fix its random keys now, do everything else when blocks are asked for."""

    @property
    def structure(self) -> Structure:
        """The structure of an element."""
        found = self._structure
        if found is None:
            found = self._structure = self.find_structure()
        return found

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The spec of each leaf of an element."""
        found = self._specs
        if found is None:
            found = self._specs = self.find_specs()
        return found

    def find_structure(self) -> Structure:
        """Find out the structure of an element; called once."""
        raise NotImplementedError

    def find_specs(self) -> tuple[Spec, ...]:
        """Find out the spec of each leaf of an element; called once."""
        raise NotImplementedError


class Over(Node):
    """A node over one other, whose elements are of the same kind unless it says otherwise."""

    def __init__(self, child: Node) -> None:
        super().__init__(child.cardinality)
        self.child = child
        self.known = child.known

    def find_structure(self) -> Structure:
        return self.child.structure

    def find_specs(self) -> tuple[Spec, ...]:
        return self.child.specs


class AnyDataset:
    """The base of `Dataset`, for the steps that meet datasets as elements or as results."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node
