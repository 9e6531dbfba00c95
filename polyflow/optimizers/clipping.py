"""Gradients limited in size."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import astype, clip, isfinite, maximum, sqrt, square, where
from ..ops.reduction import sum


def clip_by_value(gradient: Any, limit: float) -> Any:
    """Every element between ``-limit`` and ``limit``."""
    return clip(gradient, -limit, limit)


def clip_by_norm(gradient: Any, limit: float) -> Any:
    """A gradient whose Euclidean norm is above ``limit`` scaled down to it."""
    norm = sqrt(sum(square(gradient)))
    return gradient * limit / maximum(norm, limit)


def clip_by_global_norm(gradients: list[Any], limit: float) -> list[Any]:
    """All gradients scaled down by one factor where their norm together is above ``limit``; NaN if it is not finite."""
    total = None
    for gradient in gradients:
        part = sum(square(gradient))
        total = part if total is None else total + part
    norm = sqrt(total)
    scale = where(isfinite(norm), limit / maximum(norm, limit), float("nan"))
    return [gradient * astype(scale, gradient.dtype) for gradient in gradients]
