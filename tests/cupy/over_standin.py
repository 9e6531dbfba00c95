"""The CuPy backend over the stand-in, for `polyflow conformance tests/cupy/over_standin.py:Standin`.

The stand-in is not CuPy: see its docstring. Nothing that runs here has seen a GPU.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from standin import make

from polyflow_cupy.backend import CuPyBackend


def over(standin: Any) -> type[CuPyBackend]:
    """The class of the backend over a stand-in, under a name that no real backend has."""

    class Standin(CuPyBackend):
        name = "cupy_standin"

        def __init__(self, device: str | None = None) -> None:
            super().__init__(device, standin)

    return Standin


Standin = over(make("14.2.0"))
