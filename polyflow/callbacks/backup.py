"""BackupAndRestore: a training that was broken off goes on where it was."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..files import path_of
from ..variable import Variable
from .base import Callback


class BackupAndRestore(Callback):
    """Keep the model, its optimizer and the epoch after every epoch; a `fit` that finds them there goes on from there.

    Started again, the same program ends in the weights of one that was never broken off.

    Args:
        backup_dir: a folder for the backup alone; it is made.
        save_freq: "epoch".
        double_checkpoint: accepted as in Keras: a crash leaves the backup before, or the new one.
        delete_checkpoint: whether the backup is removed when the training has ended.

    Raises:
        ValueError: for another ``save_freq``.
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False, delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        if save_freq != "epoch":
            raise ValueError(f"BackupAndRestore saves after every epoch, save_freq='epoch'; got {save_freq!r}.")
        self.path = os.path.join(path_of(backup_dir), "latest")
        self.delete_checkpoint = delete_checkpoint
        self._checkpoint: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        from ..train import Checkpoint

        self._checkpoint = Checkpoint(model=self.model, epoch=Variable(np.int64(0), trainable=False))
        if os.path.exists(self._file):
            self._checkpoint.restore(self.path)
            self.model.begin_at(int(self._checkpoint.epoch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._checkpoint.epoch.assign(np.int64(epoch + 1))
        self._checkpoint.write(self.path)

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint and os.path.exists(self._file):
            os.remove(self._file)

    @property
    def _file(self) -> str:
        return f"{self.path}.safetensors"
