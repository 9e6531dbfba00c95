"""History: what `fit` returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Callback


class History(Callback):
    """The losses and metrics of every epoch.

    Attributes:
        history: name to a list of floats, one for each epoch.
        epoch: the indices of these epochs.
        params: ``{"verbose": …, "epochs": …, "steps": …}``.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None and getattr(self.model, "history", None) is not self:
            self.model.history = self

    def record(self, epochs: range, logs: Mapping[str, list[Any]]) -> None:
        """Take down several epochs at once."""
        self.epoch += epochs
        for name, values in sorted(logs.items()):
            self.history.setdefault(name, []).extend(values)

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]!r}" for name, values in self.history.items())
        return f"<History of {len(self.epoch)} epochs{': ' + last if last else ''}>"
