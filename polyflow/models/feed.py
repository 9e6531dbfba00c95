"""Feed: whatever a user trains on, as batches ``(x, y, sample_weight)`` of NumPy arrays for each epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from .. import random, tree
from ..convert import to_host
from ..data import INFINITE_CARDINALITY, Dataset
from ..data.arrays import batch_rows, batches, host_rows
from ..data.feed import Resident, host_batches, resident, zeros_of
from ..data.sources import Arrays
from ..errors import EmptyDataError, ShapeError
from ..flow import notes
from ..tensor import Operators

Batch = tuple[Any, Any, Any]


class Feed:
    """Batches for each epoch.

    Args:
        data: a Dataset of batches, or any iterable of them.
        steps: how many batches make an epoch, where not all of them; one pass then goes on over the epochs.
        class_weight: a weight for each class, which becomes one for each sample.
        dtype: the dtype that floats are converted to.
        what: what the data was given to, for messages.

    Attributes:
        steps: the number of batches in an epoch, or None where it is not known before the end.
        anew: whether each epoch begins with the first batch, where ``steps`` are fewer than all and the data allow it.
    """

    anew = False

    def __init__(
        self, data: Any, steps: int | None, class_weight: dict[int, float] | None, dtype: np.dtype, what: str
    ) -> None:
        self.data, self.wanted, self.class_weight, self.dtype, self.what = data, steps, class_weight, dtype, what
        count = known_length(data)
        if count == 0:
            raise EmptyDataError(f"{what} got an empty dataset. Expected at least one batch.")
        if steps is None and count == math.inf:
            raise ValueError(
                f"{what} got a dataset that never ends. Say how many batches make an epoch with steps_per_epoch= "
                "(or steps=, validation_steps=), or leave out .repeat()."
            )
        self.steps: int | None = steps if steps is not None else count
        self.running: Iterator[Any] | None = None
        self.ahead: list[Any] = []

    @property
    def may_run_ahead(self) -> bool:
        """Whether batches may be computed before the steps that come before theirs."""
        return isinstance(self.data, Dataset)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of epoch ``number``, counted from 0."""
        if self.wanted is None:
            source = self._open(number)
        else:
            if self.anew and not hasattr(self.data, "__next__"):
                self.running = None
                self.ahead.clear()
            self.running = source = self.running or self._open()
        count = 0
        while self.wanted is None or count < self.wanted:
            element = self.ahead.pop() if self.ahead else next(source, _END)
            if element is _END:
                break
            count += 1
            yield self._prepare(element)
        if not count:
            raise EmptyDataError(
                f"{self.what} got a dataset without batches in epoch {number + 1}. Expected at least one; "
                "a generator can be read once: make a Dataset of it with from_generator."
            )
        if self.wanted is not None and count < self.wanted:
            self.running = None
            raise EmptyDataError(
                f"the dataset ended after {count} of {self.wanted} steps in epoch {number + 1}. "
                "Give it .repeat(), or ask for fewer steps_per_epoch."
            )

    def first(self) -> Batch:
        """A batch like those to come, to build the model with; it is not lost where the data can be read only once."""
        source: Iterator[Any]
        if isinstance(self.data, Dataset) and self.wanted is None:
            source = self._open(0)
        else:
            self.running = source = self.running or self._open()
        element = next(source, _END)
        if element is _END:
            raise EmptyDataError(f"{self.what} got a dataset without batches. Expected at least one.")
        if source is self.running and (self.wanted is not None or self.data is source):
            self.ahead.append(element)
        return self._prepare(element)

    def expected(self) -> Batch | None:
        """Zeros in place of a batch, where a dataset knows the shapes of its batches without computing one."""
        found = zeros_of(self.data) if isinstance(self.data, Dataset) else None
        return None if found is None else self._prepare(found)

    def in_memory(self) -> tuple[Batch, Resident] | None:
        """All rows as one batch, and how they are cut into batches; None where batches have to be computed."""
        found = resident(self.data) if self.wanted is None and isinstance(self.data, Dataset) else None
        return None if found is None else self._kept(found)

    def _kept(self, found: Resident) -> tuple[Batch, Resident] | None:
        if sum(leaf.nbytes for leaf in tree.flatten(found.arrays)[0]) > MOST:
            return None
        return self._prepare(found.arrays), found

    def _open(self, epoch: int | None = None) -> Iterator[Any]:
        return host_batches(self.data, epoch) if isinstance(self.data, Dataset) else iter(self.data)

    def _prepare(self, element: Any) -> Batch:
        x, y, weight = unpack(element, self.what)
        x, y, weight = _host_parts(x, y, weight, self.dtype)
        if self.class_weight is not None:
            if y is None:
                raise ValueError(f"{self.what}: class_weight needs y.")
            weight = class_weights(the_one(y, "class_weight needs one array of labels"), self.class_weight)
        for leaf in tree.flatten(x)[0]:
            if not leaf.shape:
                raise ShapeError(f"{self.what} got a dataset of single samples. Batch it first: dataset.batch(32).")
        return x, y, weight


class Slices(Feed):
    """Batches of the rows of arrays in their order, cut as they are asked for.

    Args:
        parts: x, y and the weights, as structures of host arrays.
        batch_size: rows in a batch, 32 if None.
        class_weight, dtype, what: as in `Feed`.
    """

    def __init__(
        self, parts: Batch, batch_size: Any, class_weight: dict[int, float] | None, dtype: np.dtype, what: str
    ) -> None:
        self.size = batch_rows(batch_size)
        self.structure, self.arrays = host_rows(*parts)
        self.rows = len(self.arrays[0])
        self.class_weight, self.dtype, self.what = class_weight, dtype, what
        self.steps = -(-self.rows // self.size)

    @property
    def may_run_ahead(self) -> bool:
        return True

    def epoch(self, number: int) -> Iterator[Batch]:
        for start in range(0, self.rows, self.size):
            yield self._cut(start)

    def first(self) -> Batch:
        return self._cut(0)

    def expected(self) -> Batch | None:
        return self.first()

    def in_memory(self) -> tuple[Batch, Resident] | None:
        node = Arrays(self.structure, self.arrays)
        return self._kept(Resident(self.structure.pack(self.arrays), self.rows, self.size, False, node))

    def _cut(self, start: int) -> Batch:
        return self._prepare(self.structure.pack([array[start : start + self.size] for array in self.arrays]))


MOST = 1 << 32
"""Arrays of more bytes are read batch by batch."""

_END = object()


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


def known_length(data: Any) -> Any:
    """The number of elements where it is known, None where not, infinity for endless data."""
    try:
        return len(data)
    except TypeError:
        endless = isinstance(data, Dataset) and int(data.cardinality()) == INFINITE_CARDINALITY
        return math.inf if endless else None


def host_structure(value: Any, dtype: np.dtype) -> Any:
    """A structure of NumPy arrays; floats wider or narrower than the model's are converted to ``dtype``.

    A list of arrays stands for several of them, as in Keras, and becomes a tuple; one of numbers is an array.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: host_structure(one, dtype) for name, one in value.items()}
    if not is_several(value):
        return host_array(value, dtype)
    parts = [host_structure(one, dtype) for one in value]
    return type(value)(*parts) if hasattr(value, "_make") else tuple(parts)


def _host_parts(x: Any, y: Any, weight: Any, dtype: np.dtype) -> Batch:
    weight = the_one(weight, "sample_weight is one array")
    return host_structure(x, dtype), host_structure(y, dtype), host_structure(weight, dtype)


def is_several(value: Any) -> bool:
    """Whether ``value`` stands for several arrays: a dict, or a list or tuple of arrays, not of numbers."""
    if isinstance(value, dict):
        return True
    return isinstance(value, (list, tuple)) and len(value) > 0 and (is_several(value[0]) or _has_axes(value[0]))


def _has_axes(value: Any) -> bool:
    return len(getattr(value, "shape", ())) > 0


def the_one(value: Any, expected: str) -> Any:
    """The only array in ``value``, where one is expected; it may come in a list or tuple of its own.

    Args:
        value: an array, or anything that `host_structure` returns. expected: who takes one array, for the message.

    Raises:
        ShapeError: for several arrays.
    """
    if not is_several(value):
        return value
    leaves = tree.flatten(value)[0]
    if len(leaves) == 1 and not isinstance(value, dict):
        return leaves[0]
    shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves[:4]) + ", …" * (len(leaves) > 4)
    raise ShapeError(
        f"{expected}; got a {type(value).__name__} of {len(leaves)} with shapes {shapes}. "
        "If they are samples, join them with np.stack; if they are features, with np.concatenate(..., axis=1)."
    )


def host_array(value: Any, dtype: np.dtype) -> np.ndarray:
    """One array of training data on the host."""
    if isinstance(value, Operators):
        host = value.numpy()
    elif hasattr(value, "to_numpy"):
        host = to_host(value.to_numpy())
    else:
        host = to_host(value)
    return host.astype(dtype) if host.dtype in dt.FLOATING and host.dtype != dtype else host


def class_weights(y: Any, weights: dict[int, float]) -> np.ndarray:
    """A weight per sample from one per class; classes that are not named weigh 1."""
    labels = _classes(y)
    if not isinstance(weights, dict):
        raise ValueError(f"class_weight is a dict of class index to weight; got {type(weights).__name__}.")
    result = np.ones(len(labels), np.float32)
    for label, weight in weights.items():
        if not isinstance(label, (int, float, np.number)) or label != label // 1:
            raise ValueError(
                f"class_weight is a dict of class index to weight; got the class {label!r}. Use the numbers in y."
            )
        if isinstance(weight, str) or not hasattr(weight, "__float__") or not math.isfinite(weight):
            raise ValueError(
                f"class_weight is a dict of class index to weight; got {weight!r} for the class {label!r}."
            )
        result[labels == label] = weight
    return result


def _classes(y: Any) -> np.ndarray:
    """The class of each sample, from its index or from one-hot rows."""
    labels = np.asarray(y)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    return labels.reshape(len(labels), -1)[:, 0] if labels.ndim > 1 else labels


def _warn_of_absent(y: Any, weights: dict[int, float], what: str) -> None:
    """Warn where the weights are for classes that no sample has: their keys may be another thing than y's labels."""
    there = np.unique(_classes(y))
    absent = [label for label in weights if label not in there]
    if absent:
        notes.warn(
            f"{what}: class_weight has weights for classes that no label in y is: {', '.join(map(str, absent[:5]))}"
            f"{' …' if len(absent) > 5 else ''}. The labels go from {there.min()} to {there.max()}."
        )


def make_feed(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: Any = None,
    steps: int | None = None,
    again: bool = False,
    shuffle: bool = False,
    class_weight: dict[int, float] | None = None,
    dtype: np.dtype,
    what: str,
) -> Feed:
    """The feed for what `fit`, `evaluate` or `predict` was given.

    Rows of arrays begin ``again`` where there are fewer of them than the steps take; else that is said in a warning.

    Raises:
        ValueError: for data and options that do not fit together. EmptyDataError: for data without samples.
    """
    if steps is not None and (isinstance(steps, bool) or not hasattr(steps, "__index__") or int(steps) < 1):
        raise ValueError(f"{what}: the number of steps is an integer of 1 or more; got {steps!r}.")
    if sample_weight is not None and class_weight is not None:
        raise ValueError(f"{what} takes class_weight or sample_weight, not both: multiply them into sample_weight.")
    if x is None or isinstance(x, (str, bytes, type)):
        raise ValueError(f"{what} needs data: x is {x!r}. Expected arrays, nested lists of numbers, or a dataset.")
    if is_iterable_of_batches(x):
        for name, part in (("y", y), ("sample_weight", sample_weight)):
            if part is not None:
                raise ValueError(
                    f"{what}: leave out {name} when x is a dataset; it gives (x, y) or (x, y, sample_weight)."
                )
        if batch_size is not None:
            raise ValueError(f"{what}: leave out batch_size when x is a dataset: batch the dataset instead.")
        return Feed(x, steps, class_weight, dtype, what)
    if class_weight is not None and y is None:
        raise ValueError(f"{what}: class_weight needs y.")
    if batch_size is not None and (isinstance(batch_size, bool) or not hasattr(batch_size, "__index__")):
        raise ValueError(f"batch_size is an integer of 1 or more; got {batch_size!r}.")
    parts = _host_parts(x, y, sample_weight, dtype)
    if class_weight is not None and what == "fit" and isinstance(parts[1], np.ndarray) and len(parts[1]):
        class_weights(parts[1][:1], class_weight)  # raises for what are no weights
        _warn_of_absent(parts[1], class_weight, what)
    if steps is None and not shuffle:
        return Slices(parts, batch_size, class_weight, dtype, what)
    rows = len(host_rows(*parts)[1][0])
    if steps is not None and batch_size is None:
        batch_size = -(-rows // int(steps))
    if steps is not None and rows and not again:
        count = -(-rows // batch_rows(batch_size))
        if steps > count:
            notes.warn(f"{what}: the data ended after {count} of {steps} steps; ask for fewer, or give it more rows.")
        if steps >= count:
            return Slices(parts, batch_size, class_weight, dtype, what)
    data = batches(*parts, batch_size=batch_size, shuffle=shuffle, key=random.host_key() if shuffle else None)
    return Feed(data if steps is None else data.repeat(), steps, class_weight, dtype, what)


def is_iterable_of_batches(x: Any) -> bool:
    """Whether ``x`` gives batches itself: a Dataset, a generator, a data loader."""
    if isinstance(x, Dataset):
        return True
    if isinstance(x, (Operators, np.ndarray, list, tuple, dict)) or hasattr(x, "__array__") or hasattr(x, "to_numpy"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__")


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
