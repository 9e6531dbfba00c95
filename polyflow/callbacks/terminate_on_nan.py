"""TerminateOnNaN: stop as soon as the loss is no longer a number."""

from __future__ import annotations

import math
from typing import Any

from .base import Callback


class TerminateOnNaN(Callback):
    """Stop training at the first batch after which the loss is NaN or infinite, and say which batch that was.

    It looks at the loss after every batch, which makes an accelerator wait each time.

    Args:
        raise_error: whether to raise RuntimeError instead of ending the training in good order.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        text = f"Epoch {self._epoch + 1}, step {batch + 1}: the loss is {loss}, terminating training."
        if self.raise_error:
            raise RuntimeError(f"{text} Check the data for NaN and infinities, or lower the learning rate.")
        self.say(text)
        self.model.stop_training = True
