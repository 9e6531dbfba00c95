"""Stretches: batches that a dataset computes, many steps of them to a call of one program; and steps by themselves.

Batches are taken from the dataset ahead of their steps, for a tenth of a second at most, as `prefetch` does too. The
numbers are those of one step at a time. Only datasets are read ahead: what other iterables give may depend on what the
model has learnt meanwhile. Their steps are calls of their own, which work in the memory of a large state too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from .. import tree
from ..backend.loop import StepByStep
from ..flow.passes.lives import nbytes
from .resident import Pass, Rows
from .step import Step

SECONDS = 0.1
"""How long batches are waited for, before those that are there are trained on."""

BYTES = 1 << 22
"""The batches of a stretch have no more bytes than this together."""

LARGE = 1 << 17
"""A batch of more bytes is a call of its own: to lay several side by side takes as long as their calls."""

STEPS = 64
"""How many steps a stretch has at most."""

STATE = 1 << 22
"""A single step over a state of so many bytes is worth a program that works in their memory."""

_ALONE = "alone"
"""What the keys of programs for single steps begin with."""


def in_stretches(step: Step, batches: Iterable[Any]) -> Iterator[int]:
    """Run a step for each of these batches; gives how many have been begun, whenever a call has.

    Op by op, each is a call. What the batches raise comes when the steps of those before have been run. While a call
    runs on the device the batches of the next are computed; no third one begins.
    """
    source, held = iter(batches), None
    ended, before = False, None
    while not ended:
        group: list[Any] = []
        failure, most, began = None, 1, perf_counter()
        while len(group) < most and (not group or perf_counter() - began < SECONDS):
            batch, held = held, None
            if batch is None:
                try:
                    batch = next(source, None)
                except Exception as error:
                    failure = error
            if batch is None:
                ended = True
                break
            if not group:
                most = _most(step, batch)
            elif not step.alike(group[0], batch):
                held = batch
                break
            group.append(batch)
        if before is not None:
            before.wait()
        if group:
            before = _begun(step, group)
            yield len(group)
        if failure is not None:
            raise failure


def _room(leaves: list[np.ndarray]) -> int:
    """How many batches like this one a stretch has at most."""
    rows = {leaf.shape[:1] for leaf in leaves}
    if len(rows) != 1 or rows <= {(), (0,)}:
        return 1
    size = max(1, sum(leaf.nbytes for leaf in leaves))
    return min(STEPS, BYTES // size) if size <= LARGE else 1


def _most(step: Step, batch: Any) -> int:
    """How many batches like this one to wait for."""
    known = step.passes.get(step.key(batch))
    if known is None:
        return 1 if step.eagerly or step.key(batch) in step.passes else min(2, _room(tree.flatten(batch)[0]))
    return min(known.stride, known.loop.batches)


class _Call:
    """Steps that have begun and may still run on the device."""

    def __init__(self, one: Pass, steps: int) -> None:
        self.one, self.steps, self.began = one, steps, perf_counter()

    def wait(self) -> None:
        """Let the steps end, and choose how many the next call takes."""
        one = self.one
        small = next((i for i in range(len(one.written)) if i not in one.donated), None)
        if small is not None:  # others would be held by whoever looks, so that the next call could not work in them
            one.backend.to_numpy(one.written[small]._value.array)
        one.pace(self.steps, perf_counter() - self.began)


def _begun(step: Step, group: list[Any]) -> _Call | None:
    """Run the steps of batches that are alike: by the program for many, unless there is but one and no such program."""
    key = step.key(group[0])
    if len(group) > 1 and key not in step.passes:
        step.passes[key] = _pass(step, group[0], _room(tree.flatten(group[0])[0]))
    known = step.passes.get(key)
    if known is None:
        for batch in group:
            single(step, batch)
        return None
    call = _Call(known, len(group))
    _run(known, group)
    return call


def single(step: Step, batch: Any) -> None:
    """Run the step of one batch, which returns nothing; in the memory of a large state, where it can be."""
    key = (_ALONE, *step.key(batch))
    if key not in step.passes:
        step.passes[key] = _pass(step, batch, 1) if _works_in_place(step) else None
    known = step.passes[key]
    if known is None:
        step(batch)
    else:
        _run(known, [batch])


def _run(known: Pass, group: list[Any]) -> None:
    size, count = known.loop.batch_size, known.loop.batches
    columns = zip(*[tree.flatten(batch)[0] for batch in group], strict=True)
    rows = known.program.place([_filled(column, size * count) for column in columns])
    known.run(rows, np.arange(size * count)[None], 0, len(group))


def _works_in_place(step: Step) -> bool:
    """Whether a program may take the memory of the state of a step, and that is large."""
    if step.eagerly or not step.backend.capabilities.donation:
        return False
    return sum(nbytes(variable) for variable in step.variables()) >= STATE


def _pass(step: Step, batch: Any, count: int) -> Pass | None:
    """The program for so many steps; None where the backend runs them one by one, and for one that gains nothing."""
    sizes = {leaf.shape[:1] for leaf in tree.flatten(batch)[0]}
    if len(sizes) != 1 or sizes <= {(), (0,)}:
        return None
    ((size,),) = sizes
    found = Pass(step, batch, Rows(size * count, size), _nothing, _nothing)
    return None if isinstance(found.program, StepByStep) or (count == 1 and not found.donated) else found


def _nothing() -> None:
    """What happens before and after a stretch."""


def _filled(parts: tuple[np.ndarray, ...], rows: int) -> np.ndarray:
    """An array of so many rows that begins with these."""
    if len(parts) * len(parts[0]) == rows == len(parts[0]):
        return parts[0]
    whole = np.empty((rows, *parts[0].shape[1:]), parts[0].dtype)
    np.concatenate(parts, out=whole[: len(parts) * len(parts[0])])
    return whole
