"""Models in files: configuration, weights and what training needs, in one safetensors file without any code.

The file is a weight file (`weights`), whose metadata hold the configuration and what it was compiled with as JSON.
Loading makes the layers that are named there, and only looks names up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import losses, metrics, optimizers
from ..convert import short
from ..custom_objects import custom_object_scope, get_registered_name, get_registered_object
from ..errors import UnknownNameError, WeightFileError
from ..files import path_of
from ..flow import notes
from ..registry import layer_from
from . import weights as weight_files
from .weight_file import read
from .weight_names import state_names, weight_names

ENDINGS = (".keras", ".h5", ".weights.safetensors", ".safetensors")
"""How the name of a file may end. The first two are Keras's formats, whose names are taken for polyflow's own files."""


def chosen_path(filepath: Any, overwrite: bool) -> str:
    """The path to write to; warns where its ending promises a format of Keras's.

    Raises:
        WeightFileError: for another ending. FileExistsError: if there is such a file and ``overwrite`` is false.
    """
    path = path_of(filepath)
    if not path.endswith(ENDINGS):
        raise WeightFileError(
            f"a model is saved as safetensors, in a file that ends in .safetensors (.keras and .h5 are taken too); "
            f"got {path!r}. Write for example {path + '.safetensors'!r}."
        )
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path!r} exists. Use another name, or overwrite=True.")
    if not path.endswith(".safetensors"):
        notes.warn(f"{path!r} is written as a safetensors file, which polyflow reads and Keras does not.")
    return path


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a model to a file: its configuration, weights, optimizer and what it was compiled with.

    A crash leaves the old file or the new one.

    Raises:
        TypeError: for a model that cannot be made from its configuration, or with a layer that cannot, as a Lambda.
        ValueError: for one that is not built. WeightFileError, FileExistsError: for the path.
    """
    path = chosen_path(filepath, overwrite)
    model._need_built("there is nothing to save")
    config = model.get_config()
    if "layers" not in config and not type(model)._says_how_it_is_made():
        raise TypeError(
            f"{type(model).__name__} cannot be made from a configuration: define get_config and from_config, or keep "
            "its weights with save_weights."
        )
    described = {"class_name": get_registered_name(type(model)), "config": config, "input_shape": model.input_shape}
    metadata = {"model": model.name, "architecture": _json(described, path), "compiled": _json(_compiled(model), path)}
    weights = weight_names(model)
    built = model.optimizer is not None and model.optimizer.built
    weight_files.write(path, weights, metadata, optimizer=state_names(model.optimizer, weights) if built else [])


def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """The model that `save_model` wrote: its layers, weights, optimizer and what it was compiled with.

    Args:
        filepath: the file. custom_objects: classes and functions of one's own by name.
        compile: whether it is to be compiled again.

    Raises:
        WeightFileError: if the file is damaged or holds weights only. UnknownNameError: for a class that is not known.
    """
    path = path_of(filepath)
    metadata = read(path).metadata
    if "architecture" not in metadata:
        raise WeightFileError(
            f"{path!r} holds weights and no model. Make the model, and give it these with model.load_weights."
        )
    state: list[Any] = []
    described = json.loads(metadata["architecture"])
    with custom_object_scope(custom_objects), _own_named(compile):
        model = layer_from(described, custom_objects)
        if not model.built:
            model.build(tuple(described["input_shape"]))
        compiled = json.loads(metadata.get("compiled", "null"))
        if compile and compiled is not None:
            model.compile(
                optimizers.get(compiled["optimizer"]),
                _restored(compiled["loss"], losses.get),
                loss_weights=compiled["loss_weights"],
                metrics=_restored(compiled["metrics"], metrics.deserialize),
                weighted_metrics=_restored(compiled["weighted_metrics"], metrics.deserialize),
            )
            if compiled["built"]:
                model.optimizer.build(model.trainable_variables)
                state = state_names(model.optimizer, weight_names(model))
    weight_files.load(path, weight_names(model), optimizer=state)
    return model


@contextmanager
def _own_named(compile: bool) -> Iterator[None]:
    """A block whose errors about unknown names say how `load_model` is told of a user's own objects."""
    try:
        yield
    except UnknownNameError as error:
        without = " compile=False loads the model without what it was compiled with." if compile else ""
        raise UnknownNameError(
            f"{error} If it is one of your own, give load_model(path, custom_objects={{'its name': it}}).{without}"
        ) from None


def model_from_json(text: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that ``model.to_json()`` described, with fresh weights."""
    with custom_object_scope(custom_objects):
        try:
            described = json.loads(text)
        except (TypeError, ValueError):
            raise ValueError(f"model_from_json takes what model.to_json() gives; got {short(text)}.") from None
        return layer_from(described, custom_objects)


def to_json(model: Any, **options: Any) -> str:
    """A model's class and configuration as JSON; ``options`` are those of ``json.dumps``."""
    described = {"class_name": get_registered_name(type(model)), "config": model.get_config()}
    return json.dumps(described, **{"default": _number, **options})


def _number(value: Any) -> Any:
    """One number of NumPy's or a tensor's as JSON holds it."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _json(data: Any, path: str) -> str:
    try:
        return json.dumps(data, default=_number)
    except TypeError as error:
        raise TypeError(
            f"the model cannot be saved as {path!r}: its configuration holds what no file can, as the function of a "
            f"Lambda ({error}). Write a layer class in its place, or keep the weights with save_weights."
        ) from None


def _compiled(model: Any) -> Any:
    """What the model was compiled with, as data; None without, and where it has no name to be saved under."""
    if model.objective is None:
        return None
    try:
        return {
            "optimizer": optimizers.serialize(model.optimizer),
            "built": model.optimizer.built,
            "loss_weights": model.compiled_with["loss_weights"],
            "loss": _plain(model.compiled_with["loss"], losses.serialize),
            "metrics": _plain(model.compiled_with["metrics"], metrics.serialize),
            "weighted_metrics": _plain(model.compiled_with["weighted_metrics"], metrics.serialize),
        }
    except ValueError as error:
        notes.warn(f"the file does not say what the model was compiled with: {error}")
        return None


def _plain(value: Any, serialize: Any) -> Any:
    if isinstance(value, Mapping):
        return {"by name": {name: _plain(one, serialize) for name, one in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_plain(one, serialize) for one in value]
    return serialize(value)


def _restored(value: Any, get: Any) -> Any:
    if isinstance(value, list):
        return [_restored(one, get) for one in value]
    if isinstance(value, dict) and "by name" in value:
        return {name: _restored(one, get) for name, one in value["by name"].items()}
    own = isinstance(value, str) and get_registered_object(value) is not None
    return get(value) if own or isinstance(value, dict) else value
