"""Layers that take one value of each feature over a sequence."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..ops.reduction import max, mean
from .base import Layer


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
    """The mean over the steps: (batch, steps, features) to (batch, features)."""

    def call(self, inputs: Any) -> Any:
        return mean(self.steps(inputs), 1, self.keepdims)


class GlobalMaxPooling1D(_OverSteps):
    """The largest value over the steps: (batch, steps, features) to (batch, features)."""

    def call(self, inputs: Any) -> Any:
        return max(self.steps(inputs), 1, self.keepdims)
