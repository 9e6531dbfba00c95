"""What is known of an element before it is there: shape and dtype of each array in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError

__all__ = ["DatasetSpec", "Spec", "TensorSpec", "batched", "general", "spec_of", "unbatched"]


class TensorSpec:
    """Shape and dtype of a tensor.

    Args:
        shape: a sequence of sizes, None for a size that may vary; or None if even the number of axes may.
        dtype: anything `polyflow.dtypes.as_dtype` takes.
        name: a name, kept for those who want one; it does not count in comparisons.

    Raises:
        ShapeError: for a shape that is none. DTypeError: for a dtype that is none.
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(
        self, shape: Sequence[int | None] | int | None, dtype: Any = dt.float32, name: str | None = None
    ) -> None:
        self.shape = _shape(shape)
        self.dtype = dt.as_dtype(dtype)
        self.name = name

    @property
    def rank(self) -> int | None:
        """The number of axes, None if it is not known."""
        return None if self.shape is None else len(self.shape)

    @property
    def fixed(self) -> bool:
        """Whether every size is known."""
        return self.shape is not None and None not in self.shape

    def accepts(self, shape: Sequence[int | None]) -> bool:
        """Whether a value of this shape fits, whatever its dtype."""
        return self.shape is None or (
            len(shape) == len(self.shape)
            and all(
                mine is None or given is None or mine == given for mine, given in zip(self.shape, shape, strict=True)
            )
        )

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a spec or a tensor could be described by this spec."""
        shape = getattr(other, "shape", ())
        return dt.as_dtype(other.dtype) is self.dtype and (shape is None or self.accepts(shape))

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor or array: its shape and its dtype."""
        return cls(tensor.shape, tensor.dtype, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self.shape == other.shape and self.dtype is other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        shape = "<unknown>" if self.shape is None else self.shape
        return f"TensorSpec(shape={shape}, dtype={self.dtype.name}, name={self.name!r})"


class DatasetSpec:
    """An element that is a dataset itself, as those of `Dataset.window` are.

    Attributes:
        element_spec: what the inner dataset's elements are.
    """

    __slots__ = ("element_spec",)
    shape: tuple[int | None, ...] | None = ()
    fixed = False

    def __init__(self, element_spec: Any) -> None:
        self.element_spec = element_spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(DatasetSpec)

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r})"


Spec = TensorSpec | DatasetSpec


def _shape(shape: Any) -> tuple[int | None, ...] | None:
    if shape is None:
        return None
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    try:
        checked = tuple(None if size is None else int(size) for size in sizes)
    except (TypeError, ValueError):
        raise ShapeError(
            f"{shape!r} is no shape. Expected sizes such as (None, 32), or None for an unknown shape."
        ) from None
    if any(size is not None and size < 0 for size in checked):
        raise ShapeError(f"shape {checked} has a negative size. Write None for a size that may vary.")
    return checked


def spec_of(array: np.ndarray) -> TensorSpec:
    """The spec of a host array."""
    return TensorSpec(array.shape, array.dtype)


def batched(spec: Spec, size: int | None) -> TensorSpec:
    """The spec of a stack of ``size`` (None: it varies) values of a spec.

    Raises:
        TypeError: for the spec of datasets, which cannot be stacked.
    """
    if not isinstance(spec, TensorSpec):
        raise TypeError(
            "batch() got elements that are datasets (from window()). Turn them into tensors first, "
            "e.g. .flat_map(lambda window: window.batch(size))."
        )
    return TensorSpec(None if spec.shape is None else (size, *spec.shape), spec.dtype)


def unbatched(spec: Spec) -> TensorSpec:
    """The spec of the rows of values of a spec.

    Raises:
        ValueError: for scalars, which have no rows.
    """
    if not isinstance(spec, TensorSpec) or spec.shape == ():
        raise ValueError(f"unbatch() needs elements with a first axis to cut along; got {spec}.")
    return TensorSpec(None if spec.shape is None else spec.shape[1:], spec.dtype)


def general(a: Spec, b: Spec) -> Spec | None:
    """The narrowest spec that describes what either does; None when their dtypes differ."""
    if not isinstance(a, TensorSpec) or not isinstance(b, TensorSpec):
        return a if a == b else None
    if a.dtype is not b.dtype:
        return None
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return TensorSpec(None, a.dtype)
    return TensorSpec([x if x == y else None for x, y in zip(a.shape, b.shape, strict=True)], a.dtype)
