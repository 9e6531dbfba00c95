"""Layers without variables that reshape or rescale."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import ANY, check_axes, check_integers, check_list, check_numbers
from ..errors import ShapeError, unknown_name
from ..ops.shape import broadcast_to, moveaxis, permute_dims, reshape
from ..tensor import asarray
from .base import Layer

FORMATS = ("channels_first", "channels_last")
"""Where data says which of a pixel's values is which: on axis 1, or on the last."""


class Flatten(Layer):
    """Each sample as one axis: (batch, a, b, …) to (batch, a·b·…).

    Args:
        data_format: "channels_first" where axis 1 counts the channels: it goes last before the axes become one, so that
            weights mean the same as those of data with the channels last. None, or "channels_last": as they stand.
    """

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        if data_format is not None and data_format not in FORMATS:
            raise unknown_name("data_format", data_format, FORMATS)
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any) -> Any:
        if not inputs.shape:
            raise ShapeError(f"layer {self.name!r} (Flatten) takes a batch of samples; got shape (). Write x[None].")
        if self.data_format == "channels_first" and len(inputs.shape) > 2:
            inputs = moveaxis(inputs, 1, -1)
        return reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"data_format": self.data_format}


class Reshape(Layer):
    """Each sample in another shape; one size may be -1."""

    def __init__(self, target_shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        sizes = [size for size in self.target_shape if not isinstance(size, bool) and hasattr(size, "__index__")]
        if len(sizes) < len(self.target_shape) or min(sizes, default=0) < -1 or sizes.count(-1) > 1:
            raise ShapeError(f"Reshape takes a tuple of sizes, one of which may be -1; got {target_shape!r}.")

    def call(self, inputs: Any) -> Any:
        sizes, target = inputs.shape[1:], self.target_shape
        count, known = math.prod(sizes), math.prod(size for size in target if size != -1)
        if count % known if -1 in target and known else count != known:
            raise ShapeError(
                f"layer {self.name!r} (Reshape) cannot lay out {tuple(sizes)} as {target}: the counts differ."
            )
        return reshape(inputs, (inputs.shape[0], *(count // known if size == -1 else size for size in target)))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"target_shape": list(self.target_shape)}


class Permute(Layer):
    """The axes of each sample in another order: ``dims`` counts them from 1, as the batch is axis 0."""

    def __init__(self, dims: Any, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, dims=dims)
        self.dims = tuple(dims) if isinstance(dims, (list, tuple)) else (dims,)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ShapeError(f"Permute takes the numbers 1 to n in some order, such as (2, 1); got {dims!r}.")

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) != len(self.dims) + 1:
            raise ShapeError(
                f"layer {self.name!r} (Permute) orders {len(self.dims)} axes after the batch; got shape {inputs.shape}."
            )
        return permute_dims(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"dims": list(self.dims)}


class RepeatVector(Layer):
    """Each sample ``n`` times over: (batch, features) to (batch, n, features)."""

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        check_integers(self, "[1, inf)", n=n)
        self.n = int(n)

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) != 2:
            raise ShapeError(f"layer {self.name!r} (RepeatVector) takes (batch, features); got shape {inputs.shape}.")
        return broadcast_to(inputs[:, None], (inputs.shape[0], self.n, inputs.shape[1]))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"n": self.n}


class Rescaling(Layer):
    """``inputs * scale + offset``, e.g. ``Rescaling(1 / 255)`` for images of bytes.

    Args:
        scale, offset: a number each, or a list with one for each feature.
    """

    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = self._numbers(scale=scale), self._numbers(offset=offset)

    def _numbers(self, **given: Any) -> float | list[float]:
        (value,) = given.values()
        if isinstance(value, (list, tuple)) or len(getattr(value, "shape", ())) == 1:
            check_list(self, **given)
            return [float(one) for one in value]
        check_numbers(self, ANY, **given)
        return float(value)

    def call(self, inputs: Any) -> Any:
        x = inputs.astype(self.dtype, copy=False)
        scale, offset = (
            asarray(value, self.dtype, backend=x.backend) if isinstance(value, list) else value
            for value in (self.scale, self.offset)
        )
        return x * scale + offset

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "offset": self.offset}
