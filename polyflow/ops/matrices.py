"""Functions of matrices: inverse, solutions of equations, determinants, powers, norms, rank."""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError
from . import call
from .creation import eye
from .declare import gradient, op
from .elementwise import abs, astype, conj, greater, imag, pow, where
from .factorizations import adjoint, check_matrices, failing, matrices, one_each, same, svd, svdvals
from .indexing import getitem
from .linalg import matmul
from .reduction import count_nonzero, max, min, norm, sum
from .rules import Rule, Spec, broadcast, common, direct, normal_axes, normal_axis
from .several import gradient_of_parts, parts
from .shape import broadcast_to, expand_dims, moveaxis, squeeze, stack

SINGULAR = "a matrix is singular"


# Inverse and solution -------------------------------------------------------------------------------------------------


@op(
    matrices((same, "same"), square=True),
    name="inv",
    standard="linalg",
    samples="regular",
    diagnose=failing("inv", SINGULAR),
)
def inv(x, /):
    """The inverse of each matrix.

    Raises:
        LinAlgError: a matrix is singular. (Not inside compiled functions: they may yield infinities or NaN.)
    """
    return np.linalg.inv(x)


gradient(inv, lambda g, y, x: -matmul(adjoint(y), matmul(g, adjoint(y))))


def _solve_shape(x1: Spec, x2: Spec) -> Spec:
    outer, rows, _ = check_matrices(x1.shape, True)
    if not x2.shape:
        raise ShapeError(f"expected right-hand sides with at least one axis; got shape {x2.shape}.")
    vector = len(x2.shape) == 1
    given = x2.shape[-1 if vector else -2]
    if given != rows:
        raise ShapeError(
            f"shapes {x1.shape} and {x2.shape} do not fit: {given} right-hand sides for {rows} equations. Expected a "
            "vector, or matrices with as many rows."
        )
    if vector:
        return Spec((*outer, rows), x1.dtype)
    return Spec((*broadcast(outer, x2.shape[:-2]), rows, x2.shape[-1]), x1.dtype)


@op(
    Rule(common("single"), _solve_shape, direct("single")),
    standard="linalg",
    samples=("regular", "any"),
    diagnose=failing("solve", SINGULAR),
)
def solve(x1, x2, /):
    """The solution ``y`` of ``x1 @ y = x2`` for square matrices ``x1``; ``x2`` is one vector, or a stack of matrices.

    Raises:
        LinAlgError: a matrix is singular. (Not inside compiled functions: they may yield infinities or NaN.)
    """
    return np.linalg.solve(x1, x2)


def _solve_right(g, y, a, b):
    if len(b.shape) > 1:
        return solve(adjoint(a), g)
    return squeeze(solve(adjoint(a), expand_dims(g, -1)), -1)


def _solve_left(g, y, a, b):
    back = _solve_right(g, y, a, b)
    if len(b.shape) > 1:
        return -matmul(back, adjoint(y))
    return -expand_dims(back, -1) * expand_dims(conj(y), -2)


gradient(solve, _solve_left, _solve_right)


@op(matrices((lambda stack, rows, columns, *, rtol: (*stack, columns, rows), "same")), name="pinv", standard="linalg")
def _pinv(x, /, rtol):
    return np.linalg.pinv(x, rtol=rtol)


def _pinv_gradient(g, y, x, *, rtol):
    """G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses …" (1973)."""
    yh, gh = adjoint(y), adjoint(g)
    left = gh - matmul(x, matmul(y, gh))
    right = gh - matmul(matmul(gh, y), x)
    return matmul(matmul(left, y), yh) + matmul(yh, matmul(y, right)) - matmul(yh, matmul(g, yh))


gradient(_pinv, _pinv_gradient)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The pseudo-inverse of each matrix, of shape (..., n, m) for (..., m, n).

    Args:
        x: the matrices.
        rtol: singular values of at most ``rtol`` times the largest count as 0: a number, or a tensor with one for each
            matrix. (None: ``max(m, n) * eps``.)
    """
    x = call.operand(x)
    if hasattr(rtol, "shape") and rtol.shape:
        u, s, vh = svd(x, full_matrices=False)
        kept = greater(s, expand_dims(call.operand(rtol), -1) * max(s, -1, True))
        inverse = where(kept, 1.0 / where(kept, s, 1), 0)
        return matmul(adjoint(vh) * expand_dims(astype(inverse, vh.dtype), -2), adjoint(u))
    _, rows, wide = check_matrices(x.shape)
    return _pinv(x, _tolerance(x, rows, wide) if rtol is None else float(rtol))


def _tolerance(x: Any, rows: int, columns: int) -> float:
    (dtype,) = common("single")("", (x.dtype,))
    return builtins.max(rows, columns) * dt.finfo(dtype).eps


# Determinants ---------------------------------------------------------------------------------------------------------


@op(matrices((one_each, "same"), square=True), standard="linalg", samples="regular")
def det(x, /):
    """The determinant of each matrix. Its gradient needs a matrix that can be inverted."""
    return np.linalg.det(x)


gradient(det, lambda g, y, x: _each(g * conj(y)) * adjoint(inv(x)))


def _each(x: Any) -> Any:
    """A number for each matrix, to multiply matrices by."""
    return expand_dims(x, (-2, -1))


class Slogdet(NamedTuple):
    """What `slogdet` gives."""

    sign: Any
    logabsdet: Any


@op(
    matrices((one_each, "same"), (one_each, "real"), square=True),
    name="slogdet",
    standard="linalg",
    samples="regular",
    results=2,
)
def _slogdet(x, /):
    return tuple(np.linalg.slogdet(x))


def _slogdet_gradient(cotangents, results, x):
    g_sign, g_log = cotangents
    total = None if g_log is None else astype(g_log, x.dtype)
    if g_sign is not None and x.dtype in dt.COMPLEX:  # a real sign is constant
        turn = 1j * astype(imag(g_sign * conj(results[0])), x.dtype)
        total = turn if total is None else total + turn
    return None if total is None else _each(total) * adjoint(inv(x))


gradient_of_parts(_slogdet, _slogdet_gradient)


def slogdet(x: Any, /) -> Slogdet:
    """The sign (for complex matrices the phase) and the logarithm of the size of each determinant.

    The sign is 0 and the logarithm -inf for singular matrices. The gradient needs a matrix that can be inverted.
    """
    return Slogdet(*parts(_slogdet(x)))


# Powers ---------------------------------------------------------------------------------------------------------------


def matrix_power(x: Any, n: int, /) -> Any:
    """The ``n``-th power of each square matrix, by repeated squaring; negative powers are those of the inverse."""
    x = call.operand(x)
    _, size, _ = check_matrices(x.shape, True)
    exponent = int(n.__index__())
    if exponent < 0:
        x, exponent = inv(x), -exponent
    if exponent == 0:
        return broadcast_to(eye(size, dtype=x.dtype, backend=x.backend), x.shape)
    result = None
    while exponent:
        if exponent & 1:
            result = x if result is None else matmul(result, x)
        exponent >>= 1
        x = matmul(x, x) if exponent else x
    return result


# Norms and rank -------------------------------------------------------------------------------------------------------


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of each matrix.

    Args:
        x: matrices of shape (..., m, n).
        keepdims: whether the last two axes stay, with size 1.
        ord: "fro" (the root of the sum of squares), "nuc" (the sum of singular values), 2 and -2 (the largest and
            smallest singular value), 1 and -1 (the largest and smallest sum of a column), inf and -inf (of a row).
    """
    x = call.operand(x)
    check_matrices(x.shape)
    if ord == "fro":
        return norm(x, (-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        values = svdvals(x)
        result = sum(values, -1) if ord == "nuc" else max(values, -1) if ord == 2 else min(values, -1)
    elif ord in (1, -1, math.inf, -math.inf):
        across = -2 if ord in (1, -1) else -1
        sums = sum(abs(_inexact(x)), across)
        result = max(sums, -1) if ord > 0 else min(sums, -1)
    else:
        raise ValueError(f"matrix_norm has ord 'fro', 'nuc', 1, -1, 2, -2, inf and -inf; got {ord!r}.")
    return _each(result) if keepdims else result


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm over ``axis``: ``sum(abs(x) ** ord) ** (1 / ord)``; its gradient at 0 is 0.

    Args:
        x: the tensor.
        axis: an axis, a tuple of axes, or None for all elements.
        keepdims: whether those axes stay, with size 1.
        ord: a number; inf and -inf for the largest and the smallest size, 0 for the count of what is not 0.
    """
    x = _inexact(call.operand(x))
    if ord == 2:
        return norm(x, axis, keepdims=keepdims)
    size = abs(x)
    if ord == math.inf:
        return max(size, _flat(x, axis), keepdims)
    if ord == -math.inf:
        return min(size, _flat(x, axis), keepdims)
    if ord == 0:
        return astype(count_nonzero(x, axis, keepdims=keepdims), size.dtype)
    if ord == 1:
        return sum(size, axis, keepdims=keepdims)
    total = sum(pow(size, float(ord)), axis, keepdims=keepdims)
    regular = greater(total, 0)
    return where(regular, pow(where(regular, total, 1), 1.0 / ord), 0)


def _flat(x: Any, axis: Any) -> Any:
    return axis if axis is None or isinstance(axis, int) else normal_axes(axis, len(x.shape))


def _inexact(x: Any) -> Any:
    return x if x.dtype in dt.INEXACT else astype(x, dt.DEFAULT_FLOAT)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """How many singular values of each matrix exceed ``rtol`` times the largest, as int64 (None: max(m, n) · eps)."""
    x = call.operand(x)
    _, rows, wide = check_matrices(x.shape)
    values = svdvals(x)
    if not values.shape[-1]:
        return count_nonzero(values, -1)
    share = _tolerance(x, rows, wide) if rtol is None else call.operand(rtol) if hasattr(rtol, "shape") else rtol
    share = expand_dims(share, -1) if getattr(share, "shape", ()) else share
    return count_nonzero(greater(values, max(values, -1, True) * share), -1)


# Vectors --------------------------------------------------------------------------------------------------------------


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross product of vectors of three elements, which lie along ``axis``; other axes broadcast."""
    x1, x2 = call.operand(x1), call.operand(x2)
    for x in (x1, x2):
        if x.shape[normal_axis(axis, len(x.shape))] != 3:
            raise ShapeError(f"cross needs vectors of 3 elements along axis {axis}; got shapes {x1.shape}, {x2.shape}.")
    a, b = (moveaxis(x, axis, -1) for x in (x1, x2))
    a0, a1, a2 = (getitem(a, (..., i)) for i in range(3))
    b0, b1, b2 = (getitem(b, (..., i)) for i in range(3))
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axis)
