"""Layers found by name when a model is made from its configuration: polyflow's own and those of plugins."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from .convert import short
from .custom_objects import get_registered_name, get_registered_object, known_names
from .errors import unknown_name

_registered: dict[str, Any] = {}


def register_layer(cls: Any) -> Any:
    """Make a layer class known by its name (usable as a decorator)."""
    _registered[cls.__name__] = cls
    return cls


def layer_class(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer class of this name: a user's own, polyflow's, or an installed plugin's.

    A user's own are in ``custom_objects``, registered (`register_layer`, `polyflow.custom_objects`), or of the block
    around.

    Raises:
        UnknownNameError: if there is none; the message lists the nearest names.
    """
    from . import layers

    own = get_registered_object(name, {**_registered, **(custom_objects or {})})
    if own is not None:
        return own
    known = {one: getattr(layers, one) for one in layers.__all__ if one[0].isupper()}
    if name not in known:
        from .backend import discovery

        known |= discovery.objects()
    if name not in known:
        raise unknown_name("layer", name, [*known, *_registered, *known_names()])
    return known[name]


def layer_described(layer: Any) -> dict[str, Any]:
    """A layer's class by name and its configuration, as plain data for `layer_from`."""
    return {"class_name": get_registered_name(type(layer)), "config": layer.get_config()}


def layer_from(described: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that a dict of its ``class_name`` and its ``config`` describes."""
    whole = isinstance(described, Mapping) and "class_name" in described
    if not whole or not isinstance(described.get("config"), Mapping):
        raise ValueError(f"a layer is described by its class_name and its config; got {short(described)}.")
    cls = layer_class(described["class_name"], custom_objects)
    holds_others = "custom_objects" in inspect.signature(cls.from_config).parameters
    return cls.from_config(described["config"], **({"custom_objects": custom_objects} if holds_others else {}))
