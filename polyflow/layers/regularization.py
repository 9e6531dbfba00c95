"""Layers that act only while training, and one that only adds to the loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import dtypes as dt
from .. import random
from ..arguments import check_integers, check_numbers
from ..errors import ArgumentError, ShapeError
from ..ops.creation import zeros_like
from ..ops.elementwise import where
from ..ops.nn import SELU_ALPHA, SELU_SCALE
from ..regularizers import L1L2
from .base import Layer, Shape


class Dropout(Layer):
    """While training, sets each element to 0 with probability ``rate`` and scales the others by ``1 / (1 - rate)``.

    The mask is drawn from a key that the layer keeps in a variable: one seed gives the same masks on every backend.

    Args:
        rate: between 0 and 1.
        noise_shape: the shape of the mask (None or 1 broadcasts), the input's if left out.
        seed: an integer; drawn from the global seed if left out.
    """

    supports_masking = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, 1]", rate=rate)
        check_integers(self, "[0, inf)", optional=True, seed=seed)
        if noise_shape is not None and not isinstance(noise_shape, Iterable):
            name = type(self).__name__
            raise ArgumentError(f"{name} needs a list of sizes as noise_shape; got {noise_shape!r}.")
        sizes = [] if noise_shape is None else list(noise_shape)
        for size in sizes:
            check_integers(self, "[1, inf)", optional=True, noise_shape=size)
        self.rate, self.seed = float(rate), seed
        self.noise_shape = None if noise_shape is None else tuple(size and int(size) for size in sizes)

    def build(self, input_shape: Shape) -> None:
        if self.rate > 0:
            self.generator = random.SeedGenerator(self.seed)
            self.track(self.generator.state)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return zeros_like(inputs)
        return where(self._kept(inputs), inputs * (1.0 / (1.0 - self.rate)), 0)

    def _kept(self, inputs: Any) -> Any:
        """Which elements are kept, this time."""
        shape = inputs.shape
        if self.noise_shape is not None:
            if len(self.noise_shape) != len(shape):
                kind, axes = type(self).__name__, len(self.noise_shape)
                raise ShapeError(f"layer {self.name!r} ({kind}) has a noise_shape of {axes} axes; got {shape}.")
            shape = tuple(given or size for size, given in zip(shape, self.noise_shape, strict=True))
        return random.keep_mask(shape, self.rate, key=self.generator.next_key())

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}


class AlphaDropout(Dropout):
    """A dropout after which means and variances of what `selu` gives stay (Klambauer et al., 2017).

    While training, sets each element to ``alpha``, which `selu` tends to, with probability ``rate``, and gives
    ``a * x + b`` with the ``a`` and ``b`` that undo the change of mean and variance.

    Args:
        rate: from 0 to below 1.
        noise_shape: the shape of the mask (None or 1 broadcasts), the input's if left out.
        seed: an integer; drawn from the global seed if left out.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any) -> None:
        check_numbers(self, "[0, 1)", rate=rate)
        super().__init__(rate, noise_shape, seed, **options)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        lowest = -SELU_ALPHA * SELU_SCALE
        a = ((1.0 - self.rate) * (1.0 + self.rate * lowest**2)) ** -0.5
        return where(self._kept(inputs), inputs, lowest) * a - a * lowest * self.rate


class SpatialDropout1D(Dropout):
    """A dropout of whole features: of each sample (steps, features) a feature goes at all steps or at none.

    Args:
        rate: between 0 and 1.
        seed: an integer; drawn from the global seed if left out.
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, (None, 1, None), seed, **options)

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 3:
            raise ShapeError(
                f"layer {self.name!r} (SpatialDropout1D) takes (batch, steps, features); got shape {input_shape}."
            )
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["noise_shape"]
        return config


class GaussianDropout(Layer):
    """While training, multiplies by normal noise of mean 1 and variance ``rate / (1 - rate)``, as a dropout has.

    Args:
        rate: from 0 to below 1.
        seed: an integer; drawn from the global seed if left out.
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, 1)", rate=rate)
        check_integers(self, "[0, inf)", optional=True, seed=seed)
        self.rate, self.seed = float(rate), seed

    def build(self, input_shape: Shape) -> None:
        self.generator = random.SeedGenerator(self.seed)
        self.track(self.generator.state)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        inputs = inputs if inputs.dtype in dt.FLOATING else inputs.astype(self.dtype)
        spread = (self.rate / (1.0 - self.rate)) ** 0.5
        return inputs * random.normal(inputs.shape, 1.0, spread, dtype=inputs.dtype, key=self.generator.next_key())

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


class GaussianNoise(Layer):
    """While training, adds normal noise with mean 0, drawn from a key that the layer keeps in a variable.

    Args:
        stddev: the noise's standard deviation, 0 or more.
        seed: an integer; drawn from the global seed if left out.
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_numbers(self, "[0, inf)", stddev=stddev)
        check_integers(self, "[0, inf)", optional=True, seed=seed)
        self.stddev, self.seed = float(stddev), seed

    def build(self, input_shape: Shape) -> None:
        self.generator = random.SeedGenerator(self.seed)
        self.track(self.generator.state)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        key = self.generator.next_key()
        inputs = inputs if inputs.dtype in dt.FLOATING else inputs.astype(self.dtype)
        return inputs + random.normal(inputs.shape, 0.0, self.stddev, dtype=inputs.dtype, key=key)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"stddev": self.stddev, "seed": self.seed}


class ActivityRegularization(Layer):
    """Gives its input, and adds ``l1 · Σ|x| + l2 · Σx²``, divided by the number of samples, to the model's loss."""

    takes_structures = True

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **options)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]
        return config | {"l1": self.l1, "l2": self.l2}
