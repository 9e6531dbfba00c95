"""CSVLogger: the losses and metrics of every epoch in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..files import path_of
from .base import Callback


class CSVLogger(Callback):
    """Write a line of comma-separated values after each epoch: its index, then the losses and metrics by name.

    The file is complete after each epoch, so it can be read while training goes on.

    Args:
        filename: the file; a missing folder is made.
        separator: what stands between two values.
        append: whether to continue a file that exists, without a second header, instead of replacing it.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename = path_of(filename)
        if not isinstance(separator, str) or len(separator) != 1:
            raise ArgumentError(f"CSVLogger needs a string of one character; got separator={separator!r}.")
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.keys = None
        folder = os.path.dirname(self.filename)
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(self.filename, "a" if self.append else "w", encoding="utf-8"):
            pass

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        first = self.keys is None
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(name.startswith("val_") for name in self.keys):  # a validation may come in a later epoch
                self.keys += [f"val_{name}" for name in self.keys]
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep)
            if first and file.tell() == 0:
                writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(_cell(logs.get(name, "NA")) for name in self.keys)])


def _cell(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Iterable) or np.ndim(value) == 0:  # type: ignore[arg-type]
        return value
    return f'"[{", ".join(map(str, value))}]"'
