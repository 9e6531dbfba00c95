"""What has in `keras.ops` a form of its own: NumPy's arguments in NumPy's order, and losses of plain tensors."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .. import losses
from ..composed import names
from ..composed.bessel import bessel_i0
from ..composed.gathering import tensor_scatter_nd_update
from ..flow import control
from ..ops import elementwise, indexing, reduction
from ..ops import shape as shapes
from ..ops.linalg import matmul, tensordot
from ..tensor import Operators, asarray
from ..tensor_shape import TensorShape


def clip(x: Any, x_min: Any = None, x_max: Any = None) -> Any:
    """``x`` limited to the closed interval."""
    return elementwise.clip(asarray(x), x_min, x_max)


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0."""
    return bessel_i0(x)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements (or slices along ``axis``) at the indices."""
    return indexing.take(asarray(x), indices, axis=axis)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """``x1`` where the condition holds and ``x2`` elsewhere; the indices where it holds, without these."""
    return indexing.nonzero(asarray(condition)) if x1 is None and x2 is None else elementwise.where(condition, x1, x2)


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; ties go to the even one."""
    factor = 10.0**decimals
    return elementwise.round(asarray(x)) if not decimals else elementwise.round(asarray(x) * factor) / factor


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of each element and those before it along ``axis``; of all elements in a row without one."""
    return names.cumsum(*_in_a_row(x, axis))


def cumprod(x: Any, axis: int | None = None) -> Any:
    """The products of each element and those before it along ``axis``; of all elements in a row without one."""
    return names.cumprod(*_in_a_row(x, axis))


def _in_a_row(x: Any, axis: int | None) -> tuple[Any, int]:
    return (shapes.reshape(asarray(x), (-1,)), 0) if axis is None else (asarray(x), axis)


def dot(x1: Any, x2: Any) -> Any:
    """NumPy's dot product: over the last axis of ``x1`` and the last but one of ``x2``."""
    x1, x2 = asarray(x1), asarray(x2)
    if not x1.shape or not x2.shape:
        return x1 * x2
    return matmul(x1, x2) if len(x2.shape) <= 2 else tensordot(x1, x2, axes=[[-1], [-2]])


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts of ``x`` along ``axis``: so many equal ones, or those between the indices."""
    x = asarray(x)
    if not isinstance(indices_or_sections, int):
        ends = [0, *(int(place) for place in indices_or_sections), x.shape[axis]]
        indices_or_sections = [end - start for start, end in pairwise(ends)]
    return shapes.split(x, indices_or_sections, axis=axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """``x2`` behind ``x1`` along ``axis``; all their elements in a row without one."""
    if axis is None:
        return names.concat([shapes.reshape(asarray(one), (-1,)) for one in (x1, x2)])
    return names.concat([x1, x2], axis)


def hstack(xs: Any) -> Any:
    """Arrays side by side, along their second axis (the first of vectors)."""
    found = [asarray(x) for x in xs]
    return names.concat(found, axis=0 if len(found[0].shape) == 1 else 1)


def vstack(xs: Any) -> Any:
    """Arrays one below the other; vectors are rows."""
    found = [asarray(x) for x in xs]
    return names.concat([shapes.expand_dims(x, 0) if len(x.shape) == 1 else x for x in found], axis=0)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean over ``axis``, each element as heavy as its weight."""
    x = asarray(x)
    if weights is None:
        return reduction.mean(x, axis)
    weights = asarray(weights)
    if isinstance(axis, int) and len(weights.shape) == 1 < len(x.shape):
        weights = shapes.reshape(weights, [-1 if i == axis % len(x.shape) else 1 for i in builtins.range(len(x.shape))])
    weights = elementwise.astype(shapes.broadcast_to(weights, x.shape), x.dtype)
    return reduction.sum(x * weights, axis) / reduction.sum(weights, axis)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Where two arrays differ by no more than ``atol + rtol * abs(x2)``."""
    x1, x2 = asarray(x1), asarray(x2)
    near = (abs(x1 - x2) <= atol + rtol * abs(x2)) & elementwise.isfinite(x2) | (x1 == x2)
    return near | (elementwise.isnan(x1) & elementwise.isnan(x2)) if equal_nan else near


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether they do so nowhere by more."""
    return reduction.all(isclose(x1, x2, rtol, atol, equal_nan))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """``x`` with numbers in place of NaN and of the infinities (the dtype's largest and smallest, if left out)."""
    x = asarray(x)
    largest = float(np.finfo(x.dtype).max)
    high, low = largest if posinf is None else posinf, -largest if neginf is None else neginf
    found = elementwise.where(elementwise.isnan(x), nan, x)
    found = elementwise.where(x == float("inf"), high, found)
    return elementwise.where(x == -float("inf"), low, found)


def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """``x`` divided by its norms along ``axis``, which count as ``epsilon`` at least."""
    x = asarray(x)
    norms = names.reduce_sum(abs(x) ** order, axis, True) ** (1.0 / order)
    return x / elementwise.maximum(norms, 1e-7 if epsilon is None else epsilon)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """Integers as rows with a one at their place."""
    return names.one_hot(x, num_classes, axis=axis, dtype="float32" if dtype is None else dtype)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """``x`` with more elements before and after those of each axis."""
    return shapes.pad(asarray(x), pad_width, mode, 0 if constant_values is None else constant_values)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of the shape of ``x`` that holds one value."""
    x = asarray(x)
    return names.full(x.shape, fill_value, x.dtype if dtype is None else dtype)


def get_item(x: Any, key: Any) -> Any:
    """``x[key]``."""
    return asarray(x)[key]


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The block of a shape that starts at the indices."""
    key = tuple(builtins.slice(int(a), int(a) + n) for a, n in zip(start_indices, shape, strict=True))
    return asarray(inputs)[key]


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """``inputs`` with other values in the block that starts at the indices."""
    updates = asarray(updates)
    key = tuple(builtins.slice(int(a), int(a) + n) for a, n in zip(start_indices, updates.shape, strict=True))
    return indexing.index_set(asarray(inputs), key, updates)


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros with values added at coordinates."""
    return names.scatter_nd(indices, values, shape)


def scatter_update(inputs: Any, indices: Any, updates: Any) -> Any:
    """``inputs`` with other values at coordinates."""
    return tensor_scatter_nd_update(inputs, indices, updates)


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sums of the rows with each id."""
    from ..composed.segments import segment_sum, unsorted_segment_sum

    if num_segments is None:
        return segment_sum(data, segment_ids)
    return unsorted_segment_sum(data, segment_ids, num_segments)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each element."""
    target, output = shapes.expand_dims(asarray(target), -1), shapes.expand_dims(asarray(output), -1)
    return losses.binary_crossentropy(target, output, from_logits=from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each row."""
    return losses.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each row, of integers."""
    return losses.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


# What symbolic tensors have without being computed, and loops ---------------------------------------------------------


def shape(x: Any) -> tuple[int | None, ...]:
    """The size of each axis."""
    return tuple(x.shape if isinstance(getattr(x, "shape", None), TensorShape) else asarray(x).shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(shape(x)))  # type: ignore[arg-type]


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return x.dtype.name if hasattr(x, "dtype") else asarray(x).dtype.name


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values as a NumPy array."""
    return x.numpy() if isinstance(x, Operators) else np.asarray(x)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """What is left of a value after a function made the next of it, for each number from ``lower`` on."""
    return control.fori_loop(lower, upper, body_fun, init_val)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """What a function gives for each row, stacked."""
    return control.map_fn(f, xs)


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None) -> Any:
    """The last carry, and what each step gives, of a function of the carry and a row."""
    return control.scan(f, init, xs, length)


def vectorize(pyfunc: Callable[..., Any]) -> Callable[..., Any]:
    """A function of rows as one of arrays of rows."""
    return lambda *args: control.vectorized_map(lambda row: pyfunc(*row), args)
