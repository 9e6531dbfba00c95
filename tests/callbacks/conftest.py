"""A terminal that remembers what it shows, a clock that moves when told, and a model with just what callbacks use."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest

import polyflow.progress


class Terminal(io.StringIO):
    """A terminal of so many columns that knows carriage return and line feed, and refuses all other controls."""

    encoding = "utf-8"

    def __init__(self, columns: int = 200, encoding: str = "utf-8"):
        super().__init__()
        self.columns = columns
        self.__dict__["encoding"] = encoding
        self.lines = [""]
        self.wrapped = 0
        self.drawings = 0
        self._column = 0

    def isatty(self):
        return True

    def write(self, text):
        text.encode(self.encoding)
        assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", text), f"a control character in {text!r}"
        self.drawings += text.startswith("\r")
        for letter in text:
            if letter == "\r":
                self._column = 0
            elif letter == "\n":
                self.lines.append("")
                self._column = 0
            else:
                if self._column == self.columns:
                    self.lines.append("")
                    self._column = 0
                    self.wrapped += 1
                line = self.lines[-1].ljust(self._column)
                self.lines[-1] = line[: self._column] + letter + line[self._column + 1 :]
                self._column += 1
        return len(text)

    @property
    def shown(self) -> list[str]:
        """The lines on the screen, without blanks at their ends."""
        return [line.rstrip() for line in self.lines]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(polyflow.progress, "perf_counter", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    """Makes terminals whose size is known to the progress bar."""
    monkeypatch.delenv("TERM", raising=False)

    def make(columns: int = 200, encoding: str = "utf-8") -> Terminal:
        monkeypatch.setattr(polyflow.progress, "_terminal_columns", lambda stream: stream.columns)
        return Terminal(columns, encoding)

    return make


class Optimizer:
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate


class Metric:
    def __init__(self, name, direction):
        self.name, self.direction = name, direction


class Model:
    """What callbacks may use of a model; its weights are the number of the epoch."""

    def __init__(self, metrics=()):
        self.stop_training = False
        self.optimizer = Optimizer()
        self.metrics = list(metrics)
        self.history = None
        self.weights = np.float32(0)
        self.saved = []
        self.restored = []

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        self.restored.append(float(weights[0]))

    def save_weights(self, filepath, overwrite=True):
        with open(filepath, "w") as file:
            file.write(str(float(self.weights)))
        self.saved.append(os.path.basename(filepath))


@pytest.fixture
def model():
    return Model()
