"""The functions of a plan, handed out to one call at a time.

A function keeps its results in arrays of its own, so two threads cannot run it at once: each call takes one that is
idle, or makes another. Each also has a context of its own in which NumPy does not warn, which costs 40 nanoseconds, and
`np.errstate` a thousand. Idle functions with much memory are dropped, the oldest first, when all of them together
hold more than `LIMIT`; a plan whose function is gone makes a new one when it is called.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from polyflow.backend.quiet import silent

from .source import point_out

LIMIT = 1 << 28
"""How many bytes the functions of all plans may hold together; one alone may hold more."""

SMALL = 1 << 16
"""Functions that hold fewer bytes are not counted: the code of their plan takes as much."""

Run = Callable[..., tuple[Any, ...]]


class Pool:
    """The functions that ``make`` makes, which hold ``size`` bytes each."""

    _large: weakref.WeakSet[Pool] = weakref.WeakSet()
    _lock = threading.RLock()
    _made = 0

    def __init__(self, make: Callable[[], Run], size: int) -> None:
        self._make, self.size = make, size
        self.idle: list[Run] = []
        self.age = 0

    def new(self) -> Run:
        """A new function, for which others may have to go."""
        if self.size >= SMALL:
            with Pool._lock:
                Pool._made += 1
                self.age = Pool._made
                Pool._large.add(self)
                total = 0
                for pool in sorted(Pool._large, key=lambda pool: -pool.age):
                    total += pool.size * (len(pool.idle) + (pool is self))
                    if total > LIMIT and pool is not self:
                        pool.idle.clear()
        return partial(silent().run, self._make())

    def function(self, once: bool = False) -> Run:
        """What to call: one function for all threads; with ``once``, it takes another of them each time."""
        idle, new = self.idle, self.new
        take, give = idle.pop, idle.append

        def call(*arrays: Any) -> tuple[Any, ...]:
            try:
                run = take()
            except IndexError:
                run = new()
            try:
                results = run(*arrays)
            except Exception as error:
                point_out(error)
                raise
            if not once:
                give(run)  # not after an exception, which may have left its arrays half written
            return results

        return call
