"""Devices under TensorFlow's names, as in ``tf.config.list_physical_devices("GPU")`` and ``tf.device``; settings."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .backend import selection
from .errors import ArgumentError, unknown_device
from .flow.function import functions_run_eagerly, run_functions_eagerly
from .missing import missing

__all__ = [
    "LogicalDevice",
    "PhysicalDevice",
    "device",
    "functions_run_eagerly",
    "list_logical_devices",
    "list_physical_devices",
    "run_functions_eagerly",
]

KINDS = {"cuda": "GPU", "rocm": "GPU", "metal": "GPU"}
"""What TensorFlow calls the kinds of devices that libraries call otherwise."""


class PhysicalDevice(NamedTuple):
    """A device of the selected backend, as TensorFlow names it."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """The same, as programs see it."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of the selected backend, or those of one type: "CPU", "GPU", "TPU"."""
    return [PhysicalDevice(f"/physical_device:{kind}:{n}", kind) for kind, n, _ in _devices(device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The same under the names that `device` takes."""
    return [LogicalDevice(f"/device:{kind}:{n}", kind) for kind, n, _ in _devices(device_type)]


def device(device_name: str) -> selection.use_backend:
    """A ``with`` block that runs on a device of the selected backend: ``"/GPU:0"``, ``"CPU"``, ``"/device:GPU:1"``.

    It is `use_backend` with the backend that is selected now. Tensors of two devices do not mix; move them with ``to``.

    Raises:
        UnknownDeviceError: if the backend has no such device; the message lists those it has.
    """
    backend = selection.current()
    if not isinstance(device_name, str):
        raise unknown_device(backend.name, device_name, backend.devices())
    asked = re.fullmatch(r"(?:.*/)?(?:device:)?([A-Za-z]+)(?::(\d+))?", device_name)
    for kind, n, name in _devices():
        if asked is not None and (kind, n) == (asked[1].upper(), int(asked[2] or 0)):
            return selection.use_backend(f"{backend.name}:{name}")
    raise unknown_device(backend.name, device_name, backend.devices())


def _devices(device_type: str | None = None) -> list[tuple[str, int, str]]:
    """The type, the number and the own name of each device."""
    if device_type is not None and not isinstance(device_type, str):
        raise ArgumentError(f"a type of devices is a name, such as 'GPU', or None for all; got {device_type!r}.")
    found = []
    for name in selection.current().devices():
        kind, _, number = name.partition(":")
        found.append((KINDS.get(kind.lower(), kind.upper()), int(number or 0), name))
    return [one for one in found if device_type is None or one[0] == device_type.upper()]


def __getattr__(name: str) -> Any:
    if name == "experimental":
        from . import device_settings

        return device_settings
    raise missing(__name__, name, __all__)
