"""Faults of errors."""

from __future__ import annotations

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend import Capabilities
from polyflow.errors import UnsupportedError
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("zeros for matrices that do not fit", "matmul")
class _(NumPyBackend):
    def matmul(self, x1, x2):
        try:
            return right("matmul")(x1, x2)
        except ValueError:
            return np.zeros((*x1.shape[:-1], *x2.shape[-1:]), x1.dtype)


@mutant("an error text that does not name the dtype that is missing", "dtypes")
class _(NumPyBackend):
    capabilities = Capabilities(dtypes=frozenset(dt.ALL) - {dt.float16})

    def require(self, dtype):
        if dtype is dt.float16:
            raise UnsupportedError("not on this device")
        return dtype

    def asarray(self, obj, dtype=None, device=None):
        return np.array(obj, dtype=self.require(dt.as_dtype(dtype or np.asarray(obj).dtype)))

    def full(self, *, shape, fill_value, dtype):
        return np.full(shape, fill_value, self.require(dtype))


@mutant("shapes that do not fit cut to size", "subtract")
class _(NumPyBackend):
    def subtract(self, x1, x2):
        try:
            return np.subtract(x1, x2)
        except ValueError:
            n = min(x1.shape[-1], x2.shape[-1])
            return np.subtract(x1[..., :n], x2[..., :n])


@mutant("an axis that is not there counted around", "sort")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        return right("sort")(x, axis=axis % x.ndim, descending=descending)


@mutant("another exception than the one that users catch", "full")
class _(NumPyBackend):
    def full(self, *, shape, fill_value, dtype):
        if np.isinf(fill_value):
            raise UnsupportedError("no infinities")
        return np.full(shape, fill_value, dtype)


@mutant("a shape of fewer axes left as it is", "broadcast_to")
class _(NumPyBackend):
    def broadcast_to(self, x, *, shape):
        return right("broadcast_to")(x, shape=shape) if len(shape) >= x.ndim else x


@mutant("only the first of arrays that have not as many axes", "concat")
class _(NumPyBackend):
    def concat(self, *arrays, axis):
        return right("concat")(*arrays, axis=axis) if len({x.ndim for x in arrays}) == 1 else arrays[0]


@mutant("an axis named twice taken for one", "flip")
class _(NumPyBackend):
    def flip(self, x, *, axis):
        return right("flip")(x, axis=tuple({one % x.ndim for one in axis}) if isinstance(axis, tuple) else axis)


@mutant("updates that do not fit left out", "index_set")
class _(NumPyBackend):
    def index_set(self, x, updates, *indices, key):
        try:
            return right("index_set")(x, updates, *indices, key=key)
        except ValueError:
            return x
