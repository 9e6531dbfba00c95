"""Sums of products: of vectors, matrices and neighbours, and what is made of them in linear algebra."""

from __future__ import annotations

from typing import Any

from ... import dtypes as dt
from ...composed.lu import factored
from ...convert import integer
from ...errors import ShapeError
from ...ops import creation, elementwise, factorizations, reduction
from ...ops import shape as shapes
from ...ops.linalg import diagonal, matmul, tensordot
from ...ops.matrices import solve
from ...ops.rules import normal_axis
from ...tensor import asarray
from .elementary import floating

# Vectors --------------------------------------------------------------------------------------------------------------


def inner(x1: Any, x2: Any) -> Any:
    """The sums of products over the last axes of both; of a number and a tensor their product."""
    x1, x2 = asarray(x1), asarray(x2)
    return tensordot(x1, x2, axes=[[-1], [-1]]) if x1.shape and x2.shape else x1 * x2


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements, those of ``x1`` conjugated.

    Raises:
        ShapeError: for different numbers of elements.
    """
    first, second = (shapes.reshape(asarray(x), (-1,)) for x in (x1, x2))
    if first.shape != second.shape:
        raise ShapeError(f"vdot needs as many elements in both; got {first.shape[0]} and {second.shape[0]}.")
    return matmul(elementwise.conj(first), second)


def kron(x1: Any, x2: Any) -> Any:
    """``x2`` times each element of ``x1``, in blocks."""
    x1, x2 = asarray(x1), asarray(x2)
    ndim = max(len(x1.shape), len(x2.shape))
    outer, inner = ((*[1] * (ndim - len(x.shape)), *x.shape) for x in (x1, x2))
    first = shapes.reshape(x1, tuple(n for size in outer for n in (size, 1)))
    second = shapes.reshape(x2, tuple(n for size in inner for n in (1, size)))
    return shapes.reshape(first * second, tuple(m * n for m, n in zip(outer, inner, strict=True)))


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The sums of products of two vectors for each place of the second along the first.

    Args:
        x1: a vector.
        x2: a vector, of which the conjugates are taken.
        mode: "valid", where the shorter one lies within the longer one; "full", where they touch; "same", as many
            places as the longer one has elements.

    Raises:
        ShapeError: for anything but two vectors with elements. ValueError: for another mode.
    """
    first, second = creation.alike(floating(x1), floating(x2))
    if len(first.shape) != 1 or len(second.shape) != 1 or not first.shape[0] or not second.shape[0]:
        raise ShapeError(f"correlate needs two vectors with elements; got shapes {first.shape} and {second.shape}.")
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate has the modes 'valid', 'same' and 'full'; got {mode!r}.")
    if first.shape[0] < second.shape[0]:
        return shapes.flip(elementwise.conj(correlate(second, first, mode)))
    width = second.shape[0]
    ends = {"valid": (0, 0), "same": (width // 2, width - 1 - width // 2), "full": (width - 1, width - 1)}[mode]
    padded = shapes.pad(first, [ends])
    count = padded.shape[0] - width + 1
    places = creation.arange(count, backend=first.backend)[:, None] + creation.arange(width, backend=first.backend)
    return matmul(padded[places], elementwise.conj(second))


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The area below lines from point to point along ``axis``.

    Args:
        y: the heights.
        x: the places of the points, a vector or a tensor of the shape of ``y``.
        dx: how far points are apart, where ``x`` is left out.
        axis: the axis.
    """
    heights = shapes.moveaxis(floating(y), normal_axis(axis, len(asarray(y).shape)), -1)
    width = dx
    if x is not None:
        places = floating(x)
        width = shapes.diff(places if len(places.shape) == 1 else shapes.moveaxis(places, axis, -1))
    return reduction.sum((heights[..., 1:] + heights[..., :-1]) * width, -1) / 2


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector's elements in columns, from the N-1-th to the 0-th, or the other way.

    Raises:
        ShapeError: for anything but a vector.
    """
    x = asarray(x)
    if len(x.shape) != 1:
        raise ShapeError(f"vander takes a vector; got shape {x.shape}.")
    columns = x.shape[0] if N is None else integer("vander", "N", N)
    factors = shapes.broadcast_to(x[:, None], (x.shape[0], max(columns - 1, 0)))
    powers = reduction.cumulative_prod(factors, axis=1, dtype=x.dtype, include_initial=True)[:, :columns]
    return powers if increasing else shapes.flip(powers, axis=1)


# Matrices -------------------------------------------------------------------------------------------------------------


def corrcoef(x: Any) -> Any:
    """The correlations of each two rows of a matrix.

    Raises:
        ShapeError: for more than two axes.
    """
    x = floating(x)
    if len(x.shape) > 2:
        raise ShapeError(f"corrcoef takes a matrix, each row a quantity; got shape {x.shape}.")
    rows = x if len(x.shape) == 2 else shapes.reshape(x, (1, -1))
    centred = rows - reduction.mean(rows, -1, keepdims=True)
    covariances = matmul(centred, elementwise.conj(shapes.matrix_transpose(centred)))
    deviations = elementwise.sqrt(elementwise.real(diagonal(covariances)))
    found = covariances / deviations[:, None] / deviations
    found = found if found.dtype in dt.COMPLEX else elementwise.clip(found, -1, 1)
    return found if len(x.shape) == 2 else found[0, 0]


def cdist(x: Any, y: Any) -> Any:
    """The Euclidean distances of each row of ``x``, of shape (…, m, d), from each of ``y``, (…, n, d).

    Raises:
        ShapeError: for vectors, or rows of different lengths.
    """
    x, y = creation.alike(floating(x), floating(y))
    if min(len(x.shape), len(y.shape)) < 2 or x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"cdist needs rows of one length in two matrices; got shapes {x.shape} and {y.shape}.")
    return reduction.norm(x[..., :, None, :] - y[..., None, :, :], -1)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """``x`` with ``a @ x = b``, of which only one triangle of ``a`` is read; ``b`` holds columns, or is a vector."""
    a = floating(a)
    return solve(shapes.tril(a) if lower else shapes.triu(a), floating(b))


def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of the matrices whose Cholesky factors, lower or upper triangles, are given."""
    factor = floating(x)
    identity = creation.eye(factor.shape[-1], dtype=factor.dtype, backend=factor.backend)
    inverse = solve_triangular(factor, shapes.broadcast_to(identity, factor.shape), lower=not upper)
    other = elementwise.conj(shapes.matrix_transpose(inverse))
    return matmul(inverse, other) if upper else matmul(other, inverse)


def lu_factor(x: Any) -> tuple[Any, Any]:
    """The LU decomposition of square matrices with the largest elements as pivots.

    Returns:
        ``lu``, the upper triangle and below its diagonal the lower one, whose diagonal of ones is left out; ``pivots``,
        int32, the row with which each row changed places in turn.

    Raises:
        ShapeError: unless the last two axes have one size.
    """
    return factored(floating(x))


def eig(x: Any) -> tuple[Any, Any]:
    """Eigenvalues, in no order, and eigenvectors, as columns, of square matrices: complex numbers."""
    values, vectors = factorizations.eig(floating(x))
    return values, vectors
