"""Names that older programs look for under ``tf.config.experimental``."""

from __future__ import annotations

from typing import Any

from . import config
from .errors import ArgumentError
from .missing import answer

__all__ = ["list_logical_devices", "list_physical_devices", "set_memory_growth"]


def list_physical_devices(device_type: str | None = None) -> list[config.PhysicalDevice]:
    """What ``tf.config.list_physical_devices`` gives."""
    return config.list_physical_devices(device_type)


def list_logical_devices(device_type: str | None = None) -> list[config.LogicalDevice]:
    """What ``tf.config.list_logical_devices`` gives."""
    return config.list_logical_devices(device_type)


def set_memory_growth(device: Any, enable: bool) -> None:
    """Accepted as in TensorFlow, and nothing more: each backend's library takes memory in its own way.

    Raises:
        ArgumentError: for what is no device of `list_physical_devices`.
    """
    if not isinstance(device, config.PhysicalDevice):
        raise ArgumentError(f"set_memory_growth takes one of list_physical_devices('GPU'); got {device!r}.")


answer(__name__)
