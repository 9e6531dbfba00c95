"""The ``linalg`` extension of the standard."""

from ..ops.linalg import diagonal, matmul, outer, tensordot, trace, vecdot
from ..ops.shape import matrix_transpose

__all__ = ["diagonal", "matmul", "matrix_transpose", "outer", "tensordot", "trace", "vecdot"]
