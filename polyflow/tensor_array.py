"""TensorArray: a list of tensors that is written place by place and stacked in the end, as TensorFlow's is."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from . import dtypes as dt
from .composed.names import concat, gather, stack, unstack, zeros
from .errors import DTypeError, ShapeError, TraceError
from .ops.indexing import getitem, index_set
from .tensor import Operators, Tensor, asarray
from .tensor_shape import TensorShape


class TensorArray:
    """Tensors of one dtype and shape, by their places.

    A program writes ``array = array.write(i, x)`` in a loop and takes ``array.stack()`` after it. `while_loop`,
    `fori_loop` and `scan` hand it on as they do tensors; in a compiled loop it does not grow.

    Args:
        dtype: the dtype of all elements.
        size: how many places there are at first.
        dynamic_size: whether writing beyond them makes more.
        element_shape: the shape of all elements; that of the first one written if left out.
        clear_after_read, tensor_array_name, infer_shape, name: accepted as in TensorFlow; elements stay.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = 0,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        name: str | None = None,
    ) -> None:
        self.dtype, self.dynamic_size = dt.as_dtype(dtype), bool(dynamic_size)
        self.element_shape = None if element_shape is None else TensorShape(element_shape)
        self._places: list[Tensor | None] = [None] * (0 if size is None else _known(size))
        self._whole: Tensor | None = None  # all elements, once one was written at a place that was not known

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with ``value`` at a place: this one, or a new one where the place is not known yet.

        Raises:
            IndexError: beyond the array, unless it grows. DTypeError, ShapeError: for a value unlike the others.
        """
        place = self._place(index)
        if isinstance(place, int) and not 0 <= place < len(self):
            if place < 0 or not self.dynamic_size or self._whole is not None:
                more = "" if place < 0 else " TensorArray(..., dynamic_size=True) grows."
                raise IndexError(f"write to place {place} of a TensorArray of size {len(self)}.{more}")
            self._places += [None] * (place + 1 - len(self._places))
        if isinstance(value, Operators) and value.dtype is not self.dtype:
            raise DTypeError(
                f"a TensorArray of {self.dtype.name} got a tensor of {value.dtype.name}. Convert it, e.g. with tf.cast."
            )
        element = asarray(value, self.dtype)
        if self.element_shape is None:
            self.element_shape = element.shape
        elif not self.element_shape.is_compatible_with(element.shape):
            raise ShapeError(
                f"a TensorArray whose elements have the shape {self.element_shape} got one of shape {element.shape}."
            )
        if self._whole is not None or not isinstance(place, int):
            return self.of_tensor(index_set(self.stack(), place, element))
        self._places[place] = element
        return self

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at a place; zeros where nothing was written.

        Raises:
            IndexError: beyond the array. ValueError: where nothing says which shape the zeros have.
        """
        place = self._place(index)
        if isinstance(place, int) and not 0 <= place < len(self):
            raise IndexError(f"read of place {place} of a TensorArray of size {len(self)}.")
        if self._whole is not None or not isinstance(place, int):
            return getitem(self.stack(), place)
        return self._filled(self._places[place])

    def stack(self, name: str | None = None) -> Tensor:
        """All elements in one tensor, along a new first axis."""
        if self._whole is not None:
            return self._whole
        if not self._places:
            return zeros((0, *(size or 0 for size in self.element_shape or ())), self.dtype)
        if all(element is None for element in self._places):
            element = self._filled(None)
            return zeros((len(self), *element.shape), self.dtype)
        return stack(list(map(self._filled, self._places)))

    def concat(self, name: str | None = None) -> Tensor:
        """All elements in one tensor, one after another along their first axis."""
        elements = self._places if self._whole is None else unstack(self._whole)
        return concat(list(map(self._filled, elements)), axis=0)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at some places in one tensor, along a new first axis."""
        return gather(self.stack(), indices)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Put the parts of ``value`` along its first axis at places 0, 1, …, and return this array."""
        return self.scatter(range(len(asarray(value))), value)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the parts of ``value`` along its first axis at some places, and return this array."""
        array = self
        for place, part in zip(np.asarray(indices).tolist(), unstack(asarray(value, self.dtype)), strict=True):
            array = array.write(place, part)
        return array

    def copy(self) -> TensorArray:
        """An array of the same elements; writing to one does not change the other."""
        copy = TensorArray(self.dtype, 0, self.dynamic_size, element_shape=self.element_shape)
        copy._places, copy._whole = list(self._places), self._whole
        return copy

    def of_tensor(self, whole: Tensor) -> TensorArray:
        """Another array like this one whose elements are the rows of a tensor."""
        copy = TensorArray(self.dtype, 0, self.dynamic_size, element_shape=whole.shape[1:])
        copy._whole = whole
        return copy

    def of_shape(self, shape: Any) -> TensorArray:
        """Another array of the same elements that says which shape they have."""
        copy = self.copy()
        if copy.element_shape is None:
            copy.element_shape = shape
        return copy

    def size(self, name: str | None = None) -> Tensor:
        """How many places there are, an int32 scalar."""
        return asarray(len(self))

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("a TensorArray is no tensor: take what its stack() gives.")

    def __len__(self) -> int:
        return len(self._places) if self._whole is None else self._whole.shape[0]

    def __repr__(self) -> str:
        return f"<TensorArray dtype={self.dtype.name} size={len(self)} element_shape={self.element_shape}>"

    def _place(self, index: Any) -> Any:
        """A place as a Python integer where it is known, else as a tensor."""
        try:
            return operator.index(index.item() if isinstance(index, np.ndarray) else index)
        except TraceError:
            if self.dynamic_size and not len(self):
                raise TraceError(
                    "a TensorArray that is written at places which a compiled function does not know yet does not "
                    "grow. Give it its size, e.g. TensorArray(dtype, size=n)."
                ) from None
            return asarray(index)

    def _filled(self, element: Tensor | None) -> Tensor:
        if element is not None:
            return element
        if self.element_shape is None or not self.element_shape.is_fully_defined():
            raise ValueError("nothing was written at this place of the TensorArray, and it has no element_shape.")
        return zeros(self.element_shape, self.dtype)


def _known(size: Any) -> int:
    try:
        return operator.index(size.item() if isinstance(size, np.ndarray) else size)
    except TraceError as error:
        raise TraceError(
            "a TensorArray has a size that is known while a function is turned into a graph, e.g. from a shape."
        ) from error
