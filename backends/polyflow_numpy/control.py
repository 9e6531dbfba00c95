"""Control flow on NumPy: rows are written where they go in arrays made when the first one is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Part = Callable[..., tuple[Any, ...]]


def scan(
    *arrays: Any, body: Part, consts: int, carries: int, length: int, reverse: bool, history: bool
) -> tuple[Any, ...]:
    """The last carries, and the rows of all steps."""
    fixed, now, xs = arrays[:consts], arrays[consts : consts + carries], arrays[consts + carries :]
    columns: list[np.ndarray] = []
    for place in range(length - 1, -1, -1) if reverse else range(length):
        results = body(*fixed, *now, *[x[place] for x in xs])
        row = (*results[carries:], *now) if history else results[carries:]
        if not columns:
            columns = [np.empty((length, *np.shape(one)), one.dtype) for one in row]
        for column, one in zip(columns, row, strict=True):
            column[place] = one
        now = results[:carries]
    return (*now, *columns)
