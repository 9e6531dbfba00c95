"""Square matrices as products of triangular ones, ``P @ L @ U``, in composed ops: the same on every backend."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..errors import ShapeError
from ..flow import control
from ..ops import creation, elementwise, indexing, reduction
from ..ops import shape as shapes
from ..ops.linalg import matmul
from ..ops.matrices import solve
from ..tensor import Tensor, asarray


def factored(matrix: Any) -> tuple[Any, Any]:
    """``lu``, both triangles in one, and ``pivots``, the row with which each row changed places in turn, int32.

    Raises:
        ShapeError: unless the last two axes have one size.
    """
    if len(matrix.shape) < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ShapeError(f"lu_factor needs square matrices; got shape {matrix.shape}.")
    count = matrix.shape[-1]
    line = creation.arange(count, dtype=dt.int32, backend=matrix.backend)

    def step(k: Any, found: tuple[Any, Any]) -> tuple[Any, Any]:
        """Row ``k`` gets the largest element of its column, and is taken from those below it."""
        lu, pivots = found
        here = elementwise.equal(line, k)
        column = reduction.sum(elementwise.where(here, lu, 0), -1)
        sizes = elementwise.where(elementwise.less(line, k), -1, elementwise.abs(column))
        pivot = elementwise.astype(reduction.argmax(sizes, -1), dt.int32)[..., None]
        order = elementwise.where(here, pivot, elementwise.where(elementwise.equal(line, pivot), k, line))
        lu = indexing.take_along_axis(lu, order[..., :, None], axis=-2)
        row = reduction.sum(elementwise.where(here[:, None], lu, 0), -2, keepdims=True)
        column = reduction.sum(elementwise.where(here, lu, 0), -1, keepdims=True)
        largest = reduction.sum(elementwise.where(here, row, 0), -1, keepdims=True)
        below = elementwise.greater(line[:, None], k)
        singular = elementwise.equal(largest, 0)
        factors = elementwise.where(below, column / elementwise.where(singular, 1, largest), 0)
        right = elementwise.where(elementwise.greater(line, k), row, 0)
        lu = elementwise.where(elementwise.logical_and(here, below), factors, lu - factors * right)
        return lu, elementwise.where(here, pivot, pivots)

    pivots = creation.zeros(matrix.shape[:-1], dt.int32, backend=matrix.backend)
    if not count:
        return matrix, pivots
    lu, pivots = control.fori_loop(0, count, step, (matrix, pivots))
    return lu, pivots


def lu(input: Any, output_idx_type: Any = dt.int32, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The LU decomposition of square matrices, with the largest elements as pivots.

    Args:
        input: matrices (…, n, n). output_idx_type: the dtype of the rows' numbers.

    Returns:
        ``lu`` (…, n, n), the upper triangle ``U`` and below its diagonal ``L``, whose diagonal of ones is left out;
        ``p`` (…, n), the rows of ``input`` in the order of those of ``L @ U``.

    Raises:
        ShapeError: unless the last two axes have one size.
    """
    matrix = asarray(input)
    matrix = matrix if matrix.dtype in dt.INEXACT else elementwise.astype(matrix, dt.DEFAULT_FLOAT)
    found, pivots = factored(matrix)
    count = matrix.shape[-1]
    line = creation.arange(count, dtype=dt.int32, backend=matrix.backend)

    def exchange(k: Any, rows: Any) -> Any:
        """Rows ``k`` and its pivot change places."""
        here = elementwise.equal(line, k)
        pivot = reduction.sum(elementwise.where(here, pivots, 0), -1, keepdims=True)
        places = elementwise.where(here, pivot, elementwise.where(elementwise.equal(line, pivot), k, line))
        return indexing.take_along_axis(rows, places, axis=-1)

    rows = control.fori_loop(0, count, exchange, shapes.broadcast_to(line, pivots.shape)) if count else pivots
    return found, elementwise.astype(rows, dt.as_dtype(output_idx_type))


def _triangles(lower_upper: Any) -> tuple[Any, Any]:
    both = asarray(lower_upper)
    identity = creation.eye(both.shape[-1], dtype=both.dtype, backend=both.backend)
    return shapes.tril(both, k=-1) + identity, shapes.triu(both)


def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The matrices of which `lu` made ``lower_upper`` and ``perm``."""
    product = matmul(*_triangles(lower_upper))
    back = reduction.argsort(asarray(perm), -1)
    return indexing.take_along_axis(product, back[..., :, None], axis=-2)


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """``x`` with ``matrix @ x = rhs``, by what `lu` made of the matrix; ``rhs`` holds columns."""
    lower, upper = _triangles(lower_upper)
    columns = asarray(rhs)
    ordered = indexing.take_along_axis(columns, asarray(perm)[..., :, None], axis=-2)
    return solve(upper, solve(lower, ordered))


def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The inverse of the matrices of which `lu` made ``lower_upper`` and ``perm``."""
    both = asarray(lower_upper)
    identity = creation.eye(both.shape[-1], dtype=both.dtype, backend=both.backend)
    return lu_solve(both, perm, shapes.broadcast_to(identity, both.shape))
