"""Sequential: layers one after the other."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..convert import short
from ..custom_objects import get_registered_name
from ..layers.base import Input, InputLayer, Layer, Shape
from ..layers.symbolic import SymbolicTensor
from ..registry import layer_from, register_layer
from ..tensor import Operators, asarray
from .feed import the_one
from .inputs import fit_rank
from .model import Model
from .network import Network


@register_layer
class Sequential(Model):
    """A stack of layers, each applied to the output of the one before.

    The model is built (its variables made) as soon as the shape of its input is known: from an Input, from the first
    layer's ``input_shape`` or ``input_dim``, or from the first data it sees.

    Args:
        layers: the layers, in order; more by `add`.
        name: the model's name.
    """

    def __init__(self, layers: Iterable[Any] | None = None, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self._sublayers: list[Layer] = []
        if isinstance(layers, Layer):
            raise TypeError(
                f"Sequential takes a list of layers; got one: write Sequential([{type(layers).__name__}(...)])."
            )
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"Sequential takes a list of layers; got {layers!r}.")
        for layer in layers or ():
            self.add(layer, _build=False)
        self._build_if_known()

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the one that only says the input's shape."""
        return [layer for layer in self._sublayers if not isinstance(layer, InputLayer)]

    def _known_outputs(self) -> list[str]:
        last: Any = self.layers[-1] if self.layers else None
        if isinstance(last, Model):
            return last._known_outputs()
        return [] if last is None else [last.name]

    def _first_layers(self) -> Iterator[tuple[Layer, Callable[[Any], Any]]]:
        first: Any = next(iter(self.layers), None)
        if isinstance(first, Model):
            yield from first._first_layers()
        elif first is not None:
            yield first, lambda x: x

    def add(self, layer: Any, *, _build: bool = True) -> None:
        """Append a layer.

        Raises:
            TypeError: for anything that is no layer. ValueError: for a layer that is in the model, or a second Input.
        """
        if isinstance(layer, SymbolicTensor) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer
        if isinstance(layer, type) and issubclass(layer, Layer):
            raise TypeError(
                f"Sequential takes layers, not classes: write {layer.__name__}(...) instead of {layer.__name__}."
            )
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential takes layers; got {layer!r} of type {type(layer).__name__}.")
        if layer is self:
            raise ValueError(f"{self.name!r} cannot be a layer of itself. Add a copy, e.g. clone_model(model).")
        if any(layer is one for one in self._sublayers) or layer.name in [one.name for one in self._sublayers]:
            raise ValueError(
                f"a layer named {layer.name!r} is in the model already. Give each layer a name of its own."
            )
        if isinstance(layer, InputLayer) and self._sublayers:
            raise ValueError("an Input stands first in a Sequential; this one has layers already.")
        self._sublayers.append(layer)
        if not self._trainable:
            layer.trainable = False
        if self.built:
            self._extend(layer)
        elif _build:
            self._build_if_known()

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise ValueError("pop() needs a model with at least one layer; this one has none.")
        layer = self._sublayers.pop()
        self._changed()
        if self.built:
            self.output_shape = self.layers[-1].output_shape if self.layers else self.input_shape
        return layer

    def build(self, input_shape: Any = None) -> None:
        """Make all variables for inputs of this shape, batch first (None for the batch size)."""
        if input_shape is None:
            self._build_if_known()
            return
        if not self.layers:
            raise ValueError(f"{self.name!r} has no layers to build. Add some first.")
        if not isinstance(input_shape, Sequence):
            raise TypeError(f"build takes the shape of a batch, such as (None, 4); got {input_shape!r}.")
        shape: Shape = tuple(input_shape)
        self.input_shape = (None, *shape[1:])
        for layer in self._sublayers:
            shape = self._build_layer(layer, shape)
        self.output_shape = shape
        self._finish(input_shape)

    def ensure_built(self, input_shape: Any, *others: Any) -> None:
        """Build for inputs of this shape, unless built; the size of the batch does not count."""
        self.build((None, *input_shape[1:]))

    def _finish(self, input_shape: Any) -> None:
        if input_shape is not None:
            super()._finish(input_shape)

    def _build_if_known(self) -> None:
        first = self._sublayers[0] if self._sublayers else None
        if first is not None and first.declared_shape is not None and self.layers and not self.built:
            self.build((None, *first.declared_shape))

    def _build_layer(self, layer: Layer, shape: Shape) -> Shape:
        layer.ensure_built(shape)
        if not layer.held_already():
            for variable in layer.variables:
                variable.path = f"{self.name}/{layer.name}/{variable.path.removeprefix(layer.name + '/')}"
        layer.input_shape, layer._within = shape, weakref.ref(self)
        layer.output_shape = layer.compute_output_shape(shape)
        return layer.output_shape

    def _extend(self, layer: Layer) -> None:
        self.output_shape = self._build_layer(layer, self.output_shape or ())
        self._changed()

    def _changed(self) -> None:
        super()._changed()
        self._network = None

    def _call_on_symbols(self) -> None:
        """Call each layer on what the one before gives, if the input's shape is known."""
        if self._network is not None or self.input_shape is None:
            return
        first = self._sublayers[0]
        if isinstance(first, InputLayer):
            x = given = first.output
        else:
            x = given = Input(self.input_shape[1:], dtype=self.input_dtype)
        for layer in self.layers:
            x = layer(x)
        self._network = Network(given, x, self.name)

    def call(self, inputs: Any, training: bool = False) -> Any:
        for layer in self._sublayers:
            inputs = layer(inputs, training=training)
        return inputs

    takes_one = True

    def _taken(self, inputs: Any) -> Any:
        inputs = the_one(inputs, f"{self.name!r} takes one array")
        if not self._sublayers:
            raise ValueError(f"{self.name!r} has no layers yet. Add some first.")
        return self._fit_rank(
            inputs.read() if isinstance(inputs, Operators) else asarray(inputs, backend=self._place())
        )

    def _fit_rank(self, value: Any) -> Any:
        expected = self.input_shape
        if expected is None:
            first = self._sublayers[0].declared_shape
            expected = None if first is None else (None, *first)
        return value if expected is None else fit_rank(value, expected, self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for inputs of this shape."""
        for layer in self._sublayers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @property
    def input_dtype(self) -> Any:
        """The dtype in which inputs are expected: the first layer's."""
        return self._sublayers[0].input_dtype if self._sublayers else self.dtype

    def get_config(self) -> dict[str, Any]:
        """The model as plain data: its name and each layer's class and configuration."""
        layers = [
            {"class_name": get_registered_name(type(layer)), "config": layer.get_config()} for layer in self._sublayers
        ]
        config: dict[str, Any] = {"name": self.name, "layers": layers}
        if self.input_shape is not None:
            config["build_input_shape"] = list(self.input_shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Sequential:
        """The model that ``get_config`` described, with fresh weights."""
        if not isinstance(config, dict) or not isinstance(config.get("layers"), (list, tuple)):
            given = f"the keys {sorted(map(str, config))}" if isinstance(config, dict) else short(config)
            raise ValueError(
                f"the configuration of a Sequential is a dict with 'layers', a list, as get_config() gives it; "
                f"got {given}."
            )
        layers: Sequence[Layer] = [layer_from(one, custom_objects) for one in config["layers"]]
        model = cls(layers, name=config.get("name"))
        if config.get("build_input_shape"):
            model.build(config["build_input_shape"])
        return model
