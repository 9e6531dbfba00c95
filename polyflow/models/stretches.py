"""Stretches: batches that a dataset computes, many steps of them to a call of one program.

Batches are taken from the dataset ahead of their steps, for a tenth of a second at most, as `prefetch` does too. The
numbers are those of one step at a time. Only datasets are read ahead: what other iterables give may depend on what the
model has learnt meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from .. import tree
from ..backend.loop import StepByStep
from .resident import Pass, Rows
from .step import Step

SECONDS = 0.1
"""How long batches are waited for, before those that are there are trained on."""

BYTES = 1 << 22
"""The batches of a stretch have no more bytes than this together."""

STEPS = 64
"""How many steps a stretch has at most."""


def in_stretches(step: Step, batches: Iterable[Any]) -> Iterator[int]:
    """Run a step for each of these batches; gives how many have been run, whenever a call ends.

    Op by op, each is a call. What the batches raise comes when the steps of those before have been run.
    """
    source, held = iter(batches), None
    ended = False
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
        if group:
            _run(step, group)
            yield len(group)
        if failure is not None:
            raise failure


def _room(leaves: list[np.ndarray]) -> int:
    """How many batches like this one a stretch has at most."""
    if len({len(leaf) for leaf in leaves}) != 1 or not len(leaves[0]):
        return 1
    return min(STEPS, BYTES // max(1, sum(leaf.nbytes for leaf in leaves)))


def _most(step: Step, batch: Any) -> int:
    """How many batches like this one to wait for."""
    known = step.passes.get(step.key(batch))
    if known is None:
        return 1 if step.eagerly or step.key(batch) in step.passes else min(2, _room(tree.flatten(batch)[0]))
    return min(known.stride, known.loop.batches)


def _run(step: Step, group: list[Any]) -> None:
    """Run the steps of batches that are alike: by the program for many, unless there is but one and no such program."""
    key = step.key(group[0])
    if len(group) > 1 and key not in step.passes:
        step.passes[key] = _pass(step, group[0])
    known = step.passes.get(key)
    if known is None:
        for batch in group:
            step(batch)
        return
    size, count = known.loop.batch_size, known.loop.batches
    columns = zip(*[tree.flatten(batch)[0] for batch in group], strict=True)
    rows = [_filled(column, size * count) for column in columns]
    known.call(known.program.place(rows), np.arange(size * count)[None], 0, len(group))


def _pass(step: Step, batch: Any) -> Pass | None:
    """The program for many steps; None where the backend runs them one by one."""
    size = len(tree.flatten(batch)[0][0])
    count = _room(tree.flatten(batch)[0])
    found = Pass(step, batch, Rows(size * count, size), _nothing, _nothing)
    return None if isinstance(found.program, StepByStep) else found


def _nothing() -> None:
    """What happens before and after a stretch."""


def _filled(parts: tuple[np.ndarray, ...], rows: int) -> np.ndarray:
    """An array of so many rows that begins with these."""
    whole = np.empty((rows, *parts[0].shape[1:]), parts[0].dtype)
    np.concatenate(parts, out=whole[: len(parts) * len(parts[0])])
    return whole
