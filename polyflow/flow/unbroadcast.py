"""Undoing broadcasting: the one place where a cotangent gets the shape of its value."""

from __future__ import annotations

from typing import Any

from ..ops import reduction, shape


def unbroadcast(cotangent: Any, target: tuple[int, ...]) -> Any:
    """Sum a cotangent over the axes along which its value was broadcast."""
    given = cotangent.shape
    if given == target:
        return cotangent
    extra = len(given) - len(target)
    if extra < 0 or any(size not in (1, wide) for size, wide in zip(target, given[extra:], strict=True)):
        return shape.broadcast_to(cotangent, target)  # a smaller cotangent stands for one that is constant
    axes = tuple(range(extra)) + tuple(
        i + extra for i, (size, wide) in enumerate(zip(target, given[extra:], strict=True)) if size == 1 and wide != 1
    )
    summed = reduction.sum(cotangent, axes) if axes else cotangent
    return summed if summed.shape == target else shape.reshape(summed, target)
