"""Layers that take one value of each feature over a sequence."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..ops.elementwise import where
from ..ops.reduction import max, mean, sum
from .base import Layer
from .masking import weights


class _OverSteps(Layer):
    """The base: (batch, steps, features) to (batch, features)."""

    def __init__(self, keepdims: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.keepdims = bool(keepdims)

    def steps(self, inputs: Any) -> Any:
        """The inputs, if they are sequences."""
        if len(inputs.shape) != 3:
            raise ShapeError(
                f"layer {self.name!r} ({type(self).__name__}) takes (batch, steps, features); got shape {inputs.shape}."
            )
        return inputs

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"keepdims": self.keepdims}


class GlobalAveragePooling1D(_OverSteps):
    """The mean over the steps that count: (batch, steps, features) to (batch, features)."""

    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return mean(self.steps(inputs), 1, self.keepdims)
        counts = weights(mask, inputs)
        kept = where(mask[..., None], self.steps(inputs), 0)
        return sum(kept, 1, keepdims=self.keepdims) / sum(counts, 1, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: there are no steps any more."""
        return None


class GlobalMaxPooling1D(_OverSteps):
    """The largest value over the steps: (batch, steps, features) to (batch, features)."""

    def call(self, inputs: Any) -> Any:
        return max(self.steps(inputs), 1, self.keepdims)
