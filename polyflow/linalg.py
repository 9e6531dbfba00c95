"""Linear algebra under the names of ``tf.linalg``."""

import math
from typing import Any

from . import diagonal, einsum, eye, matmul, matrix_transpose, norm, outer, tensordot, trace, tril, triu, vecdot
from .composed.lu import lu, lu_matrix_inverse, lu_reconstruct, lu_solve
from .composed.matrix_functions import expm, logm, sqrtm
from .composed.names import global_norm
from .convert import integer
from .errors import ShapeError
from .math import l2_normalize
from .missing import answer
from .ops import elementwise, indexing, matrices, reduction
from .ops import factorizations as parts
from .ops.creation import eye as identity
from .ops.creation import zeros
from .ops.factorizations import cholesky, eigvalsh
from .ops.matrices import cross, det, inv, matrix_rank, pinv, slogdet
from .ops.shape import pad
from .tensor import Tensor, asarray


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The conjugate transpose of matrices in the last two axes."""
    return parts.adjoint(asarray(matrix))


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Tensor:
    """The matrix times a vector, over the last axes."""
    matrix = asarray(a)
    matrix = matrix_transpose(matrix) if transpose_a else matrix
    return indexing.getitem(matmul(matrix, indexing.getitem(asarray(b), (..., None))), (..., 0))


def diag(diagonal: Any, name: str | None = None, k: int = 0) -> Tensor:
    """Square matrices with these ``k``-th diagonals, the last axis of ``diagonal``, and 0 elsewhere."""
    values = asarray(diagonal)
    if not values.shape:
        raise ShapeError("diag takes a vector, or several; got a tensor without axes.")
    size = values.shape[-1] + abs(integer("diag", "k", k))
    return set_diag(zeros((*values.shape[:-1], size, size), values.dtype, backend=values.backend), values, k=k)


def diag_part(input: Any, name: str | None = None, k: int = 0) -> Tensor:
    """The ``k``-th diagonals of the matrices in the last two axes."""
    return diagonal(asarray(input), offset=integer("diag_part", "k", k))


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Tensor:
    """The matrix with 0 outside a band of so many diagonals below and above the main one; -1 keeps all of a side."""
    matrix = asarray(input)
    kept = matrix if num_upper < 0 else tril(matrix, k=num_upper)
    return kept if num_lower < 0 else triu(kept, k=-num_lower)


def set_diag(input: Any, diagonal: Any, name: str | None = None, k: int = 0) -> Tensor:
    """The matrices with other numbers on the ``k``-th diagonal: above the main one, or below it where negative."""
    matrix = asarray(input)
    if len(matrix.shape) < 2:
        raise ShapeError(f"set_diag needs matrices, of 2 axes or more; got shape {matrix.shape}.")
    rows, columns = matrix.shape[-2:]
    hot = elementwise.equal(identity(rows, columns, k=integer("set_diag", "k", k), backend=matrix.backend), 1)
    values = asarray(diagonal, backend=matrix.backend)
    wanted = (*matrix.shape[:-2], max(min(rows + min(k, 0), columns - max(k, 0)), 0))
    if tuple(values.shape) not in (wanted, wanted[-1:]):
        raise ShapeError(
            f"set_diag needs a diagonal of shape {wanted} for matrices of shape {matrix.shape}; "
            f"got shape {values.shape}."
        )
    size, key = (rows, (..., slice(None), None)) if k >= 0 else (columns, (..., None, slice(None)))
    padded = pad(values, [(0, 0)] * (len(values.shape) - 1) + [(0, size - values.shape[-1])])
    return elementwise.where(hot, indexing.getitem(padded, key), matrix)


def tensor_diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A tensor of twice the axes, with ``diagonal`` where both halves of an index are equal, and 0 elsewhere."""
    values = asarray(diagonal)
    return diag(values.ravel()).reshape((*values.shape, *values.shape))


def tensor_diag_part(input: Any, name: str | None = None) -> Tensor:
    """The elements where both halves of an index are equal.

    Raises:
        ShapeError: unless the first half of the axes has the sizes of the second.
    """
    x = asarray(input)
    half = x.shape[: len(x.shape) // 2]
    if not half or x.shape != (*half, *half):
        raise ShapeError(f"tensor_diag_part needs a shape of two equal halves; got {x.shape}.")
    count = math.prod(half)
    return diagonal(x.reshape((count, count))).reshape(half)


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of Hermitian positive definite matrices."""
    factor = diagonal(cholesky(asarray(matrix)))
    return 2.0 * reduction.sum(elementwise.log(elementwise.real(factor)), -1)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None) -> Tensor:
    """``x`` with the least ``|matrix @ x - rhs|² + l2_regularizer |x|²``, columns by columns.

    With fewer rows than columns, and without a regularizer, the shortest of the many.
    """
    a, b = asarray(matrix), asarray(rhs)
    if l2_regularizer:
        small = identity(a.shape[-1], dtype=a.dtype, backend=a.backend) * l2_regularizer
        return matrices.solve(matmul(parts.adjoint(a), a) + small, matmul(parts.adjoint(a), b))
    return matmul(pinv(a), b)


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """``x`` with ``triangle @ x = rhs``, where only one triangle of ``matrix`` is read."""
    a = asarray(matrix)
    return solve(tril(a) if lower else triu(a), rhs, adjoint)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """``x`` with ``matrix @ x = rhs``, where ``chol`` is the matrix's Cholesky factor."""
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Tensor, Tensor]:
    """``tensor`` divided by its norm along ``axis``, and the norm, whose axes stay."""
    length = norm(tensor, ord, axis, True)
    return asarray(tensor) / length, length


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """``x`` with ``matrix @ x = rhs``, where ``rhs`` holds columns."""
    a = asarray(matrix)
    return matrices.solve(parts.adjoint(a) if adjoint else a, asarray(rhs))


def eig(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, in no order, and eigenvectors of length 1, in columns, of square matrices: complex numbers."""
    return tuple(parts.eig(asarray(tensor)))


def eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues, in no order, of square matrices: complex numbers."""
    return parts.eigvals(asarray(tensor))


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
    "adjoint",
    "band_part",
    "cholesky",
    "cholesky_solve",
    "cross",
    "det",
    "diag",
    "diag_part",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "einsum",
    "expm",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "logm",
    "lstsq",
    "lu",
    "lu_matrix_inverse",
    "lu_reconstruct",
    "lu_solve",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "normalize",
    "outer",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "sqrtm",
    "svd",
    "tensor_diag",
    "tensor_diag_part",
    "tensordot",
    "trace",
    "triangular_solve",
    "vecdot",
]

answer(__name__)
