"""Ctrl-C at a chosen line."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any


def interrupted(work: Callable[[], Any], ours: Callable[[str], bool], line: int = -1) -> int:
    """Interrupt ``work()`` at that line of the files that are ``ours``; returns how many of theirs were met.

    Without a line, all of it is run.
    """
    seen = itertools.count()

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if not ours(frame.f_code.co_filename):
            return None
        if event == "line" and next(seen) == line:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return next(seen)
