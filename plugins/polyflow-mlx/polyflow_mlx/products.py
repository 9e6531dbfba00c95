"""Matrix products of integers, which MLX does not have."""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx

TOGETHER = 1 << 22
"""So many products of two numbers are held at a time."""


def whole_matmul(x1: Any, x2: Any) -> Any:
    """The matrix product of integers of one dtype; it wraps."""
    if not x1.ndim or not x2.ndim or x1.shape[-1] != x2.shape[max(x2.ndim - 2, 0)]:
        raise ValueError(f"matrices of shapes {x1.shape} and {x2.shape} have no product")
    left = x1[None] if x1.ndim == 1 else x1
    right = x2[:, None] if x2.ndim == 1 else x2
    count = left.shape[-1]
    left, right = left[..., :, :, None], right[..., None, :, :]
    size = math.prod(mx.broadcast_shapes(left.shape[:-3], right.shape[:-3])) * left.shape[-3] * right.shape[-1]
    step = max(TOGETHER // max(size, 1), 1)
    total: Any = 0
    for start in range(0, max(count, 1), step):
        part = left[..., start : start + step, :] * right[..., start : start + step, :]
        total = total + mx.sum(part, -2).astype(x1.dtype)
    ones = ([-2] if x1.ndim == 1 else []) + ([-1] if x2.ndim == 1 else [])
    return mx.squeeze(total, ones) if ones else total
