"""CategoryEncoding: whole numbers as rows of ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import check_integers
from ..errors import ShapeError, unknown_name
from ..ops.elementwise import astype
from ..ops.indexing import one_hot
from ..ops.reduction import max, sum
from ..ops.shape import squeeze
from .base import Layer

MODES = ("one_hot", "multi_hot", "count")


def encoded(numbers: Any, count: int, mode: str, dtype: np.dtype) -> Any:
    """Whole numbers below ``count`` as rows of ones, in one of the `MODES`; an inner axis of one goes."""
    if len(numbers.shape) > 1 and numbers.shape[-1] == 1:
        numbers = squeeze(numbers, -1)
    rows = one_hot(numbers, count, dtype=dtype)
    if mode == "one_hot" or len(numbers.shape) == 1:
        return rows
    return max(rows, 1) if mode == "multi_hot" else sum(rows, 1)


class CategoryEncoding(Layer):
    """Categories, whole numbers from 0 to ``num_tokens - 1``, as ones at their places.

    Args:
        num_tokens: how many categories there are.
        output_mode: ``"one_hot"`` (a row for each number), ``"multi_hot"`` (a row for each sample, with ones for all of
            its numbers) or ``"count"`` (how often each occurs in the sample).

    Shapes: (batch,) or (batch, n) whole numbers to (batch, num_tokens); "one_hot" of n above 1 to
    (batch, n, num_tokens).
    """

    def __init__(self, num_tokens: int, output_mode: str = "multi_hot", **options: Any) -> None:
        super().__init__(**options)
        check_integers(self, "[1, inf)", num_tokens=num_tokens)
        if output_mode not in MODES:
            raise unknown_name("output_mode", str(output_mode), MODES)
        self.num_tokens, self.output_mode = int(num_tokens), output_mode

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of the categories."""
        return dt.int32

    def check_values(self, inputs: np.ndarray) -> None:
        """Raise ValueError for a number that is no category."""
        wrong = (inputs < 0) | (inputs >= self.num_tokens)
        if wrong.any():
            raise ValueError(
                f"layer {self.name!r} (CategoryEncoding) got {inputs[wrong].flat[0]}; expected whole numbers from 0 to "
                f"{self.num_tokens - 1}."
            )

    def call(self, inputs: Any) -> Any:
        if not inputs.shape or (self.output_mode != "one_hot" and len(inputs.shape) > 2):
            raise ShapeError(
                f"layer {self.name!r} (CategoryEncoding) takes (batch,) or (batch, n); got shape {inputs.shape}."
            )
        numbers = astype(inputs, dt.int32) if inputs.dtype in dt.FLOATING else inputs
        if hasattr(numbers, "array"):  # values are there: look at them
            self.check_values(numbers.numpy())
        return encoded(numbers, self.num_tokens, self.output_mode, self.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_tokens": self.num_tokens, "output_mode": self.output_mode}
