"""Model: a layer that can be compiled, fitted, evaluated and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..arguments import ANY, check_integers
from ..callables import check_function
from ..errors import unknown_name
from ..flow.graph import Graph
from ..layers.base import Layer, unique_name
from ..layers.operation import Operation
from ..layers.symbolic import one_or_list
from ..missing import WEIGHTS, Instead
from ..printing import print_drawn
from ..registry import register_layer
from . import saving
from . import weights as weight_files
from .graphs import graph_of
from .network import Network
from .network_config import network_config, symbols_of
from .summary import summary
from .trainer import Trainer
from .weight_names import weight_names


class _OfNetwork:
    """An attribute that says what a model's network is made of; it is looked for where none of that name was set."""

    def __init__(self, find: Callable[[Network], Any]) -> None:
        self.find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, kind: type) -> Any:
        if model is None:
            return self
        network = model._known_network()
        if network is None:
            raise AttributeError(
                f"{model.name!r} has no {self.name!r}: it is no model of symbolic tensors. Make it with "
                "Model(inputs, outputs), or as a Sequential whose input shape is known.",
                name=self.name,
            )
        return self.find(network)


@register_layer
class Model(Trainer, Layer):
    """A layer with a trainer.

    Make one of the calls of layers on an Input, ``Model(inputs, outputs)``; or subclass it, make layers in the
    constructor and use them in ``call``; or use Sequential.

    Args:
        inputs: what Input gave; several in a list, or in a dict by the names that data will have.
        outputs: what layers gave that were called on it, and on each other's results; several in a list or dict.
        name: the model's name. trainable, dtype: as for every `Layer`.
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        if inputs is not None and name is None and type(self) is Model:
            name = unique_name("functional")
        Layer.__init__(self, name=name, trainable=trainable, dtype=dtype, **options)
        Trainer.__init__(self)
        self._network: Network | None = None
        if (inputs is None) != (outputs is None):
            raise TypeError("Model takes inputs and outputs together, or neither where it is subclassed.")
        if inputs is not None:
            self._network = network = Network(inputs, outputs, self.name)
            self._network_layers = network.layers
            self.takes_one = len(network.inputs) == 1
            self.built = True
            shapes = [[tuple(one.shape) for one in part] for part in (network.inputs, network.outputs)]
            self.input_shape, self.output_shape = map(one_or_list, shapes)
            if isinstance(outputs, dict) and len(outputs) == len(network.outputs):
                self.output_shape = dict(zip(sorted(outputs), shapes[1], strict=True))
            if not trainable:
                self.trainable = False

    input: Any = _OfNetwork(lambda network: one_or_list(network.inputs))
    """The symbolic input of a model that is made of symbolic tensors; a list of several."""

    output: Any = _OfNetwork(lambda network: one_or_list(network.outputs))
    """Its symbolic output; a list of several."""

    inputs: Any = _OfNetwork(lambda network: network.inputs)
    """The list of its symbolic inputs."""

    outputs: Any = _OfNetwork(lambda network: network.outputs)
    """The list of its symbolic outputs."""

    input_names: Any = _OfNetwork(lambda network: network.input_names)
    """The names by which a dict of data refers to its inputs."""

    output_names: Any = _OfNetwork(lambda network: network.output_names)
    """The names of its outputs."""

    def get_config(self) -> dict[str, Any]:
        """The model as plain data: with its layers and their calls, where it is made of symbolic tensors."""
        network = self._known_network() if self._network is not None else None
        if network is None:
            return super().get_config()
        return {"name": self.name, "trainable": self._trainable} | network_config(network)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model that `get_config` described, with fresh weights."""
        if "calls" not in config:
            return cls(**config)
        inputs, outputs = symbols_of(config, custom_objects)
        return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))

    def _known_network(self) -> Network | None:
        self._call_on_symbols()
        if self._network is not None and self._network.symbols is None:  # in a copy
            self._network = self._network.again()
        return self._network

    def _known_outputs(self) -> list[str]:
        network = self._known_network() if self._network is not None else None
        return [] if network is None else network.output_names

    def _first_layers(self) -> Iterator[tuple[Layer, Callable[[Any], Any]]]:
        network = self._network
        if network is not None:
            for layer, number in network.first_layers():
                yield layer, lambda x, number=number: network.arranged(x)[number]

    def _taken(self, inputs: Any) -> Any:
        network = self._network
        return super()._taken(inputs) if network is None else network.taken(inputs, self._place())

    def _hand_on(self, inputs: Any, mask: Any, outputs: Any) -> None:
        """Nothing: the layers inside did."""

    def call(self, inputs: Any) -> Any:
        """Compute the output: that of the layers that the model is made of, or what a subclass says."""
        if self._network is None:
            return super().call(inputs)
        return self._network.run(inputs if isinstance(inputs, list) else self._taken(inputs))

    export = Instead(WEIGHTS)
    add_metric = Instead("compile with metrics=[…]")

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of this shape, batch first, by going through ``call`` without data."""
        self.output_shape = self.compute_output_shape(tuple(input_shape))

    def ensure_built(self, input_shape: Any, *others: Any) -> None:
        """Remember the input's shape; the layers inside are built as they are called."""
        if not self.built:
            self._finish(input_shape)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in order; operators between them are none."""
        return [layer for layer in self._inner() if not isinstance(layer, Operation)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises:
            ValueError: if there is none; the message lists the layers.
        """
        names = [layer.name for layer in self.layers]
        if name is not None and name in names:
            return self.layers[names.index(name)]
        check_integers("get_layer", ANY, optional=True, index=index)
        if name is None and index is None:
            raise ValueError("get_layer needs the name of a layer, or its index; got neither.")
        if name is None and index is not None and -len(names) <= index < len(names):
            return self.layers[index]
        if name is not None:
            raise unknown_name(f"layer of {self.name!r}", name, names)
        raise ValueError(f"{self.name!r} has {len(names)} layers; got index {index!r}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters.

        Args:
            line_length: the width of the table. print_fn: what to call with the table, instead of print.
            show_trainable: whether a column says which layers are trained: Y or N, or - without parameters.
            positions, expand_nested, layer_range: accepted as in Keras; the table is the same.
        """
        if print_fn is not None:
            check_function("summary", "print_fn", print_fn, 1, "the table")
        check_integers("summary", "[0, inf)", optional=True, line_length=line_length)
        (print_fn or print_drawn)(summary(self, line_length, show_trainable))

    def graph(self, x: Any = None, y: Any = None, *, training: bool = False, batch_size: int = 32) -> Graph:
        """The data-flow graph of the model's output, or of a whole training step: it prints, draws and sums up.

        Args:
            x, y: a batch of the shapes and dtypes to trace for; made from the model's input and its loss if left out.
            training: whether to show the step that `fit` runs: forward, backward, update and metrics.
            batch_size: the size of the batch, where ``x`` is left out.

        Raises:
            ValueError: where the input's shape is not known. NotCompiledError: for a training step before `compile`.
        """
        return graph_of(self, x, y, training, batch_size)

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the model to a file, as `polyflow.models.save_model`: layers, weights, optimizer, loss and metrics."""
        saving.save_model(self, filepath, overwrite)

    def to_json(self, **options: Any) -> str:
        """The model's class and configuration as JSON, for `polyflow.models.model_from_json`."""
        return saving.to_json(self, **options)

    @classmethod
    def _says_how_it_is_made(cls) -> bool:
        """Whether a subclass has a configuration of its own."""
        return cls.get_config is not Model.get_config

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a safetensors file; a crash leaves the old file or the new one.

        A name that ends in .h5 or .keras is taken too, with a warning: the file is none that Keras reads.

        Raises:
            FileExistsError: if there is such a file and ``overwrite`` is false.
        """
        path = saving.chosen_path(filepath, overwrite)
        weight_files.write(path, self._named_weights(), {"model": self.name})

    def load_weights(self, filepath: Any) -> None:
        """Read the weights from a file that `save_weights` wrote; nothing is changed unless everything fits."""
        weight_files.load(filepath, self._named_weights())

    def _named_weights(self) -> list[Any]:
        self._need_built("its weights have no shapes")
        return weight_names(self)

    def to(self, backend: Any) -> Any:
        """Move the model to another backend: variables, optimizer and metrics; returns the model."""
        super().to(backend)
        self._moved()
        return self
