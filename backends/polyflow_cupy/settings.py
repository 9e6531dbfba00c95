"""What the environment says about how graphs run on CuPy."""

from __future__ import annotations

import os

from polyflow.errors import ConfigError, unknown_sentence

PLAN = "POLYFLOW_CUPY_PLAN"
"""How graphs run: ``fused``, which is the default, or ``none``: op by op, each in a kernel of its own."""

CHOICES = ("none", "fused")


def planned() -> bool:
    """Whether graphs become plans.

    Raises:
        ConfigError: the variable holds another word; the message lists those that are known.
    """
    word = os.environ.get(PLAN, "").strip() or "fused"
    if word not in CHOICES:
        raise ConfigError(f"{PLAN}={word!r}: {unknown_sentence('way to run graphs', word, CHOICES)}")
    return word != "none"
