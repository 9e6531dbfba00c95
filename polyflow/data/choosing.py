"""Elements of several datasets, in an order that another dataset of numbers says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import DTypeError
from .blocks import Block
from .mapping import column, elements
from .node import UNKNOWN, Cursor, Node, Over, Start
from .spec import Spec, general

__all__ = ["Chosen"]


class Chosen(Over):
    """The next element of the node whose number comes next.

    Args:
        nodes: whose elements these are.
        choices: the numbers, int64 scalars.
        stop: whether to end where a chosen node has no element left; else it is passed over.
        what: who asks, for messages.
    """

    def __init__(self, nodes: Sequence[Node], choices: Node, stop: bool, what: str) -> None:
        super().__init__(nodes[0])
        self.nodes, self.choices, self.stop, self.what = nodes, choices, stop, what
        self.cardinality = 0 if choices.cardinality == 0 else UNKNOWN
        self.known = all(node.known for node in nodes)
        if self.known:
            _ = self.specs  # wrong now is better than wrong in the middle of an epoch

    def find_specs(self) -> tuple[Spec, ...]:
        found = list(self.child.specs)
        for node in self.nodes[1:]:
            if node.structure != self.structure:
                raise TypeError(
                    f"{self.what} got datasets of different structures: {self.structure} and "
                    f"{node.structure}. Expected the same nesting of tuples and dicts; change one with map() first."
                )
            for place, other in enumerate(node.specs):
                spec = general(found[place], other)
                if spec is None:
                    raise DTypeError(
                        f"{self.what} got datasets of different dtypes: {found[place]} and {other}. Convert "
                        "one of them with map() first."
                    )
                found[place] = spec
        return tuple(found)

    def open(self, start: Start) -> Cursor:
        cursors, order = [node.open(start) for node in self.nodes], self.choices.open(start)

        def begin(turn: int) -> Iterator[Block]:
            _ = self.specs
            sources = [elements(cursor, turn) for cursor in cursors]
            ended = [False] * len(sources)
            for (choice,) in elements(order, turn):
                number = int(choice)
                if not 0 <= number < len(sources):
                    raise ValueError(
                        f"{self.what} got the choice {number} of {len(sources)} datasets. Expected numbers "
                        f"from 0 to {len(sources) - 1}."
                    )
                leaves = next(sources[number], None)
                if leaves is not None:
                    yield [column(leaf) for leaf in leaves]
                    continue
                ended[number] = True
                if self.stop or all(ended):
                    return

        return Cursor(begin)
