"""Factorizations by LAPACK, as NumPy calls it, but for matrices with NaN or infinities: their results are NaN.

(NumPy raises for some of these, and not for others.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt


def _of_finite(kernel: Callable[..., Any]) -> Any:
    """The kernel for matrices in the last two axes of its argument."""

    @functools.wraps(kernel)
    def run(x: Any, /, **attrs: Any) -> Any:
        try:
            return kernel(x, **attrs)
        except np.linalg.LinAlgError:
            finite = np.isfinite(x).all(axis=(-2, -1))
            if finite.all():
                raise
        found = kernel(np.where(finite[..., None, None], x, np.eye(*x.shape[-2:], dtype=x.dtype)), **attrs)
        if not isinstance(found, tuple):
            return _only(finite, found)
        return tuple(_only(finite, part) for part in found)

    return run


def _only(finite: np.ndarray, result: np.ndarray) -> np.ndarray:
    spread = finite.reshape(finite.shape + (1,) * (result.ndim - finite.ndim))
    return np.where(spread, result, np.asarray(np.nan, result.dtype))


@_of_finite
def eig(x: Any) -> tuple[Any, Any]:
    """Complex always, where NumPy gives real numbers if all are."""
    wide = dt.complex_of(dt.as_dtype(x.dtype))
    values, vectors = np.linalg.eig(x)
    return values.astype(wide, copy=False), vectors.astype(wide, copy=False)


@_of_finite
def eigvals(x: Any) -> Any:
    """Complex always."""
    return np.linalg.eigvals(x).astype(dt.complex_of(dt.as_dtype(x.dtype)), copy=False)


def slogdet(x: Any) -> tuple[Any, Any]:
    """The sign is NaN where the logarithm is."""
    sign, size = np.linalg.slogdet(x)
    return np.where(np.isnan(size), size, sign), size


cholesky = _of_finite(np.linalg.cholesky)
eigh = _of_finite(np.linalg.eigh)
eigvalsh = _of_finite(np.linalg.eigvalsh)
svd = _of_finite(np.linalg.svd)
svdvals = _of_finite(np.linalg.svdvals)
pinv = _of_finite(np.linalg.pinv)
