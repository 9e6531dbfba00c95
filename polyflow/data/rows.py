"""The kinds of elements that can be had by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .blocks import SIZE, Block, Column, integers
from .node import Rows

__all__ = ["ArrayRows", "CountRows", "JoinedRows", "MappedRows", "ZippedRows", "tagged"]


class ArrayRows(Rows):
    """The rows of arrays of one length, at one position.

    Args:
        arrays: the arrays, which nobody may change while they are here.
    """

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays = [_locked(array) for array in arrays]
        self._take = [array.flags.c_contiguous for array in self.arrays]
        self.limit = max(1, SIZE // max(1, sum(array[:1].nbytes for array in self.arrays)))

    def gather(self, columns: Block) -> Block:
        (index,) = columns
        if isinstance(index, range):
            return [array[index.start : index.stop : index.step] for array in self.arrays]
        return [
            array.take(index, 0, None, "clip")
            if take
            else array[index]  # take() would copy all of a strided array first
            for array, take in zip(self.arrays, self._take, strict=True)
        ]


def _locked(array: np.ndarray) -> np.ndarray:
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


class CountRows(Rows):
    """The positions themselves, as int64 (or another integer dtype)."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.limit = SIZE // 8

    def gather(self, columns: Block) -> Block:
        return [integers(columns[0]).astype(self.dtype, copy=False)]


class ZippedRows(Rows):
    """Rows side by side, each at positions of its own."""

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = tuple(parts)
        self.width = sum(part.width for part in self.parts)
        self.plain = all(part.plain for part in self.parts)

    @property
    def limit(self) -> int:  # type: ignore[override]
        return min(part.limit for part in self.parts)

    @property
    def uniform(self) -> bool:  # type: ignore[override]
        return all(part.uniform for part in self.parts)

    def gather(self, columns: Block) -> Block:
        out: Block = []
        at = 0
        for part in self.parts:
            out += part.gather(columns[at : at + part.width])
            at += part.width
        return out


def tagged(block: Block, tag: int) -> Block:
    """Positions in the first (tag 0) or second (tag 1) of two joined rows: 2 · position + tag."""
    return [
        range(2 * column.start + tag, 2 * column.stop + tag, 2 * column.step)
        if isinstance(column, range)
        else 2 * column + tag
        for column in block
    ]


def untagged(column: Column) -> Column:
    """The position under the tag."""
    if not isinstance(column, range):
        return column >> 1
    start, step = column.start >> 1, column.step >> 1
    return range(start, start + step * len(column), step)


class JoinedRows(Rows):
    """The rows of one source and of a second, at positions that `tagged` made.

    Args:
        uniform: whether the elements of the two have the same shapes and dtypes.
    """

    def __init__(self, first: Rows, second: Rows, uniform: bool) -> None:
        self.first, self.second, self._same = first, second, uniform
        self.width = first.width
        self.plain = first.plain and second.plain

    @property
    def uniform(self) -> bool:  # type: ignore[override]
        return self._same and self.first.uniform and self.second.uniform

    @property
    def limit(self) -> int:  # type: ignore[override]
        return min(self.first.limit, self.second.limit) if self._same else 1

    def gather(self, columns: Block) -> Block:
        tags, positions = columns[0], [untagged(column) for column in columns]
        if isinstance(tags, range):  # a range steps by an even number, so it never leaves the source it starts in
            return (self.second if tags.start & 1 else self.first).gather(positions)
        second = (tags & 1).astype(bool)
        if not second.any():
            return self.first.gather(positions)
        if second.all():
            return self.second.gather(positions)
        arrays = [integers(column) for column in positions]
        parts = zip(
            self.first.gather([array[~second] for array in arrays]),
            self.second.gather([array[second] for array in arrays]),
            strict=True,
        )
        return [_merged(second, integers(a), integers(b)) for a, b in parts]


def _merged(second: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.empty((len(second), *a.shape[1:]), a.dtype)
    out[~second], out[second] = a, b
    return out


class MappedRows(Rows):
    """Rows with a function of whole blocks applied to them, ``most`` rows at a time."""

    plain = False

    def __init__(self, rows: Rows, function: Callable[[Block], Block], most: int) -> None:
        self.rows, self.function, self.most = rows, function, most
        self.width = rows.width

    @property
    def limit(self) -> int:  # type: ignore[override]
        return min(self.rows.limit, self.most)

    @property
    def uniform(self) -> bool:  # type: ignore[override]
        return self.rows.uniform

    def gather(self, columns: Block) -> Block:
        return self.function(self.rows.gather(columns))
