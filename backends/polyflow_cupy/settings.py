"""What the environment says about how graphs run on CuPy."""

from __future__ import annotations

import os

from polyflow.errors import ConfigError, unknown_sentence

PLAN = "POLYFLOW_CUPY_PLAN"
"""How graphs run: as plans, ``fused``, which is the default; plans with CUDA graphs, ``captured``; or ``none``."""

CHOICES = ("none", "fused", "captured")


def planned() -> bool:
    """Whether graphs become plans; with ``none`` they run op by op, each in a kernel of its own.

    Raises:
        ConfigError: the variable holds another word; the message lists those that are known.
    """
    return _word() != "none"


def captured() -> bool:
    """Whether stretches of plans become CUDA graphs, which has not been verified on a GPU."""
    return _word() == "captured"


def _word() -> str:
    word = os.environ.get(PLAN, "").strip() or "fused"
    if word not in CHOICES:
        raise ConfigError(f"{PLAN}={word!r}: {unknown_sentence('way to run graphs', word, CHOICES)}")
    return word
