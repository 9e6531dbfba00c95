"""Arrays for training, evaluation or prediction as a dataset of batches, checked before anything starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, EmptyDataError, PolyflowError, ShapeError
from .dataset import Dataset
from .group import Batch
from .node import Node
from .shuffle import Shuffle
from .sources import Arrays
from .structure import Structure
from .user import host_leaf

__all__ = ["batch_rows", "batches", "host_rows"]


def batches(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = 32,
    shuffle: bool = False,
    key: np.ndarray | None = None,
) -> Dataset:
    """Batches of the rows of arrays: tuples ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    The arrays are not copied: do not write to them while the dataset is in use.

    Args:
        x: arrays, tensors, nested lists or pandas objects with one row per example, or a structure (tuple, dict) of
            these; likewise ``y`` and ``sample_weight``. Where weights are given without ``y``, y is None.
        y: the targets.
        sample_weight: the weight of each example.
        batch_size: rows in a batch, 32 if None; the last batch holds what is left.
        shuffle: whether each epoch has a random order of its own.
        key: the key of these orders, uint32 of shape (2,), of which epoch e uses ``fold_in(key, e)``; drawn from the
            global generator when an iteration starts, if left out.

    Raises:
        ShapeError: for scalars and arrays of different lengths. DTypeError: for what is no number.
        EmptyDataError: when there is no row. ValueError, TypeError: for a batch size that is no positive integer.
    """
    size = batch_rows(batch_size)
    structure, arrays = host_rows(x, y, sample_weight)
    node: Node = Arrays(structure, arrays)
    if shuffle:
        node = Shuffle(node, len(arrays[0]), key=key)
    return Dataset(Batch(node, size, drop_remainder=False))


def batch_rows(batch_size: Any) -> int:
    """How many rows a batch has: 32 where nobody says.

    Raises:
        ValueError, TypeError: for what is no positive integer.
    """
    size = 32 if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
        raise TypeError(f"batch_size={size!r} is no integer. Expected the number of rows in a batch, e.g. 32.")
    if size < 1:
        raise ValueError(f"batch_size={size} holds no rows. Expected an integer of at least 1, e.g. 32.")
    return int(size)


def host_rows(x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Structure, list[np.ndarray]]:
    """What `batches` is given as the structure of ``(x, y, sample_weight)`` and host arrays of one length.

    Raises:
        As `batches`.
    """
    given = {"x": x, "y": y, "sample_weight": sample_weight}
    if x is None:
        raise TypeError("x is None. Expected arrays with one row per example.")
    last = "sample_weight" if sample_weight is not None else "y" if y is not None else "x"
    used = {name: given[name] for name in list(given)[: list(given).index(last) + 1]}
    structure = Structure.of(tuple(used.values()))
    names = [name + path for name, part in zip(used, structure.parts, strict=True) for path in part.paths()]
    leaves = structure.flatten(tuple(used.values()))
    if not structure.parts[0].count:
        raise TypeError(f"x={x!r} holds no array. Expected arrays with one row per example.")
    arrays = [_rows(leaf, name) for leaf, name in zip(leaves, names, strict=True)]
    lengths = {name: len(array) for name, array in zip(names, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in list(lengths.items())[:6])
        hint = " Join a list of samples with np.stack." if len(lengths) > len(used) else ""
        raise ShapeError(
            f"the arrays have different numbers of rows: {shown}{', …' * (len(lengths) > 6)}. "
            f"Expected one row per example in each.{hint}"
        )
    if not len(arrays[0]):
        raise EmptyDataError(f"there is no data: {' and '.join(names)} {'have' if len(names) > 1 else 'has'} 0 rows.")
    return structure, arrays


def _rows(leaf: Any, name: str) -> np.ndarray:
    try:
        array = host_leaf(leaf, name)
    except PolyflowError:
        _refuse_columns(leaf, name)
        raise
    if not array.ndim:
        raise ShapeError(f"{name} is a scalar, {leaf!r}. Expected an array with one row per example.")
    return array


def _refuse_columns(frame: Any, name: str) -> None:
    """Raise the error that names the columns of a pandas frame that hold no numbers."""
    if hasattr(frame, "columns") and hasattr(frame, "dtypes"):
        wrong = [str(column) for column, dtype in zip(frame.columns, frame.dtypes, strict=True) if _no_number(dtype)]
        if wrong:
            raise DTypeError(
                f"{name} is a frame whose columns {', '.join(wrong)} hold no numbers. "
                "Encode them as numbers, or drop them, e.g. frame.drop(columns=[...])."
            ) from None


def _no_number(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") not in "biufc"
