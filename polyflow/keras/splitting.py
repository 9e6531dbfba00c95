"""Data in parts: a dataset in two, and batches that a class of the user's makes by their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..convert import integer
from ..data import Dataset
from ..data.group import Batch
from ..errors import EmptyDataError


def split_dataset(
    dataset: Any, left_size: Any = None, right_size: Any = None, shuffle: bool = False, seed: int | None = None
) -> tuple[Dataset, Dataset]:
    """Two datasets of single elements: the first ones, and the last ones. Batches are taken apart and made again.

    Args:
        dataset: a Dataset that ends, or arrays (in a tuple, list or dict) whose rows are the elements.
        left_size, right_size: how many elements go there, or which share of them, from 0 to 1; one may be left out.
        shuffle: whether elements are drawn at random. seed: for the same draw in every run.

    Raises:
        ValueError: for sizes that leave a side empty, or together exceed the data.
    """
    whole = dataset if isinstance(dataset, Dataset) else Dataset.from_tensor_slices(_tuples(dataset))
    batches = whole._node if isinstance(whole._node, Batch) else None
    size = None if batches is None else batches.size
    if batches is not None:
        whole = whole.unbatch() if batches.drop else Dataset(batches.child)
    count = int(whole.reduce(0, lambda n, _: n + 1)) if whole.cardinality() < 0 else len(whole)
    if not count:
        raise EmptyDataError("split_dataset got no data. Expected at least two elements.")
    left, right = (_size(size, count, name) for size, name in ((left_size, "left_size"), (right_size, "right_size")))
    if left is None and right is None:
        raise ValueError("split_dataset needs left_size or right_size, a number of elements or a share of them.")
    left = count - right if left is None else left  # type: ignore[operator]
    right = count - left if right is None else right
    if left < 1 or right < 1 or left + right > count:
        raise ValueError(f"split_dataset cannot take {left} and {right} of {count} elements. Leave at least 1 to each.")
    if shuffle:
        whole = whole.shuffle(count, seed=seed, reshuffle_each_iteration=False)
    parts = whole.take(left), whole.skip(count - right)
    return parts if size is None else (parts[0].batch(size), parts[1].batch(size))


def _tuples(data: Any) -> Any:
    """Arrays in a list as a tuple, for a list is one array to a Dataset."""
    return tuple(data) if isinstance(data, list) and data and hasattr(data[0], "shape") else data


def _size(size: Any, count: int, name: str) -> int | None:
    if size is None:
        return None
    if isinstance(size, float):
        if not 0 <= size <= 1:
            raise ValueError(f"split_dataset: {name} as a share lies between 0 and 1; got {size}.")
        return round(size * count)
    return integer("split_dataset", name, size)


class PyDataset:
    """Batches by their number: a subclass says how many there are in ``__len__`` and which in ``__getitem__``.

    Args:
        workers, use_multiprocessing, max_queue_size: accepted as in Keras; batches are made one by one.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not say how many batches it has: define __len__.")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what a batch is: define __getitem__(index).")

    def on_epoch_end(self) -> None:
        """Called when all batches were given."""

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self)):
            yield self[index]
        self.on_epoch_end()
