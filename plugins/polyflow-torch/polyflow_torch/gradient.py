"""PyTorch's own gradient of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from polyflow import dtypes as dt


def pullback(program: Callable[..., tuple[Any, ...]], graph: Any) -> Callable[..., tuple[Any, ...]]:
    """``vjp(arrays, cotangents)`` by PyTorch's autograd, recorded here and nowhere else.

    Args:
        program: runs the graph.
        graph: says which inputs and outputs have gradients.
    """
    inputs = [i for i, value in enumerate(graph.inputs) if value.dtype in dt.INEXACT]
    outputs = [i for i, value in enumerate(graph.outputs) if value.dtype in dt.INEXACT]

    def vjp(arrays: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
        with torch.inference_mode(False), torch.enable_grad():
            full = [_recordable(array) for array in arrays]
            varied = [full[i].requires_grad_() for i in inputs]
            results = program(*full)
            depending = [i for i in outputs if results[i].requires_grad]
            given = [(results[i], _recordable(cotangents[i]).to(results[i].dtype)) for i in depending]
            found = [None] * len(varied)
            if given:
                heads, weights = zip(*given, strict=True)
                found = torch.autograd.grad(heads, varied, weights, allow_unused=True)
        slopes: list[Any] = [None] * len(full)
        for i, slope in zip(inputs, found, strict=True):
            slopes[i] = torch.zeros_like(arrays[i]) if slope is None else slope.resolve_conj().resolve_neg()
        return tuple(slopes)

    return vjp


def _recordable(array: Any) -> Any:
    """The array as a leaf of its own; what was made in inference mode cannot be one, so its copy is."""
    return array.clone() if array.is_inference() else array.detach()
