"""Which of JAX's devices a name stands for."""

from __future__ import annotations

from typing import Any

import jax

from polyflow.errors import BackendUnavailableError, UnknownDeviceError, unknown_device

ALIASES = {"cuda": "gpu", "rocm": "gpu"}
"""Other words for a platform than JAX's own."""


def listed() -> dict[str, Any]:
    """Every device of this process by name, ``platform:number``; those of JAX's default platform come first.

    Raises:
        BackendUnavailableError: JAX cannot start the platform that its settings ask for.
    """
    try:
        found = list(jax.local_devices())
    except RuntimeError as error:
        raise BackendUnavailableError(f"JAX has no device here: {_first_line(error)}") from error
    if found[0].platform != "cpu":
        try:
            found += jax.local_devices(backend="cpu")
        except RuntimeError:  # JAX_PLATFORMS leaves the CPU out
            pass
    counts: dict[str, int] = {}
    names = {}
    for device in found:
        number = counts.get(device.platform, 0)
        counts[device.platform] = number + 1
        names[f"{device.platform}:{number}"] = device
    return names


def find(name: str | None) -> tuple[str, Any]:
    """The canonical name of a device, and JAX's object for it.

    Args:
        name: ``"cpu"``, ``"cpu:0"``, ``"gpu:1"``, ``"cuda:1"``, ``"1"`` (of the default platform), None (the default).

    Raises:
        UnknownDeviceError: there is no such device; the message says which there are.
    """
    names = listed()
    first = next(iter(names))
    if name is None:
        return first, names[first]
    word, _, number = name.strip().lower().partition(":")
    if word.isdecimal() and not number:
        word, number = first.partition(":")[0], word
    wanted = f"{ALIASES.get(word, word)}:{number or 0}"
    if wanted not in names:
        raise unknown(name, names)
    return wanted, names[wanted]


def unknown(name: object, names: dict[str, Any]) -> UnknownDeviceError:
    """Make the error for a device that JAX does not have."""
    return unknown_device("jax", name, names)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
