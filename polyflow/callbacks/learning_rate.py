"""Callbacks that change the learning rate: by a schedule, or when learning no longer gets anywhere."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import ANY, check_numbers
from ..callables import takes, wrong_count
from ..flow import notes
from .base import Callback, loudness
from .monitor import MonitorCallback


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: a function of (epoch, learning_rate), or of (epoch), that gives the new learning rate.
        verbose: 1 to say what it sets.

    Raises:
        ValueError: when training begins, if the schedule gives something that is not a number.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"schedule takes a function of (epoch, learning_rate); got {schedule!r}.")
        self._takes_rate = _takes_two(schedule)
        if not self._takes_rate and not takes(schedule, 1):
            raise wrong_count("LearningRateScheduler calls schedule", schedule, 2, "(epoch, learning_rate)")
        self.schedule = schedule
        self.verbose = loudness(self, verbose)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, float(optimizer.learning_rate)) if self._takes_rate else self.schedule(epoch)
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            self.say(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(MonitorCallback):
    """Lower the learning rate when a monitored quantity has stopped improving.

    Args:
        monitor, mode: the quantity and its better direction (`MonitorCallback`).
        factor: what the learning rate is multiplied by, between 0 and 1.
        patience: how many epochs without improvement to wait.
        verbose: 1 to say what it sets.
        min_delta: a smaller change does not count as an improvement.
        cooldown: how many epochs to wait after a reduction before watching again.
        min_lr: the learning rate does not go below this.

    Raises:
        ValueError: for a factor of 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        check_numbers(self, "[0, inf)", factor=factor)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        check_numbers(self, "[0, inf]", patience=patience, cooldown=cooldown)
        check_numbers(self, ANY, min_lr=min_lr)
        self.factor = factor
        self.patience = patience
        self.verbose = loudness(self, verbose)
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._start()

    def _start(self) -> None:
        self.best: float | None = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = logs.get(self.monitor)
        if current is None:
            notes.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}."
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Whether it is still waiting after a reduction."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        rate = float(optimizer.learning_rate)
        if rate <= np.float32(self.min_lr):  # an optimizer keeps it in float32
            return
        lower = max(rate * self.factor, self.min_lr)
        optimizer.learning_rate = lower
        if self.verbose > 0:
            self.say(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {lower}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with two arguments by position."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True
