"""Threads of BLAS: one for programs whose products are small.

BLAS shares a product of a quarter of a million multiplications among all processors, and a sum by a product of ten
thousand. On two idle processors that saves a few microseconds of such a product, ten of one of a million. But where a
processor has something else to do, the other threads wait for it, spinning, at every product, and a small network may
train ten times as slowly as with one thread. So small products are not shared, and large ones are.
That depends on the graph alone, not on how busy the machine is: the number of threads decides a product's last bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from polyflow.flow.passes.lives import nbytes

LEAST = 1 << 13
"""Products of fewer multiplications, matrices with vectors, are computed by one thread anyway."""

LEAST_OF_MATRICES = 1 << 18
"""And so are products of matrices with fewer."""

MOST = 1 << 20
"""Products of more multiplications, some thirty microseconds' work of one thread, are shared."""

VARIABLE = "KMP_DUPLICATE_LIB_OK"
"""A variable of the process that threadpoolctl sets when it is imported, which is the user's own to set."""


def small(graphs: Iterable[Any], least: int = LEAST) -> bool:
    """Whether no product of these graphs is worth sharing, and BLAS might share one, of ``least`` multiplications."""
    most = max((_multiplications(node) for graph in graphs for node in graph.nodes), default=0)
    return least <= most <= MOST


def _multiplications(node: Any) -> int:
    """How many multiplications BLAS makes for a node."""
    if node.op.name == "matmul":
        first = node.inputs[0]
        return (nbytes(node.output) // node.output.dtype.itemsize) * first.shape[-1]
    if node.op.name == "sum":  # by products with ones
        return nbytes(node.inputs[0]) // node.inputs[0].dtype.itemsize
    return 0


@cache
def _blas() -> Any:
    """What limits the threads of the libraries of BLAS that are loaded."""
    known = VARIABLE in os.environ
    from threadpoolctl import ThreadpoolController

    if not known:
        os.environ.pop(VARIABLE, None)
    return ThreadpoolController().select(user_api="blas")


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose products one thread computes; ten microseconds more."""

    def call(*args: Any) -> Any:
        with _blas().limit(limits=1):
            return function(*args)

    return call
