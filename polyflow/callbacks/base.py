"""Callback: what runs beside training, evaluation and prediction."""

from __future__ import annotations

from typing import Any

from ..arguments import check_integers
from ..flow.trace import parameters


class Callback:
    """The base of all callbacks: override the hooks you need.

    ``logs`` maps the loss and the metrics to Python floats. At the end of a batch it is a mapping that reads them from
    the device only when you look (`LazyLogs`), and for batches of `predict` it holds ``outputs``. ``epoch`` and
    ``batch`` count from 0. To stop training, set ``self.model.stop_training = True``.

    Attributes:
        model: the model that is trained.
        params: ``{"verbose": …, "epochs": …, "steps": …}``.
    """

    model: Any = None
    params: dict[str, Any] | None = None
    _bar: Any = None

    def set_model(self, model: Any) -> None:
        """Receive the model, before anything else happens."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive how long and how loudly the training runs."""
        self.params = params

    def set_progress(self, bar: Any) -> None:
        """Receive the `ProgressBar` that may be on the screen."""
        self._bar = bar

    def say(self, text: str) -> None:
        """Print a line of text without spoiling the progress bar."""
        if self._bar is not None:
            self._bar.message(text)
        else:
            print(text)

    # Training ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: Any = None) -> None:
        """Training has ended; ``logs`` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """An epoch of training begins."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch of training and its validation have ended; values added to ``logs`` get into the history."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of training begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of training has ended; ``logs`` are the running means of the epoch."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_end`."""

    # Evaluation, the validation within training included --------------------------------------------------------------

    def on_test_begin(self, logs: Any = None) -> None:
        """An evaluation begins."""

    def on_test_end(self, logs: Any = None) -> None:
        """An evaluation has ended."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation has ended."""

    # Prediction -------------------------------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Any = None) -> None:
        """A prediction begins."""

    def on_predict_end(self, logs: Any = None) -> None:
        """A prediction has ended."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction has ended; ``logs["outputs"]`` is what the model gave."""


def loudness(callback: Callback, verbose: Any) -> int:
    """What a user gives as ``verbose``: 0 or more, or whether to say something."""
    check_integers(callback, "[0, inf)", verbose=int(verbose) if isinstance(verbose, bool) else verbose)
    return int(verbose)


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
"""The names of all hooks."""

PARAMETERS = {hook: parameters(getattr(Callback, hook))[1:] for hook in HOOKS}
"""The names of what each is called with."""
