"""What a mutant is: a backend with one fault, in three lines.

A decorator that says what is wrong and in which op, a class, and the method that does it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from polyflow.ops.declare import OPS
from polyflow_numpy.backend import NumPyBackend


class Mutant(NamedTuple):
    """A backend with a fault, the op in which it is, and what has to be in place while it is tried."""

    fault: str
    op: str
    make: Callable[[], Any]
    around: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


def declaring(mutants: list[Mutant]) -> Callable[[str, str], Callable[[type], type]]:
    """The decorator that puts a class among ``mutants``: ``@mutant(fault, op)``."""

    def mutant(fault: str, op: str) -> Callable[[type], type]:
        def add(cls: type) -> type:
            mutants.append(Mutant(fault, op, cls))
            return cls

        return add

    return mutant


def right(op: str) -> Callable[..., Any]:
    """The kernel as it should be."""
    return NumPyBackend().resolve(OPS[op])


def replacing(mutants: list[Mutant]) -> Callable[[str, str, Callable[..., Any]], None]:
    """``kernel(fault, op, f)`` puts among ``mutants`` one whose kernel is ``f(right_kernel, *arrays, **attrs)``."""

    def kernel(fault: str, op: str, function: Callable[..., Any]) -> None:
        method = lambda self, *arrays, **attrs: function(right(op), *arrays, **attrs)  # noqa: E731
        mutants.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: method})))

    return kernel


def patched(owner: Any, name: str, value: Any) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    """Replaces an attribute while the mutant is tried."""

    @contextlib.contextmanager
    def around():
        old = getattr(owner, name)
        setattr(owner, name, value)
        try:
            yield
        finally:
            setattr(owner, name, old)

    return around
