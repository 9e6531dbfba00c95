"""A limit of time for each case: it runs in a thread that is left behind when it hangs.

What somebody spends in a debugger does not count.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from .case import Case
from .debugging import followed, stopped
from .report import Result
from .trying import concluded, try_case

TIME_LIMIT = 120.0
"""How many seconds a case may take, unless said otherwise."""

LOOK = 0.5
"""After how many seconds it is looked whether a debugger has stopped a case."""


class Watcher:
    """Tries cases, one after the other, in a thread of its own, or in this one where something follows only that.

    Args:
        limit: how many seconds each may take.
    """

    def __init__(self, limit: float = TIME_LIMIT) -> None:
        self.limit = limit
        self._worker: _Worker | None = None

    def try_case(self, case: Case, backend: Any, seed: int = 0, spec: str = "") -> Result:
        """What became of a case; one that does not come to an end is an error, and the next gets another thread."""
        if followed():
            return try_case(case, backend, seed, spec)
        streams = sys.stdout, sys.stderr
        self._worker = self._worker or _Worker()
        with warnings.catch_warnings():  # a case that hangs keeps the filters changed, and the streams redirected
            try:
                return self._worker.call(lambda: try_case(case, backend, seed, spec), self.limit)
            except TimeoutError:
                self._worker = None
                sys.stdout, sys.stderr = streams
        return concluded(hanging(case.id, self.limit), backend, seed, spec)

    def close(self) -> None:
        """Let the thread end."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def hanging(case: str, limit: float) -> Result:
    """The result of a case that did not come to an end."""
    return Result(case, "error", time=limit, reason=f"did not finish within {limit:g} seconds")


class _Worker:
    """A thread that runs one function after another."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="polyflow-conformance")
        self._thread.start()

    def _loop(self) -> None:
        while (function := self._todo.get()) is not None:
            try:
                self._done.put((function(), None))
            except BaseException as error:
                self._done.put((None, error))

    def close(self) -> None:
        """Let the thread end."""
        self._todo.put(None)

    def call(self, function: Callable[[], Any], limit: float) -> Any:
        """The function's result; TimeoutError where it takes longer than ``limit`` seconds."""
        self._todo.put(function)
        while True:
            start = time.monotonic()
            try:
                value, error = self._done.get(timeout=min(limit, LOOK))
                break
            except queue.Empty:
                if not stopped(sys._current_frames().get(self._thread.ident or 0)):
                    limit -= time.monotonic() - start
                if limit <= 0:
                    raise TimeoutError from None
        if error is not None:
            raise error
        return value
