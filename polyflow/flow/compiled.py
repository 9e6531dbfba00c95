"""Who wants to know of every graph that is compiled: nobody, unless `watching` says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .graph import Graph


@dataclass(frozen=True, eq=False)
class Seen:
    """A graph that was compiled: what for, its backend's name, and itself as it was traced."""

    name: str
    backend: str
    graph: Graph


_watchers: list[list[Seen]] = []


def tell(name: str, traced: Any) -> None:
    """Called where a graph is compiled."""
    for seen in _watchers:
        seen.append(Seen(name, traced.backend.name, traced.graph))


@contextmanager
def watching() -> Iterator[list[Seen]]:
    """A block that gathers the graphs which are compiled in it, in any thread."""
    seen: list[Seen] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)
