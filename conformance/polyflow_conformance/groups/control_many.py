"""compile-1, control flow: many steps, carries that change places, none at all, and one of the three in another.

What a step gives is made of what the step before gave, all of it; what is captured is what this call captures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.ops import reduction

from ..case import Case, Trial

GROUP = "compile-1"
STEPS = 1100
"""More than a byte counts, and than anybody unrolls."""


def cases() -> Iterator[Case]:
    """Steps and rows, many of them; nesting."""
    yield Case(f"{GROUP}/while_loop/program/many-steps", _many_steps, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/scan/program/many-rows", _many_rows, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/while_loop/program/nested", _nested_loops, (dt.int32,))
    yield Case(f"{GROUP}/scan/program/nested", _nested_scans, (dt.int32,))
    yield Case(f"{GROUP}/cond/program/nested", _nested_branches, (dt.int32,))


def _many_steps(t: Trial) -> None:
    """Two carries that change places, one without elements, and a constant that is another one in each call."""

    def loop(last: Any, by: Any, x: Any, y: Any, nothing: Any) -> Any:
        return pf.while_loop(
            lambda n, x, y, nothing: n < last,
            lambda n, x, y, nothing: (n + 1, y + by, x, nothing * 2.0),
            (np.int32(0), x, y, nothing),
        )

    call = pf.function(loop)
    x, y = np.array([1, -2, 5], np.int32), np.array([70, 0, 9], np.int32)
    nothing = t.tensor(np.zeros((0, 3), np.float32))
    for last, by in ((STEPS, 3), (301, -1), (2, 3)):
        count, one, other, none = call(*(t.tensor(np.asarray(v, np.int32)) for v in (last, by, x, y)), nothing)
        a, b = (x, y) if last % 2 == 0 else (y, x)
        t.exactly(count, np.int32(last), what="how many steps there were")
        t.exactly(one, (a + (last + 1) // 2 * by).astype(np.int32), what=f"the first carry after {last} steps")
        t.exactly(other, (b + last // 2 * by).astype(np.int32), what=f"the second carry after {last} steps")
        t.exactly(none, np.zeros((0, 3), np.float32), what="a carry without elements")


def _many_rows(t: Trial) -> None:
    """Rows that are matrices, two kinds of them, carries that change places, and a constant; and steps without rows."""

    def run(by: Any, x: Any, y: Any, rows: Any, others: Any) -> Any:
        return pf.scan(lambda c, row: ((c[1] + row[0] * by, c[0]), c[0] - row[1]), (x, y), (rows, others))

    call = pf.function(run)
    rows = (np.arange(300 * 6) * 7 % 13).astype(np.int32).reshape(300, 2, 3)
    others = (np.arange(300 * 6) * 5 % 11).astype(np.int32).reshape(300, 2, 3)
    for by in (1, -2):
        x, y = np.full((2, 3), 4, np.int32), np.arange(6, dtype=np.int32).reshape(2, 3)
        given = [t.tensor(one) for one in (np.asarray(by, np.int32), x, y, rows, others)]
        true = np.zeros_like(rows)
        for i, (row, other) in enumerate(zip(rows, others, strict=True)):
            true[i] = x - other
            x, y = y + row * np.int32(by), x
        (first, second), stacked = call(*given)
        t.exactly(first, x, what="the first carry after 300 rows")
        t.exactly(second, y, what="the second carry after 300 rows")
        t.exactly(stacked, true, what="what 300 steps gave")
    powers = pf.function(lambda x: pf.scan(lambda c, _: (c + c, c), x, None, length=9))
    last, before = powers(t.tensor(np.int32(3)))
    t.exactly(last, np.int32(3 << 9), what="the carry after nine steps without rows")
    t.exactly(before, (3 << np.arange(9)).astype(np.int32), what="what these steps gave")


# One in another -----------------------------------------------------------------------------------------------------


def _count(n: Any, by: Any) -> Any:
    """``n`` times ``by``, by steps."""
    return pf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + by), (np.int32(0), np.int32(0)))[1]


def _last(x: Any, rows: Any) -> Any:
    """Doubled, and a row added, again and again."""
    return pf.scan(lambda c, row: (c * 2 + row, c), x, rows)[0]


def _either(n: Any, x: Any) -> Any:
    return pf.cond(n % 2 == 0, lambda: x + 1, lambda: x * 3)


def _doubled(x: int, rows: np.ndarray) -> int:
    for row in rows.tolist():
        x = 2 * x + row
    return x


_ROWS = np.array([3, -1, 4], np.int32)


def _nested_loops(t: Trial) -> None:
    """A loop, a scan and a choice in each step of a loop."""
    call = pf.function(
        lambda last, rows: pf.while_loop(
            lambda n, a, b, c: n < last,
            lambda n, a, b, c: (n + 1, a + _count(n, c), _last(b, rows) % 1009, _either(n, c)),
            (np.int32(0), np.int32(0), np.int32(1), np.int32(1)),
        )
    )
    for last in (5, 0, 2):
        a, b, c = 0, 1, 1
        for n in range(last):
            a, b, c = a + n * c, _doubled(b, _ROWS) % 1009, (c + 1 if n % 2 == 0 else c * 3)
        found = call(t.tensor(np.int32(last)), t.tensor(_ROWS))
        for value, true in zip(found, (last, a, b, c), strict=True):
            t.exactly(value, np.int32(true), what=f"a carry of {last} steps, each of which has steps of its own")


def _nested_scans(t: Trial) -> None:
    """The same in each step of a scan."""

    def step(carry: Any, row: Any) -> Any:
        a, b, c = carry
        now = a + _count(row, c), _last(b, _ROWS) % 1009, _either(row, c)
        return now, now[0] - row

    call = pf.function(lambda rows: pf.scan(step, (np.int32(0), np.int32(1), np.int32(1)), rows))
    for rows in (np.array([2, 3, 0, 5], np.int32), np.array([1, 1, 4, 2], np.int32)):
        (a, b, c), given = (0, 1, 1), []
        for n in rows.tolist():
            a, b, c = a + n * c, _doubled(b, _ROWS) % 1009, (c + 1 if n % 2 == 0 else c * 3)
            given.append(a - n)
        found, stacked = call(t.tensor(rows))
        for value, true in zip(found, (a, b, c), strict=True):
            t.exactly(value, np.int32(true), what="a carry of a scan, each step of which has steps of its own")
        t.exactly(stacked, np.array(given, np.int32), what="what such steps gave")


def _nested_branches(t: Trial) -> None:
    """A loop in one branch, a scan in the other; and the gradient of a scan that chooses at each row."""
    call = pf.function(lambda n, x, rows: pf.cond(n > 2, lambda: _count(n, x), lambda: _last(x, rows)))
    for n, x in ((7, 5), (1, 2), (3, -4), (0, 6)):
        true = n * x if n > 2 else _doubled(x, _ROWS)
        found = call(t.tensor(np.int32(n)), t.tensor(np.int32(x)), t.tensor(_ROWS))
        t.exactly(found, np.int32(true), what=f"what the branch for {n} gives")

    def chosen(x: Any, rows: Any) -> Any:
        step = lambda c, row: (pf.cond(row > 0.0, lambda: c * row, lambda: c + x), c)  # noqa: E731
        last, before = pf.scan(step, x * 1.0, rows)
        return reduction.sum(before) + last

    rows = np.array([2.0, -1.0, 4.0], np.float32)
    found = pf.function(transforms.grad(chosen))(t.tensor(np.float32(1.5)), t.tensor(rows))
    t.exactly(found, np.float32(1 + 2 + 3 + 12), what="the gradient of a scan that chooses")
