"""Training loops: the parts of an epoch over one state, which lies in arrays of the loop's own.

While a call runs nobody else sees the state, so a step writes new values over old ones. A call copies the state in, but
for what it gave back the time before, and copies out what may have changed: variables hold either. A large state is
copied in only: its arrays are what is given back, and the next call makes others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.loop import Loop, Part
from polyflow.flow.passes.lives import nbytes

from ..threads import alone, small
from .elementwise import function
from .lowering import lowered
from .places import Place, c_order, size
from .planner import Planner, Resolve
from .pool import Pool
from .schedule import scheduled
from .sweeps import Sweep
from .updates import Flat, grouped
from .walks import Walk, walks

LARGE = 1 << 20
"""States of so many bytes are not copied out."""


class PlannedLoop:
    """The program of a loop.

    Args:
        loop: what to run.
        resolve: maps an op to its kernel.
        name: the backend's, for the sentence about a kernel that returns no array.

    Attributes:
        text: what each of its parts does.
    """

    def __init__(self, loop: Loop, resolve: Resolve, name: str = "") -> None:
        parts = [loop.begin, loop.step, loop.end] if loop.rest is None else [loop.begin, loop.step, loop.end, loop.rest]
        held = _held(parts)
        resolve = cache(resolve)
        step = _PlannedPart(loop.step, held, resolve, name)
        flats = step.flats
        planned = [step if part is loop.step else _PlannedPart(part, held, resolve, name, flats) for part in parts]
        self.text = "\n\n".join(part.text for part in planned)
        size = sum(map(nbytes, held))
        large = size >= LARGE
        pool = Pool(lambda: _Running(loop, held, flats, planned, large), size + sum(part.size for part in planned))
        call = pool.function(once=large)
        self._call = alone(call) if small(part.graph for part in parts) else call

    def place(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.ascontiguousarray(array, dt.as_dtype(array.dtype)) for array in arrays]

    def __call__(
        self, state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        return self._call(state, data, orders, start, stop)


def _held(parts: Sequence[Part]) -> list[Any]:
    """The value behind each place of the state, for its shape and dtype."""
    found: dict[int, Any] = {}
    for part in parts:
        first = len(part.graph.inputs) - len(part.reads) - len(part.captured)
        found.update(zip(part.reads, part.graph.inputs[first : first + len(part.reads)], strict=True))
        found.update(zip(part.writes, part.graph.outputs[len(part.graph.outputs) - len(part.writes) :], strict=True))
    return [found[place] for place in range(len(found))]


class _PlannedPart:
    """One part of a loop as a plan.

    Args:
        part: the part.
        held: the value behind each place of the state.
        resolve: maps an op to its kernel.
        name: the backend's.
        flats: which places of the state lie side by side; as it is best for this part, if left out.

    Attributes:
        make: given the arrays of the state, and those in which ``flats`` of them lie, makes ``run(rows, *takes)``,
            which takes the rows of each array of the data by its ``take``, and works on them and the state.
        size: how many bytes it holds.
    """

    def __init__(
        self, part: Part, held: Sequence[Any], resolve: Resolve, name: str, flats: Sequence[Flat] | None = None
    ) -> None:
        graph = lowered(part.graph)
        first = len(graph.inputs) - len(part.reads) - len(part.captured)
        reading = dict(zip(graph.inputs[first : first + len(part.reads)], part.reads, strict=True))
        writing = dict(zip(graph.outputs[len(graph.outputs) - len(part.writes) :], part.writes, strict=True))
        groups = grouped(graph, reading, writing, lambda node: function(resolve(node.op)))
        graph = scheduled(graph, groups, reading)
        self.flats = [flat for group in groups for flat in group.flats()] if flats is None else list(flats)
        side_by_side = {flat: f"f{i}" for i, flat in enumerate(self.flats)}
        state = [Place(f"a{place}", True, c_order(value.shape)) for place, value in enumerate(held)]
        batch = graph.inputs[:first]
        rows = [Place(f"g{i}", True, c_order(value.shape)) for i, value in enumerate(batch)]
        reads, writes = ([state[place] for place in places] for places in (part.reads, part.writes))
        graph, walked = walks(graph, resolve, [group.nodes for group in groups])
        planner = Planner(graph, resolve, [*rows, *reads, *part.captured], writes, name)
        for group in groups:
            if side_by_side.keys() >= set(group.flats()):
                planner.together(Sweep(planner, group, state, side_by_side))
        for group in walked:
            planner.together(Walk(planner, group))
        made = [f"{row.name} = empty({v.shape}, {planner.named(v.dtype)})" for row, v in zip(rows, batch, strict=True)]
        for i, row in enumerate(rows):
            planner.line(f"t{i}(rows, 0, {row.name}, 'clip')")
        results = planner.run()
        arguments = ["rows=None", *(f"t{i}=None" for i in range(len(rows)))]
        self.text = planner.source.text(
            [*(p.name for p in state), *side_by_side.values()], arguments, results, [*made, *planner.memory.lines()]
        )
        self.make = planner.source.function(self.text)
        self.size = planner.memory.size + sum(map(nbytes, batch))


class _Running:
    """A loop that runs: the arrays that it works in, and what to call for each part; ``once`` gives them away then."""

    def __init__(
        self,
        loop: Loop,
        held: Sequence[Any],
        flats: Sequence[Flat],
        planned: Sequence[_PlannedPart],
        once: bool,
    ) -> None:
        self._loop, self._once = loop, once
        self._known: list[Any] = [None] * len(held)
        beside = [np.empty(sum(size(held[place]) for place in flat), held[flat[0]].dtype) for flat in flats]
        arrays: dict[int, np.ndarray] = {}
        for flat, whole in zip(flats, beside, strict=True):
            ends = np.cumsum([size(held[place]) for place in flat])
            parts = np.split(whole, ends[:-1])
            arrays.update((place, part.reshape(held[place].shape)) for place, part in zip(flat, parts, strict=True))
        self._state = [
            arrays[place] if place in arrays else np.empty(value.shape, value.dtype) for place, value in enumerate(held)
        ]
        self._begin, self._step, self._end, *rest = (part.make(*self._state, *beside) for part in planned)
        self._rest: Callable[..., Any] = rest[0] if rest else self._begin

    def __call__(
        self, state: Sequence[Any], data: Sequence[np.ndarray], orders: np.ndarray, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        loop, step, takes = self._loop, self._step, [array.take for array in data]
        steps, batches = loop.steps, loop.batches
        left = batches * loop.batch_size
        full = orders[:, :left].reshape(len(orders), batches, loop.batch_size)
        reports: list[np.ndarray] = []
        self._load(state)
        while start < stop:
            epoch, at = divmod(start, steps)
            until = min(steps, at + stop - start)
            if not at:
                self._begin()
            for rows in full[epoch, at:until]:
                step(rows, *takes)
            if until > batches:
                self._rest(orders[epoch, left:], *takes)
            if until == steps:
                self._report(reports, epoch, len(orders))
            start += until - at
        return self._given(state), reports

    def _load(self, state: Sequence[Any]) -> None:
        """Hold a state."""
        known = self._known
        for place, array in enumerate(state):
            if array is not known[place]:
                self._state[place][...] = array
                known[place] = array

    def _given(self, state: Sequence[Any]) -> list[Any]:
        """The state that is held, in arrays for others."""
        result = list(state)
        for place in self._loop.writes:
            array = self._state[place]
            if not array.ndim:
                array = array[()]
            elif not self._once or array.base is not None:
                array = array.copy()
            result[place] = self._known[place] = array
        return result

    def _report(self, reports: list[np.ndarray], epoch: int, epochs: int) -> None:
        """Write down what an epoch has to say."""
        for place, value in enumerate(self._end()):
            if place == len(reports):
                reports.append(np.zeros((epochs, *value.shape), value.dtype))
            reports[place][epoch] = value
