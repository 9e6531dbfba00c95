"""Layers that are a function: any of the user's, and the one that changes nothing."""

from __future__ import annotations

import inspect
from typing import Any

from ..callables import takes, wrong_count
from .base import Layer


class Lambda(Layer):
    """A function of tensors as a layer; it gets ``training`` too if it has a parameter of that name.

    Variables that it uses are not the layer's own: subclass `Layer` for a function with weights.

    Args:
        function: a function of a tensor (or of several, in a list), in ops.
        output_shape, mask: accepted as in Keras; the shape is found by tracing the function.
        arguments: a dict of more arguments for it.
    """

    takes_structures = True

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None, **options: Any
    ) -> None:
        super().__init__(**options)
        if not callable(function):
            raise TypeError(f"Lambda takes a function; got {function!r}.")
        self.function, self.arguments = function, dict(arguments or {})
        try:
            self.takes_training = "training" in inspect.signature(function).parameters
        except (TypeError, ValueError):
            self.takes_training = False
        if not (self.arguments or self.takes_training or takes(function, 1)):
            raise wrong_count("Lambda calls its function", function, 1, "the inputs")

    def call(self, inputs: Any, training: bool = False) -> Any:
        more = {"training": training} if self.takes_training else {}
        return self.function(inputs, **(self.arguments | more))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function is itself, which no file can hold."""
        return super().get_config() | {"function": self.function, "arguments": self.arguments}


class Identity(Layer):
    """Gives its input."""

    takes_structures = True

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs
