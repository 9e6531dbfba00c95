"""Layers of several inputs, in a list; and the same as functions, which make such a layer and call it."""

from __future__ import annotations

import functools
import operator
from typing import Any

from .. import dtypes as dt
from ..arguments import check_axes
from ..errors import ShapeError
from ..ops import elementwise
from ..ops.creation import ones_like
from ..ops.linalg import einsum
from ..ops.reduction import all as reduce_all
from ..ops.reduction import sum as reduce_sum
from ..ops.rules import normal_axes
from ..ops.shape import broadcast_to, concat, expand_dims
from .base import Layer


class _Merging(Layer):
    """The base: takes a list of two tensors or more."""

    takes_structures = True

    supports_masking = True

    def several(self, inputs: Any) -> list[Any]:
        """The inputs as a list."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            several = isinstance(inputs, (list, tuple, dict))
            given = f"a {type(inputs).__name__} of {len(inputs)}" if several else f"shape {inputs.shape}"
            raise ShapeError(
                f"layer {self.name!r} ({type(self).__name__}) takes a list of two tensors or more; got {given}."
            )
        return list(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """A step counts where it does in any of the inputs; all do where one input has no mask."""
        if mask is None or any(one is None for one in mask):
            return None
        return functools.reduce(elementwise.logical_or, mask)


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


class Dot(_Merging):
    """The products of two inputs along an axis of each, sample by sample: (b, n) and (b, n) give (b, 1).

    Args:
        axes: the axis to sum over, or a pair of them, one in each input; not the batch's, 0.
        normalize: whether to divide by the norms along it, for cosines.
    """

    def __init__(self, axes: Any, normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, axes=axes)
        self.axes, self.normalize = axes, bool(normalize)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the steps were summed over."""
        return None

    def call(self, inputs: Any) -> Any:
        found = self.several(inputs)
        axes = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        if len(found) != 2 or len(axes) != 2:
            raise ShapeError(f"layer {self.name!r} (Dot) takes a list of two tensors; got {len(found)}.")
        places = [normal_axes(axis, one.ndim)[0] for axis, one in zip(axes, found, strict=True)]
        sizes = [one.shape[place] for one, place in zip(found, places, strict=True)]
        if 0 in places or sizes[0] != sizes[1]:
            raise ShapeError(
                f"layer {self.name!r} (Dot) sums over axes of one size, not the batch's; got shapes "
                f"{tuple(found[0].shape)} and {tuple(found[1].shape)} with axes {self.axes}."
            )
        if self.normalize:
            sums = [reduce_sum(one * one, place, keepdims=True) for one, place in zip(found, places, strict=True)]
            found = [
                one * elementwise.rsqrt(elementwise.maximum(total, 1e-12))
                for one, total in zip(found, sums, strict=True)
            ]
        letters = iter("cdefghijklmnopqrstuvwxyz")
        names = [
            "".join("b" if i == 0 else "a" if i == place else next(letters) for i in range(one.ndim))
            for one, place in zip(found, places, strict=True)
        ]
        rest = "".join(name.replace("a", "").replace("b", "") for name in names)
        result = einsum(f"{names[0]},{names[1]}->b{rest}", *found)
        return result if rest else expand_dims(result, 1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axes": self.axes, "normalize": self.normalize}


class Concatenate(_Merging):
    """Its inputs joined along an axis that they have."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, axis=axis)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return concat(self.several(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined along the same axis; a step counts where all of its features do."""
        if mask is None:
            return None
        found = []
        for one, of_it in zip(inputs, mask, strict=True):
            whole = ones_like(one, dt.bool_) if of_it is None else of_it
            while len(whole.shape) < len(one.shape):
                whole = expand_dims(whole, -1)
            found.append(broadcast_to(whole, one.shape))
        return reduce_all(concat(found, axis=self.axis), -1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


def add(inputs: Any, **options: Any) -> Any:
    """The sum of tensors, by an `Add` layer."""
    return Add(**options)(inputs)


def subtract(inputs: Any, **options: Any) -> Any:
    """The first of two tensors minus the second, by a `Subtract` layer."""
    return Subtract(**options)(inputs)


def multiply(inputs: Any, **options: Any) -> Any:
    """The product of tensors, by a `Multiply` layer."""
    return Multiply(**options)(inputs)


def average(inputs: Any, **options: Any) -> Any:
    """The mean of tensors, by an `Average` layer."""
    return Average(**options)(inputs)


def maximum(inputs: Any, **options: Any) -> Any:
    """The largest of tensors, by a `Maximum` layer."""
    return Maximum(**options)(inputs)


def minimum(inputs: Any, **options: Any) -> Any:
    """The smallest of tensors, by a `Minimum` layer."""
    return Minimum(**options)(inputs)


def concatenate(inputs: Any, axis: int = -1, **options: Any) -> Any:
    """Tensors joined along an axis, by a `Concatenate` layer."""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Any, axes: Any, normalize: bool = False, **options: Any) -> Any:
    """The products of two tensors along an axis of each, by a `Dot` layer."""
    return Dot(axes, normalize, **options)(inputs)
