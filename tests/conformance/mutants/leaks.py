"""Faults of what is never let go: a little in every call, or everything that a program or a loop was made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


def hoarding(op: str, fault: str, kept: Callable[..., Any]) -> None:
    """A mutant that keeps ``kept(result, *arrays)`` of every call of an op."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        value = right(op)(*arrays, **attrs)
        self.__dict__.setdefault("kept", []).append(kept(value, *arrays))
        return value

    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))


for _op in ("floor", "sort", "pad", "inv", "cumulative_prod", "where"):
    hoarding(_op, "small results that are never let go", lambda value, *arrays: value)
for _op in ("maximum", "prod", "reshape", "logical_not"):
    hoarding(_op, "small arguments that are never let go", lambda value, *arrays: arrays)
for _op in ("hypot", "det"):
    hoarding(_op, "a key of a cache for each array", lambda value, *arrays: f"key of {id(arrays[0])}, {value.shape}")


def keeping(method: str, fault: str, subject: str) -> None:
    """A mutant that keeps what a method of the backend gives."""

    def kept(self: Any, *args: Any, **named: Any) -> Any:
        made = getattr(super(cls, self), method)(*args, **named)
        self.__dict__.setdefault("kept", []).append((args, made))
        return made

    cls = type("Mutant", (NumPyBackend,), {method: kept})
    MUTANTS.append(Mutant(fault, subject, cls))


keeping("asarray", "arrays that are never let go", "asarray")
keeping("adopt", "adopted arrays that are never let go", "adopt")
keeping("to_numpy", "host copies that are never let go", "to_numpy")
keeping("compile", "programs by graph, never let go", "compile")
keeping("loop", "loops that are never let go", "loop")


def programs_keep(fault: str, subject: str, kept: Callable[[Any, Any], Any]) -> None:
    """A mutant whose programs keep ``kept(arrays, results)`` of every call."""

    class Keeping(NumPyBackend):
        def compile(self, graph):
            run, held = super().compile(graph), []

            def program(*arrays):
                results = run(*arrays)
                held.append(kept(arrays, results))
                return results

            return program

    MUTANTS.append(Mutant(fault, subject, Keeping))


programs_keep("small results of programs that are never let go", "program", lambda arrays, results: results)
programs_keep("small arguments of programs that are never let go", "cond", lambda arrays, results: arrays)
programs_keep("a record of every call of a program", "scan", lambda arrays, results: [id(one) for one in arrays])


@mutant("the state of every epoch kept", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        program, held = super().loop(loop), []

        class Keeping:
            place = staticmethod(program.place)

            def __call__(self, state, data, orders, start, stop):
                held.append(program(state, data, orders, start, stop))
                return held[-1]

        return Keeping()


def late(op: str, calls: int) -> None:
    """A mutant whose kernel gives NaN, or 0, for good after so many calls."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        self.calls = self.__dict__.get("calls", 0) + 1
        value = right(op)(*arrays, **attrs)
        return value if self.calls <= calls else np.zeros_like(value)

    MUTANTS.append(Mutant(f"zeros after {calls} calls", op, type("Mutant", (NumPyBackend,), {op: kernel})))


for _op, _calls in (("exp", 50), ("sum", 100), ("matmul", 120), ("concat", 100), ("round", 150), ("svd", 80)):
    late(_op, _calls)


def late_program(fault: str, subject: str, calls: int, thread: bool = False) -> None:
    """A mutant whose programs give zeros after so many calls of each."""

    class Late(NumPyBackend):
        def compile(self, graph):
            run, count = super().compile(graph), []

            def program(*arrays):
                count.append(None)
                results = run(*arrays)
                return results if len(count) <= calls else tuple(map(np.zeros_like, results))

            return program

    MUTANTS.append(Mutant(fault, subject, Late))


late_program("a program that gives zeros after 50 calls", "program", 50)
late_program("a program that gives zeros after 20 calls", "sum", 20)
late_program("a program that gives zeros after 20 calls", "tanh", 20)
late_program("a program that gives zeros after 20 calls", "matmul", 20)
late_program("a choice that gives zeros after 20 calls", "cond", 20)
