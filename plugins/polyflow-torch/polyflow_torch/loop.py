"""Training over rows in memory: the rows lie on the device, and each batch is gathered there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from polyflow.backend.loop import StepByStep


class OnDevice(StepByStep):
    """Step by step, with data that are moved once."""

    def place(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        return [self.backend.adopt(array) for array in arrays]

    def gathered(self, data: Any, rows: np.ndarray) -> list[Any]:
        places = self.backend.adopt(rows)
        return [torch.index_select(array, 0, places) for array in data]
