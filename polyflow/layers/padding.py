"""The layer that finds padding in sequences of features."""

from __future__ import annotations

from typing import Any

from ..arguments import check_numbers
from ..ops.elementwise import where
from .base import Layer
from .masking import steps


class Masking(Layer):
    """Leaves out the steps of sequences whose features are all ``mask_value``: they become 0, and do not count.

    Layers after it hand the mask on, `GlobalAveragePooling1D` and the loss use it.

    Shapes: (batch, steps, features) to the same.
    """

    supports_masking = True

    def __init__(self, mask_value: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        check_numbers(self, "[-inf, inf]", mask_value=mask_value)
        self.mask_value = mask_value

    def call(self, inputs: Any) -> Any:
        return where(steps(inputs, self.mask_value, keepdims=True), inputs, 0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The steps that count."""
        return steps(inputs, self.mask_value)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"mask_value": self.mask_value}
