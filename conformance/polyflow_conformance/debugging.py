"""Debuggers and profilers beside a case: they may follow it, stop it, and write where the backend may not."""

from __future__ import annotations

import io
import sys
import threading
import traceback
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import TextIO

DEBUGGERS = ("bdb", "_pytest.debugging", "pydevd")
"""Modules whose code runs where a debugger has stopped a thread: pdb's and those made of it, pytest's, and editors'."""


def followed() -> bool:
    """Whether a debugger or a profiler follows this thread, and would not follow one that is started now."""
    tracing = sys.gettrace() is not None and threading.gettrace() is None
    return tracing or (sys.getprofile() is not None and threading.getprofile() is None)


def stopped(frame: FrameType | None, below: CodeType | None = None) -> bool:
    """Whether a debugger has stopped the thread whose innermost frame this is, in what ``below`` has called."""
    while frame is not None and frame.f_code is not below:
        if _debugs(frame):
            return True
        frame = frame.f_back
    return False


def leaves(error: BaseException) -> bool:
    """Whether a debugger raised this, as it does where somebody quits it."""
    return any(_debugs(frame) for frame, _ in traceback.walk_tb(error.__traceback__))


def _debugs(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") in DEBUGGERS


class Printed(io.StringIO):
    """What is printed by the code that is called here; what a debugger says meanwhile goes on to a stream.

    Args:
        stream: where a debugger's words belong.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream, self._caller, self.closings = stream, sys._getframe(1).f_code, 0

    def write(self, text: str, /) -> int:
        """Take a text, or hand it on."""
        if not stopped(sys._getframe(1), self._caller):
            return super().write(text)
        written = self._stream.write(text)
        self._stream.flush()
        return written

    def close(self) -> None:
        """Stay open: what is printed here is still to be read, and not the backend's to close."""
        self.closings += 1

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)
