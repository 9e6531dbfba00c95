"""Training over rows in memory without a wait inside an epoch: the data lie on the GPU, and so does the rows' order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyflow.backend.loop import Loop, StepByStep


class Rows:
    """The data of a training on the GPU, and the orders in which its epochs read them.

    Attributes:
        arrays: the data, rows first.
    """

    def __init__(self, arrays: Sequence[np.ndarray], backend: Any) -> None:
        self.arrays = [backend.asarray(array) for array in arrays]
        self._backend = backend
        self._orders: tuple[np.ndarray, Any] | None = None

    def uploaded(self, orders: np.ndarray) -> Any:
        """Orders on the GPU; those of the last call are there already."""
        if self._orders is None or self._orders[0] is not orders:
            self._orders = orders, self._backend.asarray(orders)
        return self._orders[1]


class DeviceLoop(StepByStep):
    """Steps one after the other, each a plan over rows gathered on the GPU.

    Only the reading of reports waits for the GPU: calls that end inside an epoch return while it works on. What it has
    still to do is bounded by the driver, which lets the host wait when about a thousand kernels are queued.
    """

    def __init__(self, loop: Loop, backend: Any) -> None:
        super().__init__(loop, backend)
        self._run = backend.here(super().__call__)

    def place(self, arrays: Sequence[np.ndarray]) -> Any:
        return Rows(arrays, self.backend)

    def gathered(self, data: Any, rows: Any) -> list[Any]:
        return [array.take(rows, axis=0) for array in data.arrays]

    def wait(self) -> None:
        pass

    def __call__(
        self, state: Sequence[Any], data: Any, orders: Any, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        orders, end = data.uploaded(orders), stop - stop % self.loop.steps
        if not start < end < stop:
            return self._run(state, data, orders, start, stop)
        now, reports = self._run(state, data, orders, start, end)  # read before the next epoch begins
        return self._run(now, data, orders, end, stop)[0], reports
