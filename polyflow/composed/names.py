"""The functions whose top-level form follows TensorFlow: its argument names, order and defaults.

Everything else at the top level is the op itself, with the array API standard's signature, which `polyflow.array_api`
offers throughout. ``name=`` is accepted where TensorFlow has it and means nothing.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..convert import integer, number, short
from ..errors import ShapeError
from ..ops import creation, elementwise, indexing, linalg, reduction
from ..ops import shape as shapes
from ..ops.declare import OPS, shape_tuple
from ..ops.factorizations import adjoint
from ..tensor import Operators, Tensor, asarray, tensor

_ASTYPE, _CASTS = OPS["astype"].fixed, elementwise.CASTS

# Creation ---------------------------------------------------------------------------------------------------------


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of ``value``, copied.

    Args:
        value: a number, a nested list of numbers, or an array.
        dtype: the dtype; Python floats become float32 and integers int32 without it, NumPy arrays keep theirs.
        shape: the shape; one number fills it, as many numbers as it holds are laid out in it.

    Raises:
        ShapeError: where the number of values does not fit ``shape``, or for ragged lists.
    """
    made = tensor(value, dtype)
    if shape is None:
        return made
    sizes = shape_tuple(shape)
    if made.size == 1:
        return shapes.broadcast_to(shapes.reshape(made, ()), sizes)
    if made.size != int(np.prod(sizes, dtype=np.int64)):
        raise ShapeError(
            f"constant cannot lay out {made.size} values in shape {sizes}. Give as many as it holds, or one for all."
        )
    return shapes.reshape(made, sizes)


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Tensor:
    """``value`` as a tensor; tensors as they are."""
    return asarray(value, dtype)


def zeros(shape: Any, dtype: Any = dt.DEFAULT_FLOAT, name: str | None = None) -> Tensor:
    """A tensor of zeros."""
    return creation.filled(shape, 0, dtype, None)


def ones(shape: Any, dtype: Any = dt.DEFAULT_FLOAT, name: str | None = None) -> Tensor:
    """A tensor of ones."""
    return creation.filled(shape, 1, dtype, None)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape ``dims`` holding ``value`` everywhere."""
    return creation.full(dims, value)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor of ``shape`` holding ``fill_value`` everywhere."""
    return creation.full(shape, fill_value, dtype)


def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros of the shape and dtype of ``input``."""
    return creation.zeros_like(input, dtype)


def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones of the shape and dtype of ``input``."""
    return creation.ones_like(input, dtype)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Any = None,
    dtype: Any = dt.DEFAULT_FLOAT,
    name: str | None = None,
) -> Tensor:
    """A matrix with ones on the diagonal, or as many as ``batch_shape`` says."""
    one = creation.eye(num_rows, num_columns, dtype=dtype)
    return one if batch_shape is None else shapes.broadcast_to(one, (*shape_tuple(batch_shape), *one.shape))


def linspace(start: Any, stop: Any, num: int = 50, name: str | None = None, axis: int = 0) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, ends included, of dtype float32.

    An end that is a float64 array or tensor makes it float64; lists as ends broadcast, the new axis being ``axis``.
    """
    if integer("linspace", "num", num) < 1:
        raise ValueError(f"linspace needs num >= 1; got {num}.")
    return creation.linspace(start, stop, num, axis=axis)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Tensor:
    """Numbers from ``start`` up to but without ``limit`` in steps of ``delta`` (``range(limit)`` starts at 0).

    Raises:
        ValueError: where ``delta`` is 0 or leads away from ``limit``.
    """
    first, last = (0, start) if limit is None else (start, limit)
    if first.__class__ is last.__class__ is delta.__class__ is int and (last - first) * delta > 0:
        return creation.arange(first, last, delta, dtype=dtype)
    low, high, step = (number("range", value) for value in (first, last, delta))
    if step == 0 or (high - low) * step < 0:
        raise ValueError(f"range needs a delta that leads from start to limit; got {low}, {high} and delta={step}.")
    given = [np.asarray(v).dtype for v in (first, last, delta) if hasattr(v, "dtype")]
    target = (
        dtype if dtype is not None else dt.result_type(*given, *(type(v) for v in (low, high, step))) if given else None
    )
    return creation.arange(low, high, step, dtype=target)


# Conversion and shape -------------------------------------------------------------------------------------------------


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """``x`` converted to ``dtype``."""
    return _ASTYPE(x if x.__class__ is Tensor else asarray(x), _CASTS[dt.as_dtype(dtype)])


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements in another shape; one size may be -1."""
    return shapes.reshape(asarray(tensor), shape)


def shape(input: Any, out_type: Any = dt.int32, name: str | None = None) -> Tensor:
    """The shape of ``input`` as a tensor."""
    return tensor(list(asarray(input).shape), out_type)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes as an int32 tensor."""
    return tensor(len(asarray(input).shape), dt.int32)


def size(input: Any, out_type: Any = dt.int32, name: str | None = None) -> Tensor:
    """The number of elements as a tensor."""
    return tensor(asarray(input).size, out_type)


def transpose(a: Any, perm: Any = None, name: str | None = None) -> Tensor:
    """The axes reversed, or in the order ``perm``."""
    return shapes.transpose(asarray(a), perm)


def expand_dims(input: Any, axis: Any = 0, name: str | None = None) -> Tensor:
    """With a new axis of size 1 at ``axis``."""
    return shapes.expand_dims(asarray(input), axis)


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Without the axes of size 1, or without those that ``axis`` names."""
    return shapes.squeeze(asarray(input), axis)


def concat(values: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The tensors joined along an axis they have."""
    return shapes.concat(values, axis=axis)


def stack(values: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The tensors joined along a new axis."""
    return shapes.stack(values, axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None) -> list[Tensor]:
    """The slices along ``axis``."""
    return list(shapes.unstack(asarray(value), axis=axis))


def split(value: Any, num_or_size_splits: Any, axis: int = 0, name: str | None = None) -> list[Tensor]:
    """``value`` cut along ``axis`` into equal parts, or parts of given sizes."""
    return shapes.split(asarray(value), num_or_size_splits, axis=axis)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """``input`` laid out ``multiples`` times along each axis."""
    return shapes.tile(asarray(input), multiples)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element along ``axis`` repeated."""
    return shapes.repeat(asarray(input), repeats, axis=axis)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """``tensor`` with elements added at the ends of its axes ("CONSTANT", "REFLECT" or "SYMMETRIC")."""
    return shapes.pad(asarray(tensor), paddings, mode.lower(), constant_values)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements in reverse order along ``axis``."""
    return shapes.flip(asarray(tensor), axis)


def roll(input: Any, shift: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """The elements shifted along ``axis``."""
    return shapes.roll(asarray(input), shift, axis=axis)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: int | None = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """The slices of ``params`` at ``indices`` along ``axis``; the first ``batch_dims`` axes of both belong together."""
    if batch_dims:
        from .gathering import batched_gather

        return batched_gather(asarray(params), asarray(indices), axis, batch_dims)
    return indexing.take(asarray(params), indices, axis=axis or 0)


def boolean_mask(tensor: Any, mask: Any, axis: int = 0, name: str | None = None) -> Tensor:
    """The elements of ``tensor`` where ``mask`` is true; in a mask of numbers that is where they are not 0."""
    key = (*[slice(None)] * axis, elementwise.astype(asarray(mask), dt.bool_))
    return indexing.getitem(asarray(tensor), key)


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int = -1,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """A new axis of size ``depth`` that is ``on_value`` at each index and ``off_value`` elsewhere.

    The dtype is that of the two values where any is given and no ``dtype``, else float32.
    """
    given = [value for value in (on_value, off_value) if value is not None]
    if dtype is None:
        dtype = dt.promote(*[asarray(value).dtype for value in (given * 2)[:2]]) if given else dt.DEFAULT_FLOAT
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return indexing.one_hot(asarray(indices), depth, axis=axis, on_value=on, off_value=off, dtype=dtype)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of ``shape`` with ``updates`` added at ``indices``."""
    return indexing.scatter(asarray(indices), asarray(updates), shape)


# Reductions and sorting -----------------------------------------------------------------------------------------------


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The sum over ``axis``."""
    return reduction.sum(asarray(input_tensor), axis, keepdims=keepdims)


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The mean over ``axis``; integers in float32."""
    return reduction.mean(asarray(input_tensor), axis, keepdims)


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The largest element over ``axis``."""
    return reduction.max(asarray(input_tensor), axis, keepdims)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The smallest element over ``axis``."""
    return reduction.min(asarray(input_tensor), axis, keepdims)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The product over ``axis``."""
    return reduction.prod(asarray(input_tensor), axis, keepdims=keepdims)


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Whether all elements over ``axis`` are true."""
    return reduction.all(asarray(input_tensor), axis, keepdims)


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Whether any element over ``axis`` is true."""
    return reduction.any(asarray(input_tensor), axis, keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The standard deviation over ``axis``."""
    return reduction.std(asarray(input_tensor), axis, keepdims=keepdims)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The variance over ``axis``."""
    return reduction.var(asarray(input_tensor), axis, keepdims=keepdims)


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """``log(sum(exp(x)))`` over ``axis`` without overflow."""
    return reduction.logsumexp(asarray(input_tensor), axis, keepdims)


def argmax(input: Any, axis: int = 0, output_type: Any = dt.int64, name: str | None = None) -> Tensor:
    """The index of the largest element along ``axis`` (0 if left out, as in TensorFlow)."""
    found = reduction.argmax(asarray(input), axis)
    return found if output_type is dt.int64 else found.astype(output_type)


def argmin(input: Any, axis: int = 0, output_type: Any = dt.int64, name: str | None = None) -> Tensor:
    """The index of the smallest element along ``axis`` (0 if left out, as in TensorFlow)."""
    found = reduction.argmin(asarray(input), axis)
    return found if output_type is dt.int64 else found.astype(output_type)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The elements in order along ``axis``, NaN last."""
    return reduction.sort(asarray(values), axis, _descending(direction))


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = True, name: str | None = None
) -> Tensor:
    """The indices that sort ``values`` along ``axis``; always stable."""
    return reduction.argsort(asarray(values), axis, _descending(direction))


def _descending(direction: str) -> bool:
    if direction.upper() not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"direction is 'ASCENDING' or 'DESCENDING'; got {direction!r}.")
    return direction.upper() == "DESCENDING"


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The running sum along ``axis`` (0 if left out, as in TensorFlow)."""
    return cumulated(reduction.cumulative_sum, asarray(x), axis, exclusive, reverse)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The running product along ``axis`` (0 if left out, as in TensorFlow)."""
    return cumulated(reduction.cumulative_prod, asarray(x), axis, exclusive, reverse)


def cumulated(function: Any, x: Tensor, axis: int, exclusive: bool, backwards: bool) -> Tensor:
    """A running sum or the like in TensorFlow's ways; ``function`` takes ``axis`` and ``include_initial``."""
    x = shapes.flip(x, axis) if backwards else x
    result = function(x, axis=axis, include_initial=exclusive)
    if exclusive:
        place = axis % len(x.shape)
        result = result[(*[slice(None)] * place, slice(None, -1))]
    return shapes.flip(result, axis) if backwards else result


# Elementwise and products -------------------------------------------------------------------------------------------


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """``x`` where ``condition`` is true, else ``y``; with a condition alone its indices where it is true."""
    if x is not None and y is not None:
        return elementwise.where(condition if condition.__class__ is Tensor else asarray(condition), x, y)
    if x is not None or y is not None:
        raise ValueError("where takes a condition and both x and y, or a condition alone.")
    return shapes.stack(indexing.nonzero(asarray(condition)), axis=1)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """``t`` limited to the closed interval."""
    return elementwise.clip(asarray(t), clip_value_min, clip_value_max)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """``t`` scaled down to a Euclidean norm of ``clip_norm`` over ``axes`` where it is longer."""
    x = asarray(t)
    length = reduction.norm(x, axes, keepdims=axes is not None)
    return x * (clip_norm / elementwise.maximum(length, clip_norm))


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The Euclidean norm of all tensors together; None counts as nothing."""
    return elementwise.sqrt(add_n([reduction.sum(elementwise.square(asarray(t))) for t in t_list if t is not None]))


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """The tensors, all scaled by one factor so that their norm together is at most ``clip_norm``, and that norm.

    Where the norm is infinite or NaN the tensors become NaN. None stays None.
    """
    if not isinstance(t_list, (tuple, list)):
        raise TypeError(f"clip_by_global_norm takes a list of tensors, as a tape's gradients are; got {short(t_list)}.")
    length = global_norm(t_list) if use_norm is None else asarray(use_norm)
    factor = elementwise.where(
        elementwise.isfinite(length), clip_norm / elementwise.maximum(length, clip_norm), float("nan")
    )
    return [t if t is None else asarray(t) * factor for t in t_list], length


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product, with either matrix transposed, or transposed and conjugated, if asked."""
    left, right = asarray(a), asarray(b)
    if adjoint_a:
        left = adjoint(left)
    if adjoint_b:
        right = adjoint(right)
    if transpose_a:
        left = shapes.matrix_transpose(left)
    if transpose_b:
        right = shapes.matrix_transpose(right)
    return linalg.matmul(left, right)


def tensordot(a: Any, b: Any, axes: Any = 2, name: str | None = None) -> Tensor:
    """The product summed over ``axes`` axes, or over two lists of axes."""
    return linalg.tensordot(asarray(a), asarray(b), axes=axes)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of several tensors."""
    if not len(inputs):
        raise ValueError("add_n needs at least one tensor; got none.")
    return builtins.sum((asarray(one) for one in inputs[1:]), asarray(inputs[0]))


def executing_eagerly() -> bool:
    """Whether ops run at once; not so in a function that is being traced."""
    from ..flow.trace import Tracer
    from ..ops.call import interpreter

    top = interpreter.get()
    while top is not None and not isinstance(top, Tracer):
        top = top.below
    return top is None


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a tensor or a variable."""
    return isinstance(x, Operators)
