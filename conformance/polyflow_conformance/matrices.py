"""Linear algebra in longdouble, for oracles: LAPACK stops at float64.

Textbook algorithms for small, well-conditioned matrices. Each takes one matrix in longdouble or clongdouble.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .measure import WIDE


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    return np.conj(a.T)


def solution(a: Any, b: Any) -> Any:
    """``x`` with ``a @ x = b``, by elimination with row exchanges."""
    a, b = np.array(a), np.array(b)
    size = len(a)
    for i in range(size):
        best = i + int(np.argmax(np.abs(a[i:, i])))
        a[[i, best]], b[[i, best]] = a[[best, i]], b[[best, i]]
        for j in range(size):
            if j != i:
                factor = a[j, i] / a[i, i]
                a[j] = a[j] - factor * a[i]
                b[j] = b[j] - factor * b[i]
    return b / np.diag(a).reshape(-1, *[1] * (b.ndim - 1))


def inverse(a: Any) -> Any:
    """The inverse."""
    return solution(a, np.eye(len(a), dtype=a.dtype))


def determinant(a: Any) -> Any:
    """The product of the pivots of an elimination with row exchanges."""
    a, value = np.array(a), a.dtype.type(1)
    for i in range(len(a)):
        best = i + int(np.argmax(np.abs(a[i:, i])))
        if best != i:
            a[[i, best]], value = a[[best, i]], -value
        value = value * a[i, i]
        if a[i, i] != 0:
            a[i + 1 :] -= np.outer(a[i + 1 :, i] / a[i, i], a[i])
    return value


def cholesky(a: Any) -> Any:
    """The lower factor, column by column."""
    low = np.zeros_like(a)
    for i in range(len(a)):
        low[i, i] = np.sqrt(np.real(a[i, i] - low[i, :i] @ np.conj(low[i, :i])))
        low[i + 1 :, i] = (a[i + 1 :, i] - low[i + 1 :, :i] @ np.conj(low[i, :i])) / low[i, i]
    return low


def qr(a: Any) -> tuple[Any, Any]:
    """Gram and Schmidt's way, each column twice; the diagonal of R is positive."""
    rows, columns = a.shape
    q = np.zeros((rows, min(rows, columns)), a.dtype)
    for i in range(q.shape[1]):
        column = a[:, i]
        for _ in range(2):
            column = column - q[:, :i] @ (adjoint(q[:, :i]) @ column)
        q[:, i] = column / np.sqrt(np.sum(np.abs(column) ** 2))
    return q, adjoint(q) @ a


def eigh(a: Any, rounds: int = 12) -> tuple[Any, Any]:
    """Jacobi's rotations of a real symmetric matrix; eigenvalues ascending."""
    a, v = np.array(a), np.eye(len(a), dtype=WIDE)
    for _ in range(rounds):
        for i in range(len(a)):
            for j in range(i + 1, len(a)):
                angle = np.arctan2(2 * a[i, j], a[j, j] - a[i, i]) / 2
                turn = np.eye(len(a), dtype=WIDE)
                turn[i, i] = turn[j, j] = np.cos(angle)
                turn[i, j], turn[j, i] = np.sin(angle), -np.sin(angle)
                a, v = turn.T @ a @ turn, v @ turn
    order = np.argsort(np.diag(a))
    return np.diag(a)[order], v[:, order]


def singular_values(a: Any) -> Any:
    """Of a real matrix, descending."""
    small = a.T @ a if a.shape[0] >= a.shape[1] else a @ a.T
    return np.sqrt(eigh(small)[0])[::-1]


def pseudo_inverse(a: Any) -> Any:
    """Of a matrix of full rank."""
    if a.shape[0] >= a.shape[1]:
        return solution(adjoint(a) @ a, adjoint(a))
    return adjoint(solution(a @ adjoint(a), a))


def fourier(n: int) -> Any:
    """The matrix of the discrete Fourier transform."""
    angle = 2 * np.arccos(WIDE(-1)) * np.outer(np.arange(n), np.arange(n)).astype(WIDE) / n
    return np.cos(angle) - 1j * np.sin(angle)
