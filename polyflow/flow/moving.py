"""Moving between backends, as tapes record it: a cotangent moves back."""

from __future__ import annotations

from typing import Any

from ..ops.declare import Op
from ..ops.rules import elementwise


def _to(x: Any, /, backend: Any) -> Any:
    return x


MOVE = Op(_to, elementwise("any"))
"""``x.to(backend)``. It is in no graph and has no kernels: a graph runs on one backend."""

MOVE.rules = (lambda g, y, x, *, backend: g.to(x.backend),)
