"""Layers of several inputs, in a list: for models that are subclassed."""

from __future__ import annotations

import functools
import operator
from typing import Any

from ..errors import ShapeError
from ..ops import elementwise
from ..ops.shape import concat
from .base import Layer


class _Merging(Layer):
    """The base: takes a list of two tensors or more."""

    def several(self, inputs: Any) -> list[Any]:
        """The inputs as a list."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            given = f"a list of {len(inputs)}" if isinstance(inputs, (list, tuple)) else f"shape {inputs.shape}"
            raise ShapeError(
                f"layer {self.name!r} ({type(self).__name__}) takes a list of two tensors or more; got {given}."
            )
        return list(inputs)


class Add(_Merging):
    """The sum of its inputs, element by element."""

    def call(self, inputs: Any) -> Any:
        return functools.reduce(operator.add, self.several(inputs))


class Subtract(_Merging):
    """The first of two inputs minus the second."""

    def call(self, inputs: Any) -> Any:
        first, *others = self.several(inputs)
        if len(others) != 1:
            raise ShapeError(f"layer {self.name!r} (Subtract) takes a list of two tensors; got {len(others) + 1}.")
        return first - others[0]


class Multiply(_Merging):
    """The product of its inputs, element by element."""

    def call(self, inputs: Any) -> Any:
        return functools.reduce(operator.mul, self.several(inputs))


class Average(_Merging):
    """The mean of its inputs, element by element."""

    def call(self, inputs: Any) -> Any:
        found = self.several(inputs)
        return functools.reduce(operator.add, found) / len(found)


class Maximum(_Merging):
    """The largest of its inputs, element by element."""

    def call(self, inputs: Any) -> Any:
        return functools.reduce(elementwise.maximum, self.several(inputs))


class Minimum(_Merging):
    """The smallest of its inputs, element by element."""

    def call(self, inputs: Any) -> Any:
        return functools.reduce(elementwise.minimum, self.several(inputs))


class Concatenate(_Merging):
    """Its inputs joined along an axis that they have."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return concat(self.several(inputs), axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
