"""Programs by ``torch.compile``, but for the nodes that it gets wrong or cannot take in: these run as they always do.

A node that runs apart divides the program, and PyTorch compiles the pieces. The numbers are then those of the straight
line of calls, up to the last digits: what PyTorch's compiler computes by formulas of its own that lose more is apart.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from .forms import KINDS, TORCH
from .products import precise
from .program import Program

_APART = {
    **dict.fromkeys(
        ("cholesky", "eig", "eigh", "eigvals", "eigvalsh", "pinv", "qr", "svd", "svdvals"),
        ("floating", "complex"),  # whose kernels look at values
    ),
    **dict.fromkeys(("acosh", "atanh", "erf", "erfinv", "expm1"), ("floating",)),  # near 0, at limits, in the halves
    **dict.fromkeys(("floor_divide", "remainder"), ("floating",)),  # near multiples, at limits
    "nextafter": ("floating",),  # from infinity
    "searchsorted": ("floating",),  # for NaN
    "argmin": ("bool", "integer"),  # of bytes, and of booleans, which are searched as bytes
    "where": ("unsigned",),  # not at all
}
"""The kinds of dtypes, by op, of the nodes that run apart from what is compiled; control flow does so too."""


@lru_cache
def prepare(device: torch.device) -> None:
    """Have PyTorch's compiler made ready, which notes in the environment of the process where its files are.

    That is the time to do so, not the middle of somebody's computation.
    """
    torch.compile(lambda x: x + 1)(torch.zeros(1, device=device))


class CompiledProgram(Program):
    """A program whose pieces PyTorch compiles when it first runs."""

    def called(self, node: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
        function, attrs = super().called(node)
        return (torch.compiler.disable(function) if apart(node) else function), attrs

    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The program, whose code stops with an error of its own where an index is outside."""
        fused: dict[bool, Callable[..., tuple[Any, ...]]] = {}

        def run(*arrays: Any) -> tuple[Any, ...]:
            way = precise()  # which PyTorch's compiler takes for settled once it has seen it
            if way not in fused:
                fused[way] = torch.compile(super(CompiledProgram, self).function())
            deep = sys.getrecursionlimit()
            try:
                return fused[way](*arrays)
            except RuntimeError as error:
                if "index out of bounds" in str(error):
                    raise IndexError(f"an index is out of bounds in compiled code: {error}") from error
                raise
            finally:
                if sys.getrecursionlimit() != deep:  # PyTorch's compiler raises it, and leaves it there
                    sys.setrecursionlimit(deep)

        return run


def apart(node: Any) -> bool:
    """Whether a node runs as it does without PyTorch's compiler: its graphs are then compiled for themselves."""
    if node.op.graphs:
        return True
    kinds = _APART.get(node.op.name)
    return kinds is not None and any(kind in kinds for value in node.inputs for kind in KINDS[TORCH[value.dtype]])
