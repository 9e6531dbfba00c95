"""train-1, loops: a state of every dtype, which stays of that dtype, and one whose memory the program takes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.loop import Loop, Part
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from ..case import Case, Mismatch, Skip, Trial
from ..table import functions

GROUP = "train-1"
WIDE = 600
"""Rows and columns of a matrix that is worth taking: with another one, nearly three megabytes."""


def cases() -> Iterator[Case]:
    """Dtypes, and what becomes of a state that is given away."""
    for label, stops in (("one-call", (99,)), ("many-calls", (1, 4, 5, 99))):
        check = functools.partial(_dtypes, stops=stops)
        yield Case(f"{GROUP}/loop/every-dtype/state-{label}", check, quick=label == "many-calls")
    yield Case(f"{GROUP}/loop/float32/other-state", _other_state, (dt.float32,), True)
    yield Case(f"{GROUP}/donation/float32/taken", _taken, (dt.float32,), True)
    yield Case(f"{GROUP}/donation/float32/kept", _kept, (dt.float32,), True)


def _part(t: Trial, function: Any, given: list[np.ndarray], reads: Any, writes: Any) -> Part:
    specs = [Spec(one.shape, dt.as_dtype(one.dtype)) for one in given]
    traced = trace(function, *specs, backend=t.backend)
    return Part(traced.graph, tuple(reads), tuple(writes), tuple(value.array for value in traced.captured))


def _same(t: Trial, array: Any, true: np.ndarray, what: str) -> None:
    t.exactly(Tensor(array, t.backend), true, dtype=dt.as_dtype(true.dtype), what=what)


# Dtypes -------------------------------------------------------------------------------------------------------------


def _next(s: Any, x: Any) -> Any:
    """What a step makes of a value of the state: exact in every dtype, and wrapping in the narrow integers."""
    if s.dtype == bool:
        return s ^ x if isinstance(s, np.ndarray) else functions()["logical_xor"](s, x)
    return s + x


def _dtypes(t: Trial, *, stops: tuple[int, ...]) -> None:
    """Of each dtype a row and a number, stepped through epochs with a remainder: state and reports keep dtypes."""
    rows, size, epochs = 5, 2, 2
    count = len(t.held)
    state = [np.array([[1, 0, 1]]).astype(dtype) for dtype in t.held] + [np.array(1).astype(dtype) for dtype in t.held]
    kinds = [dt.as_dtype(one.dtype) for one in state[:count]]
    data = [((np.arange(3 * rows) * 3) % (2 if kind is dt.bool_ else 90)).astype(kind) for kind in kinds]
    far = {dt.int64: 2**40, dt.uint64: 2**40, dt.float64: 2.0**-30, dt.complex128: 2.0**-30}  # not to be narrowed
    data = [(one + np.asarray(far.get(dt.as_dtype(one.dtype), 0)).astype(one.dtype)).reshape(rows, 3) for one in data]
    every = range(2 * count)

    def step(*given: Any) -> list[Any]:
        batch, lines, numbers = given[:count], given[count : 2 * count], given[2 * count :]
        moved = [_next(s, x[0]) for s, x in zip(lines, batch, strict=True)]
        return [*moved, *(_next(s, x[-1, 0]) for s, x in zip(numbers, batch, strict=True))]

    def part(size: int) -> Part:
        return _part(t, step, [*(one[:size] for one in data), *state], every, every)

    begin = _part(t, lambda *numbers: [_next(n, n) for n in numbers], state[count:], every[count:], every[count:])
    end = _part(t, lambda *now: list(now), state, every, ())
    loop = Loop(begin, part(size), part(rows % size), end, rows // size, size, epochs)
    program = t.backend.loop(loop)
    orders = np.stack([t.rng.permutation(rows) for _ in range(epochs)])
    placed, now, done = program.place(data), [t.tensor(one).array for one in state], 0
    true = list(state)
    for stop in (min(stop, epochs * loop.steps) for stop in stops):
        now, reports = program(now, placed, orders, done, stop)
        ended: dict[int, list[np.ndarray]] = {}
        for number in range(done, stop):
            epoch, at = divmod(number, loop.steps)
            if not at:
                true[count:] = [np.asarray(_next(n, n)).astype(n.dtype) for n in true[count:]]
            batch = [one[orders[epoch, at * size : (at + 1) * size]] for one in data]
            with np.errstate(all="ignore"):
                true = [np.asarray(one) for one in step(*batch, *true)]
            if at == loop.steps - 1:
                ended[epoch] = list(true)
        for array, one in zip(now, true, strict=True):
            _same(t, array, one, f"the {one.dtype.name} of the state after step {stop}")
        for epoch, values in ended.items():
            for report, one in zip(reports, values, strict=True):
                given = np.asarray(report)[epoch]
                found, expected = (given.dtype, given.shape, given.tolist()), (one.dtype, one.shape, one.tolist())
                t.same(found, expected, f"the report of epoch {epoch}")
        done = stop


# Memory that is taken -----------------------------------------------------------------------------------------------


def _large(t: Trial) -> tuple[Any, Loop, list[np.ndarray], list[np.ndarray], np.ndarray]:
    """A program over two large matrices and a count, which it writes, and a third matrix and a captured one."""
    count, size, epochs = 6, 2, 2
    matrix = (np.arange(WIDE * WIDE) % 32).astype(np.float32).reshape(WIDE, WIDE)
    state = [matrix, np.ones_like(matrix), matrix[::-1].copy(), np.array(0, np.float32)]
    captured = t.tensor(np.eye(WIDE, dtype=np.float32))
    x = (np.arange(2 * count) % 5).astype(np.float32).reshape(count, 2)

    def step(x: Any, w: Any, m: Any, fixed: Any, number: Any) -> Any:
        return w * 0.5 + fixed + x[0, 0], m + w[0] - captured, number + 1.0

    def begin(number: Any) -> Any:
        return number + 10.0

    first = _part(t, begin, [state[3]], (3,), (3,))
    main = _part(t, step, [x[:size], *state], range(4), (0, 1, 3))
    end = _part(t, lambda w, number: (w[1], number + 0.0), [state[0], state[3]], (0, 3), ())
    loop = Loop(first, main, None, end, count // size, size, epochs)
    orders = np.stack([t.rng.permutation(count) for _ in range(epochs)])
    return t.backend.loop(loop), loop, state, [x], orders


def _stepped(state: list[np.ndarray], x: np.ndarray, orders: np.ndarray, start: int, stop: int) -> list[np.ndarray]:
    w, m, fixed, number = state
    steps = orders.shape[1] // 2
    for at in range(start, stop):
        epoch, place = divmod(at, steps)
        number = number + np.float32(1 if place else 11)
        rows = x[orders[epoch, 2 * place : 2 * place + 2]]
        w, m = w * np.float32(0.5) + fixed + rows[0, 0], m + w[0] - np.eye(WIDE, dtype=np.float32)
    return [w, m, fixed, np.asarray(number)]


def _taken(t: Trial) -> None:
    """What is claimed is done: programs take large arrays that they write, no others, and give new ones for them."""
    program, loop, state, data, orders = _large(t)
    donated = tuple(getattr(program, "donated", ()))
    if not donated:
        if t.backend.capabilities.donation:
            size = sum(one.nbytes for one in state)
            raise Mismatch(f"donation is claimed, but the program takes nothing of a state of {size} bytes")
        raise Skip("the backend's programs take no memory of their state")
    if not set(donated) <= set(loop.writes):
        raise Mismatch(f"the program takes the places {donated} of a state of which it writes {loop.writes}")
    if not t.backend.capabilities.donation:
        raise Mismatch("the program takes memory of its state, but capabilities.donation is False")
    for _ in range(2):  # again, with the same program and the same captured arrays
        placed, now, true, done = program.place(data), [t.tensor(one).array for one in state], list(state), 0
        for stop in (2, 3, 6):
            into: list[Any] = []
            program.donating(now, placed, orders, done, stop, into)
            if len(into) != 1 or len(into[0]) != 2:
                raise Mismatch("donating() has to append one tuple to its list: the new arrays, and the reports")
            before, true = true, _stepped(true, data[0], orders, done, stop)
            changed, reports = into[0]
            t.same(len(changed), len(loop.writes), "how many new arrays there are")
            for place, array in zip(loop.writes, changed, strict=True):
                _same(t, array, true[place], f"state {place} after step {stop}, in the memory of what was given")
            for place, array in enumerate(now):
                if place not in donated:
                    _same(t, array, before[place], f"state {place}, which is not taken,")
            for epoch in range(done // loop.steps, stop // loop.steps):
                for report, one in zip(reports, (true[0][1], true[3]), strict=True):
                    t.same(np.asarray(report)[epoch].tolist(), one.tolist(), f"the report of epoch {epoch}")
            for place, array in zip(loop.writes, changed, strict=True):
                now[place] = array
            done = stop


def _kept(t: Trial) -> None:
    """A state that is not given away stays as it is, however large, before and after one that is."""
    program, _, state, data, orders = _large(t)
    placed, now = program.place(data), [t.tensor(one).array for one in state]
    true = _stepped(state, data[0], orders, 0, 4)
    for number in range(3):
        if number == 1 and getattr(program, "donated", ()):
            program.donating([t.tensor(one).array for one in state], placed, orders, 0, 4, [])
        after, _ = program(now, placed, orders, 0, 4)
        for place, (array, one) in enumerate(zip(after, true, strict=True)):
            _same(t, array, one, f"state {place} after four steps")
        for place, (array, one) in enumerate(zip(now, state, strict=True)):
            _same(t, array, one, f"state {place}, which was not given away,")


def _other_state(t: Trial) -> None:
    """What a call goes on with is the state that it is given, though the call before ended with another."""
    program, _, state, data, orders = _large(t)
    placed, now = program.place(data), [t.tensor(one).array for one in state]
    program(now, placed, orders, 0, 2)
    for start, stop in ((2, 3), (1, 2), (4, 6)):
        given = [np.asarray(one * np.float32(stop)) for one in state]
        after, _ = program([t.tensor(one).array for one in given], placed, orders, start, stop)
        for place, one in enumerate(_stepped(given, data[0], orders, start, stop)):
            _same(t, after[place], one, f"state {place} after the steps from {start} to {stop} of another state")
