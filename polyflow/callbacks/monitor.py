"""MonitorCallback: the base of callbacks that watch one quantity get better or worse."""

from __future__ import annotations

from typing import Any

from ..arguments import ANY, check_numbers
from ..constructed import Constructed
from ..errors import ArgumentError
from ..flow import notes
from .base import Callback

HIGHER_IS_BETTER = ("accuracy", "acc", "auc", "precision", "recall", "score", "iou", "cosine_similarity")
LOWER_IS_BETTER = (
    *("loss", "error", "mse", "mae", "mape", "msle", "rmse", "logcosh", "log_cosh", "hinge", "poisson", "huber"),
    *("crossentropy", "cross_entropy", "bce", "ce", "kld", "kl_divergence", "perplexity"),
)
"""How the names of quantities end whose direction needs no asking."""


class MonitorCallback(Constructed, Callback):
    """Decides whether a monitored quantity improved.

    Args:
        monitor: its name in the logs, such as ``"val_loss"``.
        mode: "min" if lower is better, "max" if higher is; "auto" to tell by the metric or its name.
        baseline: a value to beat from the start. min_delta: by how much a value must be better to count.

    Raises:
        ValueError: when training begins, if mode is "auto" and nothing tells the direction.
    """

    _made = "monitor"

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            notes.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode. Expected auto, min or max."
            )
            mode = "auto"
        if not isinstance(monitor, str):
            raise ArgumentError(f"{type(self).__name__} needs the name of a loss or metric; got monitor={monitor!r}.")
        check_numbers(self, ANY, min_delta=min_delta)
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign: int | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._direction()

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether ``value`` is better than ``reference`` by more than ``min_delta``; anything is better than None."""
        if reference is None:
            return True
        if self._direction() < 0:
            return value + self.min_delta < reference
        return value - self.min_delta > reference

    def _direction(self) -> int:
        """1 if higher is better, -1 if lower is."""
        if self._sign is None:
            self._sign = {"min": -1, "max": 1}.get(self.mode) or self._inferred()
        return self._sign

    def _inferred(self) -> int:
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", None) or ():
            direction = getattr(metric, "direction", None) or getattr(metric, "_direction", None)
            if getattr(metric, "name", None) == name and direction in ("up", "down"):
                return 1 if direction == "up" else -1
        for sign, endings in ((1, HIGHER_IS_BETTER), (-1, LOWER_IS_BETTER)):
            if any(name.lower() == ending or name.lower().endswith("_" + ending) for ending in endings):
                return sign
        raise ValueError(
            f"{type(self).__name__} monitors {self.monitor!r}, and nothing tells whether that metric should be "
            "maximized or minimized. Pass mode='max' if higher is better, mode='min' if lower is."
        )
