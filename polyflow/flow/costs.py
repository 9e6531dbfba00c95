"""What a node costs: floating-point operations and bytes moved.

Operations are counted as XLA's cost analysis does (`xla/service/hlo_cost_analysis.cc`): an elementwise op is one for
each element of its result, an exponential as much as an addition; a reduction is one for each element that it takes in
after the first; a product of matrices (m, k) and (k, n) is 2mnk. Factorizations have the leading terms of Golub and Van
Loan, *Matrix Computations*, 4th edition (solve §3.2, cholesky §4.2, qr §5.2, eigh and svd with vectors §8.3 and §8.6),
transforms the 5 n log2 n of the radix-2 algorithm by which FFTW's authors measure. An addition of complex numbers is 2,
another op of theirs 6. Integers and booleans count nothing, nor does what only moves elements.

Bytes are those of all arguments that an op reads and of the result that it writes; a view moves none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .. import dtypes as dt
from ..ops.several import PACKED
from .graph import Node
from .passes.lives import VIEWS, nbytes

_MOVING = frozenset(
    """
    astype broadcast_to concat flip full getitem identity imag index_set pad part permute_dims positive real reshape
    stop_gradient
    """.split()  # noqa: SIM905
)

_STEPS = {"softmax": 5, "log_softmax": 5, "logsumexp": 4, "sigmoid": 4, "softplus": 4, "clip": 2, "clamp": 2, "mean": 1}
"""Ops of several steps over their argument's elements."""


def flops(node: Node) -> int:
    """How many floating-point operations a node takes."""
    arguments = [value for value in node.inputs if value.dtype is not PACKED and -1 not in value.shape]
    inexact = [value for value in arguments if value.dtype in dt.INEXACT]
    name = node.op.name
    if node.op.graphs:
        return _of_graphs(node)
    if not inexact or name in _MOVING:
        return 0
    factor = 1
    if inexact[0].dtype in dt.COMPLEX:
        factor = 2 if name in ("add", "subtract", "sum") else 6
    if name == "matmul":
        depth = node.inputs[0].shape[-1]
        return (2 if factor == 1 else 8) * depth * math.prod(node.output.shape)
    rule = _MATRICES.get(name)
    if rule is not None:
        *stack, rows, columns = (1, *node.inputs[0].shape)[-max(3, len(node.inputs[0].shape)) :]
        return (1 if factor == 1 else 4) * round(math.prod(stack) * rule(rows, columns, node))
    if name in ("fft", "ifft", "rfft", "irfft"):
        count = max(math.prod(node.inputs[0].shape), math.prod(node.output.shape))
        axis = node.inputs[0].shape[node.attrs["axis"]]
        return round((5 if name in ("fft", "ifft") else 2.5) * count * math.log2(max(axis, 2)))
    size = max(math.prod(value.shape) for value in inexact)
    if name in ("sort", "argsort", "searchsorted"):
        return round(size * math.log2(max(size, 2)))
    if node.op.rule.family == "elementwise" or name == "where":
        return factor * _STEPS.get(name, 1) * math.prod(node.output.shape)
    if node.op.rule.family == "reduction" and name not in _STEPS:
        return factor * (size - math.prod(node.output.shape))
    return factor * _STEPS.get(name, 1) * size


def _of_graphs(node: Node) -> int:
    """The most that a choice takes, one turn of each graph of a loop, and all turns where they are counted."""
    if node.op.name == "custom_gradient":  # its graph is for the way back
        return 0
    inner = [sum(flops(one) for one in node.attrs[name].nodes) for name in node.op.graphs]
    turns = node.attrs.get("length")
    return max(inner, default=0) if node.op.name == "cond" else sum(inner) * (turns if isinstance(turns, int) else 1)


def moved(node: Node) -> int:
    """How many bytes a node reads and writes."""
    sized = [value for value in (*node.inputs, node.output) if value.dtype is not PACKED]
    if node.op.name in VIEWS or any(-1 in value.shape for value in sized):
        return 0
    return nbytes(node.output) + sum(nbytes(value) for value in dict.fromkeys(node.inputs) if value.scalar is None)


def _solve(n: int, _: int, node: Node) -> float:
    shape = node.inputs[1].shape
    return 2 / 3 * n**3 + 2 * n**2 * (shape[-1] if len(shape) > 1 else 1)


_MATRICES: dict[str, Callable[[int, int, Node], float]] = {
    "cholesky": lambda n, _, node: n**3 / 3,
    "det": lambda n, _, node: 2 / 3 * n**3,
    "slogdet": lambda n, _, node: 2 / 3 * n**3,
    "inv": lambda n, _, node: 2 * n**3,
    "solve": _solve,
    "qr": lambda m, n, node: 2 * (2 * m * n**2 - 2 / 3 * n**3) if m >= n else 2 * (2 * n * m**2 - 2 / 3 * m**3),
    "eigh": lambda n, _, node: 9 * n**3,
    "eigvalsh": lambda n, _, node: 4 / 3 * n**3,
    "eig": lambda n, _, node: 25 * n**3,
    "eigvals": lambda n, _, node: 10 * n**3,
    "svd": lambda m, n, node: 4 * max(m, n) * min(m, n) ** 2 + 22 * min(m, n) ** 3,
    "svdvals": lambda m, n, node: 4 * max(m, n) * min(m, n) ** 2 - 4 / 3 * min(m, n) ** 3,
    "pinv": lambda m, n, node: 6 * max(m, n) * min(m, n) ** 2 + 22 * min(m, n) ** 3,
}
"""Of the rows and columns of a matrix."""
