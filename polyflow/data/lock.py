"""A lock for what is copied and pickled: the copy has a lock of its own."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["Lock"]


class Lock:
    """As `threading.RLock`, in ``with`` blocks."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lock, ()
