"""Faults of what is kept from one call to the next, and of what goes wrong now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)

Key = Callable[..., Any]


def remembering(fault: str, op: str, key: Key) -> None:
    """A mutant that gives a result again where ``key(*arrays, **attrs)`` is one that it has seen."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        known, seen = self.__dict__.setdefault("known", {}), key(*arrays, **attrs)
        if seen not in known:
            known[seen] = right(op)(*arrays, **attrs)
        return known[seen]

    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))


def _kind(x: Any) -> Any:
    return x.shape, x.dtype


def _address(x: Any) -> Any:
    return x.__array_interface__["data"][0], x.strides, *_kind(x)


remembering("a result remembered by the identity of an array", "exp", lambda x: (id(x), *_kind(x)))
remembering("a sum remembered by the identity of an array", "sum", lambda x, **attrs: (id(x), *_kind(x), str(attrs)))
remembering("a result remembered by its argument's address", "sort", lambda x, **attrs: (_address(x), str(attrs)))
remembering("a product remembered by the identity of its factors", "matmul", lambda a, b: (id(a), id(b), a.shape))
remembering(
    "a result remembered by every third element",
    "sum",
    lambda x, **attrs: (_kind(x), str(attrs), x.ravel()[::3].tobytes()),
)


def seldom(op: str, times: int = 50) -> None:
    """A mutant whose kernel is wrong once in so many calls."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        self.calls = self.__dict__.get("calls", 0) + 1
        value = right(op)(*arrays, **attrs)
        return value if self.calls % times else spoiled(value)

    fault = f"one call of {times} that goes wrong, of {op}"
    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))


for _op in ("tanh", "getitem", "inv", "fft", "random_bits", "logical_not"):
    seldom(_op)


def sharing(op: str) -> None:
    """A mutant whose large results of one shape all lie in the same memory."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        value = np.asarray(right(op)(*arrays, **attrs))
        if value.size <= 1000:
            return value
        buffer = self.__dict__.setdefault("buffers", {}).setdefault((value.shape, value.dtype), np.empty_like(value))
        buffer[...] = value
        return buffer

    MUTANTS.append(
        Mutant(f"large results of {op} in the same memory", op, type("Mutant", (NumPyBackend,), {op: kernel}))
    )


for _op in ("matmul", "sort", "subtract"):
    sharing(_op)


@mutant("numbers kept by what Python takes for equal: True, 1 and 1.0", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        if not isinstance(obj, (bool, int, float)):
            return super().asarray(obj, dtype, device)
        kept = self.__dict__.setdefault("kept", {})
        return kept.setdefault(obj, super().asarray(obj, dtype, device))


@mutant("0-d arrays kept by value and dtype, -0.0 as 0.0", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        made = super().asarray(obj, dtype, device)
        return (
            self.__dict__.setdefault("kept", {}).setdefault((made.item(), made.dtype), made) if not made.ndim else made
        )


@mutant("a product after an error that is wrong", "matmul")
class _(NumPyBackend):
    failed = False

    def matmul(self, x1, x2):
        failed, self.failed = self.failed, True
        value = right("matmul")(x1, x2)
        self.failed = False
        return value * 0 if failed else value


@mutant("a program that fails for good after its first error", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, failed = super().compile(graph), []

        def guarded(*arrays):
            if failed:
                raise failed[0]
            try:
                return run(*arrays)
            except Exception as error:
                failed.append(error)
                raise

        return guarded


@mutant("a result that is wrong while another thread computes", "log")
class _(NumPyBackend):
    busy = 0

    def log(self, x):
        self.busy += 1
        time.sleep(1e-4)
        value = np.log(x) * (self.busy == 1)
        self.busy -= 1
        return value


@mutant("large float64 arrays set in place", "index_set")
class _(NumPyBackend):
    def index_set(self, x, updates, *indices, key):
        value = right("index_set")(x, updates, *indices, key=key)
        if x.dtype == np.float64 and x.size > 1000:
            x.flags.writeable = True
            x[...] = value
        return value
