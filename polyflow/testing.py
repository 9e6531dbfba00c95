"""Write down what a program computes, so that ``polyflow compare`` can hold one backend's values against another's.

In an ordinary run both functions do nothing and cost nothing worth measuring.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["observe", "record"]

VARIABLE = "POLYFLOW_RECORD"
"""The environment variable by which ``polyflow compare`` names the file to write."""


def record(name: str, value: Any) -> None:
    """Write down ``value`` under ``name`` when the program runs under ``polyflow compare``; do nothing otherwise.

    The value is copied to the host at once. A name used again makes a sequence, compared value by value.

    Args:
        name: what the value is called in the comparison.
        value: a tensor, array, number, text or None, or lists, tuples, dicts and dataclasses of these, nested at will;
            what ``fit`` returns counts as its dict of lists.

    Raises:
        TypeError: the value holds something that cannot be compared, or ``name`` is not text.
    """
    if VARIABLE in os.environ:
        from ._cli.recording import recorder

        recorder().add("record", name, value)


def observe(kind: str, value: Mapping[str, Any] | Any) -> None:
    """Write down what the library itself saw, compared where a program records nothing; called by the trainer.

    Args:
        kind: ``"fit"`` or ``"evaluate"``.
        value: the history, a dict of lists, or the result of ``evaluate``.
    """
    if VARIABLE in os.environ:
        from ._cli.recording import recorder

        recorder().add("observe", kind, value)
