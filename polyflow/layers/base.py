"""Layer: variables with a function from tensors to tensors."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from .. import initializers, tree
from ..backend import discovery, selection
from ..errors import ShapeError
from ..flow.trace import trace
from ..naming import snake_case
from ..ops.rules import Spec
from ..tensor import Operators, Tensor, asarray
from ..variable import Variable

Shape = tuple[int | None, ...]

_names: Counter[str] = Counter()
_naming = threading.Lock()


def unique_name(base: str) -> str:
    """``base``, or ``base_1``, ``base_2`` … when layers of that name were made before."""
    with _naming:
        count = _names[base]
        _names[base] += 1
    return f"{base}_{count}" if count else base


def clear_session() -> None:
    """Start the numbering of layer names anew."""
    with _naming:
        _names.clear()


class Layer:
    """The base of all layers.

    A subclass makes its variables in ``build(input_shape)`` with `add_weight`, computes in ``call(inputs)`` (with a
    parameter ``training`` if it behaves differently while training), and returns its constructor's arguments from
    ``get_config``.

    Args:
        name: the layer's name; one is made from the class's if left out.
        trainable: whether its variables are trained.
        dtype: the floating dtype of its variables and computation.
        input_shape: the shape of one sample, for a model's first layer; ``input_dim=n`` is short for ``(n,)``.
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
    ) -> None:
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.dtype = dt.as_dtype(dtype or dt.DEFAULT_FLOAT)
        self.built = False
        self._trainable = trainable
        self._variables: list[Variable] = []
        self._parameters: list[Variable] = []
        self._sublayers: list[Layer] = []
        self.declared_shape: Shape | None = None
        if batch_input_shape is not None:
            self.declared_shape = tuple(batch_input_shape)[1:]
        elif input_shape is not None:
            self.declared_shape = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else (input_shape,)  # type: ignore[assignment]
        elif input_dim is not None:
            self.declared_shape = (int(input_dim),)
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None

    # What a subclass says --------------------------------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Make the variables for inputs of this shape (None stands for the batch size)."""

    def call(self, inputs: Any) -> Any:
        """Compute the output."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define call(self, inputs).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype.name}
        if self.declared_shape is not None:
            config["input_shape"] = list(self.declared_shape)
        return config

    # What it gets ---------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        name: str = "variable",
    ) -> Variable:
        """Make a variable of this layer; its first value is drawn on the host, so it is the same on every backend."""
        value = initializers.get(initializer)(tuple(shape), dtype=dt.as_dtype(dtype or self.dtype))
        if isinstance(value, Operators):
            value = value.numpy()
        variable = Variable(value, trainable=trainable and self._trainable, name=name)
        self.track(variable)
        if trainable:
            self._parameters.append(variable)
        return variable

    def track(self, variable: Variable) -> None:
        """Count a variable among this layer's."""
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Layer) and name != "model":
            self._sublayers.append(value)
        object.__setattr__(self, name, value)

    def __call__(self, inputs: Any, *, training: bool = False) -> Any:
        """The layer's output for ``inputs``; the first call builds it."""
        inputs = tree.map(self._cast, inputs) if isinstance(inputs, (tuple, list, dict)) else self._cast(inputs)
        self.ensure_built(tuple(inputs.shape) if isinstance(inputs, Operators) else None)
        call: Any = self.call
        return call(inputs, training=training) if self.uses_training else call(inputs)

    def ensure_built(self, input_shape: Shape | None) -> None:
        """Build the layer for inputs of this shape, unless it is built; the batch size does not count."""
        if self.built:
            return
        shape = (None, *input_shape[1:]) if input_shape else input_shape
        self.build(shape)  # type: ignore[arg-type]
        self.input_shape = shape
        self.built = True

    @property
    def uses_training(self) -> bool:
        """Whether ``call`` has a parameter ``training``."""
        return "training" in inspect.signature(self.call).parameters

    def _cast(self, value: Any) -> Any:
        backend = self._variables[0].backend if self._variables else selection.current()
        tensor = value.read() if isinstance(value, Operators) else asarray(value, backend=backend)
        return tensor.astype(self.dtype) if tensor.dtype in dt.FLOATING and tensor.dtype is not self.dtype else tensor

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for inputs of this shape, asked of ``call`` itself; None stays None."""
        sizes = [tuple(probe if size is None else size for size in input_shape) for probe in (7, 11)]
        backend = self._variables[0].backend if self._variables else selection.current()
        found = [
            trace(self.call, Spec(shape, self.input_dtype), backend=backend).graph.outputs[0].shape for shape in sizes
        ]
        return tuple(a if a == b else None for a, b in zip(*found, strict=True))

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype in which inputs are expected."""
        return self.dtype

    # Variables ------------------------------------------------------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """Whether the layer's variables are trained; assign to freeze or unfreeze."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._parameters:
            variable.trainable = self._trainable
        for layer in self._sublayers:
            layer.trainable = value

    @property
    def variables(self) -> list[Variable]:
        """All variables, in the order they were made, then those of layers inside."""
        return [*self._variables, *(v for layer in self._sublayers for v in layer.variables)]

    @property
    def weights(self) -> list[Variable]:
        """The variables that a saved model holds: all but random states."""
        return [v for v in self.variables if v.name != "seed_state"]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer changes."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that no optimizer changes."""
        return [v for v in self.weights if not v.trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer changes."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no optimizer changes, random states included."""
        return [v for v in self.variables if not v.trainable]

    def count_params(self) -> int:
        """The number of numbers in the weights."""
        return sum(v.size for v in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, as NumPy arrays."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign the weights; all shapes are checked before any is changed."""
        held = self.weights
        if len(weights) != len(held):
            raise ShapeError(
                f"{self.name!r} has {len(held)} weights ({', '.join(v.path for v in held) or 'not built'}); "
                f"set_weights got {len(weights)}."
            )
        for variable, value in zip(held, weights, strict=True):
            if tuple(np.shape(value)) != variable.shape:
                raise ShapeError(f"weight {variable.path!r} has shape {variable.shape}; got {tuple(np.shape(value))}.")
        for variable, value in zip(held, weights, strict=True):
            variable.assign(np.asarray(value).astype(variable.dtype) if not isinstance(value, Operators) else value)

    def to(self, backend: Any) -> Any:
        """Move all variables to another backend; returns the layer."""
        target = discovery.get(backend)
        for variable in self.variables:
            variable.move_to(target)
        return self

    # Configuration --------------------------------------------------------------------------------------------------

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class InputLayer(Layer):
    """Says the shape of one sample; passes its input on."""

    def __init__(
        self,
        shape: Sequence[int | None] = (),
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> None:
        options.pop("input_shape", None)
        super().__init__(name=name, input_shape=tuple(shape), **options)
        self.sample_dtype = dt.as_dtype(dtype or dt.DEFAULT_FLOAT)
        self.batch_size = batch_size

    def _cast(self, value: Any) -> Any:
        return value.read() if isinstance(value, Operators) else asarray(value)

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of the samples."""
        return self.sample_dtype

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"shape": list(self.declared_shape or ()), "dtype": self.sample_dtype.name, "name": self.name}


def Input(
    shape: Sequence[int | None] = (),
    batch_size: int | None = None,
    dtype: Any = None,
    *,
    name: str | None = None,
) -> InputLayer:
    """The first entry of a Sequential: the shape (without the batch) and dtype of its samples."""
    return InputLayer(shape, batch_size, dtype, name=name)
