"""Updates: the few operations, element by element, that make a variable's new state, as optimizers do them.

A step ends with them, and nothing else reads what they give. Where many small variables are updated in the same way,
their state is to lie side by side (a `Flat`), so that `sweeps` does each operation for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow.graph import Graph, Node, Value

from .places import size

EXACT = frozenset(
    {np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.sqrt, np.absolute, np.maximum, np.minimum}
)
"""Functions whose results do not depend on where in an array an element stands."""

LARGE = 1 << 15
"""Arrays of so many elements lie by themselves, and are worth going through in pieces."""

Flat = tuple[int, ...]
"""Places of the state whose arrays lie side by side."""


@dataclass(eq=False)
class Update:
    """The update of one variable, with all its state.

    Attributes:
        nodes: its steps, in order.
        arrays: what they read from outside, as large as what they give: state, gradients.
        sources: what each step reads: ("step", i), ("array", i), or ("value", v) for a number.
        form: the same for updates that differ in their arrays alone.
    """

    nodes: list[Node]
    arrays: list[Value]
    sources: list[list[tuple[str, Any]]]
    form: Any

    @property
    def size(self) -> int:
        """How many elements each step has."""
        return size(self.nodes[0].output)


@dataclass(eq=False)
class Group:
    """Updates of one form.

    Attributes:
        updates: one or more.
        state: for each of their arrays the places in the state, or None for what is computed.
        written: for each step whose result is new state the places that it goes to.
    """

    updates: list[Update]
    state: list[Flat | None]
    written: dict[int, Flat]

    @property
    def nodes(self) -> list[Node]:
        """The nodes of all updates."""
        return [node for update in self.updates for node in update.nodes]

    def flats(self) -> Iterator[Flat]:
        """The places that have to lie side by side."""
        if len(self.updates) > 1:
            yield from dict.fromkeys([*(flat for flat in self.state if flat), *self.written.values()])


def grouped(
    graph: Graph, reads: Mapping[Value, int], writes: Mapping[Value, int], ufunc: Callable[[Node], Any]
) -> list[Group]:
    """The groups of updates that are worth it.

    Args:
        graph: a part of a loop.
        reads: the places of the state behind its inputs. writes: those that its outputs go to.
        ufunc: the universal function that a node calls, if any.
    """
    alike: dict[Any, list[Update]] = {}
    for update in _updates(graph, writes, ufunc):
        alike.setdefault(update.form if update.size < LARGE else update, []).append(update)
    groups: list[Group] = []
    taken: set[int] = set()
    for updates in alike.values():
        group = _group(updates, reads, writes)
        flats = list(dict.fromkeys([*(flat for flat in group.state if flat), *group.written.values()]))
        places = {place for flat in flats for place in flat}
        each_once = len(places) == sum(map(len, flats))
        if (len(updates) > 1 or updates[0].size >= LARGE) and each_once and not taken & places:
            groups.append(group)
            taken |= places
    return groups


def _updates(graph: Graph, writes: Mapping[Value, int], ufunc: Callable[[Node], Any]) -> list[Update]:
    """The updates of a graph: nodes that nothing but the state depends on, and that belong together by their arrays."""
    found: dict[Value, list[Node]] = {}
    for node in _last_steps(graph, writes, ufunc):
        around = [value for value in (node.output, *node.inputs) if value.shape]
        joined = [node]
        for nodes in {id(found[value]): found[value] for value in around if value in found}.values():
            joined += nodes
        for one in joined:
            for value in (one.output, *one.inputs):
                if value.shape:
                    found[value] = joined
    order = {id(node): at for at, node in enumerate(graph.nodes)}
    each = {id(nodes): nodes for nodes in found.values()}.values()
    return [_update(sorted(nodes, key=lambda node: order[id(node)]), writes) for nodes in each]


def _last_steps(graph: Graph, writes: Mapping[Value, int], ufunc: Callable[[Node], Any]) -> list[Node]:
    """The nodes of exact functions that nothing but such nodes and the state reads."""
    readers: dict[Value, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            readers.setdefault(value, []).append(node)
    for value in graph.outputs:
        if value not in writes:
            readers.setdefault(value, []).append(None)  # type: ignore[arg-type]
    found: dict[int, Node] = {}
    for node in reversed(graph.nodes):
        out = node.output
        inside = all(id(reader) in found for reader in readers.get(out, ()))
        if inside and (out in writes or out in readers) and ufunc(node) in EXACT and _plain(node):
            found[id(node)] = node
    return list(found.values())[::-1]


def _plain(node: Node) -> bool:
    """Whether a node works on arrays of one shape and dtype, and numbers."""
    out = node.output
    return (
        out.dtype in (dt.float32, dt.float64)
        and bool(out.shape)
        and size(out) > 0
        and all(value.dtype is out.dtype and value.shape in ((), out.shape) for value in node.inputs)
    )


def _update(nodes: list[Node], writes: Mapping[Value, int]) -> Update:
    steps = {node.output: i for i, node in enumerate(nodes)}
    arrays: dict[Value, int] = {}

    def source(value: Value) -> tuple[str, Any]:
        if not value.shape:
            return "value", value
        return ("step", steps[value]) if value in steps else ("array", arrays.setdefault(value, len(arrays)))

    sources = [[source(value) for value in node.inputs] for node in nodes]
    form = [
        (node.op.name, node.output in writes, *((kind, _number(what)) for kind, what in read))
        for node, read in zip(nodes, sources, strict=True)
    ]
    return Update(nodes, list(arrays), sources, (nodes[0].output.dtype, *form))


def _number(what: Any) -> Any:
    """What tells a number from others: a known one's text, for -0.0 equals 0.0."""
    return repr(what.scalar) if isinstance(what, Value) and what.scalar is not None else what


def _group(updates: list[Update], reads: Mapping[Value, int], writes: Mapping[Value, int]) -> Group:
    state: list[Flat | None] = []
    for values in zip(*[update.arrays for update in updates], strict=True):
        places = tuple(reads[value] for value in values if value in reads)
        state.append(places if len(places) == len(values) else None)
    written = {
        i: tuple(writes[update.nodes[i].output] for update in updates)
        for i, node in enumerate(updates[0].nodes)
        if node.output in writes
    }
    return Group(updates, state, written)
