"""Dense: the fully connected layer."""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..arguments import check_integers
from ..errors import ShapeError
from ..ops.linalg import matmul
from .base import Layer, Shape


class Dense(Layer):
    """``activation(inputs @ kernel + bias)`` over the last axis.

    Args:
        units: the size of the output's last axis, a positive integer.
        activation: a name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: names or objects.
        kernel_regularizer, bias_regularizer: names, objects or functions; None for none.
        kernel_constraint, bias_constraint: likewise.
        **options: as `Layer` (name, dtype, input_shape, input_dim …).

    Shapes: (…, n) to (…, units). Variables: ``kernel`` (n, units) and ``bias`` (units,).
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_integers(self, "[1, inf)", units=units)
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Shape) -> None:
        if not input_shape or input_shape[-1] is None:
            raise ShapeError(
                f"layer {self.name!r} (Dense) needs inputs with a known last axis; got shape {input_shape}. "
                "Give inputs of shape (batch, features), e.g. x.reshape(-1, 1) for one feature."
            )
        self.features = input_shape[-1]
        self.kernel = self.add_weight(
            (self.features, self.units),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                name="bias",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any) -> Any:
        if not inputs.shape or inputs.shape[-1] != self.features:
            raise ShapeError(
                f"layer {self.name!r} (Dense) was built for {self.features} features; got shape {inputs.shape}. "
                f"Expected the last axis to be {self.features}."
            )
        outputs = matmul(inputs, self.kernel)
        return self.activation(outputs if self.bias is None else outputs + self.bias)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
