"""Which checkpoints a folder holds, in the order in which they were saved: a small JSON file beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from ..errors import WeightFileError
from ..files import write_atomically

FILE = "checkpoint.json"


def known(folder: str) -> list[str]:
    """The paths of a folder's checkpoints whose files are still there, the latest last.

    Raises:
        WeightFileError: if the list is damaged.
    """
    path = os.path.join(folder, FILE)
    if not os.path.exists(path):
        return []
    try:
        with open(path, encoding="utf-8") as file:
            names = json.load(file)["checkpoints"]
        paths = [os.path.join(folder, name) for name in names]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightFileError(
            f"{path!r} is damaged: it does not list checkpoints. Remove it, and restore a checkpoint by its name."
        ) from error
    return [one for one in paths if os.path.exists(f"{one}.safetensors")]


def remember(folder: str, change: Callable[[list[str]], list[str]]) -> list[str]:
    """Change a folder's list; returns the new one."""
    paths = change(known(folder))
    content = json.dumps({"checkpoints": [os.path.basename(one) for one in paths]}, indent=1)
    write_atomically(os.path.join(folder or ".", FILE), content.encode())
    return paths
