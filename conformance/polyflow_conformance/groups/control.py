"""compile-1, control flow: choosing and repeating inside a program, when values decide and when shapes do."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.ops import elementwise, reduction

from ..case import Case, Trial
from ..table import functions

GROUP = "compile-1"


def cases() -> Iterator[Case]:
    """The three ops that stand in programs only."""
    yield Case(f"{GROUP}/cond/program/branches", _cond, (dt.float32,), True)
    yield Case(f"{GROUP}/cond/program/many", _cond_many, (dt.float32,))
    yield Case(f"{GROUP}/while_loop/program/steps", _while_loop, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/while_loop/program/bounds", _bounds, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/scan/program/recurrence", _scan, (dt.float32,), True)
    yield Case(f"{GROUP}/scan/program/lengths", _lengths, (dt.float32, dt.int32))


def _cond_many(t: Trial) -> None:
    """The same program chooses anew at each call; what the other branch would give, NaN too, does not show."""
    call = pf.function(
        lambda p, x: pf.cond(p, lambda: (functions()["log"](x), x + 1.0), lambda: (x * 2.0, functions()["sqrt"](x)))
    )
    for p, x in ((True, 1.0), (False, 4.0), (True, 1.0), (False, -1.0), (True, -1.0), (False, 0.0), (True, 0.0)):
        host = np.array([x, x], np.float32)
        with np.errstate(all="ignore"):
            true = (np.log(host), host + 1) if p else (host * 2, np.sqrt(host))
        for value, part in zip(call(t.tensor(np.array(p)), t.tensor(host)), true, strict=True):
            t.exactly(value, part, what=f"what the branch for {p} gives")


def _bounds(t: Trial) -> None:
    """A bound of none, one and more steps; a condition that is false from the beginning; constants from outside."""
    offset = t.tensor(np.array([0.5, -1.0], np.float32))
    for limit in (0, 1, 3, 7):
        call = pf.function(
            lambda x, last, limit=limit: pf.while_loop(
                lambda x, n: n < last, lambda x, n: (x + offset, n + 1), (x, 0), maximum_iterations=limit
            )
        )
        for last in (0, 1, 5, 9):
            found, count = call(t.tensor(np.zeros(2, np.float32)), t.tensor(np.int32(last)))
            steps = min(last, limit)
            t.exactly(found, np.array([0.5, -1.0], np.float32) * np.float32(steps), what=f"the loop's value, {limit}")
            t.exactly(count, np.int32(steps), what=f"how many of {last} steps it took within {limit}")


def _lengths(t: Trial) -> None:
    """Scans over no row, one and many, of two carries and two kinds of rows, from either end, and their gradients."""
    for length in (0, 1, 5):
        rows = np.arange(2 * length, dtype=np.float32).reshape(length, 2) - 3
        for reverse in (False, True):

            def run(x: Any, rows: Any, reverse: bool = reverse) -> Any:
                return pf.scan(
                    lambda c, row: ((c[0] * 0.5 + row, c[1] + 1), (c[0] - row, c[1])),
                    (x, np.int32(0)),
                    rows,
                    reverse=reverse,
                )

            carry, count = np.array([1.0, 2.0], np.float32), 0
            true, counts = np.zeros_like(rows), np.zeros(length, np.int32)
            for i in range(length)[:: -1 if reverse else 1]:
                true[i], counts[i] = carry - rows[i], count
                carry, count = carry * np.float32(0.5) + rows[i], count + 1
            x = t.tensor(np.array([1.0, 2.0], np.float32))
            (last, number), (given, numbers) = pf.function(run)(x, t.tensor(rows))
            t.exactly(last, carry, what=f"what the scan of {length} ends with")
            t.exactly(number, np.int32(length), what="its second carry")
            t.exactly(given, true, what="what its steps give")
            t.exactly(numbers, counts, what="what its steps give besides")
            squares = transforms.grad(
                lambda x, run=run, rows=rows: reduction.sum(elementwise.square(run(x, t.tensor(rows))[1][0]))
            )
            slope, size = np.zeros(2, np.float64), 1.0
            for i in range(length)[:: -1 if reverse else 1]:
                slope, size = slope + 2 * true[i].astype(float) * size, size * 0.5
            t.close(pf.function(squares)(x), slope, 8.0, dtype=dt.float32, scale=np.full(2, 40.0), what="the gradient")


def _cond(t: Trial) -> None:
    """One of two branches, chosen when the program runs; the other one changes nothing, and has no gradient."""
    v = pf.Variable(np.float32(2.0))

    def up(x: Any) -> Any:
        v.assign_add(1.0)
        return reduction.sum(functions()["log"](x)) * v

    @pf.function
    def call(x: Any) -> Any:
        return transforms.value_and_grad(lambda x: pf.cond(x[0] > 0, lambda: up(x), lambda: reduction.sum(x * 3.0)))(x)

    one, other = np.array([1.0, 1.0], np.float32), np.array([0.0, 4.0], np.float32)
    for x, value, gradient, held in ((one, 0.0, (3.0, 3.0), 3.0), (other, 12.0, (3.0, 3.0), 3.0)):
        found, back = call(t.tensor(x))
        t.exactly(found, np.float32(value), what="what the branch gives")
        t.exactly(back, np.array(gradient, np.float32), what="its gradient")
        t.exactly(v.value, np.float32(held), what="the variable that one branch assigns")


def _while_loop(t: Trial) -> None:
    """As many steps as the values ask for, none among them, with a bound and without one."""

    def doubled(x: Any, limit: int | None) -> Any:
        return pf.while_loop(
            lambda x, n: reduction.sum(x) < 20.0, lambda x, n: (x * 2.0, n + 1), (x, 0), maximum_iterations=limit
        )

    for limit, wanted in ((None, 3), (2, 2)):
        call = pf.function(functools.partial(doubled, limit=limit))
        for x, steps in ((np.array([1.0, 2.0], np.float32), wanted), (np.array([9.0, 30.0], np.float32), 0)):
            found, count = call(t.tensor(x))
            t.exactly(found, x * np.float32(2**steps), what="the loop's value")
            t.exactly(count, np.int32(steps), what="how many steps it took")


def _scan(t: Trial) -> None:
    """A recurrence along the rows of a matrix, from either end, and its gradient."""
    rows, start = np.array([[1.0, -2.0], [0.5, 3.0], [4.0, -1.0]], np.float32), np.array([1.0, 2.0], np.float32)
    factor = np.float32(0.5)

    def recurrence(x: Any, w: Any, reverse: bool) -> Any:
        return pf.scan(lambda c, row: (c * w + row, c * row), x, t.tensor(rows), reverse=reverse)

    for reverse in (False, True):
        call = pf.function(functools.partial(recurrence, reverse=reverse))
        carry, true = start, np.zeros_like(rows)
        slope = np.zeros_like(start)
        for i in range(3)[:: -1 if reverse else 1]:
            true[i] = carry * rows[i]
            carry, slope = carry * factor + rows[i], slope * factor + carry
        last, given = call(t.tensor(start), t.tensor(factor))
        t.exactly(last, carry, what="what the scan ends with")
        t.exactly(given, true, what="what its steps give")
        gradient = pf.function(
            transforms.grad(lambda w, r=reverse: reduction.sum(recurrence(t.tensor(start), w, r)[0]))
        )
        t.exactly(gradient(t.tensor(factor)), slope.sum(), what="the gradient")
