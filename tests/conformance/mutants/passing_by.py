"""Faults in what comes seldom: many steps, steps in steps, views that go out, keys in other memory, tiny numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.backend import control
from polyflow.backend.loop import StepByStep
from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import Mutant, declaring, replacing
from .gradients import _OwnGradients

MUTANTS: list[Mutant] = []
mutant, kernel = declaring(MUTANTS), replacing(MUTANTS)


# Kernels ------------------------------------------------------------------------------------------------------------


def _is_tiny(x: Any) -> Any:
    return (np.abs(x) > 0) & (np.abs(x) < np.finfo(x.dtype).tiny)


def when(fault: str, op: str, condition: Any, wrong: Any = spoiled) -> None:
    """A mutant that is wrong where ``condition(*arrays, **attrs)`` holds."""
    kernel(fault, op, lambda run, *a, **k: wrong(run(*a, **k)) if condition(*a, **k) else run(*a, **k))


kernel(
    "sines of large numbers by an angle that is not reduced",
    "sin",
    lambda run, x: np.where(np.abs(x) > 2**17, 0 * x, run(x)).astype(x.dtype) if x.dtype == np.float32 else run(x),
)
kernel("complex zeros without their signs", "negative", lambda run, x: 0 - x if x.dtype.kind == "c" else run(x))
kernel(
    "integers to complex64 by way of float64",
    "astype",
    lambda run, x, *, dtype: run(
        x.astype(np.float64) if dtype == np.complex64 and x.dtype.kind == "i" else x, dtype=dtype
    ),
)
kernel(
    "NaN of numbers below the smallest normal one",
    "log",
    lambda run, x: np.where(_is_tiny(x), np.nan, run(x)).astype(x.dtype) if x.dtype == np.float32 else run(x),
)
kernel(
    "the largest number taken for infinity",
    "isfinite",
    lambda run, x: run(x) & (np.abs(x) < np.finfo(x.dtype).max) if x.dtype == np.float32 else run(x),
)
kernel(
    "float64 searched for as float32",
    "searchsorted",
    lambda run, a, x, **k: run(a.astype("f4"), x.astype("f4"), **k) if a.dtype == np.float64 else run(a, x, **k),
)
kernel(
    "ones counted in float32 up to 2 ** 24",
    "sum",
    lambda run, x, **k: np.minimum(run(x, **k), np.float32(1 << 24)) if x.size > 1 << 24 else run(x, **k),
)
when("wrong over a first axis of one", "max", lambda x, *, axis, **k: axis == 0 and x.ndim > 1 and len(x) == 1)
when("wrong for a condition of fewer axes", "where", lambda c, x, y: np.ndim(c) == 1 and np.ndim(x) == 2)
when("one matrix with a stack of them", "matmul", lambda a, b: a.ndim == b.ndim == 3 and len(a) == 1 < len(b))
when("a stack of stacks with a vector", "matmul", lambda a, b: a.ndim == 4 and b.ndim == 1)


# Random bits --------------------------------------------------------------------------------------------------------


kernel(
    "a key read from where its memory begins",
    "random_bits",
    lambda run, key, **k: run(key.base.ravel()[:2] if isinstance(key.base, np.ndarray) else key, **k),
)
kernel(
    "no elements without their shape",
    "random_bits",
    lambda run, key, *, shape, dtype: np.zeros(0, dtype) if 0 in shape else run(key, shape=shape, dtype=dtype),
)
kernel(
    "the upper half of counters left out where there are many",
    "threefry2x32",
    lambda run, key, x, *, high: run(key, x, high=0 if x.size > 100 else high),
)
kernel(
    "rates in half precision",
    "keep_mask",
    lambda run, key, *, shape, rate: run(key, shape=shape, rate=float(np.float16(rate))),
)


# Control flow -------------------------------------------------------------------------------------------------------


@mutant("an end after 255 steps", "while_loop")
class _(NumPyBackend):
    def while_loop(self, *arrays, maximum_iterations, **how):
        most = 255 if maximum_iterations is None else maximum_iterations
        return super().while_loop(*arrays, maximum_iterations=most, **how)


@mutant("carries without elements that lose their shape", "while_loop")
class _(NumPyBackend):
    def while_loop(self, *arrays, **how):
        return tuple(one if one.size else one.ravel() for one in map(np.asarray, super().while_loop(*arrays, **how)))


@mutant("the constants of the first call", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, consts, **how):
        known = vars(self).setdefault("known", {}).setdefault(how["body"], arrays[:consts])
        return control.scan(self, *known, *arrays[consts:], consts=consts, **how)


@mutant("wrong for more than 200 rows", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, length, **how):
        found = control.scan(self, *arrays, length=length, **how)
        return tuple(map(spoiled, found)) if length > 200 else found


@mutant("a step less where there are no rows", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, length, **how):
        none = len(arrays) == how["consts"] + how["carries"]
        return control.scan(self, *arrays, length=length - 1 if none and length > 1 else length, **how)


@mutant("a choice that is wrong inside a loop", "while_loop")
class _(NumPyBackend):
    inside = False

    def while_loop(self, *arrays, **how):
        before, self.inside = self.inside, True
        try:
            return super().while_loop(*arrays, **how)
        finally:
            self.inside = before

    def cond(self, *arrays, **how):
        found = super().cond(*arrays, **how)
        return tuple(map(spoiled, map(np.asarray, found))) if self.inside else found


# Loops --------------------------------------------------------------------------------------------------------------


class _SameReports(StepByStep):
    """Reports are written where the earlier ones stand."""

    def __call__(self, *how):
        state, reports = super().__call__(*how)
        self.held = self.__dict__.get("held") or [np.array(one) for one in reports]
        for old, new in zip(self.held, reports, strict=False):
            old[...] = new
        return state, self.held if reports else reports


class _TwoStates(StepByStep):
    """States are written to one of two places in turn."""

    def __call__(self, state, *how):
        after, reports = super().__call__(state, *how)
        turns = self.__dict__.setdefault("turns", [[np.empty_like(one) for one in after] for _ in range(2)])
        turns.reverse()
        for place, one in zip(turns[0], after, strict=True):
            place[...] = one
        return list(turns[0]), reports


class _EndLost(StepByStep):
    """What the end of an epoch writes is lost."""

    def __init__(self, loop, backend):
        super().__init__(loop, backend)
        end = self.end
        self.end = lambda state: end(list(state))


class _In16Bits(StepByStep):
    """Rows are counted in 16 bits."""

    def gathered(self, data, rows):
        return super().gathered(data, rows.astype(np.uint16))


class _Once(StepByStep):
    """A row that is named twice is taken once, and another one instead."""

    def gathered(self, data, rows):
        return super().gathered(data, np.resize(np.unique(rows), rows.size) if len({*rows}) < rows.size else rows)


for _fault, _program in (
    ("reports in the memory of earlier ones", _SameReports),
    ("states that take turns in two places", _TwoStates),
    ("what the end of an epoch writes lost", _EndLost),
    ("rows counted in 16 bits", _In16Bits),
    ("rows named twice taken once", _Once),
):
    MUTANTS.append(
        Mutant(
            _fault,
            "loop",
            type("M", (NumPyBackend,), {"loop": lambda self, loop, program=_program: program(loop, self)}),
        )
    )


# Programs, gradients, exchange --------------------------------------------------------------------------------------


def programs(fault: str, wrong: Any) -> None:
    """A mutant whose programs' results go through ``wrong(arrays, results)``."""

    class Programs(NumPyBackend):
        def compile(self, graph):
            run = super().compile(graph)
            return lambda *arrays: wrong(arrays, run(*arrays))

    MUTANTS.append(Mutant(fault, "program", Programs))


def _all_wrong(condition: Any) -> Any:
    return lambda arrays, results: tuple(map(spoiled, results)) if condition(arrays) else results


programs("a program of booleans", _all_wrong(lambda arrays: any(one.dtype == bool for one in arrays)))
programs("a program of large arrays", _all_wrong(lambda arrays: any(one.size > 20_000 for one in arrays)))
programs("a program of four axes", _all_wrong(lambda arrays: any(one.ndim == 4 for one in arrays)))


class _Last(NumPyBackend):
    """From the third call on the last of several results is the second call's."""

    def compile(self, graph):
        run, kept = super().compile(graph), []

        def program(*arrays):
            results = run(*arrays)
            kept.append(results[-1:])
            return (*results[:-1], *kept[1]) if len(kept) > 2 and len(results) > 3 else results

        return program


MUTANTS.append(Mutant("the last of many results kept from the second call on", "program", _Last))


def vjp_only(fault: str, after: Any) -> None:
    """A mutant whose own gradient does something to its arguments and cotangents."""

    def native_vjp(self: Any, graph: Any) -> Any:
        vjp = _OwnGradients.native_vjp(self, graph)

        def run(arrays: Any, cotangents: Any) -> Any:
            whole = [
                np.zeros_like(c) if v.dtype.kind in "iub" else c for v, c in zip(graph.outputs, cotangents, strict=True)
            ]
            found = vjp(arrays, whole)
            after(arrays, cotangents)
            return tuple(None if v.dtype.kind in "iub" else one for v, one in zip(graph.inputs, found, strict=True))

        return run

    MUTANTS.append(Mutant(fault, "backend", type("Mutant", (_OwnGradients,), {"native_vjp": native_vjp})))


def _erased(arrays: Any) -> None:
    for one in arrays:
        if one.base is None and one.ndim:
            one.flags.writeable = True
            one[...] = 0


vjp_only("the library's own gradient in the memory of cotangents", lambda arrays, cotangents: _erased(cotangents))
vjp_only("the library's own gradient in the memory of arguments", lambda arrays, cotangents: _erased(arrays))


class _Copied(np.ndarray):
    def __dlpack__(self, **how):
        return np.array(self.view(np.ndarray)).__dlpack__(**how)


@mutant("a copy by DLPack, though none is claimed", "tensor")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return super().asarray(obj, dtype, device).view(_Copied)


@mutant("arrays that are not aligned shifted by one", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        shifted = isinstance(obj, np.ndarray) and not obj.flags.aligned
        return super().asarray(np.roll(obj, 1) if shifted else obj, dtype, device)
