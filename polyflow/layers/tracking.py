"""What an object holds: the variables and layers found in its attributes, alone or in lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def held(owner: Any, kinds: type | tuple[type, ...]) -> list[Any]:
    """The objects of some kinds that ``owner`` holds, each once, in the order of its attributes.

    Attributes are looked through when asked: one that was replaced, or a list that grew, counts as it is now.
    """
    found = (one for value in list(vars(owner).values()) for one in _within(value, kinds))
    return list({id(one): one for one in found if one is not owner}.values())


def deep(owner: Any, kind: type) -> list[Any]:
    """``owner`` and the objects of ``kind`` inside it at any depth, each once, outer ones before inner ones."""
    found: dict[int, Any] = {}
    waiting = [owner]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one
            waiting += reversed(held(one, kind))
    return list(found.values())


def _within(value: Any, kinds: type | tuple[type, ...]) -> Iterator[Any]:
    if isinstance(value, kinds):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _within(one, kinds)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _within(one, kinds)
