"""Layers found by name when a model is made from its configuration: polyflow's own and those of plugins."""

from __future__ import annotations

from typing import Any

from .errors import unknown_name

_registered: dict[str, Any] = {}


def register_layer(cls: Any) -> Any:
    """Make a layer class known by its name (usable as a decorator)."""
    _registered[cls.__name__] = cls
    return cls


def layer_class(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer class of this name: from ``custom_objects``, registered ones, polyflow's own, or an installed plugin's.

    Raises:
        UnknownNameError: if there is none; the message lists the nearest names.
    """
    from . import layers

    known = {one: getattr(layers, one) for one in layers.__all__} | _registered | (custom_objects or {})
    if name not in known:
        from .backend import discovery

        known |= discovery.objects()
    if name not in known:
        raise unknown_name("layer", name, known)
    return known[name]
