"""Matrix products: `dot` into an array, which takes half as long to begin as `matmul` and gives the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..products import BLAS


def matmul(p: Any, node: Any) -> bool:
    """A product that BLAS computes."""
    first, second = node.inputs
    if first.dtype.char not in BLAS or not node.output.shape:
        return False
    flat = len(first.shape) <= 2 and len(second.shape) <= 2
    p.call(node, np.dot if flat else np.matmul, (p.array(first), p.array(second)))
    return True


EMITTERS = {"matmul": matmul}
