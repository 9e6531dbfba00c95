"""Sliding windows over a series as a dataset; they stay views of the series until a batch is gathered."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..data import Dataset
from ..data.user import host_copy
from ..errors import ShapeError


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Dataset:
    """Sequences cut from a series, in batches.

    Sequence i begins at ``start = start_index + i * sequence_stride``: it is
    ``data[start : start + sequence_length * sampling_rate : sampling_rate]``, and its target ``targets[start]``.

    Args:
        data: the series, with time along the first axis.
        targets: a row for each time at which a sequence may begin; None for a dataset of sequences alone.
        sequence_length: how many steps a sequence has.
        sequence_stride: how many times later the next sequence begins.
        sampling_rate: how many times apart the steps of a sequence are.
        batch_size: how many sequences a batch has; None for single ones.
        shuffle: whether the sequences come in a random order, another in each pass.
        seed: of that order.
        start_index, end_index: the part of ``data`` to use, without ``end_index`` itself; all of it if left out.

    Returns:
        A dataset of batches ``(sequences, targets)``, of shapes (batch, sequence_length, ...) and (batch, ...); without
        any where the series is shorter than a sequence.

    Raises:
        ValueError: for numbers that are not positive, or lie outside of ``data``. ShapeError: for a scalar.
    """
    series = _rows(data, "data")
    count = len(series)
    length = _between(sequence_length, "sequence_length", 1)
    stride = _between(sequence_stride, "sequence_stride", 1, count - 1)
    rate = _between(sampling_rate, "sampling_rate", 1, count - 1)
    start = 0 if start_index is None else _between(start_index, "start_index", 0, count - 1)
    stop = count if end_index is None else _between(end_index, "end_index", start + 1, count)
    windows = _windows(series[start:stop], length, rate)
    if targets is None:
        dataset = Dataset.from_tensor_slices(windows[::stride], copy=False)
    else:
        answers = _rows(targets, "targets")[start:stop]
        found = min(len(windows), len(answers))
        dataset = Dataset.from_tensor_slices((windows[:found:stride], answers[:found:stride]), copy=False)
    if shuffle:
        dataset = dataset.shuffle(max(1, len(dataset)), seed)
    return dataset if batch_size is None else dataset.batch(batch_size)


def _windows(series: np.ndarray, length: int, rate: int) -> np.ndarray:
    """All sequences of a series, a view of shape (sequences, length, ...)."""
    span = (length - 1) * rate + 1
    if span > len(series):
        return np.empty((0, length, *series.shape[1:]), series.dtype)
    return np.moveaxis(sliding_window_view(series, span, axis=0), -1, 1)[:, ::rate]


def _rows(values: Any, name: str) -> np.ndarray:
    rows = host_copy(values, f"timeseries_dataset_from_array(): {name}")
    if not rows.ndim:
        raise ShapeError(f"timeseries_dataset_from_array got a number as {name}; expected rows along a first axis.")
    return rows


def _between(value: Any, name: str, least: int, most: int | None = None) -> int:
    number = operator.index(value)
    if number < least or (most is not None and number > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}, for this series"
        raise ValueError(f"timeseries_dataset_from_array got {name}={number}; expected an integer {wanted}.")
    return number
