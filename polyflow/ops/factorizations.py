"""Matrices taken apart: Cholesky, QR, eigenvalues, singular values. All work on the last two axes, stacks included.

The gradients are those of functions that do not depend on what a factorization leaves open, such as the signs of
eigenvectors. Where eigenvalues or singular values are equal, vectors have no derivative; the rules then leave out what
is infinite, so that functions of the values alone keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import LinAlgError, ShapeError
from . import call
from .creation import zeros_like
from .declare import gradient, op
from .elementwise import astype, conj, equal, imag, real, where
from .indexing import getitem
from .linalg import diagonal, matmul
from .rules import RESULTS, Rule, Shape, Spec, common, direct
from .several import gradient_of_parts, packed, parts
from .shape import concat, expand_dims, matrix_transpose, tril

# Rules ------------------------------------------------------------------------------------------------------------


def matrices(*results: tuple[Callable[..., Shape], str], square: bool = False) -> Rule:
    """The rule of an op on the matrices in the last two axes.

    Args:
        results: for each result, its shape from the stack's shape, rows and columns (and attributes), and its dtype as
            a word of `RESULTS`.
        square: whether the matrices have to be square.
    """

    def infer(x: Spec, **attrs: Any) -> Spec:
        stack, rows, columns = check_matrices(x.shape, square)
        found = [Spec(tuple(shape(stack, rows, columns, **attrs)), RESULTS[word](x.dtype)) for shape, word in results]
        return found[0] if len(found) == 1 else packed(*found)

    family = "matrices" if len(results) == 1 else ""
    return Rule(common("single"), infer, direct("single"), family)


def check_matrices(shape: Shape, square: bool = False) -> tuple[Shape, int, int]:
    """The shape of a stack of matrices, their rows and their columns; raises ShapeError where they are none."""
    if len(shape) < 2:
        raise ShapeError(f"expected matrices in the last two axes; got shape {shape}.")
    *stack, rows, columns = shape
    if square and rows != columns:
        raise ShapeError(f"expected square matrices in the last two axes; got shape {shape}.")
    return tuple(stack), rows, columns


def failing(name: str, reason: str) -> Callable[[tuple[Any, ...], dict[str, Any]], Exception]:
    """What a kernel's exception means: the matrices are not what the op needs."""

    def diagnose(args: tuple[Any, ...], attrs: dict[str, Any]) -> Exception:
        return LinAlgError(f"{name}: {reason} (shape {args[0].shape}).")

    return diagnose


def same(stack: Shape, rows: int, columns: int, **attrs: Any) -> Shape:
    """The matrices' own shape."""
    return (*stack, rows, columns)


def one_each(stack: Shape, rows: int, columns: int, **attrs: Any) -> Shape:
    """One number for each matrix."""
    return stack


def line(stack: Shape, rows: int, columns: int, **attrs: Any) -> Shape:
    """One vector for each matrix, as long as its shorter side."""
    return (*stack, min(rows, columns))


# Parts of gradient rules ------------------------------------------------------------------------------------------


def adjoint(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return conj(matrix_transpose(x))


def hermitian(x: Any) -> Any:
    """The Hermitian part of each matrix."""
    return 0.5 * x + 0.5 * adjoint(x)


def columns(x: Any) -> Any:
    """Vectors as rows of one, to multiply the columns of matrices by."""
    return expand_dims(x, -2)


def on_diagonal(x: Any) -> Any:
    """Vectors as diagonal matrices."""
    size = x.shape[-1]
    return expand_dims(x, -1) * call.constant(np.eye(size, dtype=x.dtype), x.backend)


def inverse_or_zero(x: Any) -> Any:
    """``1 / x``, and 0 where ``x`` is 0."""
    zero = equal(x, 0)
    return where(zero, 0, 1.0 / where(zero, 1, x))


def _differences(values: Any) -> Any:
    """``1 / (values[j] - values[i])`` at row i and column j, 0 where they are equal."""
    return inverse_or_zero(expand_dims(values, -2) - expand_dims(values, -1))


def _or_zeros(cotangents: tuple[Any, ...], results: tuple[Any, ...]) -> list[Any]:
    return [zeros_like(y) if g is None else g for g, y in zip(cotangents, results, strict=True)]


# Cholesky ---------------------------------------------------------------------------------------------------------


@op(
    matrices((same, "same"), square=True),
    name="cholesky",
    standard="linalg",
    samples="positive definite",
    diagnose=failing("cholesky", "a matrix is not positive definite"),
)
def _cholesky(x, /):
    return np.linalg.cholesky(x)


def _cholesky_gradient(g, y, x):
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016)."""
    from .matrices import solve

    inner = tril(matmul(adjoint(y), g))
    inner = inner - 0.5 * on_diagonal(diagonal(inner))
    right = solve(adjoint(y), adjoint(inner))  # L⁻ᴴ Pᴴ
    return hermitian(solve(adjoint(y), adjoint(right)))


gradient(_cholesky, _cholesky_gradient)


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor of each positive definite matrix: ``x = L @ Lᴴ``, or ``x = Uᴴ @ U``.

    Args:
        x: Hermitian matrices (their Hermitian part is used), of shape (..., n, n).
        upper: whether the upper factor is returned instead of the lower one.

    Raises:
        LinAlgError: a matrix is not positive definite. (Not inside compiled functions: they may yield NaN.)
    """
    x = call.operand(x)
    check_matrices(x.shape, True)
    lower = _cholesky(hermitian(_inexact(x)))
    return adjoint(lower) if upper else lower


def _inexact(x: Any) -> Any:
    return x if x.dtype in dt.INEXACT else astype(x, dt.DEFAULT_FLOAT)


# QR ---------------------------------------------------------------------------------------------------------------


class QR(NamedTuple):
    """What `qr` gives."""

    Q: Any
    R: Any


def _inner(rows: int, columns: int, mode: str) -> int:
    return rows if mode == "complete" else min(rows, columns)


@op(
    matrices(
        (lambda stack, rows, columns, *, mode: (*stack, rows, _inner(rows, columns, mode)), "same"),
        (lambda stack, rows, columns, *, mode: (*stack, _inner(rows, columns, mode), columns), "same"),
    ),
    name="qr",
    standard="linalg",
    results=2,
)
def _qr(x, /, mode: Any = "reduced"):
    return tuple(np.linalg.qr(x, mode=mode))


def _qr_gradient(cotangents, results, x, *, mode):
    q, r = results
    g_q, g_r = _or_zeros(cotangents, results)
    rows, wide = x.shape[-2:]
    if rows < wide:  # x = (q s, b), r = (s, qᴴ b)
        b = getitem(x, (..., slice(rows, None)))
        s, g_s = (getitem(one, (..., slice(0, rows))) for one in (r, g_r))
        g_v = getitem(g_r, (..., slice(rows, None)))
        return concat([_qr_square(q, s, g_q + matmul(b, adjoint(g_v)), g_s), matmul(q, g_v)], axis=-1)
    if rows > wide and mode == "complete":
        raise LinAlgError(
            "qr in mode 'complete' has no gradient for more rows than columns: the last columns of Q are not unique."
        )
    return _qr_square(q, r, g_q, g_r)


def _qr_square(q: Any, r: Any, g_q: Any, g_r: Any) -> Any:
    """The rule for as many rows as columns, or more (S. F. Walter and others, 2010)."""
    from .matrices import solve

    m = matmul(r, adjoint(g_r)) - matmul(adjoint(g_q), q)
    low = tril(m, k=-1)
    middle = low + adjoint(low) + on_diagonal(astype(real(diagonal(m)), m.dtype))
    return adjoint(solve(r, adjoint(g_q + matmul(q, middle))))


gradient_of_parts(_qr, _qr_gradient)


def qr(x: Any, /, *, mode: str = "reduced") -> QR:
    """Each matrix as a product ``Q @ R`` of one with orthonormal columns and an upper triangular one.

    Args:
        x: matrices of shape (..., m, n).
        mode: "reduced": Q is (..., m, k) and R (..., k, n), with k the smaller of m and n. "complete": k is m.

    Raises:
        LinAlgError: for the gradient of mode "complete" where m > n, since the last columns of Q are not unique.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr has the modes 'reduced' and 'complete'; got {mode!r}.")
    return QR(*parts(_qr(x, mode)))


# Eigenvalues of Hermitian matrices ----------------------------------------------------------------------------------


class Eigh(NamedTuple):
    """What `eigh` gives."""

    eigenvalues: Any
    eigenvectors: Any


@op(
    matrices((line, "real"), (same, "same"), square=True),
    name="eigh",
    standard="linalg",
    samples="hermitian",
    results=2,
)
def _eigh(x, /):
    return tuple(np.linalg.eigh(x))


def _eigh_gradient(cotangents, results, x):
    w, v = results
    g_w, g_v = cotangents
    middle = zeros_like(x) if g_w is None else on_diagonal(astype(g_w, x.dtype))
    if g_v is not None:
        middle = middle + matmul(adjoint(v), g_v) * astype(_differences(w), x.dtype)
    return hermitian(matmul(v, matmul(middle, adjoint(v))))


gradient_of_parts(_eigh, _eigh_gradient)


@op(matrices((line, "real"), square=True), name="eigvalsh", standard="linalg", samples="hermitian")
def _eigvalsh(x, /):
    return np.linalg.eigvalsh(x)


def _eigvalsh_gradient(g, y, x):
    _, v = parts(_eigh(x))
    return matmul(v * columns(astype(g, x.dtype)), adjoint(v))


gradient(_eigvalsh, _eigvalsh_gradient)


def eigh(x: Any, /) -> Eigh:
    """Eigenvalues, ascending, and eigenvectors, as columns, of Hermitian matrices (their Hermitian part is used)."""
    x = call.operand(x)
    check_matrices(x.shape, True)
    return Eigh(*parts(_eigh(hermitian(_inexact(x)))))


def eigvalsh(x: Any, /) -> Any:
    """The eigenvalues of Hermitian matrices (their Hermitian part is used), ascending."""
    x = call.operand(x)
    check_matrices(x.shape, True)
    return _eigvalsh(hermitian(_inexact(x)))


# Eigenvalues of any matrices ----------------------------------------------------------------------------------------


class Eig(NamedTuple):
    """What `eig` gives."""

    eigenvalues: Any
    eigenvectors: Any


@op(matrices((line, "complex"), (same, "complex"), square=True), name="eig", standard="linalg", results=2)
def _eig(x, /):
    w, v = np.linalg.eig(x)
    wide = dt.complex_of(dt.as_dtype(x.dtype))
    return w.astype(wide), v.astype(wide)


def _eig_gradient(cotangents, results, x):
    """C. Boeddeker and others, "On the computation of complex-valued gradients" (2017)."""
    w, v = results
    g_w, g_v = cotangents
    middle = zeros_like(v) if g_w is None else on_diagonal(g_w)
    if g_v is not None:
        inner = matmul(adjoint(v), g_v)
        lengths = matmul(adjoint(v), v * columns(astype(real(diagonal(inner)), v.dtype)))
        middle = middle + (inner - lengths) * conj(_differences(w))
    return _turned_back(v, middle, x)


def _turned_back(v: Any, middle: Any, x: Any) -> Any:
    """``V⁻ᴴ M Vᴴ``, of the dtype of ``x``."""
    from .matrices import solve

    found = solve(adjoint(v), matmul(middle, adjoint(v)))
    return found if x.dtype in dt.COMPLEX else real(found)


gradient_of_parts(_eig, _eig_gradient)


@op(matrices((line, "complex"), square=True), name="eigvals", standard="linalg")
def _eigvals(x, /):
    return np.linalg.eigvals(x).astype(dt.complex_of(dt.as_dtype(x.dtype)))


def _eigvals_gradient(g, y, x):
    """By the vectors, whose eigenvalues come in the same order since they are found in the same way."""
    _, v = parts(_eig(x))
    return _turned_back(v, on_diagonal(g), x)


gradient(_eigvals, _eigvals_gradient)


def eig(x: Any, /) -> Eig:
    """Eigenvalues, in no order, and eigenvectors, as columns of length 1, of square matrices: complex numbers."""
    return Eig(*parts(_eig(x)))


def eigvals(x: Any, /) -> Any:
    """The eigenvalues of square matrices, in no order: complex numbers."""
    return _eigvals(x)


# Singular values ------------------------------------------------------------------------------------------------------


class SVD(NamedTuple):
    """What `svd` gives."""

    U: Any
    S: Any
    Vh: Any


def _side(rows: int, columns: int, full_matrices: bool) -> tuple[int, int]:
    short = min(rows, columns)
    return (rows, columns) if full_matrices else (short, short)


@op(
    matrices(
        (lambda stack, rows, columns, *, full_matrices: (*stack, rows, _side(rows, columns, full_matrices)[0]), "same"),
        (line, "real"),
        (
            lambda stack, rows, columns, *, full_matrices: (*stack, _side(rows, columns, full_matrices)[1], columns),
            "same",
        ),
    ),
    name="svd",
    standard="linalg",
    results=3,
)
def _svd(x, /, full_matrices=True):
    return tuple(np.linalg.svd(x, full_matrices=full_matrices))


def _svd_gradient(cotangents, results, x, *, full_matrices):
    u, s, vh = results
    if full_matrices and x.shape[-2] != x.shape[-1] and (cotangents[0] is not None or cotangents[2] is not None):
        raise LinAlgError(
            f"svd with full_matrices=True has no gradient for matrices of shape {x.shape[-2:]}: the last singular "
            "vectors are not unique. Use full_matrices=False."
        )
    short = s.shape[-1]
    u, vh = getitem(u, (..., slice(0, short))), getitem(vh, (..., slice(0, short), slice(None)))
    g_u, g_s, g_vh = cotangents
    widths = columns(astype(s, x.dtype))
    middle = zeros_like(matmul(adjoint(u), u)) if g_s is None else on_diagonal(astype(g_s, x.dtype))
    apart = astype(_differences(s * s), x.dtype)
    outside = None
    if g_u is not None:
        inner = matmul(adjoint(u), g_u)
        middle = middle + (inner - adjoint(inner)) * apart * widths
        if x.dtype in dt.COMPLEX:  # the common phase of a pair of vectors
            middle = middle + on_diagonal(1j * astype(imag(diagonal(inner)) * inverse_or_zero(s), x.dtype))
        outside = matmul((g_u - matmul(u, inner)) * inverse_or_zero(widths), vh)
    if g_vh is not None:
        g_v = adjoint(g_vh)
        inner = matmul(vh, g_v)
        middle = middle + matrix_transpose(widths) * ((inner - adjoint(inner)) * apart)
        rest = matmul(u * inverse_or_zero(widths), adjoint(g_v - matmul(adjoint(vh), inner)))
        outside = rest if outside is None else outside + rest
    found = matmul(u, matmul(middle, vh))
    return found if outside is None else found + outside


gradient_of_parts(_svd, _svd_gradient)


@op(matrices((line, "real")), name="svdvals", standard="linalg")
def _svdvals(x, /):
    return np.linalg.svdvals(x)


def _svdvals_gradient(g, y, x):
    u, _, vh = parts(_svd(x, False))
    return matmul(u * columns(astype(g, x.dtype)), vh)


gradient(_svdvals, _svdvals_gradient)


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    """Each matrix as a product ``(U * S) @ Vh`` with orthonormal columns of U and rows of Vh, and S descending.

    Args:
        x: matrices of shape (..., m, n).
        full_matrices: whether U is (..., m, m) and Vh (..., n, n); else (..., m, k) and (..., k, n), with k the smaller
            of m and n. S is (..., k) always.

    Raises:
        LinAlgError: for the gradient of U or Vh with ``full_matrices`` where m and n differ: they are not unique.
    """
    return SVD(*parts(_svd(x, bool(full_matrices))))


def svdvals(x: Any, /) -> Any:
    """The singular values of matrices, descending: shape (..., k), with k the smaller of rows and columns."""
    return _svdvals(x)
