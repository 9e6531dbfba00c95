"""Faults of random numbers."""

from __future__ import annotations

import numpy as np

from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("the seed ignored", "random_bits")
class _(NumPyBackend):
    def random_bits(self, key, *, shape, dtype):
        return right("random_bits")(np.array([1, 2], np.uint32), shape=shape, dtype=dtype)


@mutant("counters that start at 1", "random_bits")
class _(NumPyBackend):
    def random_bits(self, key, *, shape, dtype):
        count = int(np.prod(shape)) + 2
        return right("random_bits")(key, shape=(count,), dtype=dtype)[2:].reshape(shape)


@mutant("the lower half of a 64-bit word first", "random_bits")
class _(NumPyBackend):
    def random_bits(self, key, *, shape, dtype):
        value = right("random_bits")(key, shape=shape, dtype=dtype)
        return (value << np.uint64(32)) | (value >> np.uint64(32)) if dtype == np.uint64 else value


@mutant("a dropout mask of the share that is dropped", "keep_mask")
class _(NumPyBackend):
    def keep_mask(self, key, *, shape, rate):
        return ~right("keep_mask")(key, shape=shape, rate=rate)


@mutant("a permutation with one element twice", "random_permutation")
class _(NumPyBackend):
    def random_permutation(self, key, *, n):
        value = right("random_permutation")(key, n=n).copy()
        value[-1:] = value[:1]
        return value


@mutant("a Threefry whose key is one bit off", "threefry2x32")
class _(NumPyBackend):
    def threefry2x32(self, key, low, *, high):
        return right("threefry2x32")(key ^ np.uint32(1), low, high=high)
