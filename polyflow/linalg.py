"""Linear algebra under the names of ``tf.linalg``."""

from typing import Any

from . import diagonal, einsum, eye, matmul, matrix_transpose, norm, outer, tensordot, trace, tril, triu, vecdot
from .errors import ShapeError
from .math import l2_normalize
from .missing import answer
from .names import global_norm
from .ops import elementwise, indexing, matrices
from .ops import factorizations as parts
from .ops.creation import eye as identity
from .ops.factorizations import cholesky, eigvalsh
from .ops.matrices import cross, det, inv, matrix_rank, pinv, slogdet
from .tensor import Tensor, asarray

diag_part = diagonal


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Tensor:
    """The matrix times a vector, over the last axes."""
    matrix = asarray(a)
    matrix = matrix_transpose(matrix) if transpose_a else matrix
    return indexing.getitem(matmul(matrix, indexing.getitem(asarray(b), (..., None))), (..., 0))


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """Square matrices with these diagonals, the last axis of ``diagonal``, and 0 elsewhere."""
    values = asarray(diagonal)
    if not values.shape:
        raise ShapeError("diag takes a vector, or several; got a tensor without axes.")
    hot = elementwise.equal(identity(values.shape[-1], backend=values.backend), 1)
    return elementwise.where(hot, indexing.getitem(values, (..., None)), 0)


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Tensor:
    """The matrix with 0 outside a band of so many diagonals below and above the main one; -1 keeps all of a side."""
    matrix = asarray(input)
    kept = matrix if num_upper < 0 else tril(matrix, k=num_upper)
    return kept if num_lower < 0 else triu(kept, k=-num_lower)


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """``x`` with ``matrix @ x = rhs``, where ``rhs`` holds columns."""
    a = asarray(matrix)
    return matrices.solve(parts.adjoint(a) if adjoint else a, asarray(rhs))


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, in rising order, and eigenvectors, in columns, of Hermitian matrices."""
    return tuple(parts.eigh(asarray(tensor)))


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """``q`` and ``r`` with ``q @ r = input``, ``q`` orthonormal and ``r`` upper triangular."""
    return tuple(parts.qr(asarray(input), mode="complete" if full_matrices else "reduced"))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values ``s``, ``u`` and ``v`` with ``tensor = u @ diag(s) @ adjoint(v)``; ``s`` alone if asked."""
    x = asarray(tensor)
    if not compute_uv:
        return parts.svdvals(x)
    found = parts.svd(x, full_matrices=full_matrices)
    return found.S, found.U, parts.adjoint(found.Vh)


__all__ = [
    "band_part",
    "cholesky",
    "cross",
    "det",
    "diag",
    "diag_part",
    "diagonal",
    "eigh",
    "eigvalsh",
    "einsum",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "tensordot",
    "trace",
    "vecdot",
]

answer(__name__)
