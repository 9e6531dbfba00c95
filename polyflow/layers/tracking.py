"""What an object holds: the variables and layers found in its attributes, alone or in lists, tuples and dicts.

Attributes are looked through when asked: one that was replaced, or a list that grew, counts as it is now. That happens
with every call of a model, so what an attribute can hold is found out once for each class of values, and whoever keeps
what was found asks a `Look` whether it would be found again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from operator import is_
from typing import Any

_NOTHING, _ITEMS, _VALUES, _FIRST = range(4)
"""What to do with a value: pass it over, look at its items or its values, or (from _FIRST on) take it for a kind."""

Kind = type | tuple[type, ...]

Found = list[dict[int, Any]]
"""The objects found of each kind, by identity."""


class _Ways(dict[type, int]):
    """What to do with the values of each class, where objects of some kinds are looked for."""

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self.kinds = kinds

    def __missing__(self, cls: type) -> int:
        way = _ITEMS if issubclass(cls, (list, tuple)) else _VALUES if issubclass(cls, dict) else _NOTHING
        for place, kind in enumerate(self.kinds, _FIRST):
            if issubclass(cls, kind):
                way = place
                break
        self[cls] = way
        return way


_ways = lru_cache(None)(_Ways)


class Look:
    """The containers that were looked through, in which ways, and what was in them."""

    def __init__(self) -> None:
        self.ways = _ways(())
        self.places: list[Collection[Any]] = []
        self.sizes: list[int] = []
        self.values: list[Any] = []

    def into(self, place: Collection[Any]) -> list[Any]:
        """What is in a container now, remembered."""
        values = list(place)
        self.places.append(place)
        self.sizes.append(len(values))
        self.values += values
        return values

    def holds(self) -> bool:
        """Whether the same objects would be found in them still."""
        try:
            if list(map(len, self.places)) != self.sizes:
                return False
            if all(map(is_, chain.from_iterable(self.places), self.values)):
                return True
            now = list(chain.from_iterable(self.places))
        except RuntimeError:  # an attribute is being set in another thread
            return False
        changed = [place for place, same in enumerate(map(is_, now, self.values)) if not same]
        if any(self.ways[now[place].__class__] or self.ways[self.values[place].__class__] for place in changed):
            return False
        for place in changed:  # values that hold nothing, in place of such ones
            self.values[place] = now[place]
        return True


def held(owner: Any, kind: Kind) -> list[Any]:
    """The objects of a kind that ``owner`` holds, each once, in the order of its attributes."""
    found: Found = [{}]
    _collect(attributes(owner), _ways((kind,)), found, list)
    found[0].pop(id(owner), None)
    return list(found[0].values())


def attributes(owner: Any) -> Collection[Any]:
    """The values of an object's attributes, in the order in which they were set."""
    return vars(owner).values()


def deep(
    owner: Any,
    kind: Kind,
    other: Kind,
    look: Look | None = None,
    values: Callable[[Any], Collection[Any]] = attributes,
) -> Iterator[tuple[Any, Iterable[Any]]]:
    """``owner`` and the objects of ``kind`` inside it at any depth, each once, outer ones before inner ones.

    Each comes with the objects of the ``other`` kind that it holds itself, in the order of its attributes or of what
    else ``values`` gives of them.
    """
    ways, into = _ways((kind, other)), list
    if look is not None:
        look.ways, into = ways, look.into
    seen: set[int] = set()
    waiting = [owner]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            inside, beside = found = [{}, {}]
            _collect(values(one), ways, found, into)
            yield one, beside.values()
            waiting += reversed(inside.values())


def _collect(place: Collection[Any], ways: _Ways, found: Found, into: Callable[[Collection[Any]], list[Any]]) -> None:
    for value in into(place):
        way = ways[value.__class__]
        if way == _NOTHING:
            continue
        if way >= _FIRST:
            found[way - _FIRST][id(value)] = value
        elif way == _VALUES:
            _collect(value.values(), ways, found, into)
        else:
            _collect(value, ways, found, into)
