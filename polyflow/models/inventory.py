"""Inventory: what a model holds at one moment, found by going through its layers once."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..backend import selection
from ..layers.base import STATES, Layer, states_of
from ..layers.tracking import Look, deep
from ..metrics import Metric
from ..variable import Variable


class Inventory:
    """The layers and variables of a model, for as long as it ``holds`` them.

    Attributes:
        layers: the model and the layers inside it at any depth. variables: those that they hold, each once.
        metrics: those that they hold, each once; those of models inside are these models' own affair.
    """

    __slots__ = ("_look", "layers", "metrics", "variables")

    def __init__(self, model: Any) -> None:
        self._look = Look()
        self.layers: list[Layer] = []
        found: dict[int, Variable] = {}
        metrics: dict[int, Metric] = {}
        for layer, own in deep(model, Layer, (*STATES, Metric), self._look):
            self.layers.append(layer)
            held = list(own)
            if layer is model or not hasattr(layer, "train_step"):
                metrics.update((id(one), one) for one in held if isinstance(one, Metric))
            states = states_of(one for one in held if not isinstance(one, Metric))
            found.update((id(variable), variable) for variable in states)
        self.variables = list(found.values())
        self.metrics = list(metrics.values())

    def holds(self) -> bool:
        """Whether the model holds the same layers, variables and metrics still."""
        return self._look.holds()

    @property
    def trainable(self) -> list[Variable]:
        """The variables that an optimizer changes."""
        return [variable for variable in self.variables if variable.trainable]

    @property
    def backend(self) -> Any:
        """Where the variables lie; the current backend for a model without any."""
        return self.variables[0].backend if self.variables else selection.current()

    @property
    def dtype(self) -> Any:
        """The dtype that floating data is given in: the widest of the layers', so that none of them loses digits."""
        found = {layer.dtype for layer in self.layers}
        found.add(dt.DEFAULT_FLOAT)
        return dt.result_type(*found) if len(found) > 1 else dt.DEFAULT_FLOAT

    @property
    def signature(self) -> Any:
        """What a compiled program was made for, and would not see a change of."""
        return [
            *map(id, self.variables),
            *[variable.trainable for variable in self.variables],
            *[layer.trainable for layer in self.layers],
        ]
