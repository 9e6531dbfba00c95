"""Feed: whatever a user trains on, as an iterator of batches ``(x, y, sample_weight)`` of NumPy arrays for each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from .. import random, threefry, tree
from ..convert import to_host
from ..data import Dataset
from ..errors import EmptyDataError, ShapeError
from ..tensor import Operators

Batch = tuple[Any, Any, Any]


class Feed:
    """Batches for each epoch.

    Attributes:
        steps: the number of batches in an epoch, or None where it is not known before the end.
    """

    steps: int | None = None

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of epoch ``number``, counted from 0."""
        raise NotImplementedError

    def first(self) -> Batch:
        """A batch like those to come, to build the model with."""
        raise NotImplementedError


class ArrayFeed(Feed):
    """Batches of in-memory arrays: a permutation of the rows each epoch, then block gathers."""

    def __init__(
        self, x: Any, y: Any, sample_weight: Any, batch_size: int, shuffle: bool, class_weight: dict[int, float] | None
    ) -> None:
        if class_weight is not None:
            sample_weight = class_weights(y, class_weight)
        self.leaves, self.structure = tree.flatten((x, y, sample_weight))
        self.rows = check_rows(x, y, sample_weight)
        self.batch_size, self.shuffle = batch_size, shuffle
        self.steps = math.ceil(self.rows / batch_size)
        self.key = random.host_key() if shuffle else None

    def epoch(self, number: int) -> Iterator[Batch]:
        size, rows, leaves, structure = self.batch_size, self.rows, self.leaves, self.structure
        order = None if self.key is None else threefry.permutation(threefry.fold_in(self.key, number), rows)
        for start in range(0, rows, size):
            if order is None:
                part = [leaf[start : start + size] for leaf in leaves]
            else:
                chosen = order[start : start + size]
                part = [leaf.take(chosen, 0) for leaf in leaves]
            yield tree.unflatten(structure, part)

    def first(self) -> Batch:
        return tree.unflatten(self.structure, [leaf[: self.batch_size] for leaf in self.leaves])


class DatasetFeed(Feed):
    """Batches of a Dataset, or of any iterable of batches."""

    def __init__(
        self, data: Any, steps: int | None, class_weight: dict[int, float] | None, model_dtype: np.dtype, what: str
    ) -> None:
        self.data, self.class_weight, self.dtype, self.what = data, class_weight, model_dtype, what
        self.wanted = steps
        self.steps = steps if steps is not None else known_length(data)
        self.running: Iterator[Any] | None = None
        self.ahead: list[Batch] = []
        if self.steps == 0:
            raise EmptyDataError(f"{what} got an empty dataset. Expected at least one batch.")
        if steps is None and known_length(data, infinite=True) is math.inf:
            raise ValueError(
                f"{what} got a dataset that never ends. Say how many batches make an epoch with steps_per_epoch=, "
                "or leave out .repeat()."
            )

    def epoch(self, number: int) -> Iterator[Batch]:
        """A new pass over the data; with a number of steps given, one pass goes on over the epochs."""
        if self.wanted is None:
            source = self._open()
        else:
            self.running = source = self.running or self._open()
        count = 0
        while self.wanted is None or count < self.wanted:
            try:
                batch = self.ahead.pop() if self.ahead else next(source)
            except StopIteration:
                break
            count += 1
            yield self._prepare(batch)
        if not count:
            raise EmptyDataError(f"{self.what} got a dataset without batches in epoch {number + 1}. Expected at least one.")
        if self.wanted is not None and count < self.wanted:
            raise EmptyDataError(
                f"the dataset ended after {count} of {self.wanted} steps in epoch {number + 1}. "
                "Give it .repeat(), or ask for fewer steps_per_epoch."
            )

    def first(self) -> Batch:
        if self.wanted is not None:
            self.running = self.running or self._open()
            source = self.running
        else:
            source = self._open()
        try:
            batch = next(source)
        except StopIteration:
            raise EmptyDataError(f"{self.what} got a dataset without batches. Expected at least one.") from None
        if self.wanted is not None:
            self.ahead.append(batch)
        return self._prepare(batch)

    def _open(self) -> Iterator[Any]:
        return iter(self.data.batches_numpy() if isinstance(self.data, Dataset) else self.data)

    def _prepare(self, element: Any) -> Batch:
        x, y, weight = unpack(element, self.what)
        x, y, weight = (host_structure(part, self.dtype) for part in (x, y, weight))
        if self.class_weight is not None:
            weight = class_weights(y, self.class_weight)
        for leaf in tree.flatten(x)[0]:
            if not leaf.shape:
                raise ShapeError(
                    f"{self.what} got a dataset of single samples (a scalar came). Batch it first: dataset.batch(32)."
                )
        return x, y, weight


def unpack(element: Any, what: str) -> Batch:
    """``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)`` as all three."""
    if not isinstance(element, (tuple, list)):
        return element, None, None
    if 1 <= len(element) <= 3:
        parts = list(element) + [None] * (3 - len(element))
        return parts[0], parts[1], parts[2]
    raise ValueError(
        f"{what} needs batches of x, (x, y) or (x, y, sample_weight); the data gave a tuple of {len(element)} parts."
    )


def known_length(data: Any, infinite: bool = False) -> Any:
    """The number of elements where it is known, None where not (``math.inf`` for endless data if ``infinite``)."""
    if isinstance(data, Dataset):
        count = int(data.cardinality())
        return count if count >= 0 else math.inf if infinite and count == -1 else None
    try:
        return len(data)
    except TypeError:
        return None


def host_structure(value: Any, dtype: np.dtype, what: str = "x") -> Any:
    """A structure of NumPy arrays; floats wider or narrower than the model's are converted to ``dtype``."""
    if value is None:
        return None
    if isinstance(value, dict) or (isinstance(value, tuple) and any(hasattr(one, "shape") for one in value)):
        return tree.map(lambda one: host_array(one, dtype), value)
    return host_array(value, dtype)


def host_array(value: Any, dtype: np.dtype) -> np.ndarray:
    """One array of training data on the host."""
    if isinstance(value, Operators):
        host = value.numpy()
    elif hasattr(value, "to_numpy"):
        host = to_host(value.to_numpy())
    else:
        host = to_host(value)
    return host.astype(dtype) if host.dtype in dt.FLOATING and host.dtype != dtype else host


def check_rows(x: Any, y: Any, sample_weight: Any) -> int:
    """The common number of rows; raises where parts differ or nothing is there."""
    counts: dict[str, int] = {}
    for name, part in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        for i, leaf in enumerate(tree.flatten(part)[0]):
            label = name if i == 0 else f"{name}[{i}]"
            if not leaf.shape:
                raise ShapeError(f"{label} is a single number; expected an array whose first axis counts the samples.")
            counts[label] = leaf.shape[0]
    if len(set(counts.values())) > 1:
        given = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ValueError(f"x and y need the same number of samples: {given}. Check the first axis of each.")
    rows = next(iter(counts.values()))
    if not rows:
        raise EmptyDataError("the data is empty: x has 0 samples. Expected at least one.")
    return rows


def class_weights(y: Any, weights: dict[int, float]) -> np.ndarray:
    """A weight per sample from one per class; classes that are not named weigh 1."""
    labels = np.asarray(y)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim > 1 else labels
    if not isinstance(weights, dict):
        raise ValueError(f"class_weight is a dict of class index to weight; got {type(weights).__name__}.")
    result = np.ones(len(labels), np.float32)
    for label, weight in weights.items():
        result[labels == label] = weight
    return result


def check_batch_size(batch_size: Any, default: int = 32) -> int:
    """The batch size to use; raises ValueError below 1."""
    if batch_size is None:
        return default
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or int(batch_size) < 1:
        raise ValueError(f"batch_size is an integer of 1 or more; got {batch_size!r}.")
    return int(batch_size)


def make_feed(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: Any = None,
    steps: int | None = None,
    shuffle: bool = False,
    class_weight: dict[int, float] | None = None,
    dtype: np.dtype,
    what: str,
) -> Feed:
    """The feed for what `fit`, `evaluate` or `predict` was given.

    Raises:
        ValueError: for data and options that do not fit together. EmptyDataError: for data without samples.
    """
    if steps is not None and (isinstance(steps, bool) or int(steps) < 1):
        raise ValueError(f"{what}: the number of steps is an integer of 1 or more; got {steps!r}.")
    if sample_weight is not None and class_weight is not None:
        raise ValueError(f"{what} takes class_weight or sample_weight, not both: multiply them into sample_weight.")
    if x is None:
        raise ValueError(f"{what} needs data: x is None.")
    if is_iterable_of_batches(x):
        for name, part in (("y", y), ("sample_weight", sample_weight)):
            if part is not None:
                raise ValueError(f"{what}: leave out {name} when x is a dataset; it gives (x, y) or (x, y, sample_weight).")
        if batch_size is not None:
            raise ValueError(f"{what}: leave out batch_size when x is a dataset: batch the dataset instead.")
        return DatasetFeed(x, steps, class_weight, dtype, what)
    size = check_batch_size(batch_size)
    if class_weight is not None and y is None:
        raise ValueError(f"{what}: class_weight needs y.")
    parts = [host_structure(part, dtype) for part in (x, y, sample_weight)]
    feed = ArrayFeed(*parts, size, shuffle, class_weight)
    if steps is None:
        return feed
    return Repeated(feed, steps)


def is_iterable_of_batches(x: Any) -> bool:
    """Whether ``x`` gives batches itself: a Dataset, a generator, a data loader."""
    if isinstance(x, Dataset):
        return True
    if isinstance(x, (Operators, np.ndarray, list, tuple, dict)) or hasattr(x, "__array__") or hasattr(x, "to_numpy"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__")


class Repeated(Feed):
    """In-memory data with a number of steps of its own: passes follow one another without regard to epochs."""

    def __init__(self, feed: ArrayFeed, steps: int) -> None:
        self.feed, self.steps = feed, int(steps)
        self.passes = 0
        self.running: Iterator[Batch] | None = None
        self.first: Callable[[], Batch] = feed.first  # type: ignore[method-assign]

    def epoch(self, number: int) -> Iterator[Batch]:
        for _ in range(self.steps):  # type: ignore[arg-type]
            batch = next(self.running, None) if self.running is not None else None
            if batch is None:
                self.running = self.feed.epoch(self.passes)
                self.passes += 1
                batch = next(self.running)
            yield batch


def split_validation(parts: Sequence[Any], fraction: float) -> tuple[list[Any], list[Any]]:
    """The first and the last rows of each array: ``fraction`` of them (rounded up) are for validation.

    Raises:
        ValueError: unless ``fraction`` lies between 0 and 1 and leaves samples on both sides.
    """
    if not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise ValueError(f"validation_split is a fraction between 0 and 1; got {fraction!r}.")
    leaves = tree.flatten(tuple(parts))[0]
    rows = leaves[0].shape[0]
    at = math.floor(rows * (1 - fraction))
    if at in (0, rows):
        raise ValueError(
            f"validation_split={fraction} of {rows} samples leaves none for {'training' if at == 0 else 'validation'}. "
            "Use another fraction, or validation_data."
        )
    first = [tree.map(lambda a: a[:at], part) if part is not None else None for part in parts]
    last = [tree.map(lambda a: a[at:], part) if part is not None else None for part in parts]
    return first, last
