"""TensorFlow's object for drawing: a `SeedGenerator` with the distributions as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import draws
from .seeds import SeedGenerator

if TYPE_CHECKING:
    from ..tensor import Tensor


class Generator(SeedGenerator):
    """A `SeedGenerator` that draws: ``Generator.from_seed(1).normal((2, 3))``."""

    @classmethod
    def from_seed(cls, seed: int) -> Generator:
        """A generator that starts at an integer seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls) -> Generator:
        """A generator that starts at the global generator's next key."""
        return cls()

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = None) -> Tensor:
        """See `polyflow.random.uniform`."""
        return draws.uniform(shape, minval, maxval, dtype, self)

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None) -> Tensor:
        """See `polyflow.random.normal`."""
        return draws.normal(shape, mean, stddev, dtype, self)

    def truncated_normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None) -> Tensor:
        """See `polyflow.random.truncated_normal`."""
        return draws.truncated_normal(shape, mean, stddev, dtype, self)
