"""Where elements come from: arrays, integers, and Python generators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from .blocks import Block
from .node import INFINITE, UNKNOWN, Cursor, Node, Start
from .rows import ArrayRows, CountRows
from .spec import Spec, TensorSpec
from .structure import LEAF, Structure
from .user import host_copy

__all__ = ["Arrays", "Count", "Elements", "Generated"]


class Arrays(Node):
    """The rows of arrays of one length."""

    def __init__(self, structure: Structure, arrays: Sequence[np.ndarray]) -> None:
        super().__init__(len(arrays[0]), structure, tuple(TensorSpec(array.shape[1:], array.dtype) for array in arrays))
        self._rows = ArrayRows(arrays)

    def open(self, start: Start) -> Cursor:
        def begin(_: int) -> Iterator[Block]:
            if self.cardinality:
                yield [range(self.cardinality)]

        return Cursor(begin, self._rows)


class Count(Node):
    """The integers of a Python range; with ``endless``, it only stands for counting on and on."""

    def __init__(self, numbers: range, dtype: np.dtype, endless: bool = False) -> None:
        super().__init__(INFINITE if endless else len(numbers), LEAF, (TensorSpec((), dtype),))
        self.numbers, self.dtype = numbers, dtype

    def open(self, start: Start) -> Cursor:
        def begin(_: int) -> Iterator[Block]:
            if self.numbers:
                yield [self.numbers]

        return Cursor(begin, CountRows(self.dtype))


class Elements(Node):
    """Elements that are there already, each of its own shape."""

    def __init__(self, structure: Structure, specs: tuple[Spec, ...], elements: list[list[np.ndarray]]) -> None:
        super().__init__(len(elements), structure, specs)
        self.elements = elements

    def open(self, start: Start) -> Cursor:
        def begin(_: int) -> Iterator[Block]:
            for leaves in self.elements:
                yield [leaf[None] for leaf in leaves]

        return Cursor(begin)


class Generated(Node):
    """What a Python generator yields, converted to a given spec.

    Args:
        make: called for each pass; returns an iterable.
        structure: the structure of what it yields.
        specs: the spec of each leaf.
    """

    def __init__(self, make: Callable[[], Any], structure: Structure, specs: tuple[TensorSpec, ...]) -> None:
        super().__init__(UNKNOWN, structure, specs)
        self.make, self.declared = make, specs

    def open(self, start: Start) -> Cursor:
        def begin(_: int) -> Iterator[Block]:
            elements = self.make()
            if not isinstance(elements, Iterable) and not hasattr(elements, "__getitem__"):
                raise TypeError(
                    f"from_generator() needs a function that returns an iterable; it returned {elements!r}. "
                    "Write yield, or return a list."
                )
            for number, element in enumerate(elements):
                yield [array[None] for array in self._convert(element, number)]

        return Cursor(begin)

    def _convert(self, element: Any, number: int) -> list[np.ndarray]:
        if isinstance(element, list) and self.structure.kind is not None:
            element = tuple(element)
        leaves = self.structure.flatten(element, f"from_generator(): element {number} of the generator")
        return [
            leaf.copy()
            if leaf.__class__ is np.ndarray and leaf.dtype is spec.dtype and leaf.shape == spec.shape
            else self._converted(leaf, place, number)
            for place, (leaf, spec) in enumerate(zip(leaves, self.declared, strict=True))
        ]

    def _converted(self, leaf: Any, place: int, number: int) -> np.ndarray:
        spec = self.declared[place]
        what = f"from_generator(): element {number}{self.structure.paths()[place]} of the generator"
        array = host_copy(leaf, what)
        if array.dtype is not spec.dtype:
            # tf.data takes a Python int for a float; a lossy conversion is a mistake in the signature
            if not np.can_cast(array.dtype, spec.dtype, "same_kind") and not _holds(array, spec.dtype):
                raise DTypeError(
                    f"{what} has dtype {array.dtype.name}, which does not convert to {spec.dtype.name} without "
                    "loss. Convert it in the generator, or declare its dtype in output_signature."
                )
            array = array.astype(spec.dtype)
        if not spec.accepts(array.shape):
            raise ShapeError(
                f"{what} has shape {array.shape}; output_signature says {spec.shape}. "
                "Yield that shape, or write None in output_signature for sizes that vary."
            )
        return array


def _holds(array: np.ndarray, dtype: np.dtype) -> bool:
    """Whether every value of the array is exactly one of ``dtype``."""
    with np.errstate(all="ignore"):
        return bool(np.array_equal(array.astype(dtype).astype(array.dtype), array))
