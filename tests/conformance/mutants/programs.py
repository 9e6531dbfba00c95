"""Faults of compiled programs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from polyflow.backend.nodes import run_node_by_node
from polyflow_numpy.backend import NumPyBackend

from .conditions import backwards, spoiled
from .declared import Mutant, declaring

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("a program that remembers its first arguments", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, seen = super().compile(graph), []

        def stale(*arrays):
            seen[:] = seen or [run(*arrays)]
            return seen[0]

        return stale


@mutant("a program that writes its results into the same buffers", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, held = super().compile(graph), []

        def reused(*arrays):
            results = [np.asarray(one) for one in run(*arrays)]
            if not held:
                held.extend(np.array(one) for one in results)
            for buffer, one in zip(held, results, strict=True):
                buffer[...] = one
            return tuple(held)

        return reused


@mutant("a program in which integers to a negative power are 1", "pow")
class _(NumPyBackend):
    def compile(self, graph):
        forgiving = lambda x1, x2: np.power(x1, np.maximum(x2, 0) if np.asarray(x2).dtype.kind == "i" else x2)  # noqa: E731
        return run_node_by_node(graph, lambda op: forgiving if op.name == "pow" else self.resolve(op), self.asarray)


@mutant("a program that computes integers in 64 bits", "sum")
class _(NumPyBackend):
    def compile(self, graph):
        run = super().compile(graph)
        return lambda *arrays: tuple(
            one.astype(np.int64) if np.asarray(one).dtype == np.int32 else one for one in run(*arrays)
        )


@mutant("a program whose scratch memory its threads share", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, scratch = super().compile(graph), {}

        def racy(*arrays):
            for i, array in enumerate(arrays):
                scratch[i] = array
            time.sleep(1e-4)
            return run(*[scratch[i] for i in range(len(arrays))])

        return racy


@mutant("a program that holds int8 in 32 bits from step to step", "program")
class _(NumPyBackend):
    def compile(self, graph):
        if any(value.dtype != np.int8 for value in (*graph.inputs, *graph.outputs)) or not graph.nodes:
            return super().compile(graph)
        run = run_node_by_node(graph, self._wide, self.asarray)
        return lambda *arrays: tuple(np.asarray(array).astype(np.int8) for array in run(*arrays))

    def _wide(self, op):
        kernel = self.resolve(op)
        return lambda *arrays, **attrs: kernel(*[np.asarray(x).astype(np.int32) for x in arrays], **attrs)


def compiled_only(
    fault: str, op: str, when: Callable[..., bool], wrong: Callable[[np.ndarray], np.ndarray] = spoiled
) -> None:
    """A mutant whose programs are wrong where ``when(*arrays, **attrs)`` holds for an op, which alone is right."""

    class Programs(NumPyBackend):
        def compile(self, graph):
            return run_node_by_node(graph, self._spoiled, self.asarray)

        def _spoiled(self, one):
            kernel = self.resolve(one)
            if one.name != op:
                return kernel

            def run(*arrays, **attrs):
                value = kernel(*arrays, **attrs)
                return wrong(value) if when(*arrays, **attrs) else value

            return run

    MUTANTS.append(Mutant(fault, op, Programs))


compiled_only("a program that is wrong without axes", "exp", lambda x: x.ndim == 0)
compiled_only("a program that is wrong in float64", "sin", lambda x: x.dtype == np.float64)
compiled_only("a program that is wrong for long lines", "divide", lambda x, y: x.size > 1000)
compiled_only("a program that is wrong for a row and a matrix", "maximum", lambda x, y: x.ndim > y.ndim > 0)
compiled_only("a program that is wrong for a value and itself", "multiply", lambda x, y: x is y)
compiled_only("a program that is wrong for NaN", "floor", lambda x: bool(np.isnan(x).any()))
compiled_only(
    "a program that leaves NaN out of a sum", "sum", lambda x, **attrs: bool(np.isnan(x).any()), np.nan_to_num
)
compiled_only("a program that loses the shape of no elements", "add", lambda x, y: not x.size, np.ravel)
compiled_only("a program that is wrong for three axes", "exp", lambda x: x.ndim == 3)
compiled_only(
    "a program that is wrong for two shapes of three axes", "multiply", lambda x, y: x.ndim == 3 and y.ndim == 2
)
compiled_only("a program that is wrong for values walked from their end", "add", lambda x, y: backwards(x))
compiled_only("a program that is wrong for larger matrices", "matmul", lambda a, b: a.ndim == 2 and len(a) > 16)
compiled_only(
    "a program that is wrong for stacks of float64", "matmul", lambda a, b: a.dtype == np.float64 and a.ndim == 3
)
compiled_only(
    "a program that is wrong for rows of more than two thousand", "cumulative_sum", lambda x, **attrs: x.size > 2000
)
compiled_only(
    "a program that loses NaN of long rows",
    "max",
    lambda x, **attrs: x.dtype == np.float32 and x.size > 2000,
    lambda value: np.nan_to_num(np.asarray(value)),
)
compiled_only(
    "a program with limits of int64 by way of float64",
    "clip",
    lambda x, *, min, max: x.dtype == np.int64 and max is not None and max > 2**53,
)


def program_only(fault: str, when: Callable[..., bool]) -> None:
    """A mutant whose programs are wrong where ``when(graph, arrays)`` holds."""

    class Programs(NumPyBackend):
        def compile(self, graph):
            run = super().compile(graph)

            def program(*arrays):
                results = run(*arrays)
                return tuple(map(spoiled, results)) if when(graph, arrays) else results

            return program

    MUTANTS.append(Mutant(fault, "program", Programs))


program_only(
    "a program that is wrong where one array is given twice",
    lambda graph, arrays: len({*map(id, arrays)}) < len(arrays),
)
program_only(
    "a program that is wrong for arguments walked from their end", lambda graph, arrays: any(map(backwards, arrays))
)
program_only("a program that is wrong for more than thirty nodes", lambda graph, arrays: len(graph.nodes) > 30)
program_only("a program that is wrong for complex numbers", lambda graph, arrays: any(map(np.iscomplexobj, arrays)))
