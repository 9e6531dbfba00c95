"""Between the engine and the user's functions: host arrays go out as Tensors, results come back as host arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import selection
from ..callables import takes, wrong_count
from ..convert import to_host
from ..errors import PolyflowError
from ..flow.interpreter import inside
from ..ops import call
from ..tensor import Operators, Tensor
from .node import AnyDataset
from .structure import Structure

__all__ = ["UserFunction", "frozen", "host_copy", "host_leaf", "packed_tensors"]

_interpreter = call.interpreter.get


def packed_tensors(structure: Structure, leaves: Sequence[Any]) -> Any:
    """An element of the engine as the user gets it: Tensors of the current backend, in their structure."""
    backend = selection.current()
    adopt = backend.adopt  # the engine never writes again to what it hands out
    return structure.pack(
        [Tensor(adopt(leaf), backend) if leaf.__class__ is np.ndarray else _tensor(leaf, backend) for leaf in leaves]
    )


def _tensor(leaf: Any, backend: Any) -> Any:
    return leaf if isinstance(leaf, AnyDataset) else Tensor(backend.asarray(leaf), backend)


def host_leaf(value: Any, what: str) -> np.ndarray:
    """What a user's value is on the host; it may share the value's memory.

    Raises:
        PolyflowError: of the class that `polyflow.tensor` would raise, with ``what`` before its message.
    """
    if isinstance(value, Operators):
        return value.read().numpy()
    try:
        return to_host(value)
    except PolyflowError as error:
        raise type(error)(f"{what}: {error}") from None


def host_copy(value: Any, what: str) -> np.ndarray:
    """What a user's value is on the host, in memory that the user cannot change later."""
    array = host_leaf(value, what)
    return array.copy() if isinstance(value, np.ndarray) and array.flags.writeable else array


def frozen(array: np.ndarray) -> bool:
    """Whether nobody can write to the array's memory: neither through it nor through an array it is a view of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return False
        base = base.base
    return True


class UserFunction:
    """A function of the user's, called with an element as Tensors.

    It runs eagerly, whatever interpreter (a tape, a trace) the iteration happens in: elements are data, not part of
    what is differentiated or compiled.

    Args:
        function: the function.
        what: who was given it, for messages, e.g. ``"map()"``.

    Raises:
        TypeError: when it cannot be called.
    """

    def __init__(self, function: Callable[..., Any], what: str) -> None:
        if not callable(function):
            raise TypeError(
                f"{what} needs a function of an element; got {function!r} of type {type(function).__name__}."
            )
        self.function, self.what = function, what

    def __call__(self, structure: Structure, leaves: Sequence[Any]) -> Any:
        """Call it with one element; a tuple's items become its arguments."""
        element = packed_tensors(structure, leaves)
        if _interpreter() is None:
            return self.on(element)
        with inside(None):
            return self.on(element)

    def on(self, element: Any) -> Any:
        """Call it with an element as it is, whatever interpreter is at work."""
        try:
            return self.function(*element) if type(element) is tuple else self.function(element)
        except TypeError:
            count = len(element) if type(element) is tuple else 1
            if takes(self.function, count):  # the error is the function's own
                raise
            raise wrong_count(f"{self.what} calls its function", self.function, count) from None

    def flatten(self, result: Any, known: Structure | None) -> tuple[Structure, list[Any]]:
        """A result as structure and leaves: host arrays of memory of their own, and datasets.

        Raises:
            TypeError: when nothing is returned, or another structure than ``known``. DTypeError: for what is no number.
        """
        if isinstance(result, list):  # several values, not one array of them
            result = tuple(result)
        structure = Structure.of(result) if known is None else known
        leaves = structure.flatten(result, f"the result of the function given to {self.what}")
        if not leaves:
            raise TypeError(
                f"the function given to {self.what} returned {result!r}. Expected a tensor or a structure of tensors: "
                "is a `return` missing?"
            )
        what = f"the result of the function given to {self.what}"
        return structure, [leaf if isinstance(leaf, AnyDataset) else host_copy(leaf, what) for leaf in leaves]
