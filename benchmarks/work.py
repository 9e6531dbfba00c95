"""Work: what a contestant offers for one line of a workload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Work(NamedTuple):
    """What is measured.

    Attributes:
        run: does it once, and waits for the result.
        count: how many units it does (steps, calls, rows, …); seconds are divided by it.
        loss: where something is trained, the loss over all its rows now.
    """

    run: Callable[[], Any]
    count: int = 1
    loss: Callable[[], float] | None = None
