"""Programs by ``torch.compile``, and what these give away."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from polyflow.backend import Deviation

_REASON = "torch.compile computes it on CPUs by formulas that lose digits near 0 in float32"

_ELSEWHERE = "torch.compile computes it on CPUs by formulas that are wrong at some limits, near 0, or in the halves"

DEVIATIONS = {
    **{
        f"compile-1/{op}/float32/program": Deviation("tolerance", _REASON, bound=1000.0)
        for op in ("atanh", "erf", "expm1", "remainder")
    },
    **{
        f"compile-1/{op}/every-dtype/cases": Deviation("fails", _ELSEWHERE)
        for op in ("acosh", "atanh", "erf", "erfinv", "expm1", "floor_divide", "nextafter", "remainder")
    },
}
"""What a backend declares whose graphs are compiled so."""


@lru_cache
def prepare(device: torch.device) -> None:
    """Have PyTorch's compiler made ready, which notes in the environment of the process where its files are.

    That is the time to do so, not the middle of somebody's computation.
    """
    torch.compile(lambda x: x + 1)(torch.zeros(1, device=device))


def compiled(program: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The program compiled by PyTorch, whose code stops with an error of its own where an index is outside."""
    fused = torch.compile(program)

    def run(*arrays: Any) -> tuple[Any, ...]:
        try:
            return fused(*arrays)
        except RuntimeError as error:
            if "index out of bounds" in str(error):
                raise IndexError(f"an index is out of bounds in compiled code: {error}") from error
            raise

    return run
