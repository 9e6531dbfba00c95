"""What happens to an op is up to the innermost interpreter; each knows the one below it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..ops import call
from ..ops.declare import OPS
from ..tensor import moved

if TYPE_CHECKING:
    from ..ops.declare import Op
    from ..tensor import Tensor
    from ..variable import Variable


class Interpreter(abc.ABC):
    """One meaning of an op. It goes down by ``below``; the context changes only around Python code that calls ops."""

    below: Interpreter | None = None

    live: set[int] | None = None
    """The ids of the values whose results it has to `remember`; None where it has to `run` every op itself."""

    @abc.abstractmethod
    def run(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Run a prepared op: arguments are tensors of the op's dtypes, or Python scalars."""

    @property
    def backend(self) -> Any:
        """The backend on which tensors are made here; None for the current one."""
        return None if self.below is None else self.below.backend

    @abc.abstractmethod
    def create(self, op: Op, attrs: dict[str, Any], backend: Any) -> Any:
        """Run an op without tensor arguments on ``backend``."""

    def move(self, value: Tensor, backend: Any) -> Tensor:
        """A tensor that has its values on another backend."""
        return moved(value, backend) if self.below is None else self.below.move(value, backend)

    def customized(self, args: tuple[Any, ...], values: list[Any], pullback: Callable[..., Any]) -> list[Any]:
        """Values under new identities; ``pullback`` is their gradient to ``args`` where tapes above remember it."""
        return [self.run(OPS["identity"], (value,), {}) for value in values]

    def made(self, variable: Variable) -> None:
        """Hear of a new variable."""
        if self.below is not None:
            self.below.made(variable)

    @abc.abstractmethod
    def read(self, variable: Variable) -> Tensor:
        """The value of a variable."""

    @abc.abstractmethod
    def assign(self, variable: Variable, value: Tensor) -> None:
        """Give a variable a value of its own shape and dtype."""


@contextmanager
def inside(interpreter: Interpreter | None) -> Iterator[None]:
    """Run a block of Python code with ``interpreter`` as the innermost one."""
    token = call.interpreter.set(interpreter)
    try:
        yield
    finally:
        call.interpreter.reset(token)
