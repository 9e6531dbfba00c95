"""Model: a layer that can be compiled, fitted, evaluated and saved."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..errors import unknown_name
from ..flow.graph import Graph
from ..layers.base import Layer
from ..missing import WEIGHTS, Instead
from . import weights as weight_files
from .graphs import graph_of
from .summary import summary
from .trainer import Trainer


class Model(Trainer, Layer):
    """A layer with a trainer. Subclass it, make layers in the constructor, use them in ``call``; or use Sequential."""

    def __init__(
        self, *inputs: Any, name: str | None = None, trainable: bool = True, dtype: Any = None, **options: Any
    ) -> None:
        if inputs or "inputs" in options:
            raise TypeError(
                "Model takes no inputs and outputs: put layers one after the other with Sequential([...]), or "
                "subclass Model and use them in call(self, inputs)."
            )
        Layer.__init__(self, name=name, trainable=trainable, dtype=dtype, **options)
        Trainer.__init__(self)

    save, export, to_json = Instead(WEIGHTS), Instead(WEIGHTS), Instead(WEIGHTS)
    add_loss, add_metric = Instead("override compute_loss"), Instead("compile with metrics=[…]")

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of this shape, batch first, by going through ``call`` without data."""
        self.output_shape = self.compute_output_shape(tuple(input_shape))

    def ensure_built(self, input_shape: Any) -> None:
        """Remember the input's shape; the layers inside are built as they are called."""
        if not self.built:
            self._finish(input_shape)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in order."""
        return self._inner()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises:
            ValueError: if there is none; the message lists the layers.
        """
        names = [layer.name for layer in self.layers]
        if name is not None and name in names:
            return self.layers[names.index(name)]
        if name is None and index is not None and -len(names) <= index < len(names):
            return self.layers[index]
        if name is not None:
            raise unknown_name(f"layer of {self.name!r}", name, names)
        raise ValueError(f"{self.name!r} has {len(names)} layers; got index {index!r}.")

    def summary(self, print_fn: Callable[[str], Any] | None = None, line_length: int | None = None) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters."""
        (print_fn or print)(summary(self, line_length))

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

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a safetensors file; a crash leaves the old file or the new one.

        Raises:
            FileExistsError: if there is such a file and ``overwrite`` is false.
        """
        if not overwrite and os.path.exists(filepath):
            raise FileExistsError(f"{os.fspath(filepath)!r} exists. Use another name, or overwrite=True.")
        weight_files.save(filepath, self._named_weights(), {"model": self.name})

    def load_weights(self, filepath: Any) -> None:
        """Read the weights from a file that `save_weights` wrote; nothing is changed unless everything fits."""
        weight_files.load(filepath, self._named_weights())

    def _named_weights(self) -> list[Any]:
        self._need_built("its weights have no shapes")
        return self.weights

    def to(self, backend: Any) -> Any:
        """Move the model to another backend: variables, optimizer and metrics; returns the model."""
        super().to(backend)
        self._moved()
        return self
