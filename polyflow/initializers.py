"""Initial values of weights, with Keras's names and formulas.

Random ones are drawn on the host from a key, then moved: a model starts with the same weights on every backend, the
normals included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes as dt
from . import random, threefry
from .arguments import ANY, check_numbers
from .convert import to_host
from .errors import DTypeError, ShapeError, unknown_name
from .floatx import chosen
from .flow.interpreter import inside
from .missing import answer
from .naming import Family, by_name, snake_case
from .ops.declare import shape_tuple
from .tensor import Operators, asarray, here, tensor

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "register",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

STDDEV_WITHIN_TWO = 0.87962566103423978
"""The standard deviation of a standard normal cut off at two of its standard deviations."""


class Initializer:
    """Makes the first value of a weight: call it with a shape and a dtype."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """A tensor of ``shape`` and ``dtype`` (float32 if left out) on the current backend."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it makes: define __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """An initializer as `get_config` describes it."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Another one with the same arguments."""
        return self.from_config(self.get_config())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items() if value is not None)
        return f"{type(self).__name__}({arguments})"


def _concrete(values: np.ndarray, dtype: Any) -> Tensor:
    """Host values as a tensor that has them also where a function is being traced."""
    return tensor(values, chosen(dtype), backend=here())


# Fixed values ---------------------------------------------------------------------------------------------------------


class Constant(Initializer):
    """``value`` everywhere: a number, or an array that broadcasts to the shape, such as known embeddings.

    Raises:
        ShapeError: when called for a shape that the value does not broadcast to.
    """

    def __init__(self, value: Any = 0.0) -> None:
        host = to_host(value)  # raises for what holds no numbers
        self.value = value if isinstance(value, dt.SCALARS) else host.copy() if host.shape else host.item()

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        sizes, given = shape_tuple(shape), np.shape(self.value)
        if given[: -len(sizes) or None] or any(m not in (1, n) for m, n in zip(given[::-1], sizes[::-1], strict=False)):
            raise ShapeError(f"a Constant of shape {given} does not fill a weight of shape {sizes}.")
        return _concrete(np.full(sizes, self.value), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray) else self.value}


class Zeros(Initializer):
    """0 everywhere."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return _concrete(np.zeros(shape_tuple(shape), np.float32), dtype)


class Ones(Initializer):
    """1 everywhere."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return _concrete(np.ones(shape_tuple(shape), np.float32), dtype)


class Identity(Initializer):
    """A matrix with ``gain`` on its diagonal and 0 elsewhere.

    Raises:
        ShapeError: when called for a shape that is no matrix's.
    """

    def __init__(self, gain: float = 1.0) -> None:
        check_numbers(self, ANY, gain=gain)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        sizes = shape_tuple(shape)
        if len(sizes) != 2:
            raise ShapeError(f"Identity makes matrices; got shape {sizes}.")
        return _concrete(np.eye(*sizes) * self.gain, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class _Given:
    """A value given by the user, for the one shape it has."""

    def __init__(self, value: Any) -> None:
        self.value = asarray(value)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        sizes = shape_tuple(shape)
        if sizes != self.value.shape:
            raise ShapeError(f"a weight of shape {sizes} cannot start as the given value of shape {self.value.shape}.")
        return self.value if dtype is None else self.value.astype(dtype)


# Random values --------------------------------------------------------------------------------------------------------


class RandomInitializer(Initializer):
    """The base of initializers that draw: where the key comes from.

    A seed (an integer) gives the same values in every call. Without one, and with a `random.SeedGenerator` for a seed,
    every call gives new values; `random.set_seed` makes them repeatable.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = random.SeedGenerator.from_config(seed["config"])
        if seed is not None and not isinstance(seed, random.SeedGenerator):
            threefry.key(seed)  # raises for anything that is no seed
        self.seed: Any = seed

    def __call__(self, shape: Any, dtype: Any = None, key: Any = None) -> Tensor:
        """A tensor of ``shape`` and ``dtype`` (float32 if left out) on the current backend.

        Args:
            shape: the shape of the weight.
            dtype: a floating dtype; the halves are drawn in float32 and rounded.
            key: a key to draw from instead of the seed's.
        """
        target = chosen(dtype)
        if target not in dt.FLOATING:
            raise DTypeError(f"{type(self).__name__} draws real floating numbers; got dtype {target.name}.")
        wide = dt.float64 if target is dt.float64 else dt.float32
        with inside(None):  # the draw is not part of whatever is traced or differentiated here
            drawn = self.draw(shape_tuple(shape), wide, self._key(key)).numpy()
        return _concrete(drawn, target)

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        """Values of ``shape`` and ``dtype`` (float32 or float64), on the key's backend."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it draws: define draw(shape, dtype, key).")

    def _key(self, key: Any) -> Tensor:
        if key is None and isinstance(self.seed, random.SeedGenerator):
            key = self.seed.next_key()
        elif key is None:
            key = random.host_key() if self.seed is None else threefry.key(self.seed)
        return tensor(key, backend="numpy")

    def get_config(self) -> dict[str, Any]:
        seed = self.seed
        if isinstance(seed, random.SeedGenerator):
            seed = {"class_name": "SeedGenerator", "config": seed.get_config()}
        return {"seed": seed}


class RandomUniform(RandomInitializer):
    """Spread evenly between two numbers."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        check_numbers(self, ANY, minval=minval, maxval=maxval)
        self.minval, self.maxval = minval, maxval

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, dtype, key=key)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


class RandomNormal(RandomInitializer):
    """Normally distributed."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        check_numbers(self, ANY, mean=mean)
        check_numbers(self, "[0, inf)", stddev=stddev)
        self.mean, self.stddev = mean, stddev

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, dtype, key=key)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normally distributed within two standard deviations of the mean (of the normal before it is cut off)."""

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, key=key)


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs and outputs each unit of a weight has.

    A matrix is (inputs, outputs); a convolution kernel (..., inputs, outputs), each counted once per position of the
    window; a vector has its length as both, a number 1. With both ``input_axes`` and ``output_axes``, the products of
    these axes' sizes.

    Returns:
        ``(fan_in, fan_out)``.
    """
    sizes = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(sizes[axis] for axis in input_axes), math.prod(sizes[axis] for axis in output_axes)
    if len(sizes) < 2:
        fan = sizes[0] if sizes else 1
        return fan, fan
    window = math.prod(sizes[:-2])
    return sizes[-2] * window, sizes[-1] * window


class VarianceScaling(RandomInitializer):
    """A variance of ``scale / fan``, so that signals neither grow nor fade from layer to layer.

    Args:
        scale: a positive number.
        mode: which fan: "fan_in", "fan_out", or "fan_avg", their mean.
        distribution: "truncated_normal" (also "normal"), "untruncated_normal", or "uniform", which is
            ``(2 * u - 1) * limit`` with ``limit = sqrt(3 * scale / fan)``.
        seed: an integer, a `random.SeedGenerator`, or None.
        input_axes: the axes that count as inputs, where that is not as in `compute_fans`.
        output_axes: likewise for outputs.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        check_numbers(self, "(0, inf)", scale=scale)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise unknown_name("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        kind = distribution.lower()
        if kind not in ("normal", "truncated_normal", "untruncated_normal", "uniform"):
            raise unknown_name("distribution", distribution, ("truncated_normal", "untruncated_normal", "uniform"))
        self.scale, self.mode = scale, mode
        self.distribution = "truncated_normal" if kind == "normal" else kind
        self.input_axes, self.output_axes = input_axes, output_axes

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            return (random.uniform(shape, dtype=dtype, key=key) * 2.0 - 1.0) * math.sqrt(3.0 * variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, key=key)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / STDDEV_WITHIN_TWO, dtype, key=key)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **super().get_config(),
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Scaled(VarianceScaling):
    """A `VarianceScaling` with its first three arguments fixed by the class."""

    fixed: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ) -> None:
        super().__init__(*self.fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Scaled):
    """Uniform within ``sqrt(6 / (fan_in + fan_out))`` of 0 (Glorot and Bengio, 2010)."""

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """A truncated normal with standard deviation ``sqrt(2 / (fan_in + fan_out))`` (Glorot and Bengio, 2010)."""

    fixed = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform within ``sqrt(6 / fan_in)`` of 0 (He et al., "Delving deep into rectifiers", 2015)."""

    fixed = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """A truncated normal with standard deviation ``sqrt(2 / fan_in)`` (He et al., 2015)."""

    fixed = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform within ``sqrt(3 / fan_in)`` of 0 (LeCun et al., "Efficient backprop", 1998)."""

    fixed = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """A truncated normal with standard deviation ``sqrt(1 / fan_in)`` (LeCun et al., 1998)."""

    fixed = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal columns, or rows where those are fewer, times ``gain``, evenly over all such matrices.

    Kernels of more axes are such a matrix of shape (product of the others, last axis), reshaped. It is the Q of a QR
    decomposition of a normal matrix, columns turned so that R's diagonal is positive, in float64 (Saxe et al., 2014).

    Raises:
        ShapeError: when called for a shape of fewer than 2 axes.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        check_numbers(self, ANY, gain=gain)
        self.gain = gain

    def draw(self, shape: tuple[int, ...], dtype: np.dtype, key: Tensor) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal makes matrices and kernels of 2 axes or more; got shape {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        size = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(random.normal(size, dtype=dt.float64, key=key).numpy())
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return tensor((self.gain * (q.T if rows < columns else q)).reshape(shape), dtype, backend="numpy")

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


# By name --------------------------------------------------------------------------------------------------------------

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_CLASSES = by_name(
    *(Constant, Identity, Ones, Zeros, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, Orthogonal),
    *(GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform),
)

FAMILY = Family(
    "initializer",
    _CLASSES
    | {snake_case(name): cls for name, cls in _CLASSES.items()}
    | {"uniform": RandomUniform, "normal": RandomNormal, "one": Ones, "zero": Zeros}
    | {"IdentityInitializer": Identity, "OrthogonalInitializer": Orthogonal},
    methods={"__call__": ("shape", "dtype=")},
)

register = FAMILY.register
serialize = FAMILY.serialize


def get(identifier: Any) -> Any:
    """The initializer that ``identifier`` means.

    Args:
        identifier: a name ("glorot_uniform" or "GlorotUniform"), a class, an instance, a function of ``shape`` and
            ``dtype``, a configuration from `serialize`, an array or tensor (the value itself), or None.

    Raises:
        UnknownNameError: for anything else; the message lists the nearest names.
    """
    return _Given(identifier) if isinstance(identifier, (Operators, np.ndarray)) else FAMILY.get(identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a configuration that `serialize` gave; ``custom_objects`` are classes of your own by name."""
    name = config["class_name"] if isinstance(config, dict) and "class_name" in config else config
    if custom_objects and isinstance(name, str) and name in custom_objects:
        cls = custom_objects[name]
        return cls.from_config(config["config"]) if isinstance(config, dict) and isinstance(cls, type) else cls
    return get(config)


answer(__name__)
