"""Any object of Keras's kinds as plain data, and back: what a user's ``get_config`` holds of layers and losses inside.

The data is Keras's: a dict of ``module``, ``class_name``, ``config`` and ``registered_name``. Names are only looked up,
among the public ones and a user's own: no module is imported and no code run because the data says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from .. import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from ..convert import short
from ..custom_objects import custom_object_scope, get_registered_name, get_registered_object, known_names, name_of_own
from ..errors import unknown_name
from ..layers.base import Layer
from ..optimizers import schedules
from ..registry import layer_class
from ..tensor import Operators, tensor

_MODULES: dict[str, ModuleType] = {
    "keras.layers": layers,
    "keras.models": models,
    "keras.losses": losses,
    "keras.metrics": metrics,
    "keras.optimizers": optimizers,
    "keras.optimizers.schedules": schedules,
    "keras.initializers": initializers,
    "keras.regularizers": regularizers,
    "keras.constraints": constraints,
    "keras.activations": activations,
}


def serialize_keras_object(obj: Any) -> Any:
    """Plain data from which `deserialize_keras_object` makes the same object.

    Args:
        obj: an object with ``get_config``, a function with a name, an array, a number, a text, None, or lists, tuples
            and dicts of them.

    Raises:
        ValueError: for a lambda. TypeError: for anything else that cannot be made again.
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, (list, tuple)):
        found = [serialize_keras_object(one) for one in obj]
        return tuple(found) if isinstance(obj, tuple) else found
    if isinstance(obj, Mapping):
        return {name: serialize_keras_object(one) for name, one in obj.items()}
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and not obj.ndim):
        return obj.item()
    if isinstance(obj, (np.ndarray, Operators)):
        kind, host = ("__numpy__", obj) if isinstance(obj, np.ndarray) else ("__tensor__", obj.numpy())
        return {"class_name": kind, "config": {"value": host.tolist(), "dtype": host.dtype.name}}
    if isinstance(obj, slice):
        return {"class_name": "__slice__", "config": {"start": obj.start, "stop": obj.stop, "step": obj.step}}
    if hasattr(obj, "get_config"):
        return _object(obj)
    if callable(obj):
        return _function(obj)
    raise TypeError(
        f"serialize_keras_object takes objects with get_config, functions and plain data; got {short(obj)}."
    )


def _object(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    module = next((name for name, one in _MODULES.items() if getattr(one, cls.__name__, None) is cls), None)
    described = {
        "module": module or cls.__module__,
        "class_name": cls.__name__,
        "config": obj.get_config(),
        "registered_name": None if module else get_registered_name(cls),
    }
    if isinstance(obj, Layer) and obj.built and isinstance(obj.input_shape, tuple):
        described["build_config"] = {"input_shape": list(obj.input_shape)}
    return described


def _function(function: Any) -> dict[str, Any]:
    name = getattr(function, "__name__", "")
    if not name or name == "<lambda>":
        raise ValueError(f"{short(function)} has no name to be found by again: define it with def.")
    own = name_of_own(function) or get_registered_name(function)
    module = next((where for where, one in _MODULES.items() if getattr(one, name, None) is function), "builtins")
    return {"module": module, "class_name": "function", "config": name, "registered_name": own}


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object` described, polyflow's or Keras's.

    Args:
        config: the data. custom_objects: classes and functions of one's own by name, beside the registered ones.
        safe_mode: accepted as in Keras; no code that the data holds is run in either case.

    Raises:
        UnknownNameError: for a class or function that is not known. ValueError: for a lambda's code.
    """
    with custom_object_scope(custom_objects):
        return _made(config)


def _made(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)([_made(one) for one in config])
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {name: _made(one) for name, one in config.items()}
    name, inner = config["class_name"], config["config"]
    if name in ("__numpy__", "__tensor__"):
        return (np.array if name == "__numpy__" else tensor)(inner["value"], dtype=inner["dtype"])
    if name == "__slice__":
        return slice(inner["start"], inner["stop"], inner["step"])
    if name == "__lambda__":
        raise ValueError("the data holds the code of a lambda, which is not run. Define the function, and register it.")
    if name == "function":
        return _found(config.get("registered_name"), inner, config.get("module"))
    cls = _found(config.get("registered_name"), name, config.get("module"))
    make = getattr(cls, "from_config", None)
    made = make(dict(inner)) if make is not None else cls(**inner)
    shape = (config.get("build_config") or {}).get("input_shape")
    if isinstance(made, Layer) and not made.built and shape is not None:
        made.ensure_built(tuple(shape))
    return made


def _found(registered: Any, name: Any, module: Any) -> Any:
    """The class or function of a name: a user's own, else that of the module in the data, else of any public one."""
    for one in (registered, name):
        own = get_registered_object(one) if isinstance(one, str) else None
        if own is not None:
            return own
    if module in _MODULES and hasattr(_MODULES[module], name):
        return getattr(_MODULES[module], name)
    for one in _MODULES.values():
        if name in getattr(one, "__all__", ()):
            return getattr(one, name)
    if not str(name)[:1].isupper():
        raise unknown_name("function", str(name), [*activations.__all__, *known_names()])
    return layer_class(str(name))
