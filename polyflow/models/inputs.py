"""Whether an array has the rank and the sizes that a model expects."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..layers.base import Shape
from ..ops.shape import expand_dims, squeeze


def fit_rank(value: Any, expected: Shape, name: str) -> Any:
    """One feature may come without its axis, or with one too many (as in Keras); other ranks are refused.

    Args:
        value: a tensor. expected: the shape that it should have, with None for any size. name: whose input it is.

    Raises:
        ShapeError: for a shape that does not fit.
    """
    given = value.shape
    if len(given) == len(expected):
        check_sizes(given, expected, name)
        return value
    if len(given) == len(expected) - 1 and expected[-1] == 1:
        return expand_dims(value, -1)
    if len(given) == len(expected) + 1 and given[-1] == 1:
        return squeeze(value, -1)
    single = tuple(given) == expected[1:]
    raise ShapeError(
        f"{name!r} expects inputs of shape {expected} (None is the batch); got shape {given}."
        + " That is a single sample: batch it, with dataset.batch(32) or x[None]." * single
    )


def check_sizes(given: Any, expected: Shape, name: str) -> None:
    """Raise ShapeError where a size after the batch's is another than expected."""
    if any(e not in (None, g) for e, g in zip(expected[1:], given[1:], strict=True)):
        raise ShapeError(f"{name!r} expects inputs of shape {expected} (None is the batch); got shape {tuple(given)}.")
