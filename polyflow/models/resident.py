"""Epochs over rows in memory: many steps, and where nobody on the host looks in between many epochs, to a call.

The numbers are those of one step at a time. A call takes about a fifth of a second at most, so that progress shows and
an interrupt is soon heard; what variables hold changes between calls, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..backend.loop import Loop, LoopProgram, Part
from ..data.feed import Resident
from ..errors import TraceError
from ..flow.compiled import tell
from ..flow.passes import simplified
from ..flow.trace import Traced, trace
from ..ops import looked
from ..tensor import Tensor
from ..variable import assign_all
from .handover import handed_over
from .interrupts import raise_swallowed
from .objectives import AnyObjective
from .step import Step

SECONDS = 0.2
"""How long a call should take at most."""

ROWS = 1 << 15
"""The orders of as many epochs go into a call as have about so many rows together."""

EPOCHS = 256
"""How many epochs go into a call at most."""


class Rows(NamedTuple):
    """How many rows an epoch has, how many of them a batch, and whether a last one with fewer is left out."""

    rows: int
    batch_size: int
    drop_remainder: bool = False


class Pass:
    """A compiled loop of a model's step over rows of certain shapes, kept for the next training of its kind.

    Attributes:
        written: the variables that it changes.
        donated: those of them, by number, whose memory the program may take.

    Args:
        step: the step.
        batch: the structure of rows, as one batch; as many of them as a batch has, or more.
        rows: how they are cut into batches.
        reset: what happens when an epoch begins. report: gives what it reports in the end.

    Raises:
        TraceError: where resetting or reporting needs values, as a metric that computes outside the library does.
    """

    def __init__(self, step: Step, batch: Any, rows: Rows, reset: Callable[[], Any], report: Callable[[], Any]) -> None:
        self.backend = backend = step.backend
        size = min(rows.batch_size, rows.rows)
        left = 0 if rows.drop_remainder else rows.rows % size
        leaves, structure = tree.flatten(batch)
        begin = trace(reset, backend=backend)
        full = step.traced([leaf[:size] for leaf in leaves], structure)
        rest = step.traced([leaf[:left] for leaf in leaves], structure) if left else None
        end = trace(report, backend=backend)
        traced = [one for one in (begin, full, rest, end) if one is not None]
        tell(step.name, full)
        state = {id(variable): variable for one in traced for variable in (*one.reads, *one.writes)}
        self.variables = list(state.values())
        places = {key: place for place, key in enumerate(state)}
        self.loop = Loop(
            _part(begin, places),
            _part(full, places),
            None if rest is None else _part(rest, places),
            _part(end, places),
            batches=rows.rows // size,
            batch_size=size,
            capacity=max(1, min(EPOCHS, ROWS // rows.rows)),
        )
        self.program: LoopProgram = looked.function(backend.loop(self.loop), "loop", backend, "a LoopProgram")
        self.written = [self.variables[place] for place in self.loop.writes]
        donated = set(getattr(self.program, "donated", ()))
        self.donated = [i for i, place in enumerate(self.loop.writes) if place in donated]
        self.seconds = 0.0
        self.stride = 1

    def call(self, data: Any, orders: np.ndarray, start: int, stop: int) -> list[np.ndarray]:
        """Run steps and let the variables hold what comes out; returns the reports, epochs first."""
        started = perf_counter()
        reports = self.run(data, orders, start, stop)
        self.pace(stop - start, perf_counter() - started)
        return reports

    def run(self, data: Any, orders: np.ndarray, start: int, stop: int) -> list[np.ndarray]:
        """As `call`, of steps that may take as long as they want to."""
        reports = self._donating(data, orders, start, stop) if self.donated else None
        if reports is None:
            state, reports = self.program([v._value.array for v in self.variables], data, orders, start, stop)
            values = [Tensor(state[place], self.backend) for place in self.loop.writes]
            assign_all(self.written, values)
        return reports

    def _donating(self, data: Any, orders: np.ndarray, start: int, stop: int) -> list[np.ndarray] | None:
        """Run steps in the memory of the state, unless somebody else holds a part of it."""
        written = set(self.loop.writes)
        state = [None if place in written else v._value.array for place, v in enumerate(self.variables)]

        def run(arrays: Sequence[Any], into: list[Any]) -> None:
            for place, array in zip(self.loop.writes, arrays, strict=True):
                state[place] = array
            self.program.donating(state, data, orders, start, stop, into)  # type: ignore[attr-defined]

        reports = handed_over(self.written, self.donated, run)
        return None if reports is None else list(map(np.asarray, reports))

    def pace(self, steps: int, seconds: float) -> None:
        """Choose how many steps the next call takes; the first may have compiled a program, and tells nothing."""
        first, self.seconds = not self.seconds, seconds
        self.stride = 8 if first else max(1, min(8 * steps, int(SECONDS * steps / max(seconds, 1e-6))))


def _part(traced: Traced, places: dict[int, int]) -> Part:
    return Part(
        simplified(traced.graph, weak_scalars=traced.backend.weak_scalars),
        tuple(places[id(variable)] for variable in traced.reads),
        tuple(places[id(variable)] for variable in traced.writes),
        tuple(value.array for value in traced.captured),
    )


class Epochs:
    """The epochs of one training, or evaluation, over rows in memory.

    Args:
        one: the compiled loop.
        batch: the structure of all rows, as one batch.
        rows: which rows each epoch reads.
    """

    def __init__(self, one: Pass, batch: Any, rows: Resident) -> None:
        self.one, self.rows = one, rows
        self.data = one.program.place(tree.flatten(batch)[0])

    def run(
        self, epochs: range, begin: Callable[[int], None], advance: Callable[[int], None], *, apart: bool
    ) -> Iterator[tuple[range, list[Any]]]:
        """Run epochs, and give the numbers of those that a call ended, and what they report.

        A report is a list of numbers or arrays, one for each of these epochs.

        Args:
            epochs: their numbers.
            begin: called with the number of each, where they are apart.
            advance: called with the number of steps of an epoch that are behind it, where they are apart.
            apart: whether something on the host happens between epochs, so that each is given before the next begins.
        """
        one, number = self.one, epochs.start
        steps, room = one.loop.steps, 1 if apart else one.loop.capacity
        while number < epochs.stop:
            count = min(room, epochs.stop - number)
            if apart:
                begin(number)
            orders = self.rows.orders(number, count)
            done = 0
            while done < count * steps:
                start, done = done, min(done + one.stride, count * steps)
                reports = one.call(self.data, orders, start, done)
                raise_swallowed()
                if apart:
                    advance(done)
                ended = slice(start // steps, done // steps)
                if ended.start < ended.stop:
                    parts = [report[ended] for report in reports]
                    columns = [part.tolist() if part.ndim == 1 else list(part) for part in parts]
                    yield range(number + ended.start, number + ended.stop), columns
            number += count


def epochs_in_memory(step: Step, objective: AnyObjective, batch: Any, rows: Resident) -> Epochs | None:
    """The epochs over these rows, or None where they have to be gone through one step at a time."""
    leaves, structure = tree.flatten(batch)
    if step.eagerly or rows.rows < (rows.batch_size if rows.drop_remainder else 1):
        return None
    if not step.backend.fits(sum(leaf.nbytes for leaf in leaves)):
        return None
    key = (structure, rows.rows, rows.batch_size, rows.drop_remainder, *[(leaf.shape, leaf.dtype) for leaf in leaves])
    if key not in step.passes:
        try:
            step.passes[key] = Pass(
                step, batch, Rows(rows.rows, rows.batch_size, rows.drop_remainder), objective.reset, objective.report
            )
        except TraceError:
            step.passes[key] = None
    one = step.passes[key]
    return None if one is None else Epochs(one, batch, rows)
