"""ModelCheckpoint: save the weights as training goes on."""

from __future__ import annotations

import numbers
import os
import string
from typing import Any

import numpy as np

from ..arguments import check_numbers
from ..errors import nearest
from ..files import path_of
from ..flow import notes
from .base import loudness
from .monitor import MonitorCallback

SUFFIX = ".safetensors"


class ModelCheckpoint(MonitorCallback):
    """Save the model's weights after every epoch, after every so many batches, or whenever they are the best so far.

    Args:
        filepath: where to: weights in a file that ends in ``.weights.safetensors``, ``.safetensors`` or ``.h5``, the
            whole model in one that ends in ``.keras``, all of them safetensors files. ``{epoch}``, ``{batch}`` and the
            names of metrics in braces are filled in: ``"{epoch:02d}-{val_loss:.2f}.weights.safetensors"``. A missing
            folder is made; a crash leaves an earlier file as it was.
        monitor, mode: what makes weights the best ones (`MonitorCallback`).
        verbose: 1 to say so whenever it saves.
        save_best_only: whether to save only weights that are better than those saved before.
        save_weights_only: whether a ``.keras`` file too holds weights only.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: with ``save_best_only``, a value to beat from the start.

    Raises:
        ValueError: for another ending, a pattern that cannot be filled in, or another ``save_freq``.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        check_numbers(self, "[-inf, inf]", optional=True, initial_value_threshold=initial_value_threshold)
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = _checked_path(path_of(filepath))
        self.verbose = loudness(self, verbose)
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = _checked_frequency(save_freq)
        self._epoch = 0
        self._unsaved = 0
        self._last_batch: int | None = None
        if self.save_freq != "epoch":
            self.on_train_batch_end = self._after_batch  # only then does it need batches

    def on_train_begin(self, logs: Any = None) -> None:
        if self.save_best_only:
            super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        """Count the batches since the last one seen: several may have run as one program."""
        last = self._last_batch
        self._unsaved += batch + 1 if last is None or batch <= last else batch - last
        self._last_batch = batch
        if self._unsaved >= self.save_freq:  # type: ignore[operator]
            self._unsaved = 0
            self._save(self._epoch, batch, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Any) -> None:
        path = self._path(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, path, logs):
            return
        if not self.save_best_only:
            self._tell(epoch, f"saving model to {path}")
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only or not path.endswith(".keras"):
            self.model.save_weights(path)
        else:
            self.model.save(path)
        self._tell(epoch, f"finished saving model to {path}")

    def _is_best(self, epoch: int, path: str, logs: Any) -> bool:
        current = logs.get(self.monitor)
        if current is None:
            notes.warn(
                f"Can save best model only with {self.monitor} available. Available metrics are: {','.join(logs)}"
            )
            return True
        if np.ndim(current) > 0:
            notes.warn(
                f"Can save best model only when `monitor` is a scalar value. Received: {current}. "
                "Falling back to `save_best_only=False`."
            )
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(current, self.best):
            self._tell(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._tell(epoch, f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _path(self, epoch: int, batch: int | None, logs: Any) -> str:
        values = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            (name,) = error.args
            near = nearest(name, values)
            raise ValueError(
                f"ModelCheckpoint cannot fill in {self.filepath!r}: there is no {name!r}."
                + (f" Did you mean {' or '.join(map(repr, near))}?" if near else "")
                + f" Available: {', '.join(sorted(values))}."
            ) from None
        except (IndexError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"ModelCheckpoint cannot fill in {self.filepath!r}: {error}.") from None

    def _tell(self, epoch: int, what: str) -> None:
        if self.verbose > 0:
            self.say(f"Epoch {epoch + 1}: {what}")


def _checked_frequency(given: Any) -> int | str:
    if given == "epoch":
        return given
    if not isinstance(given, numbers.Integral) or isinstance(given, bool) or given < 1:
        raise ValueError(f"save_freq is 'epoch' or a number of batches, an integer of 1 or more; got {given!r}.")
    return int(given)


def _checked_path(path: str) -> str:
    if not path.endswith((SUFFIX, ".h5", ".keras")):
        raise ValueError(
            f"ModelCheckpoint saves weights as safetensors: filepath must end in .weights{SUFFIX} or {SUFFIX} "
            f"(or .h5, or .keras for the whole model); got {path!r}. Write for example {_renamed(path)!r}."
        )
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(path) if field is not None]
    except ValueError as error:
        raise ValueError(f"ModelCheckpoint cannot fill in {path!r}: {error}. Write {{{{ for a brace.") from None
    if any(not field.isidentifier() for field in fields):
        raise ValueError(
            f"ModelCheckpoint fills in names only, as in '{{epoch:02d}}-{{val_loss:.2f}}'; got the pattern {path!r}. "
            "Write {{ for a brace."
        )
    return path


def _renamed(path: str) -> str:
    return os.path.splitext(path)[0].removesuffix(".weights") + ".weights" + SUFFIX
