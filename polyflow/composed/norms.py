"""Norms of vectors and matrices under TensorFlow's rule: a pair of axes means matrices, anything else vectors."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..ops import elementwise, reduction
from ..ops import shape as shapes
from ..ops.rules import normal_axes
from ..tensor import Tensor, asarray

_INFINITY = float("inf")


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The norm of vectors along ``axis`` (all elements if left out), or of matrices in a pair of axes.

    Args:
        tensor: a tensor; integers count as float32.
        ord: "euclidean" (for matrices also "fro"), 1, 2, infinity, or for vectors any positive number.
        axis: an axis, or a pair of axes of matrices: 1 is then the largest sum of a column's magnitudes, infinity that
            of a row, and 2 the largest singular value.
        keepdims: whether the axes stay, with size 1.
        name: accepted and ignored.

    Raises:
        ValueError: for another ``ord``.
    """
    x = asarray(tensor)
    x = x if x.dtype in dt.INEXACT else x.astype(dt.DEFAULT_FLOAT)
    matrices = isinstance(axis, (list, tuple)) and len(axis) == 2
    if ord in ("euclidean", "fro") or (ord == 2 and not matrices):
        return reduction.norm(x, tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    if isinstance(ord, str) or not ord > 0 or (matrices and ord not in (1, 2, _INFINITY)):
        known = "'euclidean', 'fro', 1, 2 and infinity" if matrices else "'euclidean' and positive numbers"
        raise ValueError(f"norm of {'matrices' if matrices else 'vectors'} has ord {known}; got {ord!r}.")
    return _of_matrices(x, ord, tuple(axis), keepdims) if matrices else _of_vectors(x, ord, axis, keepdims)


def _of_vectors(x: Any, ord: Any, axis: Any, keepdims: bool) -> Tensor:
    axis = tuple(axis) if isinstance(axis, list) else axis
    sizes = elementwise.abs(x)
    if ord == _INFINITY:
        return reduction.max(sizes, axis, keepdims)
    if ord == 1:
        return reduction.sum(sizes, axis, keepdims=keepdims)
    return elementwise.pow(reduction.sum(elementwise.pow(sizes, ord), axis, keepdims=keepdims), 1 / ord)


def _of_matrices(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Tensor:
    row, column = (normal_axes(axis, len(x.shape))[0] for axis in axes)
    matrices = shapes.moveaxis(x, (row, column), (-2, -1))
    if ord == 2:
        from ..ops.factorizations import svdvals

        found = reduction.max(svdvals(matrices), -1)
    else:
        found = reduction.max(reduction.sum(elementwise.abs(matrices), -2 if ord == 1 else -1), -1)
    if not keepdims:
        return found
    return shapes.reshape(found, tuple(1 if i in (row, column) else size for i, size in enumerate(x.shape)))
