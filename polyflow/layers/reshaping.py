"""Layers without variables that reshape or rescale."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..ops.shape import reshape
from .base import Layer


class Flatten(Layer):
    """Each sample as one axis: (batch, a, b, …) to (batch, a·b·…)."""

    def call(self, inputs: Any) -> Any:
        return reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """Each sample in another shape; one size may be -1."""

    def __init__(self, target_shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        for size in self.target_shape:
            if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < -1:
                raise ShapeError(f"Reshape takes a tuple of sizes, one of which may be -1; got {target_shape!r}.")

    def call(self, inputs: Any) -> Any:
        sizes, target = inputs.shape[1:], self.target_shape
        count, known = math.prod(sizes), math.prod(size for size in target if size != -1)
        if target.count(-1) > 1 or (count % known if -1 in target and known else count != known):
            raise ShapeError(
                f"layer {self.name!r} (Reshape) cannot lay out {tuple(sizes)} as {target}: the counts differ."
            )
        return reshape(inputs, (inputs.shape[0], *(count // known if size == -1 else size for size in target)))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"target_shape": list(self.target_shape)}


class Rescaling(Layer):
    """``inputs * scale + offset``, e.g. ``Rescaling(1 / 255)`` for images of bytes."""

    def __init__(self, scale: float, offset: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = float(scale), float(offset)

    def call(self, inputs: Any) -> Any:
        return inputs.astype(self.dtype, copy=False) * self.scale + self.offset

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "offset": self.offset}
