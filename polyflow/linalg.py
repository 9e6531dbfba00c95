"""Linear algebra under the names of ``tf.linalg``."""

from . import diagonal, einsum, eye, matmul, matrix_transpose, norm, outer, tensordot, trace, vecdot

diag_part = diagonal

__all__ = [
    "diag_part",
    "diagonal",
    "einsum",
    "eye",
    "matmul",
    "matrix_transpose",
    "norm",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
]
