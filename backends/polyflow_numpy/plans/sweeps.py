"""Sweeps: the updates of a group as few calls, over arrays side by side, or over large ones in pieces.

The bits are those of one call for each array. Gradients are written side by side as soon as they are computed, where
the node that computes them can be told where to; a sweep in pieces needs temporary arrays as large as a piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from polyflow.flow.graph import Value

from .elementwise import KEYWORD, function
from .places import Place, c_order, size
from .updates import Flat, Group

PIECE = 1 << 14
"""How many elements of large arrays are gone through at a time, so that they stay in a cache."""


class Sweep:
    """What a plan does for a group of updates.

    Args:
        planner: the planner, which has not come to any of the group's nodes yet.
        group: the group.
        state: the arrays of the state, by place.
        flats: the names of those in which several of them lie side by side.
    """

    def __init__(self, planner: Any, group: Group, state: Sequence[Place], flats: Mapping[Flat, str]) -> None:
        self.planner, self.group, self.state, self.flats = planner, group, state, flats
        self.first = group.updates[0]
        self.dtype = self.first.nodes[0].output.dtype
        self.size = sum(update.size for update in group.updates)
        self.alone = len(group.updates) == 1
        self.in_pieces = self.size >= 2 * PIECE
        self._owners: list[object] = []
        self._parts: list[tuple[Value, str]] = []
        self._arrays: list[str] = []
        if not self.alone:
            self._arrays = [
                flats[flat] if flat else self._side_by_side([update.arrays[i] for update in group.updates])
                for i, flat in enumerate(group.state)
            ]

    def _side_by_side(self, values: Sequence[Value]) -> str:
        """An array in which values that are still to be computed will lie."""
        whole, at = self._temporary(self.size), 0
        for value in values:
            end = at + size(value)
            name = self.planner.source.own(f"{whole}[{at}:{end}].reshape({value.shape})", "w")
            self.planner.send(value, Place(name, True, c_order(value.shape)))
            self._parts.append((value, name))
            at = end
        return whole

    def _temporary(self, elements: int) -> str:
        owner = object()
        self._owners.append(owner)
        return self.planner.memory.array(owner, (elements,), self.dtype, (0,))

    def write(self) -> bool:
        """Write the lines; False, and nothing written, where what the updates read does not lie as it should."""
        planner, group = self.planner, self.group
        if any(planner.read_later(self.state[place], group.nodes) for flat in self._touched() for place in flat):
            return False
        if self.alone:
            places = [planner.place(value) for value in self.first.arrays]
            if not all(p.fixed and p.order == c_order(v.shape) for p, v in zip(places, self.first.arrays, strict=True)):
                return False
            if not planner.apart(self.first.arrays, [self.state[place] for (place,) in self._touched()]):
                return False
            self._arrays = [self._line_of(place) for place in places]
        for value, name in self._parts:
            lies = planner.place(value).name
            if lies != name:
                planner.line(f"{name}[...] = {lies}")
        lines, names = self._steps()
        if self.in_pieces:
            self._loop(lines, names)
        else:
            for line in lines:
                planner.line(line.format(**{name: name for name in names}))
        for i, flat in group.written.items():
            for update, place in zip(group.updates, flat, strict=True):
                planner.places[update.nodes[i].output] = self.state[place]
        for owner in self._owners:
            planner.memory.free(owner)
        return True

    def _touched(self) -> Iterator[Flat]:
        yield from (flat for flat in self.group.state if flat)
        yield from self.group.written.values()

    def _line_of(self, place: Place) -> str:
        """An array as one with one axis."""
        return self.planner.view(place, f"{{}}.reshape({self.size})")

    def _target(self, flat: Flat) -> str:
        """Where new state goes to."""
        return self._line_of(self.state[flat[0]]) if self.alone else self.flats[flat]

    def _steps(self) -> tuple[list[str], list[str]]:
        """A line for each step, with the names of arrays in braces; and these names."""
        planner, written, arrays = self.planner, self.group.written, self._arrays
        last = {source: i for i, read in enumerate(self.first.sources) for source in read if source[0] != "value"}
        own = {arrays[i] for i in range(len(arrays)) if self._is_own(i)}
        results: list[str] = []
        lines: list[str] = []
        late: list[str] = []
        free: list[str] = []
        for i, (node, read) in enumerate(zip(self.first.nodes, self.first.sources, strict=True)):
            names = [
                planner.array(what) if kind == "value" else f"{{{results[what] if kind == 'step' else arrays[what]}}}"
                for kind, what in read
            ]
            ended = {
                results[what] if kind == "step" else arrays[what]
                for kind, what in read
                if kind != "value" and last[kind, what] == i
            }
            free += sorted(ended & own)
            target = self._target(written[i]) if i in written else None
            if target is not None and not any(
                arrays[what] == target and at > i for (kind, what), at in last.items() if kind == "array"
            ):
                out = target
            elif free:
                out = free.pop()
            else:
                out = self._temporary(PIECE if self.in_pieces else self.size)
                own.add(out)
            if target is not None and out != target:  # whose old elements are still to be read
                late.append(f"{{{target}}}[...] = {{{out}}}")
                own.discard(out)
            results.append(out)
            ufunc: Any = function(planner.kernel(node.op))
            keyword = "out=" if ufunc in KEYWORD else ""
            lines.append(f"{planner.named(ufunc)}({', '.join(names)}, {keyword}{{{out}}})")
        targets = [self._target(flat) for flat in written.values()]
        return [*lines, *late], list(dict.fromkeys([*arrays, *results, *targets]))

    def _is_own(self, i: int) -> bool:
        """Whether an array that the steps read may be written over once they have read it."""
        if self.group.state[i]:
            return False
        values = [update.arrays[i] for update in self.group.updates]
        return not any(self.planner.value_read_later(value, self.group.nodes) for value in values) and (
            not self.alone or self.planner.place(values[0]).writable
        )

    def _loop(self, lines: Sequence[str], names: Sequence[str]) -> None:
        """Write a loop over pieces of all arrays."""
        planner = self.planner
        each = {name: planner.source.name("p") for name in names}
        cut = [f"{planner.named(_pieces)}({name}, {self.size})" for name in names]
        loop = planner.source.own(f"[*zip({', '.join(cut)})]", "w")
        planner.line(f"for {', '.join(each.values())}, in {loop}:")
        for line in lines:
            planner.line("    " + line.format(**each))


def _pieces(array: np.ndarray, elements: int) -> list[np.ndarray]:
    """The pieces of an array with so many elements; of a temporary one, itself for each piece."""
    starts = range(0, elements, PIECE)
    if array.size < elements:
        return [array[: elements - start] for start in starts]
    return [array[start : start + PIECE] for start in starts]
