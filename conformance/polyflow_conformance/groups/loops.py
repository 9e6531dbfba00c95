"""train-1, loops: epochs over rows in memory as a backend's own program runs them, next to the same steps in NumPy.

The state is small and every number is held exactly, so that an order, a batch, an epoch's beginning or a report that is
not the right one shows as another number.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.loop import Loop, Part
from polyflow.flow.trace import trace
from polyflow.ops import creation, reduction
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from ..case import Case, Trial

GROUP = "train-1"
ROWS, SIZE, EPOCHS = 11, 4, 3
STATE = 4
"""Weights, which every step changes; a sum and a count, which an epoch begins anew; and one of epochs that ended."""


def cases() -> Iterator[Case]:
    """With a last batch of fewer rows, and without one; in one call, and in calls that end anywhere."""
    for label, left in (("rest", ROWS % SIZE), ("no-rest", 0)):
        for calls, stops in (("one-call", [99]), ("many-calls", [5, 6, 7, 99])):
            check = functools.partial(_loop, left=left, stops=stops)
            yield Case(f"{GROUP}/loop/float32/{label}-{calls}", check, (dt.float32,), calls == "many-calls")
    check = functools.partial(_loop, left=10_001, stops=[4, 99], rows=70_001, size=30_000)
    yield Case(f"{GROUP}/loop/float32/more-rows-than-16-bits-count", check, (dt.float32,))


def _part(t: Trial, function: Callable[..., Any], shapes: list[tuple[int, ...]], reads: Any, writes: Any) -> Part:
    traced = trace(function, *[Spec(shape, dt.float32) for shape in shapes], backend=t.backend)
    return Part(traced.graph, reads, writes, tuple(value.array for value in traced.captured))


def _described(t: Trial, left: int, rows: int, size: int) -> Loop:
    every = tuple(range(STATE))
    state: list[tuple[int, ...]] = [(2, 2), (), (), ()]

    def step(x: Any, y: Any, z: Any, w: Any, total: Any, count: Any) -> Any:
        moved = w * 0.5 + reduction.sum(x, axis=0) + x[0] + reduction.sum(z, axis=0)[:, 1:]
        return moved, total + reduction.sum(y * w[0, 0]), count + float(x.shape[0])

    def begin() -> Any:
        return creation.zeros((), backend=t.backend), creation.zeros((), backend=t.backend)

    def part(rows: int) -> Part:
        return _part(t, step, [(rows, 2), (rows,), (rows, 2, 3), *state[:3]], every[:3], every[:3])

    def ended(w: Any, total: Any, count: Any, epochs: Any) -> Any:
        return total + 0.0, count + 0.0, w + w, epochs + 1.0

    end = _part(t, ended, state, every, (3,))
    rest = part(left) if left else None
    return Loop(_part(t, begin, [], (), (1, 2)), part(size), rest, end, rows // size, size, EPOCHS)


def _true(loop: Loop, state: list[np.ndarray], data: list[np.ndarray], orders: np.ndarray) -> list[list[np.ndarray]]:
    """The state after each step, and what the epoch reports that ends with it."""
    w, total, count, epochs = state
    found = []
    for order in orders:
        total, count = np.float32(0), np.float32(0)
        for at in range(loop.steps):
            x, y, z = (array[order[at * loop.batch_size : (at + 1) * loop.batch_size]] for array in data)
            total, count = total + (y * w[0, 0]).sum(), count + np.float32(len(x))
            w = w * 0.5 + x.sum(0) + x[0] + z.sum(0)[:, 1:]
            epochs = epochs + np.float32(at == loop.steps - 1)
            found.append([w, total, count, epochs, w + w])
    return found


def _loop(t: Trial, *, left: int, stops: list[int], rows: int = ROWS, size: int = SIZE) -> None:
    loop = _described(t, left, rows, size)
    program = t.backend.loop(loop)
    start: list[np.ndarray] = [
        np.array([[0.5, -1.0], [2.0, 4.0]], np.float32),
        np.array(7.0, np.float32),
        np.array(9.0, np.float32),
        np.array(5.0, np.float32),
    ]
    orders = np.stack([t.rng.permutation(rows) for _ in range(EPOCHS)])
    few = t.rng.random(rows) < 60 / rows  # so that sums of many rows are exact
    seen: list[tuple[Any, Any]] = []
    for scale in (1, 2):  # the same program on other data, which lie by columns, and of which rows come more than once
        sizes = ((rows, 2), (rows,), (rows, 2, 3))
        data = [(t.rng.integers(-4, 5, given) * scale).astype(np.float32) for given in sizes]
        if scale == 2:
            orders, data = t.rng.integers(0, rows, orders.shape), [np.asfortranarray(one) for one in data]
        data = [one * few.reshape(rows, *[1] * (one.ndim - 1)) for one in data]
        placed, true = program.place(data), _true(loop, start, data, orders)
        state, done = [t.tensor(one).array for one in start], 0
        for stop in (min(stop, EPOCHS * loop.steps) for stop in stops):
            before = [t.host(Tensor(array, t.backend)).copy() for array in state]
            after, reports = program(state, placed, orders, done, stop)
            for array, old in zip(state, before, strict=True):
                t.exactly(Tensor(array, t.backend), old, dtype=dt.float32, what="the state that a call was given")
            for place, array in enumerate(after):
                what = f"state {place} after step {stop}"
                one = np.asarray(true[stop - 1][place])
                t.exactly(Tensor(array, t.backend), one, dtype=dt.float32, what=what)
                seen.append((Tensor(array, t.backend), one))
            for epoch in range(done // loop.steps, stop // loop.steps):
                _, total, count, _, doubled = true[(epoch + 1) * loop.steps - 1]
                for report, part in zip(reports, (total, count, doubled), strict=True):
                    t.same(
                        np.asarray(report[epoch]).tolist(), np.asarray(part).tolist(), f"the report of epoch {epoch}"
                    )
                    seen.append((report[epoch], part))
            state, done = after, stop
    for value, one in seen:
        given = t.host(value) if isinstance(value, Tensor) else np.asarray(value)
        t.same(given.tolist(), np.asarray(one).tolist(), "a state, or a report, after later calls")
