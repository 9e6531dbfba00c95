"""Ctrl-C that arrives where Python cannot raise: in a finalizer, or in JAX's hook of the garbage collector.

Python only reports such an exception and goes on, so that a training would go on too, for all its epochs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_swallowed = False


@contextmanager
def watched() -> Iterator[None]:
    """A block whose `raise_swallowed`, and end, raise an interrupt that could not be raised where it arrived."""
    global _swallowed
    if threading.current_thread() is not threading.main_thread():  # no other one is interrupted
        yield
        return
    before = sys.unraisablehook

    def report(found: Any) -> None:
        global _swallowed
        if found.exc_type is not None and issubclass(found.exc_type, KeyboardInterrupt):
            _swallowed = True
        else:
            before(found)

    sys.unraisablehook = report
    try:
        yield
        raise_swallowed()
    finally:
        sys.unraisablehook = before
        _swallowed = False


def raise_swallowed() -> None:
    """Raise the KeyboardInterrupt that was swallowed, if one was."""
    global _swallowed
    if _swallowed and threading.current_thread() is threading.main_thread():
        _swallowed = False
        raise KeyboardInterrupt
