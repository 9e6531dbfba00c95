"""Normalization over the batch or over the features."""

from __future__ import annotations

from typing import Any

from .. import initializers, regularizers
from ..arguments import ANY, check_axes, check_integers, check_numbers
from ..errors import ShapeError
from ..ops.elementwise import maximum, rsqrt, square, where
from ..ops.reduction import mean, sum
from ..ops.rules import normal_axes, normal_axis
from ..ops.shape import broadcast_to, reshape
from .base import Layer, Shape
from .masking import weights


class _Scaled(Layer):
    """What is normalized, times ``gamma``, plus ``beta``: what such layers share.

    Args:
        epsilon: what is added to the variance. center, scale: whether there are ``beta`` and ``gamma``.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer: of these.
        **options: as `Layer`.
    """

    supports_masking = True

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, inf)", epsilon=epsilon)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)

    def _add_scale_and_shift(self, shape: tuple[int, ...]) -> None:
        """Add the weights ``gamma`` and ``beta``, each None where there is none."""
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape, self.gamma_initializer, name="gamma", regularizer=self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer, name="beta", regularizer=self.beta_regularizer)

    def _scaled(self, distance: Any, variance: Any, spread: tuple[int, ...]) -> Any:
        """``gamma * distance / sqrt(variance + epsilon) + beta``, both brought to the shape ``spread`` before."""
        factor = rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * reshape(self.gamma, spread)
        outputs = distance * factor
        return outputs if self.beta is None else outputs + reshape(self.beta, spread)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
        }


class BatchNormalization(_Scaled):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each feature (Ioffe and Szegedy, 2015).

    While training, mean and (biased) variance are the batch's, and moving averages of them are kept:
    ``moving = momentum * moving + (1 - momentum) * batch``. Otherwise the moving averages are used. Steps that a mask
    leaves out count for neither.

    Args:
        axis: the axis of the features. momentum, epsilon: as in the formulas.
        center, scale: whether there are ``beta`` and ``gamma``.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, **options
        )
        check_axes(self, axis=axis)
        check_numbers(self, "[0, 1]", momentum=momentum)
        self.axis, self.momentum = axis, momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        (self.place,) = normal_axes(self.axis, len(input_shape))
        size = input_shape[self.place]
        if size is None:
            raise ShapeError(f"layer {self.name!r} needs a known size on axis {self.axis}; got shape {input_shape}.")
        self._add_scale_and_shift((size,))
        self.moving_mean = self.add_weight((size,), self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            (size,), self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        spread = tuple(size if i == self.place else 1 for i, size in enumerate(inputs.shape))
        if training and self.trainable:
            others = tuple(i for i in range(len(inputs.shape)) if i != self.place)
            centre, distance, variance = _moments(inputs, others, mask)
            for moving, batch in ((self.moving_mean, centre), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + reshape(batch, moving.shape) * (1.0 - self.momentum))
        else:
            distance = inputs - reshape(self.moving_mean, spread)
            variance = reshape(self.moving_variance, spread)
        return self._scaled(distance, variance, spread)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
        }


class UnitNormalization(Layer):
    """Vectors along ``axis`` divided by their norms; zeros stay."""

    supports_masking = True

    def __init__(self, axis: Any = -1, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, optional=True, axis=axis)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        return inputs * rsqrt(maximum(sum(square(inputs), axis, keepdims=True), 1e-12))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


def _moments(inputs: Any, others: tuple[int, ...], mask: Any) -> tuple[Any, Any, Any]:
    """The mean of each feature over the other axes, the distances from it, and their mean square."""
    if mask is None:
        centre = mean(inputs, others, True)
        distance = inputs - centre
        return centre, distance, mean(square(distance), others, True)
    counted = broadcast_to(weights(mask, inputs), inputs.shape)
    number = sum(counted, others, keepdims=True) + 1e-7
    centre = sum(where(counted > 0, inputs, 0), others, keepdims=True) / number
    distance = inputs - centre
    return centre, distance, sum(square(where(counted > 0, distance, 0)), others, keepdims=True) / number


class LayerNormalization(_Scaled):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` over the features of each sample (Ba et al., 2016)."""

    def __init__(
        self,
        axis: int | tuple[int, ...] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, **options
        )
        check_axes(self, axis=axis)
        self.axis = axis

    def build(self, input_shape: Shape) -> None:
        self.places, shape = _features(self, input_shape)
        self._add_scale_and_shift(shape)

    def call(self, inputs: Any) -> Any:
        spread = tuple(size if i in self.places else 1 for i, size in enumerate(inputs.shape))
        distance = inputs - mean(inputs, self.places, True)
        return self._scaled(distance, mean(square(distance), self.places, True), spread)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


class GroupNormalization(_Scaled):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` over each sample's groups of features.

    Mean and variance are those of a group: of so many features that lie side by side, at all places (Wu and He, 2018).

    Args:
        groups: how many, a divisor of the number of features; -1 for one to each feature.
        axis: the axis of the features. epsilon: as in the formula.
        center, scale: whether there are ``beta`` and ``gamma``.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, **options
        )
        if groups != -1:
            check_integers(self, "[1, inf)", groups=groups)
        check_integers(self, ANY, axis=axis)
        self.groups, self.axis = groups, axis

    def build(self, input_shape: Shape) -> None:
        self.place = normal_axis(self.axis, len(input_shape))
        size = input_shape[self.place]
        if not self.place or size is None:
            raise ShapeError(
                f"layer {self.name!r} (GroupNormalization) needs a known size on axis {self.axis}, which is not the "
                f"batch's; got shape {input_shape}."
            )
        self.count = size if self.groups == -1 else self.groups
        if size % self.count:
            raise ShapeError(
                f"layer {self.name!r} (GroupNormalization) makes {self.count} groups of the same size; got {size} "
                f"features, on axis {self.axis} of shape {input_shape}."
            )
        self._add_scale_and_shift((size,))

    def call(self, inputs: Any) -> Any:
        shape, place = inputs.shape, self.place
        parts = (self.count, shape[place] // self.count)
        grouped = reshape(inputs, (*shape[:place], *parts, *shape[place + 1 :]))
        others = tuple(i for i in range(1, len(grouped.shape)) if i != place)
        distance = grouped - mean(grouped, others, True)
        spread = (*[1] * place, *parts, *[1] * (len(shape) - place - 1))
        return reshape(self._scaled(distance, mean(square(distance), others, True), spread), shape)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"groups": self.groups, "axis": self.axis}


class RMSNormalization(Layer):
    """``scale * x / sqrt(mean(x²) + epsilon)`` over the features of each sample (Zhang and Sennrich, 2019)."""

    supports_masking = True

    def __init__(self, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-6, **options: Any) -> None:
        super().__init__(**options)
        check_axes(self, axis=axis)
        check_numbers(self, "[0, inf)", epsilon=epsilon)
        self.axis, self.epsilon = axis, epsilon

    def build(self, input_shape: Shape) -> None:
        self.places, shape = _features(self, input_shape)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        spread = tuple(size if i in self.places else 1 for i, size in enumerate(inputs.shape))
        factor = rsqrt(mean(square(inputs), self.places, True) + self.epsilon)
        return inputs * factor * reshape(self.scale, spread)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis, "epsilon": self.epsilon}


def _features(layer: Any, input_shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes over which a layer normalizes, and their sizes."""
    axis = tuple(layer.axis) if isinstance(layer.axis, list) else layer.axis
    places = normal_axes(axis, len(input_shape))
    shape = tuple(size for i, size in enumerate(input_shape) if i in places and size is not None)
    if len(shape) != len(places):
        raise ShapeError(f"layer {layer.name!r} needs known sizes on axis {layer.axis}; got shape {input_shape}.")
    return places, shape
