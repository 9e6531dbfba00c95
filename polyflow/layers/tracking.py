"""What an object holds: the variables and layers found in its attributes, alone or in lists, tuples and dicts.

Attributes are looked through when asked: one that was replaced, or a list that grew, counts as it is now. That happens
with every call of a model, so what cannot hold anything is passed over by its class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, NoneType
from typing import Any

import numpy as np

_PLAIN = frozenset(
    {NoneType, bool, int, float, complex, str, bytes, np.ndarray, FunctionType, BuiltinFunctionType, MethodType}
)


def held(owner: Any, kinds: type | tuple[type, ...]) -> list[Any]:
    """The objects of some kinds that ``owner`` holds, each once, in the order of its attributes."""
    found: dict[int, Any] = {}
    _collect(list(vars(owner).values()), kinds, found)
    found.pop(id(owner), None)
    return list(found.values())


def deep(owner: Any, kind: type | tuple[type, ...]) -> Iterator[Any]:
    """``owner`` and the objects of ``kind`` inside it at any depth, each once, outer ones before inner ones."""
    found: set[int] = set()
    waiting = [owner]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found.add(id(one))
            yield one
            waiting += reversed(held(one, kind))


def _collect(values: Iterable[Any], kinds: type | tuple[type, ...], found: dict[int, Any]) -> None:
    for value in values:
        if value.__class__ in _PLAIN:
            continue
        if isinstance(value, kinds):
            found.setdefault(id(value), value)
        elif isinstance(value, (list, tuple)):
            _collect(value, kinds, found)
        elif isinstance(value, dict):
            _collect(value.values(), kinds, found)
