"""TensorFlow's object for drawing: a `SeedGenerator` with the distributions as methods."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import dtypes as dt
from .. import threefry
from ..ops.elementwise import astype
from . import draws
from .keys import split
from .seeds import SeedGenerator

if TYPE_CHECKING:
    from ..tensor import Tensor


class Generator(SeedGenerator):
    """A `SeedGenerator` that draws: ``Generator.from_seed(1).normal((2, 3))``."""

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator that starts at an integer seed; ``alg`` is accepted as in TensorFlow: it is always Threefry."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
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

    def uniform_full_int(self, shape: Any, dtype: Any = dt.uint64) -> Tensor:
        """Integers of which every one of the dtype is equally likely."""
        target = dt.as_dtype(dtype)
        limits = dt.iinfo(target)
        return draws.randint(shape, limits.min, limits.max + 1, target, self)

    def make_seeds(self, count: int = 1) -> Tensor:
        """Seeds for stateless draws, int64 of shape (2, count): ``generator.make_seeds()[:, 0]`` is one."""
        return astype(draws.bits((2, count), seed=self), dt.int64)

    def split(self, count: int = 1) -> list[Self]:
        """So many new generators beside this one, each with numbers of its own; this one goes on."""
        found = [type(self)(0, backend=self.state.backend) for _ in range(count)]
        for one, key in zip(found, split(self.next_key(), count), strict=True):
            one._start(key.numpy(), None)
        return found

    def reset_from_seed(self, seed: int) -> None:
        """Start anew, at an integer seed."""
        self._start(threefry.key(seed), operator.index(seed))

    def _start(self, key: Any, seed: int | None) -> None:
        self.seed = seed
        self.state.assign(np.append(key, np.uint32(0)))
