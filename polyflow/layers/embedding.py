"""Embedding: a table of vectors looked up by integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import constraints, initializers, regularizers
from .. import dtypes as dt
from ..arguments import check_integers
from ..errors import DTypeError
from ..ops.elementwise import not_equal
from ..ops.indexing import take
from ..tensor import concrete
from .base import Layer, Shape


class Embedding(Layer):
    """Integers 0 … input_dim - 1 as vectors of ``output_dim`` numbers.

    With ``mask_zero`` 0 stands for padding: layers after it, and the loss, leave those steps out.

    Shapes: (…) integers to (…, output_dim). Variable: ``embeddings`` (input_dim, output_dim).
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_integers(self, "[1, inf)", input_dim=input_dim, output_dim=output_dim)
        self.rows, self.output_dim = int(input_dim), int(output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of the indices."""
        return dt.int32

    def build(self, input_shape: Shape) -> None:
        self.embeddings = self.add_weight(
            (self.rows, self.output_dim),
            self.embeddings_initializer,
            name="embeddings",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Any) -> Any:
        if inputs.dtype in dt.FLOATING:
            inputs = inputs.astype(dt.int32)  # as Keras: whole numbers that came as floats
        if inputs.dtype not in dt.INTEGERS:
            raise DTypeError(f"layer {self.name!r} (Embedding) needs integers; got {inputs.dtype.name}.")
        if concrete(inputs):  # values are there: look at them, as training does before a compiled step
            self.check_values(inputs.numpy())
        return take(self.embeddings, inputs, axis=0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """With ``mask_zero`` the places that do not hold 0, which stands for padding."""
        return not_equal(inputs, 0) if self.mask_zero else None

    def check_values(self, inputs: np.ndarray) -> None:
        """Raise IndexError for an integer outside the table; negative ones do not count from its end."""
        wrong = (inputs < 0) | (inputs >= self.rows)
        if wrong.any():
            raise IndexError(
                f"layer {self.name!r} (Embedding) got index {inputs[wrong].flat[0]}; its table has {self.rows} rows. "
                f"Expected whole numbers from 0 to {self.rows - 1}; input_dim= makes a larger table."
            )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "input_dim": self.rows,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
        }
