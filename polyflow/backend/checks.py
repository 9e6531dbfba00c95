"""What kernels check about values, in sentences that are the same on every backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .keys import ARRAY, Key


def index_error(index: int, axis: int, shape: tuple[int, ...]) -> IndexError:
    """Make the error for an index outside an axis of a tensor of ``shape``."""
    return IndexError(f"index {index} is out of bounds for axis {axis} of size {shape[axis]} (shape {tuple(shape)}).")


def check_indices(shape: tuple[int, ...], key: Key, indices: Iterable[np.ndarray]) -> None:
    """Raise IndexError unless every element of the index arrays lies on its axis (negative ones count from the end).

    Args:
        shape: the shape of the indexed tensor.
        key: a static key, in which ARRAY marks the axes of the index arrays.
        indices: those arrays, on the host.
    """
    axes = [axis for axis, part in enumerate(part for part in key if part is not None) if part == ARRAY]
    for axis, index in zip(axes, indices, strict=True):
        size = shape[axis]
        if index.size and (index.max() >= size or index.min() < -size):
            outside = index[(index >= size) | (index < -size)]
            raise index_error(int(outside.flat[0]), axis, shape)


def places(axes: Iterable[int], ndim: int) -> tuple[int, ...]:
    """Axes counted from 0, for kernels of libraries that do not count from the end.

    Raises:
        IndexError: if an array of ``ndim`` axes has none of that number; the op then says which.
    """
    found = tuple([axis + ndim if axis < 0 else axis for axis in axes])
    for place in found:
        if not 0 <= place < ndim:
            raise IndexError(f"an array of {ndim} axes has no axis {place}")
    return found


def negative_power() -> ValueError:
    """Make the error for an integer raised to a negative integer power."""
    return ValueError(
        "an integer to a negative integer power is no integer. Convert one of them first, e.g. x.astype('float32')."
    )


def check_power(base: Any, exponent: np.ndarray) -> None:
    """Raise ValueError where integers are raised to a negative power."""
    if exponent.dtype.kind == "i" and exponent.size and exponent.min() < 0:
        raise negative_power()
