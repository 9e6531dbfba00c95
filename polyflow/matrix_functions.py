"""Functions of whole matrices, the exponential and the square root, in composed ops: the same on every backend.

Both are computed in float64, or complex128, where the backend has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import dtypes as dt
from .flow.control import while_loop
from .flow.transforms import custom_gradient, stop_gradient
from .ops import elementwise as e
from .ops.creation import eye
from .ops.factorizations import adjoint, check_matrices
from .ops.indexing import getitem
from .ops.linalg import matmul
from .ops.matrices import inv, slogdet, solve
from .ops.reduction import any, max, sum
from .ops.shape import concat
from .tensor import Tensor, asarray

PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
        670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)  # fmt: skip
"""The numerator of the Padé approximant of degree 13 of the exponential; the denominator is that of the negative."""

NEAR = 5.371920351148152
"""Up to this norm the approximant is right to the last digit of float64 (Higham, 2005)."""

DOUBLINGS = 64
"""So many squarings at most: beyond them the norm, times eps, leaves no digit of the exponential anyway."""

STEPS = 40
"""More than Newton's iteration needs for any matrix that has the square root."""


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of square matrices: ``I + A + A²/2! + A³/3! + …``.

    By a Padé approximant of ``A / 2**s``, squared ``s`` times (N. J. Higham, "The scaling and squaring method for the
    matrix exponential revisited", 2005).
    """
    return _wide(_exponential, input)


def sqrtm(input: Any, name: str | None = None) -> Tensor:
    """The principal square root of square matrices: ``X`` with ``X @ X = A`` and eigenvalues of positive real part.

    By Newton's iteration in its product form (S. H. Cheng, N. J. Higham, C. S. Kenney and A. J. Laub, "Approximating
    the logarithm of a matrix to specified accuracy", 2001). NaN for singular matrices, and for those that have none:
    with an eigenvalue on the negative real axis.
    """
    return _wide(_square_root, input)


def _wide(function: Callable[[Tensor], Tensor], given: Any) -> Tensor:
    """``function`` of matrices, in the widest dtype of their kind that the backend has."""
    x = asarray(given)
    x = x if x.dtype in dt.INEXACT else e.astype(x, dt.DEFAULT_FLOAT)
    check_matrices(x.shape, True)
    if 0 in x.shape:
        return x
    widest = dt.complex128 if x.dtype in dt.COMPLEX else dt.float64
    if x.dtype is widest or widest not in x.backend.capabilities.dtypes:
        return function(x)
    return e.astype(function(e.astype(x, widest)), x.dtype)


def _each(x: Tensor) -> Tensor:
    """A number for each matrix, to multiply matrices by."""
    return getitem(x, (..., None, None))


def _exponential(a: Tensor) -> Tensor:
    one = eye(a.shape[-1], dtype=a.dtype, backend=a.backend)
    size = stop_gradient(max(sum(e.abs(a), -2), -1))
    halvings = e.clip(e.ceil(e.log2(size / NEAR)), 0, DOUBLINGS)
    halvings = e.where(e.isnan(halvings), 0, halvings)
    a = a * _each(e.astype(e.pow(2.0, -halvings), a.dtype))
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a2, a4)
    b = [float(one) for one in PADE]
    odd = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2) + (b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    even = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2) + (b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one)
    odd = matmul(a, odd)
    found, most = solve(even - odd, even + odd), max(halvings)

    def squared(turn: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        return turn + 1, e.where(e.less(turn, _each(halvings)), matmul(x, x), x)

    return while_loop(lambda turn, x: turn < most, squared, (most * 0, found), maximum_iterations=DOUBLINGS)[1]


@custom_gradient
def _square_root(a: Tensor) -> tuple[Tensor, Any]:
    return _newton(a), lambda g: _derivative(adjoint(a), g)


def _derivative(a: Tensor, along: Tensor) -> Tensor:
    """How the square root of ``a`` changes along a direction: a block of the square root of [[a, along], [0, a]]."""
    size = a.shape[-1]
    share = _each(max(max(e.abs(along), -1), -1) / max(max(e.abs(a), -1), -1))  # so that both weigh the same
    share = e.astype(stop_gradient(e.where(e.equal(share, 0), 1, share)), a.dtype)
    upper = concat([a, along / share], axis=-1)
    lower = concat([a * 0, a], axis=-1)
    return getitem(_square_root(concat([upper, lower], axis=-2)), (..., slice(size), slice(size, None))) * share


def _newton(a: Tensor) -> Tensor:
    """``X`` and ``M`` with ``X = sqrt(a) sqrt(M)``, while ``M`` goes to the identity."""
    size = a.shape[-1]
    one = eye(size, dtype=a.dtype, backend=a.backend)
    close = math.sqrt(dt.finfo(a.dtype).eps)

    def apart(m: Tensor) -> Tensor:
        return max(max(e.abs(m - one), -1), -1)

    def step(turn: Tensor, x: Tensor, m: Tensor, rest: Tensor) -> tuple[Tensor, ...]:
        sign, logarithm = slogdet(m)
        back = inv(e.where(_each(e.equal(sign, 0)), math.nan, m))  # of singular matrices NaN, not an error
        far = e.greater(rest, 0.01)  # from here on Newton's own steps are the quickest
        factor = e.where(far, e.exp(logarithm / (-2.0 * size)), 1)
        factor = e.astype(_each(factor), a.dtype)
        square = factor * factor
        x = 0.5 * factor * matmul(x, one + back / square)
        m = 0.5 * (one + 0.5 * (square * m + back / square))
        return turn + 1, x, m, apart(m)

    start = (asarray(0, backend=a.backend), a, a, apart(a))
    found = while_loop(lambda turn, x, m, rest: any(rest > close), step, start, maximum_iterations=STEPS)
    _, x, _, rest = step(*found)
    return e.where(_each(rest <= close), x, math.nan)
