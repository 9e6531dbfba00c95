"""Layers whose numbers come from looking at data, not from training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import check_axes
from ..convert import to_host
from ..data import Dataset
from ..errors import EmptyDataError, ShapeError
from ..ops.elementwise import maximum, sqrt
from ..ops.rules import normal_axes
from ..ops.shape import reshape
from ..tensor import Operators
from .base import Layer, Shape

_LEAST = 1e-7  # a feature that is the same everywhere is divided by this


class Normalization(Layer):
    """``(x - mean) / sqrt(variance)`` for each feature, with the mean and variance that `adapt` found in data.

    Args:
        axis: the axis, or axes, of the features; each has a mean of its own. None for one mean of everything.
        mean, variance: the numbers to use, where `adapt` is not to find them.
        invert: whether to undo it: ``x * sqrt(variance) + mean``.

    Variables, none of them trained: ``mean``, ``variance``, and ``count``, how many samples `adapt` has seen.
    """

    supports_masking = True

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization takes mean and variance together, or finds both by adapt(data).")
        check_axes(self, optional=True, axis=axis)
        self.axis = axis
        self.given = None if mean is None else (to_host(mean, dt.float64), to_host(variance, dt.float64))
        self.invert = bool(invert)

    def build(self, input_shape: Shape) -> None:
        rank = len(input_shape)
        self.kept = () if self.axis is None else tuple(sorted(normal_axes(self.axis, rank)))
        found = tuple(size for axis, size in enumerate(input_shape) if axis in self.kept and size is not None)
        if len(found) < len(self.kept) or 0 in self.kept:
            raise ShapeError(
                f"layer {self.name!r} (Normalization) needs known sizes on axis {self.axis}, which is not the batch's; "
                f"got shape {input_shape}."
            )
        self.wide = tuple(size if axis in self.kept else 1 for axis, size in enumerate(input_shape))
        self.adapt_mean = self.add_weight(found, "zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(found, "ones", trainable=False, name="variance")
        self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")
        if self.given is not None:
            for variable, value in zip((self.adapt_mean, self.adapt_variance), self.given, strict=True):
                if len(value.shape) > len(found) or any(
                    size not in (1, whole) for size, whole in zip(value.shape[::-1], found[::-1], strict=False)
                ):
                    raise ShapeError(
                        f"layer {self.name!r} (Normalization) was given a mean or variance of shape {value.shape}; the "
                        f"input's axis {self.axis} needs {found}."
                    )
                variable.assign(np.broadcast_to(value, found).astype(self.dtype))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the mean and the variance of ``data``, an array or a Dataset of batches, in place of those before.

        ``batch_size`` is accepted as in Keras; ``steps`` is how many batches of a Dataset to look at.

        Raises:
            EmptyDataError: where there is no data. ValueError: for a layer that was given its mean and variance.
        """
        if self.given is not None:
            raise ValueError(f"layer {self.name!r} was given its mean and variance, so there is nothing to adapt.")
        count, samples, mean, squares = 0, 0, np.float64(0), np.float64(0)
        batches = data if isinstance(data, Dataset) else [data]
        for batch in batches if steps is None else batches.take(steps) if isinstance(batches, Dataset) else batches:
            values = np.asarray(batch.numpy() if isinstance(batch, Operators) else to_host(batch), "float64")
            if not values.size:
                continue
            self.ensure_built(values.shape)
            others = tuple(axis for axis in range(values.ndim) if axis not in self.kept)
            seen = values.size // max(int(np.prod([values.shape[axis] for axis in self.kept])), 1)
            apart = values.mean(others) - mean
            squares = squares + values.var(others) * seen + apart**2 * (count * seen / (count + seen))
            mean = mean + apart * (seen / (count + seen))
            count, samples = count + seen, samples + len(values)
        if not count:
            raise EmptyDataError(f"layer {self.name!r} got no data to adapt to.")
        self.adapt_mean.assign(np.asarray(mean, self.dtype))
        self.adapt_variance.assign(np.asarray(squares / count, self.dtype))
        self.count.assign(samples)

    @property
    def mean(self) -> Any:
        """The mean, a tensor that broadcasts with inputs."""
        return reshape(self.adapt_mean, self.wide)

    @property
    def variance(self) -> Any:
        """The variance, a tensor that broadcasts with inputs."""
        return reshape(self.adapt_variance, self.wide)

    def call(self, inputs: Any) -> Any:
        x = inputs.astype(self.dtype, copy=False)
        mean, variance = self.mean, self.variance
        spread = maximum(sqrt(variance), _LEAST)
        return mean + x * spread if self.invert else (x - mean) / spread

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None, None) if self.given is None else (one.tolist() for one in self.given)
        return super().get_config() | {
            "axis": list(self.axis) if isinstance(self.axis, tuple) else self.axis,
            "mean": mean,
            "variance": variance,
            "invert": self.invert,
        }
