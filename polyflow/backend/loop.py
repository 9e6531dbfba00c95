"""Loops: training over rows in memory, described so that a backend can run many steps in one program.

A loop is four graphs over one state, which is a list of arrays: ``begin`` of an epoch, ``step`` for a batch, ``rest``
for a last batch with fewer rows, and ``end`` of an epoch, whose results are the epoch's report. Batch i of an epoch
holds the rows ``order[i * batch_size : (i + 1) * batch_size]`` of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Part:
    """One graph of a loop.

    Attributes:
        graph: its inputs are arguments, then what it reads of the state, then ``captured``; its outputs are results,
            then what it writes to the state.
        reads, writes: places in the state.
        captured: the arrays that it needs besides.
    """

    graph: Any
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    captured: tuple[Any, ...]

    def bound(self, program: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """The graph's program as ``run(state, *arguments) -> results``, which changes the list ``state``."""
        reads, writes, captured = self.reads, self.writes, self.captured
        results = len(self.graph.outputs) - len(writes)

        def run(state: list[Any], *arguments: Any) -> tuple[Any, ...]:
            outputs = program(*arguments, *[state[place] for place in reads], *captured)
            for place, array in zip(writes, outputs[results:], strict=True):
                state[place] = array
            return outputs[:results]

        return run


@dataclass(frozen=True, eq=False)
class Loop:
    """Epochs over rows in memory.

    Attributes:
        begin, step, rest, end: the graphs; ``rest`` is None where the batches come out even, or what is left over is
            left out.
        batches: how many full batches an epoch has.
        batch_size: how many rows a full batch has.
        capacity: how many epochs one call may run at most.
    """

    begin: Part
    step: Part
    rest: Part | None
    end: Part
    batches: int
    batch_size: int
    capacity: int

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return self.batches + (self.rest is not None)

    @cached_property
    def writes(self) -> tuple[int, ...]:
        """The places in the state that change."""
        parts = [part for part in (self.begin, self.step, self.rest, self.end) if part is not None]
        return tuple(sorted({place for part in parts for place in part.writes}))


class LoopProgram(Protocol):
    """What a backend makes of a loop.

    One that can work in the memory of the state it is given has two more attributes:

    - ``donated``: the places in the state whose arrays it takes then, among ``loop.writes``; the smaller ones are not
      worth it.
    - ``donating(state, data, orders, start, stop, into)``: as a call, for a state whose donated arrays nobody else
      holds. What comes out is appended to the list ``into`` as one tuple: the new arrays of the places
      ``loop.writes``, and the reports. That is one call of C code, as ``into.extend(map(program, …))``: an interrupt
      must not come between, when the old values are gone and nobody holds the new ones. Where it raises and ``into`` is
      empty, the state is as it was; where that cannot be, it raises StateLostError.
    """

    def place(self, arrays: Sequence[np.ndarray]) -> Any:
        """The data, rows first, wherever the program wants it; nobody will write to the arrays meanwhile."""
        ...

    def __call__(
        self, state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        """Run the steps from number ``start`` to before ``stop``, counted through all epochs of ``orders``.

        Waits for the reports; where no epoch ends in the call, work may go on after it.

        ``begin`` runs before an epoch's first step and ``end`` after its last.

        Args:
            state: the library's arrays; they keep their values.
            data: what `place` gave.
            orders: which rows each epoch reads: int64 of shape (epochs, rows), at most ``capacity`` epochs.
            start, stop: from the beginning of the first epoch to the end of the last at most.

        Returns:
            The new state, each array of the dtype and shape that it had, and the epochs' reports: one host array for
            each result of ``end``, with the epochs of ``orders`` along its first axis, of which only those that ended
            in this call mean something.
        """
        ...


class StepByStep:
    """The program every backend has: one call of the step's program for each batch, gathered on the host.

    A library with memory of its own may override `place` and `gathered`, so that the data lie there for all epochs, and
    one that works on while the host goes ahead `wait`.

    Args:
        loop: what to run.
        backend: where.
    """

    def __init__(self, loop: Loop, backend: Any) -> None:
        self.loop, self.backend = loop, backend
        parts = [loop.begin, loop.step, loop.rest or loop.step, loop.end]
        self.begin, self.step, self.rest, self.end = (part.bound(backend.compile(part.graph)) for part in parts)

    def place(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(arrays)

    def gathered(self, data: Any, rows: np.ndarray) -> list[Any]:
        """These rows of the data, as the library's arrays."""
        return [self.backend.adopt(array.take(rows, 0, None, "clip")) for array in data]

    def wait(self) -> None:
        """Let a call end when its steps have; the reports are read after this."""
        self.backend.synchronize()

    def __call__(
        self, state: Sequence[Any], data: Any, orders: Any, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        loop, now = self.loop, list(state)
        steps, size = loop.steps, loop.batch_size
        reports: dict[int, tuple[Any, ...]] = {}
        for number in range(start, stop):
            epoch, at = divmod(number, steps)
            if not at:
                self.begin(now)
            rows = orders[epoch, at * size : (at + 1) * size]
            run = self.step if at < loop.batches else self.rest
            run(now, *self.gathered(data, rows))
            if at == steps - 1:
                reports[epoch] = self.end(now)
        self.wait()
        return now, self._stacked(reports, len(orders))

    def _stacked(self, reports: dict[int, tuple[Any, ...]], epochs: int) -> list[np.ndarray]:
        """One array for each result, epochs first."""
        stacked: list[np.ndarray] = []
        for epoch, report in reports.items():
            for place, value in enumerate(map(self.backend.to_numpy, report)):
                if place == len(stacked):
                    stacked.append(np.zeros((epochs, *value.shape), value.dtype))
                stacked[place][epoch] = value
        return stacked
