"""Models: layers that are trained together."""

from __future__ import annotations

from typing import Any

from ..missing import answer
from .model import Model
from .saving import load_model, model_from_json, save_model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def clone_model(model: Any) -> Any:
    """A model of the same layers with fresh weights.

    Raises:
        TypeError: for a model that cannot be made from its configuration.
    """
    if not isinstance(model, Model) or "layers" not in model.get_config():
        raise TypeError(
            f"clone_model takes a Sequential or a Model(inputs, outputs); got {type(model).__name__}. "
            "Call its class again instead."
        )
    return type(model).from_config(model.get_config())


answer(__name__)
