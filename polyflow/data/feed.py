"""What training reads: batches as host arrays, or the arrays themselves with the order of each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from .blocks import integers, join
from .dataset import Dataset
from .group import Batch
from .node import Node, Start, values
from .order import permutations_of, shuffle_keys
from .parallel import Prefetch
from .rows import ArrayRows
from .shuffle import Shuffle
from .sources import Arrays
from .spec import TensorSpec

__all__ = ["Resident", "host_batches", "resident", "zeros_of"]


def host_batches(dataset: Dataset, epoch: int | None = None) -> Iterator[Any]:
    """The elements of a dataset as structures of host arrays, without making Tensors.

    The arrays may be views of larger ones, and of the dataset's own: do not write to them.

    Args:
        dataset: the dataset, of which an iteration begins at once.
        epoch: the number of the iteration, for resuming: shuffles with a seed then have that epoch's order, however
            often the dataset has been iterated. Without it, each iteration takes the next.
    """
    node = dataset._node
    cursor = node.open(Start(epoch=epoch))
    return chain.from_iterable(map(node.structure.packed, values(cursor, 0)))


@dataclass(frozen=True)
class Resident:
    """A dataset that is nothing but batches of rows of arrays in memory.

    Attributes:
        arrays: the arrays, in the structure of an element; read-only.
        rows: how many rows an epoch has.
        batch_size: how many of them make a batch.
        drop_remainder: whether a last batch with fewer is left out.
    """

    arrays: Any
    rows: int
    batch_size: int
    drop_remainder: bool
    node: Node

    def order(self, epoch: int | None = None) -> np.ndarray | range:
        """Which rows an epoch reads, in order: int64 of shape (rows,), or a range where no shuffle is involved.

        Batch i of the epoch holds rows ``order[i * batch_size : (i + 1) * batch_size]``.

        Args:
            epoch: the number of the epoch; without it, the next one, as in iterating the dataset.
        """
        blocks = list(self.node.open(Start(epoch=epoch)).begin(0))
        return join(blocks)[0] if blocks else range(0)

    def orders(self, first: int, count: int) -> np.ndarray:
        """`order` of the epochs from ``first`` on, int64 of shape (count, rows): fast also where rows are few."""
        node = self.node
        if (
            isinstance(node, Shuffle)
            and isinstance(node.child, Arrays)
            and node.size >= self.rows
            and node.key is not None
        ):
            if count == 1:
                return node.order(first, self.rows)[None]
            return permutations_of(shuffle_keys(node.key, first, count if node.reshuffle else 1), self.rows, count)
        return np.stack([integers(self.order(epoch)) for epoch in range(first, first + count)])


def resident(dataset: Dataset) -> Resident | None:
    """The arrays and orders behind a dataset of batches, or None where its elements have to be computed.

    It is found for any chain of slicing arrays, shuffling, taking, skipping, sharding, repeating and caching, that ends
    in one `batch` (and perhaps `prefetch`).
    """
    node = dataset._node
    while isinstance(node, Prefetch):
        node = node.child
    if not isinstance(node, Batch) or node.child.cardinality < 0:
        return None
    source = node.child
    rows = source.open(Start(probe=True)).rows
    if not isinstance(rows, ArrayRows):
        return None
    return Resident(source.structure.pack(rows.arrays), source.cardinality, node.size, node.drop, source)


def zeros_of(batches: Dataset) -> Any:
    """Zeros in the form of a batch, whose rows may be any; None where its shapes are known only when it is computed."""
    node = batches._node
    specs = [spec for spec in node.specs if isinstance(spec, TensorSpec)] if node.known else []
    shapes = [spec.shape for spec in specs if spec.shape is not None and None not in spec.shape[1:]]
    if not shapes or len(shapes) < len(node.specs):
        return None
    rows = next((shape[0] for shape in shapes if shape and shape[0] is not None), 2)
    sizes = [tuple(rows if size is None else size for size in shape) for shape in shapes]
    zeros = [np.zeros((), spec.dtype) for spec in specs]
    return node.structure.pack([np.broadcast_to(zero, size) for zero, size in zip(zeros, sizes, strict=True)])
