"""The ``linalg`` extension of the standard."""

from ..ops.factorizations import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from ..ops.linalg import diagonal, matmul, outer, tensordot, trace, vecdot
from ..ops.matrices import (
    cross,
    det,
    inv,
    matrix_norm,
    matrix_power,
    matrix_rank,
    pinv,
    slogdet,
    solve,
    vector_norm,
)
from ..ops.shape import matrix_transpose

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
