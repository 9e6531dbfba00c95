"""Capturing by the stand-in for CuPy: calls are noted with their arrays, and a graph makes them again on these.

Nothing here is a CUDA graph. It shows whether code that captures gives its graphs the right arrays, keeps them, and
hands none of them out; that CUDA takes what is captured is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np


def recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of something with a ``library`` that is noted while that captures."""

    @wraps(method)
    def call(self: Any, *args: Any, **named: Any) -> Any:
        if self.library.recorder is None:
            return method(self, *args, **named)
        return self.library.recorder.call(method, (self, *args), named)

    return call


class Recorder:
    """What is called while a stream captures."""

    def __init__(self, library: Any) -> None:
        self.library, self.syncs = library, library.syncs
        self.calls: list[tuple[Callable[..., Any], Any, Any, list[Any]]] = []
        self.broken = False

    def call(self, function: Callable[..., Any], args: Any, named: Any, refused: bool = False) -> Any:
        """Note a call; its results are arrays of the right shapes, with garbage in them."""
        if refused:
            self.broken = True
            raise NotImplementedError("calling this API during stream capture is currently unsupported")
        library = self.library
        library.recorder, launches = None, list(library.launches)
        try:
            result = function(*args, **named)
        finally:
            library.recorder = self
            library.launches[:] = launches
        made = [
            array for array in arrays_in(result) if not any(_shared(array, arg) for arg in arrays_in((args, named)))
        ]
        for array in made:
            array.host.view(np.uint8 if array.host.ndim else array.host.dtype)[...] = 0xAB if array.host.ndim else 1
        self.calls.append((function, args, named, made))
        return result

    def graph(self) -> Graph:
        if self.broken or self.library.syncs != self.syncs:
            raise RuntimeError("cudaErrorStreamCaptureInvalidated: operation failed due to a previous error")
        return Graph(self.library, self.calls)


class Graph:
    """The calls of a capture, to be made again on the same arrays."""

    def __init__(self, library: Any, calls: list[Any]) -> None:
        self.library, self.calls = library, calls

    def launch(self, stream: Any = None) -> None:
        self.library.graph_launches += 1
        launches = list(self.library.launches)
        for function, args, named, made in self.calls:
            found = arrays_in(function(*args, **named))
            for array, fresh in zip(made, found[-len(made) :] if made else (), strict=True):
                array.host[...] = fresh.host
        self.library.launches[:] = launches

    def upload(self, stream: Any = None) -> None:
        return None


def arrays_in(value: Any) -> list[Any]:
    """All arrays of the stand-in in a structure."""
    if isinstance(value, (tuple, list)):
        return [array for one in value for array in arrays_in(one)]
    if isinstance(value, dict):
        return arrays_in(list(value.values()))
    return [value] if hasattr(value, "host") and hasattr(value, "place") else []


def _shared(one: Any, other: Any) -> bool:
    return np.shares_memory(one.host, other.host)
