"""compile-1, control flow: what is chosen and carried keeps its dtype, and what is not taken is not run.

A branch that is not taken, and a step behind the last, may hold what raises or never was a number: an index outside, a
logarithm of 0. Neither its errors, nor its values, nor its gradients, nor what it assigns may show.
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
from ..table import functions

GROUP = "compile-1"


def cases() -> Iterator[Case]:
    """Dtypes of the three ops, and what stays undone."""
    for op, check in (("cond", _cond), ("while_loop", _while_loop), ("scan", _scan)):
        yield Case(f"{GROUP}/{op}/every-dtype/kept", check, (dt.int32,))
    yield Case(f"{GROUP}/cond/program/not-taken", _not_taken, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/cond/program/gradients", _gradients, (dt.float32,), True)
    yield Case(f"{GROUP}/cond/program/variables", _variables, (dt.float32,), True)
    yield Case(f"{GROUP}/while_loop/program/no-step-more", _no_step_more, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/custom_gradient/program/values", _custom, (dt.float32,), True)


def _of_every_dtype(t: Trial, shape: tuple[int, ...], number: int) -> list[np.ndarray]:
    count = int(np.prod(shape))
    line = np.arange(number, number + count).reshape(shape)
    return [(line % (2 if dtype is dt.bool_ else 50)).astype(dtype) for dtype in t.held]


def _moved(x: Any, y: Any) -> Any:
    """A sum, which wraps in the narrow integers; of booleans whether they differ."""
    return x ^ y if x.dtype == bool else x + y


def _same(t: Trial, values: Any, hosts: list[np.ndarray], what: str) -> None:
    for value, host in zip(values, hosts, strict=True):
        t.exactly(value, host, dtype=dt.as_dtype(host.dtype), what=f"{host.dtype.name}, {what}")


# Dtypes -------------------------------------------------------------------------------------------------------------


def _cond(t: Trial) -> None:
    """Arrays and numbers of every dtype come out of either branch as they are, or as a program's nodes make them."""
    hosts = [*_of_every_dtype(t, (2, 3), 3), *_of_every_dtype(t, (), 1)]
    x = [t.tensor(host) for host in hosts]
    call = pf.function(lambda p, *x: pf.cond(p, lambda: list(x), lambda: [_moved(one, one) for one in x]))
    for p in (True, False, True):
        true = hosts if p else [np.asarray(_moved(host, host)).astype(host.dtype) for host in hosts]
        _same(t, call(t.tensor(np.array(p)), *x), true, f"of the branch for {p}")


def _while_loop(t: Trial) -> None:
    """What a loop carries keeps dtype and shape, after no step, one and many."""
    hosts = [*_of_every_dtype(t, (2, 3), 30), *_of_every_dtype(t, (), 1)]
    x = [t.tensor(host) for host in hosts]

    def loop(last: Any, *x: Any) -> Any:
        step = lambda n, *now: (n + 1, *(_moved(one, old) for one, old in zip(now, x, strict=True)))  # noqa: E731
        return pf.while_loop(lambda n, *now: n < last, step, (np.int32(0), *x))

    call = pf.function(loop)
    for last in (0, 1, 9):
        true = hosts
        for _ in range(last):
            with np.errstate(all="ignore"):
                pairs = zip(true, hosts, strict=True)
                true = [np.asarray(_moved(one, old)).astype(old.dtype) for one, old in pairs]
        count, *found = call(t.tensor(np.int32(last)), *x)
        t.exactly(count, np.int32(last), what="the count of steps")
        _same(t, found, true, f"after {last} steps")


def _scan(t: Trial) -> None:
    """Carries keep their dtypes, and rows have theirs, stacked; from either end."""
    rows, starts = _of_every_dtype(t, (4, 3), 7), _of_every_dtype(t, (3,), 2)
    count = len(t.held)
    given = [t.tensor(host) for host in (*starts, *rows)]
    for reverse in (False, True):

        def run(*x: Any, reverse: bool = reverse) -> Any:
            return pf.scan(_step, list(x[:count]), list(x[count:]), reverse=reverse)

        now, before = starts, [np.zeros_like(row) for row in rows]
        for i in range(4)[:: -1 if reverse else 1]:
            for kept, one in zip(before, now, strict=True):
                kept[i] = one
            with np.errstate(all="ignore"):
                now = [_moved(one, row[i]).astype(row.dtype) for one, row in zip(now, rows, strict=True)]
        last, stacked = pf.function(run)(*given)
        _same(t, last, now, "carried to the end")
        _same(t, stacked, before, "of all steps")


def _step(now: Any, row: Any) -> Any:
    return [_moved(one, other) for one, other in zip(now, row, strict=True)], now


# What stays undone --------------------------------------------------------------------------------------------------


def _not_taken(t: Trial) -> None:
    """An index outside in the branch that is not taken is nobody's error; the branches may lie in each other."""
    x, far = np.array([1.0, 2.0, 3.0], np.float32), np.array([1, 9], np.int32)

    def choose(p: Any, q: Any, x: Any, i: Any, j: Any) -> Any:
        inner = lambda: pf.cond(q, lambda: x[i] * 2.0, lambda: x[j] - 1.0)  # noqa: E731
        return pf.cond(p, inner, lambda: x[j] * 0.5)

    call, near = pf.function(choose), np.array([0, 2], np.int32)
    for p, q, i, j, true in (
        (True, True, near, far, x[near] * 2),
        (True, False, far, near, x[near] - 1),
        (False, True, far, near, x[near] / 2),
        (False, False, far, near, x[near] / 2),
    ):
        given = (np.array(p), np.array(q), x, i, j)
        t.exactly(call(*map(t.tensor, given)), true.astype(np.float32), what="the value of the branch that is taken")


def _gradients(t: Trial) -> None:
    """The gradient is that of the branch taken, for what both use and what one alone does, where the other has none."""

    def value(x: Any, w: Any) -> Any:
        return pf.cond(
            x[0] > 0.0,
            lambda: reduction.sum(functions()["log"](x) * w),
            lambda: reduction.sum(functions()["sqrt"](functions()["abs"](x) + 4.0) + x * 2.0),
        )

    call = pf.function(transforms.grad(value, argnums=(0, 1)))
    taken, other = np.array([1.0, 2.0], np.float32), np.array([0.0, 0.0], np.float32)
    w = np.array([3.0, -1.0], np.float32)
    for _ in range(2):
        of_x, of_w = call(t.tensor(taken), t.tensor(w))
        t.close(of_x, w / taken, 4.0, dtype=dt.float32, what="the gradient in the first branch")
        t.close(of_w, np.log(taken.astype(float)), 4.0, dtype=dt.float32, what="the gradient of what it alone uses")
        of_x, of_w = call(t.tensor(other), t.tensor(w))
        t.exactly(of_x, np.full(2, 2.0, np.float32), what="the gradient in the second branch")
        t.exactly(of_w, np.zeros(2, np.float32), what="the gradient of what the branch not taken uses")


def _variables(t: Trial) -> None:
    """Each branch assigns a variable of its own and one that both do; the others keep what they held."""
    one, two, both = (pf.Variable(np.float32(start)) for start in (1.0, 2.0, 3.0))

    def first(x: Any) -> Any:
        one.assign(x)
        both.assign_add(one)
        return x * 1.0

    def second(x: Any) -> Any:
        two.assign(functions()["log"](x))
        both.assign(both * 2.0)
        return x + two

    call = pf.function(lambda p, x: pf.cond(p, lambda: first(x), lambda: second(x)))
    held = [1.0, 2.0, 3.0]
    for p, x in ((True, -4.0), (False, 1.0), (True, 0.0), (True, 8.0), (False, 1.0)):
        held = [x, held[1], held[2] + x] if p else [held[0], 0.0, held[2] * 2]
        t.exactly(call(t.tensor(np.array(p)), t.tensor(np.float32(x))), np.float32(x), what="what the branch gives")
        for variable, value, name in zip((one, two, both), held, ("first", "second", "common"), strict=True):
            t.exactly(variable.value, np.float32(value), what=f"the {name} variable after the branch for {p}")


def _no_step_more(t: Trial) -> None:
    """A loop that walks along an array to its end does not look behind it, nor into one of no elements."""

    def total(x: Any, last: Any) -> Any:
        step = lambda n, s: (n + 1, s + x[n])  # noqa: E731
        return pf.while_loop(lambda n, s: n < last, step, (np.int32(0), np.float32(0)))[1]

    call = pf.function(total)
    for size in (3, 1):
        x = np.arange(1, size + 1, dtype=np.float32)
        for last in (size, 0):
            found = call(t.tensor(x), t.tensor(np.int32(last)))
            t.exactly(found, x[:last].sum(dtype=np.float32), what=f"the sum of {last} elements of {size}")


def _custom(t: Trial) -> None:
    """A user's own gradient changes no value, and is the gradient, of a function of two results inside a branch."""

    @pf.custom_gradient
    def twice(x: Any, y: Any) -> Any:
        return (x * y + 4.0, x - y), lambda g, h: (g * 5.0, h * y)

    def both(x: Any, y: Any) -> Any:
        return pf.cond(x[0] > 0.0, lambda: twice(x, y), lambda: (x, y))

    def value(x: Any, y: Any) -> Any:
        first, second = both(x, y)
        return reduction.sum(first * 2.0 + second * 3.0)

    x, y = np.array([1.0, -2.0], np.float32), np.array([3.0, 0.5], np.float32)
    call, slope = pf.function(both), pf.function(transforms.value_and_grad(value, argnums=(0, 1)))
    for _ in range(2):
        first, second = call(t.tensor(x), t.tensor(y))
        t.exactly(first, x * y + 4, what="the first result")
        t.exactly(second, x - y, what="the second result")
        found, (of_x, of_y) = slope(t.tensor(x), t.tensor(y))
        t.exactly(found, np.float32((2 * (x * y + 4) + 3 * (x - y)).sum()), what="a value made of both")
        t.exactly(of_x, np.full(2, 10.0, np.float32), what="the gradient of the first argument")
        t.exactly(of_y, 3 * y, what="the gradient of the second argument")
