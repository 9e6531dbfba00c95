"""Keras's utilities that polyflow has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import ANY, check_integers, check_numbers
from ..convert import integer, to_host
from ..custom_objects import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..dtypes import as_dtype
from ..errors import LabelError, ShapeError
from ..layers.base import clear_session
from ..layers.symbolic import SymbolicTensor
from ..missing import answer
from ..models.feed import unpack
from ..ops.rules import normal_axis
from ..random import set_seed
from .progbar import Progbar
from .serialization import deserialize_keras_object, serialize_keras_object
from .splitting import PyDataset, split_dataset
from .timeseries import timeseries_dataset_from_array

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

CustomObjectScope = custom_object_scope
Sequence = PyDataset


def is_keras_tensor(x: Any) -> bool:
    """Whether something is what `Input` and layers called on it give."""
    return isinstance(x, SymbolicTensor)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, as `train_step` gets it, as all three."""
    return unpack(data, "unpack_x_y_sample_weight")


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The three in a tuple, without those that are None."""
    if y is None:
        return x if not isinstance(x, (tuple, list)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def set_random_seed(seed: int) -> None:
    """Set the global seed."""
    set_seed(seed)


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """``x``, a NumPy array or what becomes one, divided by its norms of ``order`` along ``axis``; zeros stay.

    Raises:
        DTypeError: for what holds no numbers. ArgumentError: for an axis or an order that is no number.
    """
    check_integers("normalize", ANY, axis=axis)
    check_numbers("normalize", "[-inf, inf]", order=order)
    values = to_host(x)
    norms = np.linalg.norm(values, order, normal_axis(axis, values.ndim), keepdims=True)
    return values / np.where(norms == 0, 1, norms)


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Integer classes as one-hot rows of float32, a NumPy array.

    Raises:
        LabelError: for a label that is no class.
    """
    check_integers("to_categorical", "[1, inf)", optional=True, num_classes=num_classes)
    given = np.asarray(x)
    if given.dtype.kind in "USO":
        raise LabelError(
            f"to_categorical got the label {given.ravel().tolist()[0]!r}; expected whole numbers from 0 up. Number "
            "labels of another kind first: names, labels = np.unique(labels, return_inverse=True)."
        )
    if given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    with np.errstate(invalid="ignore"):
        labels = given.astype(np.int64)
    count = int(num_classes or labels.max(initial=-1) + 1)
    outside = given[(labels < 0) | (labels >= count) | (labels != given)]
    if outside.size:
        upto = f"from 0 to {count - 1}" if num_classes else "from 0 up"
        raise LabelError(f"to_categorical got the label {outside.flat[0]}; expected whole numbers {upto}.")
    return np.eye(count, dtype=np.float32)[labels]


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray:
    """Sequences as the rows of one array, the short ones filled up and the long ones cut.

    Args:
        sequences: lists or arrays; what they hold has one shape.
        maxlen: the length of every row; that of the longest sequence if left out.
        dtype: the array's dtype.
        padding, truncating: whether to fill up and to cut at the beginning ("pre") or at the end ("post").
        value: what to fill up with.

    Raises:
        ShapeError: for items that are no sequences, or hold things of different shapes.
    """
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ValueError(f"{name} is 'pre' or 'post'; got {where!r}.")
    rows = [to_host(sequence) for sequence in sequences] if isinstance(sequences, Iterable) else [np.asarray(sequences)]
    if any(not row.ndim for row in rows):
        raise ShapeError("pad_sequences takes a list of sequences; one of its items is a number.")
    inner = {row.shape[1:] for row in rows if len(row)}
    if len(inner) > 1:
        raise ShapeError(f"pad_sequences needs sequences of things of one shape; got shapes {sorted(inner)}.")
    length = max(map(len, rows), default=0) if maxlen is None else integer("pad_sequences", "maxlen", maxlen)
    if length < 0:
        raise ShapeError(f"pad_sequences makes rows of 0 numbers or more; got maxlen={maxlen}.")
    padded = np.full((len(rows), length, *next(iter(inner), ())), value, as_dtype(dtype))
    for place, row in zip(padded, rows, strict=True):
        kept = row[max(len(row) - length, 0) :] if truncating == "pre" else row[:length]
        if len(kept):
            place[slice(length - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return padded


answer(__name__)
