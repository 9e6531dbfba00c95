"""Sums that keep the bound which polyflow states for reductions, along whichever axis.

NumPy adds pairwise along the axis that lies contiguous in memory, and one after the other along any other: over a
million rows the error of the second way grows to thousands of times that of the first. So along such an axis 16 rows at
a time are added, as a product with a row of ones, which BLAS does faster than NumPy's loop; and then one half of the
sums to the other half, until few are left. Narrow matrices are turned, so that NumPy adds pairwise.

As many rows as a batch has are summed by up to three such products, each of as few terms as the bound asks for: 32 rows
as eight times four, and then those four. Rows of up to 16 numbers are products with a column of ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

FEW = 16
"""So many terms may be added one after the other."""

NARROW = 16
"""Matrices of fewer columns are turned before they are summed."""

BATCH = 256
"""So many rows at most are summed by products alone."""

_add: Any = np.add.reduce
_ONES = {dtype.char: np.ones(FEW, dtype) for dtype in (np.dtype("float32"), np.dtype("float64"))}
_REAL = {"F": "float32", "D": "float64"}


@lru_cache(4096)
def factors(shape: tuple[int, ...], place: int, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """The ones by whose products a matrix in C order is summed over an axis, one after the other; none: not that way.

    Along the first axis, each product adds the rows of the matrix reshaped to as many rows as the factor is long. Their
    errors add up to half an eps for each term but one of each product, which the bound limits.
    """
    if len(shape) != 2 or dtype.char not in _ONES or shape[place] < 2:
        return ()
    count = shape[place]
    if place:
        return (np.ones(count, dtype),) if count <= FEW else ()
    if count > BATCH or shape[1] < 2:
        return ()
    allowed = 8 + math.log2(count)
    for parts in ((count,), *_pairs(count), *((a, *pair) for a, b in _pairs(count) for pair in _pairs(b))):
        if sum(parts) - len(parts) <= allowed:
            return tuple(np.ones(part, dtype) for part in sorted(parts, reverse=True))
    return ()


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(a, count // a) for a in range(2, count // 2 + 1) if count % a == 0]


def over(axis: int, keepdims: bool) -> Callable[[Any], Any]:
    """`total` over one axis, in real numbers or complex ones, with its products worked out once for each shape."""

    @lru_cache(64)
    def products(shape: tuple[int, ...], dtype: np.dtype) -> tuple[tuple[np.ndarray, tuple[int, int]], ...]:
        if len(shape) != 2 or not -2 <= axis < 2 or math.prod(shape) <= FEW:
            return ()
        found, size = [], math.prod(shape)
        for ones in factors(shape, axis % 2, dtype):
            found.append((ones, shape if axis % 2 else (len(ones), size // len(ones))))
            size //= len(ones)
        return tuple(found)

    def run(x: Any) -> Any:
        found = products(x.shape, x.dtype)
        if not found or not x.flags.c_contiguous:
            return total(x, axis, keepdims)
        if axis % 2:
            x = x.dot(found[0][0])
            return x[:, None] if keepdims else x
        for ones, shape in found:
            x = ones.dot(x.reshape(shape))
        return x[None] if keepdims else x

    return run


def total(x: np.ndarray, axis: Any, keepdims: bool) -> Any:
    """The sum over ``axis`` in the dtype of ``x``; float16 and bfloat16 have to be widened before."""
    if x.dtype.kind not in "fc" or x.size <= FEW:
        return _add(x, axis, x.dtype, None, keepdims)
    ndim = x.ndim
    if axis.__class__ is tuple and len(axis) == 1:
        (axis,) = axis
    if axis is None:
        if ndim == 1 or x.flags.forc:
            return _add(x, None, None, None, keepdims)
        axes: tuple[int, ...] = tuple(range(ndim))
    elif axis.__class__ is tuple:
        axes = tuple(sorted(one % ndim for one in axis))
        if len({*axes}) < len(axes) or any(not -ndim <= one < ndim for one in axis):
            raise np.exceptions.AxisError(f"axis {axis} of {ndim} axes")
        if len(axes) == ndim and x.flags.forc:
            return _add(x, None, None, None, keepdims)
    else:
        if not -ndim <= axis < ndim:
            raise np.exceptions.AxisError(axis, ndim)
        place = axis % ndim
        shape = x.shape
        in_order = x.flags.c_contiguous
        if in_order and ndim == 2 and (by := factors(shape, place, x.dtype)):
            if place:
                result = np.dot(x, by[0])
                return result[:, None] if keepdims else result
            for ones in by:
                x = np.dot(ones, x.reshape(len(ones), -1))
            return x.reshape(1, -1) if keepdims else x
        if shape[place] <= FEW or (in_order and place == ndim - 1):
            return _add(x, place, None, None, keepdims)
        if in_order and ndim == 2 and shape[1] == 1:
            return _add(x.reshape(-1), 0, None, None, True).reshape((1, 1) if keepdims else (1,))
        if in_order and x.dtype.kind == "f":  # the usual one: the gradient of a bias
            if ndim == 2:
                result = _add(x.T.copy(), 1) if shape[1] < NARROW else _columns(x[None])[0]
                return result[None] if keepdims else result
            result = _columns(x.reshape(-1, shape[place], math.prod(shape[place + 1 :])))
            left = (1,) if keepdims else ()
            return result.reshape(shape[:place] + left + shape[place + 1 :])
        axes = (place,)
    if not x.size or math.prod([x.shape[one] for one in axes]) <= FEW:
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
    outer, count, inner = x.shape
    if inner < NARROW:
        return _add(np.ascontiguousarray(x.swapaxes(1, 2)), 2)
    if count <= FEW:
        return _add(x, 1)
    blocks = count // FEW
    whole = x[:, : blocks * FEW].reshape(outer, blocks, FEW, inner)
    ones = _ONES.get(x.dtype.char)
    sums = _add(whole, 2) if ones is None else np.matmul(ones, whole)
    if blocks * FEW < count:
        sums[:, 0] += _add(x[:, blocks * FEW :], 1)
    while (count := sums.shape[1]) > 4:
        half = count // 2
        halves = sums[:, :half] + sums[:, half : 2 * half]
        if count % 2:
            halves[:, 0] += sums[:, -1]
        sums = halves
    return _add(sums, 1)
