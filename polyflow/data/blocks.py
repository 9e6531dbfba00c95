"""Blocks: many consecutive elements held as columns, so that one NumPy call moves them all.

A block is a list of columns of one length k ≥ 1. A column is an array with k along its first axis, or a Python range
standing for the integers in it: a range costs no memory, and a slice of it is a range again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import DTypeError, ShapeError

Column = np.ndarray | range
Block = list[Column]

SIZE = 1 << 18
"""About how many bytes are gathered at a time: small enough for the caches, large enough that Python does not count."""

__all__ = ["SIZE", "Block", "Column", "cut", "integers", "join", "pick", "regroup"]


def cut(block: Block, start: int, stop: int, step: int = 1) -> Block:
    """The elements ``start:stop:step`` of a block."""
    return [column[start:stop:step] for column in block]


def integers(column: Column) -> np.ndarray:
    """A column of integers as an int64 array."""
    return np.arange(column.start, column.stop, column.step, dtype=np.int64) if isinstance(column, range) else column


def pick(column: Column, positions: np.ndarray) -> np.ndarray:
    """The values of a column at some positions (int64, all valid), in their order."""
    if not isinstance(column, range):
        return column.take(positions, 0, None, "clip")
    if column.start == 0 and column.step == 1:
        return positions
    return positions * column.step + column.start


def join(blocks: list[Block]) -> Block:
    """Several blocks as one.

    Raises:
        ShapeError: when elements have different shapes. DTypeError: when they have different dtypes.
    """
    if len(blocks) == 1:
        return blocks[0]
    return [_join(list(columns)) for columns in zip(*blocks, strict=True)]


def _join(columns: list[Column]) -> Column:
    if isinstance(columns[0], range):
        start, step = columns[0].start, columns[0].step
        stop = start
        for column in columns:
            if not isinstance(column, range) or column.start != stop or column.step != step:
                break
            stop += len(column) * step
        else:
            return range(start, stop, step)
    arrays = [integers(column) for column in columns]
    first = arrays[0]
    seen = 0
    for array in arrays:
        if array.shape[1:] != first.shape[1:]:
            raise ShapeError(
                f"batch() got elements of different shapes: element 0 of the batch has shape {first.shape[1:]}, "
                f"element {seen} has shape {array.shape[1:]}. Expected one shape: pad or crop them with map() first, "
                "or use batch(1)."
            )
        if array.dtype != first.dtype:
            raise DTypeError(
                f"batch() got elements of different dtypes: element 0 of the batch is {first.dtype.name}, element "
                f"{seen} is {array.dtype.name}. Convert them with map() first."
            )
        seen += len(array)
    return np.concatenate(arrays)


def regroup(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """The same elements in blocks of exactly ``size``; only the last may be smaller.

    No element is asked for before the block that needs it.
    """
    held: list[Block] = []
    count = 0
    for block in blocks:
        start, length = 0, len(block[0])
        if held:
            start = min(size - count, length)
            held.append(cut(block, 0, start) if start < length else block)
            count += start
            if count == size:
                yield join(held)
                held, count = [], 0
        while length - start >= size:
            yield cut(block, start, start + size)
            start += size
        if start < length:
            held, count = [cut(block, start, length)], length - start
    if held:
        yield join(held)
