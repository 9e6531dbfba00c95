"""Functions of whole matrices in composed ops, the exponential, the square root and the logarithm: the same everywhere.

They are computed in float64, or complex128, where the backend has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..flow.control import cond, while_loop
from ..flow.transforms import custom_gradient, stop_gradient
from ..ops import elementwise as e
from ..ops.creation import eye
from ..ops.factorizations import adjoint, check_matrices, svd
from ..ops.indexing import getitem
from ..ops.linalg import matmul
from ..ops.matrices import inv, slogdet, solve
from ..ops.reduction import all, any, max, sum
from ..ops.shape import concat
from ..tensor import Tensor, asarray

PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
        670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)  # fmt: skip
"""The numerator of the Padé approximant of degree 13 of the exponential; the denominator is that of the negative."""

NEAR = 4.25
"""Up to this size the approximant is right to the last digit of float64 (Al-Mohy and Higham, 2009)."""

FIRST_LEFT_OUT = 1.1325077560602111e35
"""What the absolute value of the 27th power is divided by in the first term of the approximant's backward error."""

DOUBLINGS = 64
"""So many squarings at most: beyond them the norm, times eps, leaves no digit of the exponential anyway."""

STEPS = 40
"""More than Newton's iteration needs for any matrix that has the square root."""

ROOTS = 64
"""So many square roots at most bring any matrix that has a logarithm near the identity."""

CLOSE = 0.25
"""So near that the approximant of the logarithm with `NODES` is right to the last digit of float64."""

NODES = [((1 + at) / 2, weight / 2) for at, weight in zip(*np.polynomial.legendre.leggauss(9), strict=True)]
"""Where between 0 and 1, and with what weights, the approximant sums ``X / (1 + t X)``, whose integral it is."""


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of square matrices: ``I + A + A²/2! + A³/3! + …``.

    By a Padé approximant of ``A / 2**s``, squared ``s`` times, as seldom as the norms of its powers allow (A. H.
    Al-Mohy and N. J. Higham, "A new scaling and squaring algorithm for the matrix exponential", 2009).
    """
    return _wide(_exponential, input)


def sqrtm(input: Any, name: str | None = None) -> Tensor:
    """The principal square root of square matrices: ``X`` with ``X @ X = A`` and eigenvalues of positive real part.

    By Newton's iteration in its product form (S. H. Cheng, N. J. Higham, C. S. Kenney and A. J. Laub, "Approximating
    the logarithm of a matrix to specified accuracy", 2001), of singular matrices apart from their null space. NaN for
    those that have none: with an eigenvalue on the negative real axis, or fewer eigenvectors of 0 than that counts for.
    """
    return _wide(_square_root, input)


def logm(input: Any, name: str | None = None) -> Tensor:
    """The principal logarithm of square matrices: ``X`` with ``expm(X) = A`` and eigenvalues between -i pi and i pi.

    By square roots until the matrix is near the identity, and there by a Padé approximant in partial fractions, as in
    the paper named at `sqrtm`. NaN for matrices that have none: singular ones, and those with an eigenvalue on the
    negative real axis.
    """
    return _wide(_logarithm, input)


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


def _size(x: Tensor) -> Tensor:
    """The largest sum of a column's absolute values."""
    return max(sum(e.abs(x), -2), -1)


def _halvings(a: Tensor, a4: Tensor, a6: Tensor) -> Tensor:
    """How often a matrix is halved: as its norm asks, or fewer times where its powers grow more slowly."""

    def to_reach(size: Tensor) -> Tensor:
        return e.clip(e.ceil(e.log2(size / NEAR)), 0, DOUBLINGS)

    norm = to_reach(_size(a))
    powers = to_reach(e.maximum(e.pow(_size(a4), 1 / 4), e.pow(_size(a6), 1 / 6)))
    scaled = e.abs(a) * _each(e.pow(2.0, -powers))
    cube = matmul(scaled, matmul(scaled, scaled))
    ninth = matmul(cube, matmul(cube, cube))
    left_out = _size(matmul(ninth, matmul(ninth, ninth))) / (FIRST_LEFT_OUT * _size(scaled))
    more = e.ceil(e.log2(left_out / (dt.finfo(scaled.dtype).eps / 2)) / 26)
    powers = powers + e.clip(e.where(e.isnan(more), 0, more), 0, DOUBLINGS)
    found = e.where(e.less(powers, norm), powers, norm)
    return e.where(e.isnan(found), 0, found)


def _exponential(a: Tensor) -> Tensor:
    one = eye(a.shape[-1], dtype=a.dtype, backend=a.backend)
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a2, a4)
    halvings = stop_gradient(_halvings(*map(stop_gradient, (a, a4, a6))))
    half, quarter, *smaller = (e.astype(_each(e.pow(2.0, -n * halvings)), a.dtype) for n in (1, 2, 4, 6))
    a, a2, a4, a6 = a * half, a2 * quarter, a4 * smaller[0], a6 * smaller[1]
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
    found = _newton(a)
    away = _away(found, a)
    enough = e.less_equal(away, 100 * a.shape[-1] * dt.finfo(a.dtype).eps)

    def better() -> Tensor:
        other = _singular(a)
        apart = _away(other, a)
        known = e.less_equal(apart, math.sqrt(dt.finfo(a.dtype).eps))
        closer = e.logical_and(known, e.logical_not(e.less_equal(away, apart)))
        return e.where(_each(e.logical_or(enough, e.logical_not(closer))), found, other)

    found = cond(all(enough), lambda: found, better)
    return found, lambda g: _derivative(adjoint(a), g, _square_root)


def _away(root: Tensor, a: Tensor) -> Tensor:
    """How far the square of a root is from the matrix; NaN where either is."""
    apart, size = (max(max(e.abs(x), -1), -1) for x in (matmul(root, root) - a, a))
    return apart / e.where(e.equal(size, 0), 1, size)


def _singular(a: Tensor) -> Tensor:
    """The square root where 0 is an eigenvalue: that of ``a + P``, without P, the projector on the null space."""
    one = eye(a.shape[-1], dtype=a.dtype, backend=a.backend)
    known = all(e.isfinite(a), axis=(-2, -1))
    a = e.where(_each(known), a, one * 0)
    left, sizes, right = svd(a)
    largest = max(sizes, -1, keepdims=True)
    null = e.astype(e.less_equal(sizes, a.shape[-1] * dt.finfo(a.dtype).eps * largest), a.dtype)
    columns = getitem(null, (..., None, slice(None)))
    left, right = left * columns, adjoint(right) * columns
    among = matmul(adjoint(left), right) + one * (1 - columns)
    sign, _ = slogdet(among)
    inverse = inv(e.where(_each(e.equal(sign, 0)), math.nan, among))
    weight = e.astype(getitem(e.where(e.greater(largest, 0), largest, 1), (..., None)), a.dtype)
    projector = matmul(matmul(right, inverse), adjoint(left))
    found = _newton(a + weight * projector) - e.sqrt(weight) * projector
    return e.where(_each(known), found, math.nan)


@custom_gradient
def _logarithm(a: Tensor) -> tuple[Tensor, Any]:
    one = eye(a.shape[-1], dtype=a.dtype, backend=a.backend)

    def near(x: Tensor) -> Tensor:
        return e.less(_size(x - one), CLOSE)

    def root(turn: Tensor, x: Tensor, doublings: Tensor) -> tuple[Tensor, ...]:
        done = near(x)
        return turn + 1, e.where(_each(done), x, _newton(x)), e.where(done, doublings, 2 * doublings)

    def go_on(turn: Tensor, x: Tensor, doublings: Tensor) -> Tensor:
        return any(e.greater_equal(_size(x - one), CLOSE))  # not of those that are NaN

    start = (asarray(0, backend=a.backend), a, e.abs(_size(a)) * 0 + 1)
    _, x, doublings = while_loop(go_on, root, start, maximum_iterations=ROOTS)
    rest = x - one
    found = sum(concat([getitem(w * solve(one + t * rest, rest), None) for t, w in NODES], axis=0), 0)
    found = e.astype(_each(doublings), a.dtype) * e.where(_each(near(x)), found, math.nan)
    return found, lambda g: _derivative(adjoint(a), g, _logarithm)


def _derivative(a: Tensor, along: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """How a function of ``a`` changes along a direction: a block of the function of [[a, along], [0, a]]."""
    size = a.shape[-1]
    share = _each(max(max(e.abs(along), -1), -1) / max(max(e.abs(a), -1), -1))  # so that both weigh the same
    share = e.astype(stop_gradient(e.where(e.equal(share, 0), 1, share)), a.dtype)
    upper = concat([a, along / share], axis=-1)
    lower = concat([a * 0, a], axis=-1)
    return getitem(function(concat([upper, lower], axis=-2)), (..., slice(size), slice(size, None))) * share


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
