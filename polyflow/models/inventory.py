"""Inventory: what a model holds at one moment, found by going through its layers once."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..backend import selection
from ..layers.base import Layer
from ..layers.tracking import Look
from ..variable import Variable


class Inventory:
    """The layers and variables of a model, for as long as it ``holds`` them.

    Attributes:
        layers: the model and the layers inside it at any depth. variables: those that they hold, each once.
    """

    __slots__ = ("_look", "layers", "variables")

    def __init__(self, model: Any) -> None:
        self._look = Look()
        self.layers: list[Layer] = []
        found: dict[int, Variable] = {}
        for layer, own in model._deep(self._look):
            self.layers.append(layer)
            found.update((id(variable), variable) for variable in own)
        self.variables = list(found.values())

    def holds(self) -> bool:
        """Whether the model holds the same layers and variables still."""
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
