"""EarlyStopping: stop when a quantity no longer improves."""

from __future__ import annotations

from typing import Any

from ..arguments import check_numbers
from ..flow import notes
from .base import loudness
from .monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stop training when a monitored quantity has stopped improving.

    Args:
        monitor: the quantity, such as ``"val_loss"`` or ``"accuracy"``.
        min_delta: a smaller change does not count as an improvement.
        patience: how many epochs without improvement to wait.
        verbose: 1 to say so when training stops.
        mode: "min", "max" or "auto" (`MonitorCallback`).
        baseline: a value to beat; training stops if it is not beaten within ``patience`` epochs.
        restore_best_weights: whether to end with the weights of the best epoch, not of the last.
        start_from_epoch: how many epochs to let pass before watching.

    Attributes:
        stopped_epoch: the index of the epoch after which it stopped; 0 if it did not. best, best_epoch, best_weights:
        the best value so far, its epoch and, if they are to be restored, its weights.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        check_numbers(self, "[0, inf]", patience=patience, start_from_epoch=start_from_epoch)
        check_numbers(self, "[-inf, inf]", optional=True, baseline=baseline)
        self.patience = patience
        self.verbose = loudness(self, verbose)
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._start()

    def _start(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        current = self._current(logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.is_improvement(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            self.say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                self.say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def _current(self, logs: Any) -> float | None:
        value = logs.get(self.monitor)
        if value is None:
            notes.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}"
            )
        return value
