"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, initializers, regularizers
from .. import dtypes as dt
from ..arguments import check_axes, check_numbers
from ..errors import ShapeError
from ..ops.elementwise import where
from ..ops.rules import normal_axes
from .base import Layer, Shape


class Activation(Layer):
    """Applies an activation, given by name or as a function, element by element."""

    supports_masking = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"activation": activations.serialize(self.activation)}


class ReLU(Layer):
    """``max(x, 0)``, with an upper limit, a slope below the threshold, or a threshold if given."""

    supports_masking = True

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, inf]", optional=True, max_value=max_value)
        check_numbers(self, "[0, inf)", negative_slope=negative_slope, threshold=threshold)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """``x`` where it is positive, ``negative_slope * x`` elsewhere (``alpha`` is the slope's older name)."""

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, *, alpha: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        slope = negative_slope if alpha is None else alpha
        check_numbers(self, "[0, inf)", negative_slope=slope)
        self.negative_slope = float(slope)

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"negative_slope": self.negative_slope}


class ELU(Layer):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere."""

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, inf)", alpha=alpha)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"alpha": self.alpha}


class PReLU(Layer):
    """``x`` where it is positive, ``alpha * x`` elsewhere, with a trained ``alpha`` for each feature.

    Args:
        alpha_initializer: a name or an object. alpha_regularizer: a name, an object or a function; None for none.
        shared_axes: axes (the first after the batch is 1) along which there is one ``alpha``.
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        shared_axes: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        check_axes(self, optional=True, shared_axes=shared_axes)
        self.shared_axes = None if shared_axes is None else list(np.atleast_1d(shared_axes).tolist())

    def build(self, input_shape: Shape) -> None:
        shared = normal_axes(self.shared_axes or (), len(input_shape))
        wide = [1 if i in shared else size for i, size in enumerate(input_shape)][1:]
        sizes = [size for size in wide if size is not None]
        if len(sizes) < len(wide):
            raise ShapeError(
                f"layer {self.name!r} (PReLU) needs known sizes; got shape {input_shape}. "
                "Name the others in shared_axes."
            )
        self.alpha = self.add_weight(sizes, self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "shared_axes": self.shared_axes,
        }


class Softmax(Layer):
    """Probabilities from logits along ``axis``."""

    supports_masking = True

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, axis=axis)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Probabilities of what counts; ``mask`` has the shape of the inputs, or broadcasts to it."""
        if mask is None:
            return activations.softmax(inputs, axis=self.axis)
        lowest = -3e4 if inputs.dtype is dt.float16 else -1e9
        return where(mask, activations.softmax(where(mask, inputs, lowest), axis=self.axis), 0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
