"""Handing the arrays of variables over to a program that works in their memory, as if nobody had ever seen them.

Nobody has: only arrays are handed over that no one else holds. While the program runs the variables hold promises; who
looks at one, in another thread, waits for the new values. An interrupt finds the values from before or from after.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Sequence
from itertools import repeat
from typing import Any

from ..tensor import Tensor
from ..variable import Variable, assign_all

_array, _fixed = (Tensor.__dict__[name] for name in ("array", "fixed"))

_COUNTED = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()


def _counts(objects: Sequence[Any]) -> list[int]:
    return list(map(sys.getrefcount, objects)) if _COUNTED else [sys.maxsize] * len(objects)


_ALONE = _counts([object()])[0] if _COUNTED else 0
"""The count of an object that one list holds, and nobody else."""


class Handover:
    """What becomes of the variables' arrays.

    Attributes:
        into: empty until the program has run; then the new arrays and whatever else it gives.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.before, self.into = arrays, list[tuple[Sequence[Any], Any]]()
        self.over, self.thread = threading.Event(), threading.get_ident()

    def arrays(self) -> Sequence[Any]:
        """What the variables hold, as soon as that is known."""
        while not (self.into or self.over.is_set() or self.thread == threading.get_ident()):
            self.over.wait(0.1)
        return self.into[0][0] if self.into else self.before


class Promise(Tensor):
    """The value of a variable whose array was handed over: an ordinary tensor as soon as someone looks at it."""

    __slots__ = ()

    def __init__(self, handover: Handover, place: int, backend: Any) -> None:
        _array.__set__(self, (handover, place))
        self.backend = backend

    @property
    def array(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The library's array, of which somebody knows now."""
        return _seen(self).array

    @property
    def fixed(self) -> Any:
        """As of a tensor: whether others may know it."""
        return _seen(self).fixed

    @fixed.setter
    def fixed(self, fixed: Any) -> None:
        _seen(self)


def _seen(promise: Promise) -> Tensor:
    keep(promise)
    _fixed.__set__(promise, True)
    return promise


def keep(promise: Promise) -> None:
    """Make it an ordinary tensor. (It has no method for that: another thread may be faster, and then there is none.)"""
    held = _array.__get__(promise)
    if held.__class__ is tuple:
        handover, place = held
        _array.__set__(promise, handover.arrays()[place])
    promise.__class__ = Tensor  # pyright: ignore[reportAttributeAccessIssue]


def handed_over(
    variables: Sequence[Variable],
    places: Collection[int],
    run: Callable[[Sequence[Any], list[tuple[Sequence[Any], Any]]], None],
) -> Any:
    """Have a program give variables new values, in the memory of the old ones.

    Args:
        variables: all of those that it changes, on one backend.
        places: of which of them it takes the memory.
        run: given their arrays, and the list to which it appends their new ones, in a tuple with another result, in one
            call of C code.

    Returns:
        That result; None, and nothing has been run, where somebody else may hold what was to be handed over.
    """
    values = [variable._value for variable in variables]
    if any(hasattr(values[place], "fixed") for place in places):
        return None
    arrays = [value.array for value in values]
    handover = Handover(arrays)
    promises = list(map(Promise, repeat(handover), range(len(values)), [value.backend for value in values]))
    try:
        assign_all(variables, promises)  # from here on nobody can get hold of the tensors, nor of their arrays
        if _held(values, places, 0) or _held(arrays, places, 1):
            assign_all(variables, values)
            return None
        run(arrays, handover.into)
        return handover.into[0][1]
    finally:
        handover.over.set()
        for promise in promises:
            keep(promise)


def _held(objects: Sequence[Any], places: Collection[int], others: int) -> bool:
    """Whether something else refers to one of these objects than the list, and so many others."""
    counts = _counts(objects)
    return any(counts[place] > _ALONE + others for place in places)
