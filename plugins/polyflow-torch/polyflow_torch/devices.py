"""Which of PyTorch's devices a name stands for."""

from __future__ import annotations

import torch

from polyflow.errors import unknown_device

CPU = "cpu:0"


def listed() -> tuple[str, ...]:
    """Every device by name, GPUs first."""
    return (*(f"cuda:{i}" for i in range(torch.cuda.device_count())), CPU)


def find(name: str | None) -> tuple[str, torch.device]:
    """The canonical name of a device, and PyTorch's object for it.

    Args:
        name: ``"cpu"``, ``"cpu:0"``, ``"cuda"`` (PyTorch's current GPU), ``"cuda:1"`` or ``"gpu:1"``, ``"1"`` (of the
            GPUs if there are any), None (the current GPU, or the CPU where there is none).

    Raises:
        UnknownDeviceError: there is no such device; the message says which there are.
    """
    names = listed()
    default = f"cuda:{torch.cuda.current_device()}" if len(names) > 1 else CPU
    word, _, number = (name or default).strip().lower().partition(":")
    if word.isdecimal() and not number:
        word, number = default.partition(":")[0], word
    word = "cuda" if word == "gpu" else word
    if not number:
        number = default.partition(":")[2] if default.startswith(word) else "0"
    canonical = f"{word}:{number}"
    if canonical not in names:
        raise unknown_device("torch", name, names)
    return canonical, torch.device("cpu" if canonical == CPU else canonical)


def name_of(device: torch.device) -> str:
    """The canonical name of a tensor's device."""
    return f"{device.type}:{device.index or 0}"
