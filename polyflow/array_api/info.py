"""What the namespace of a backend can do, in the standard's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..ops import call
from .creation import Creation

LISTED = tuple(dtype for dtype in dt.ALL if dtype not in (dt.float16, dt.bfloat16))
"""The standard's own dtypes."""


class Info:
    """The inspection functions, for one backend (None: the current one)."""

    def __init__(self, backend: Any = None) -> None:
        self._makes = Creation(backend)

    def capabilities(self) -> dict[str, Any]:
        """Whether masks index and results may have shapes that depend on values: but for traced functions, they do."""
        top = call.interpreter.get()
        known = top is None or top.backend is None
        return {"boolean indexing": known, "data-dependent shapes": known, "max dimensions": 64}

    def default_device(self) -> str:
        """The device that new arrays go to."""
        return self._makes.on(None).device

    def default_dtypes(self, *, device: str | None = None) -> dict[str, np.dtype]:
        """The dtypes of arrays for which none is given."""
        self._makes.on(device)
        return {
            "real floating": dt.DEFAULT_FLOAT,
            "complex floating": dt.DEFAULT_COMPLEX,
            "integral": dt.DEFAULT_INT,
            "indexing": dt.int64,
        }

    def dtypes(self, *, device: str | None = None, kind: Any = None) -> dict[str, np.dtype]:
        """The standard's dtypes that the backend holds, by name: all, or those of a kind or of several."""
        held = self._makes.on(device).capabilities.dtypes
        return {dtype.name: dtype for dtype in LISTED if dtype in held and (kind is None or dt.isdtype(dtype, kind))}

    def devices(self) -> tuple[str, ...]:
        """The devices of the backend's library."""
        return tuple(self._makes.on(None).devices())
