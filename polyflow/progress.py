"""ProgressBar: how far training, evaluation or prediction has come, on a terminal or in a file.

On a terminal the line of the running epoch is redrawn in place, twenty times a second at most, with a carriage return
and nothing else. Anywhere else (a file, a pipe, a log) there are no control characters at all: one finished line per
epoch. The look is that of Keras 3.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

WIDTH = 20
INTERVAL = 0.05
"""Seconds between two drawings of one line."""

Logs: TypeAlias = "Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None"


class ProgressBar:
    """One line per epoch, or one for an evaluation or a prediction.

    Args:
        epochs: the number of epochs; with more than one, each is announced as ``Epoch 1/2``.
        steps: the number of steps in an epoch, None where nobody knows.
        verbose: 0 for silence, 1 for a bar, 2 for a plain line per epoch. ``"auto"`` is 1 on a terminal (or in a
            notebook) and 2 elsewhere, so that a redirected log is short and plain. (In Keras it is always 1.)
        stream: where to write; standard output as it is now, if left out.
        width: how many characters the bar takes. interval: seconds between two drawings. unit: what a step is called.
        in_order: whether values are shown in the order in which they come, not by name.

    Raises:
        ValueError: for any other ``verbose``.
    """

    def __init__(
        self,
        epochs: int = 1,
        steps: int | None = None,
        verbose: int | str = "auto",
        stream: Any = None,
        *,
        width: int = WIDTH,
        interval: float = INTERVAL,
        unit: str = "step",
        in_order: bool = False,
    ) -> None:
        if verbose not in (0, 1, 2, "auto"):
            raise ValueError(f"verbose is 0 (silent), 1 (a bar), 2 (a line per epoch) or 'auto'; got {verbose!r}.")
        self.stream = sys.stdout if stream is None else stream
        redraws = _redraws(self.stream)
        if self.stream is None:  # a program without a console has no standard output
            verbose = 0
        self.width, self.interval, self.unit, self.in_order = width, interval, unit, in_order
        self.epochs = epochs
        self.steps = steps
        self.verbose = int(verbose) if verbose != "auto" else 1 if redraws else 2
        self.live = self.verbose == 1 and redraws
        self._full, self._rest, self._more = _characters(self.stream)
        self._done = 0
        self._drawn = 0  # columns of the line that is on the screen now
        self._started = self._first_ended = 0.0
        self._next_look = math.inf

    def begin(self, epoch: int | None = None) -> None:
        """A new line, of the epoch with this index or of an evaluation; the clock starts."""
        self.close()
        self._done = 0
        self._first_ended = 0.0
        self._started = perf_counter()
        self._next_look = -math.inf if self.verbose else math.inf
        if self.verbose and epoch is not None and self.epochs > 1:
            self._write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def step(self, done: int, logs: Logs = None) -> None:
        """``done`` steps are behind us. ``logs`` may be a function, which is called only if the line is drawn."""
        self._done = done
        if perf_counter() >= self._next_look:
            self._look(logs)

    def finish(self, logs: Logs = None) -> None:
        """The line is complete: write it for good."""
        if not self.verbose:
            return
        done = self._done or self.steps or 0
        if self.steps is None and done:
            self.steps = done
        text = self._line(done, self._values(logs), final=True)
        if self.live:
            text = "\r" + text + " " * max(self._drawn - _columns(text), 0)
        self._write(text + "\n")
        self._drawn = 0
        self._next_look = math.inf

    def clear(self) -> None:
        """Take the unfinished line off the screen, so that something else can be printed; the next step redraws it."""
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0
            self._next_look = min(self._next_look, perf_counter())

    def message(self, text: str) -> None:
        """Print a line of text without spoiling the bar."""
        self.clear()
        if self.stream is not None:
            self._write(text + "\n")

    def close(self) -> None:
        """End a line that will not be finished, as when training is interrupted. May be called at any time."""
        if self._drawn:
            self._write("\n")
            self._drawn = 0
        self._next_look = math.inf

    # Behind the scenes ------------------------------------------------------------------------------------------------

    def _look(self, logs: Logs) -> None:
        """The slow part of a step: remember when the first one ended, and draw."""
        now = perf_counter()
        if not self._first_ended and self._done == 1:
            self._first_ended = now
        if not self.live:
            self._next_look = math.inf
            return
        text = self._fitted(self._done, self._values(logs))
        width = _columns(text)
        self._write("\r" + text + " " * max(self._drawn - width, 0))
        self._drawn = width
        self._next_look = now + self.interval

    def _write(self, text: str) -> None:
        self.stream.write(text)
        flush = getattr(self.stream, "flush", None)
        if flush is not None:
            flush()

    # The line ---------------------------------------------------------------------------------------------------------

    def _line(self, done: int, values: list[str], *, final: bool = False, width: int | None = None) -> str:
        width = self.width if width is None else width
        elapsed = perf_counter() - self._started
        each = self._step_time(done, elapsed)
        count = f"{done:>7}/Unknown" if self.steps is None else f"{done:>{len(str(self.steps))}}/{self.steps}"
        left = elapsed if final or self.steps is None else each * max(self.steps - done, 0)
        clock = f"{elapsed:.0f}s" if final else _duration(left)
        if self.verbose == 2:
            return " - ".join([count, clock, _per_step(each, self.unit), *values])
        bar = "" if self.steps is None else self._bar(done, width)
        head = " ".join(part for part in (count, bar, clock, _per_step(each, self.unit)) if part)
        return " - ".join([head, *values])

    def _values(self, logs: Logs) -> list[str]:
        """``name: value`` for each; sorted by name, those of the validation last, or in their own order."""
        found = (logs() if callable(logs) else logs) or {}
        names = list(found) if self.in_order else sorted(found, key=lambda name: (name.startswith("val_"), name))
        return [f"{_printable(name)}: {_number(found[name])}" for name in names]

    def _bar(self, done: int, width: int) -> str:
        full = min(int(width * done / self.steps), width) if self.steps else width
        return self._full * full + self._rest * (width - full)

    def _step_time(self, done: int, elapsed: float) -> float:
        """Seconds for a step; the first, which may have compiled a program, does not count when there are others."""
        if self._first_ended and done > 1:
            return (self._started + elapsed - self._first_ended) / (done - 1)
        return elapsed / done if done else 0.0

    def _fitted(self, done: int, values: list[str]) -> str:
        """The line as far as it fits on the terminal: first the bar gives way, then the last of the values."""
        room = max(_terminal_columns(self.stream) - 1, 1)
        for width in (self.width, self.width // 2, self.width // 4, 0):
            text = self._line(done, values, width=width)
            if _columns(text) <= room:
                return text
        for kept in range(len(values) - 1, -1, -1):
            text = self._line(done, [*values[:kept], self._more], width=0)
            if _columns(text) <= room:
                return text
        text = self._line(done, [], width=0)
        while _columns(text) > room:
            text = text[:-1]
        return text


# ---- values and times as text


def _number(value: Any) -> str:
    try:
        number = float(np.mean(value))
    except (TypeError, ValueError):
        return _printable(str(value))
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.4e}"


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"


def _per_step(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


# ---- the stream


def _redraws(stream: Any) -> bool:
    """Whether a carriage return takes the cursor back on this stream: on terminals and in notebooks."""
    if type(stream).__module__.partition(".")[0] == "ipykernel":
        return True
    try:
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no such method, or a closed stream
        return False


def _characters(stream: Any) -> tuple[str, str, str]:
    """What to draw with: done, still to do, left out; in plain ASCII where the stream has nothing better."""
    try:
        "━─…".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "=", ".", "..."
    return "━", "─", "…"


def _terminal_columns(stream: Any) -> int:
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, OSError, ValueError):
        columns = 0
    return columns or shutil.get_terminal_size().columns


def _columns(text: str) -> int:
    """The columns that a text takes on a terminal, where some letters take two and accents none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)
