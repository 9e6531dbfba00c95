"""What a Dataset must yield, element by element, written as plainly as possible: the tests' second opinion.

`Naive` holds a list of elements (structures of NumPy arrays) for each pass. It shares no code with `polyflow.data`; the
order of a shuffle it takes from the same random words, one step at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import threefry


def tree(function: Callable[..., Any], *values: Any) -> Any:
    """Apply a function to the leaves of equal structures of tuples and dicts."""
    first = values[0]
    if isinstance(first, tuple):
        parts = [tree(function, *each) for each in zip(*values, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if isinstance(first, dict):
        return {key: tree(function, *[value[key] for value in values]) for key in first}
    return function(*values)


def shuffled(elements: list, buffer_size: int, key: np.ndarray) -> list:
    """Fill a buffer; replace a random slot by each further element, which pushes the slot's element out; drain."""
    buffer, rest = elements[:buffer_size], elements[buffer_size:]
    words = threefry.words(threefry.fold_in(key, 1), len(rest))
    out = []
    for word, element in zip(words.tolist(), rest, strict=True):
        slot = (word * buffer_size) >> 32
        out.append(buffer[slot])
        buffer[slot] = element
    return out + [buffer[i] for i in threefry.permutation(key, len(buffer)).tolist()]


class Naive:
    """A dataset as a function from the number of the pass to the list of its elements."""

    def __init__(self, passes: Callable[[int], list]) -> None:
        self.passes = passes

    @classmethod
    def slices(cls, arrays: Any) -> Naive:
        leaves: list[np.ndarray] = []
        tree(leaves.append, arrays)
        return cls(lambda e: [tree(lambda leaf, i=i: leaf[i], arrays) for i in range(len(leaves[0]))])

    def then(self, change: Callable[[list], list]) -> Naive:
        return Naive(lambda e: change(self.passes(e)))

    def batch(self, size: int, drop_remainder: bool = False) -> Naive:
        def change(elements: list) -> list:
            groups = [elements[i : i + size] for i in range(0, len(elements), size)]
            if drop_remainder:
                groups = [group for group in groups if len(group) == size]
            return [tree(lambda *leaves: np.stack(leaves), *group) for group in groups]

        return self.then(change)

    def unbatch(self) -> Naive:
        def rows(element: Any) -> list:
            lengths: list[int] = []
            tree(lambda leaf: lengths.append(len(leaf)), element)
            return [tree(lambda leaf, i=i: leaf[i], element) for i in range(lengths[0])]

        return self.then(lambda elements: [row for element in elements for row in rows(element)])

    def shuffle(self, buffer_size: int, key: np.ndarray, reshuffle: bool = True) -> Naive:
        return Naive(
            lambda e: shuffled(self.passes(e), buffer_size, threefry.fold_in(key, e if reshuffle else 0)),
        )

    def repeat(self, count: int) -> Naive:
        return Naive(lambda e: [element for k in range(count) for element in self.passes(e * count + k)])

    def cache(self) -> Naive:
        return Naive(lambda e: self.passes(0))

    def map(self, function: Callable[..., Any]) -> Naive:
        return self.then(lambda es: [function(*e) if type(e) is tuple else function(e) for e in es])

    def filter(self, function: Callable[..., Any]) -> Naive:
        return self.then(lambda es: [e for e in es if (function(*e) if type(e) is tuple else function(e))])

    def take(self, count: int) -> Naive:
        return self.then(lambda es: es if count < 0 else es[:count])

    def skip(self, count: int) -> Naive:
        return self.then(lambda es: [] if count < 0 else es[count:])

    def shard(self, num: int, index: int) -> Naive:
        return self.then(lambda es: es[index::num])

    def enumerate(self, start: int = 0) -> Naive:
        return self.then(lambda es: [(np.int64(start + i), e) for i, e in enumerate(es)])

    def concatenate(self, other: Naive) -> Naive:
        return Naive(lambda e: self.passes(e) + other.passes(e))

    def zip(self, other: Naive) -> Naive:
        return Naive(lambda e: list(zip(self.passes(e), other.passes(e), strict=False)))

    def prefetch(self) -> Naive:
        return self


def same(found: list, expected: list) -> None:
    """Fail unless two lists of elements agree in structure, dtype, shape and every bit."""
    assert len(found) == len(expected)

    def check(a: Any, b: Any) -> None:
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_array_equal(a, b)

    for a, b in zip(found, expected, strict=True):
        shape_a, shape_b = tree(lambda leaf: None, a), tree(lambda leaf: None, b)
        assert shape_a == shape_b
        tree(check, a, b)
