"""Sums that keep the bound which polyflow states for reductions, along whichever axis.

NumPy adds pairwise along the axis that lies contiguous in memory, and one after the other along any other: over a
million rows the error of the second way grows to thousands of times that of the first. So such axes are summed in
blocks of 64 rows, then the blocks' sums, and so on. A block of rows is summed as a product with a row of ones, which
BLAS does two to ten times faster than NumPy's loop.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

BLOCK = 64
"""The longest stretch of terms that are added one after the other."""

_add: Any = np.add.reduce
_ONES = {dtype.char: np.ones(BLOCK, dtype) for dtype in (np.dtype("float32"), np.dtype("float64"))}
_REAL = {"F": "float32", "D": "float64"}


def total(x: np.ndarray, axis: Any, keepdims: bool) -> Any:
    """The sum over ``axis`` in the dtype of ``x``; float16 and bfloat16 have to be widened before."""
    if x.dtype.kind not in "fc" or x.size <= BLOCK:
        return _add(x, axis, x.dtype, None, keepdims)
    ndim = x.ndim
    if axis is None:
        if ndim == 1 or x.flags.forc:
            return _add(x, None, None, None, keepdims)
        axes: tuple[int, ...] = tuple(range(ndim))
    elif axis.__class__ is tuple:
        axes = tuple(sorted(one % ndim for one in axis))
    else:
        place = axis % ndim
        if x.shape[place] <= BLOCK or (place == ndim - 1 and x.flags.c_contiguous):
            return _add(x, place, None, None, keepdims)
        axes = (place,)
    if math.prod([x.shape[one] for one in axes]) <= BLOCK or not x.size:
        return _add(x, axes, None, None, keepdims)
    result = _by_runs(x, axes)
    return result.reshape([1 if i in axes else size for i, size in enumerate(x.shape)]) if keepdims else result[()]


def _by_runs(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sum run after run of neighbouring axes, in the order in which they lie in memory."""
    order = sorted(range(x.ndim), key=lambda one: -abs(x.strides[one]))
    laid = x.transpose(order)
    if not laid.flags.c_contiguous:
        order, laid = list(range(x.ndim)), np.ascontiguousarray(x)
    wide = laid.dtype.char in _REAL
    left = list(order)
    while summed := [i for i, one in enumerate(left) if one in axes]:
        last = first = summed[-1]
        while first - 1 in summed:
            first -= 1
        shape = laid.shape
        outer, count, inner = math.prod(shape[:first]), math.prod(shape[first : last + 1]), math.prod(shape[last + 1 :])
        if inner == 1:
            laid = _add(laid.reshape(outer, count), 1)
        elif wide:
            parts = laid.view(_REAL[laid.dtype.char]).reshape(outer, count, 2 * inner)
            laid = _columns(parts).view(laid.dtype)
        else:
            laid = _columns(laid.reshape(outer, count, inner))
        laid = laid.reshape(shape[:first] + shape[last + 1 :])
        del left[first : last + 1]
    kept = sorted(left)
    return laid.transpose([left.index(one) for one in kept])


def _columns(x: np.ndarray) -> np.ndarray:
    """The sums over the middle axis of a contiguous array of three axes, real numbers."""
    ones = _ONES.get(x.dtype.char)
    while (count := x.shape[1]) > BLOCK:
        blocks = count // BLOCK
        whole = x[:, : blocks * BLOCK].reshape(x.shape[0], blocks, BLOCK, x.shape[2])
        sums = _add(whole, 2) if ones is None else np.matmul(ones, whole)
        rest = x[:, blocks * BLOCK :]
        x = np.concatenate([sums, _add(rest, 1, keepdims=True)], 1) if rest.shape[1] else sums
    return _add(x, 1)
