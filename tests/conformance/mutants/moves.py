"""Faults of shapes and indexing."""

from __future__ import annotations

import numpy as np

from polyflow.backend.keys import ARRAY, library_key
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("index arrays clamped to the last element", "getitem")
class _(NumPyBackend):
    def getitem(self, x, *indices, key):
        axes = [i for i, part in enumerate(p for p in key if p is not None) if isinstance(part, str)]
        held = tuple(np.clip(i, -x.shape[a], x.shape[a] - 1) for i, a in zip(indices, axes, strict=True))
        return x[library_key(key, held)]


@mutant("index arrays taken modulo the size", "getitem")
class _(NumPyBackend):
    def getitem(self, x, *indices, key):
        axes = [i for i, part in enumerate(p for p in key if p is not None) if isinstance(part, str)]
        held = tuple(np.mod(i, x.shape[a]) for i, a in zip(indices, axes, strict=True))
        return x[library_key(key, held)]


@mutant("index arrays that stand apart laid out where the first one stands", "getitem")
class _(NumPyBackend):
    def getitem(self, x, *indices, key):
        value = right("getitem")(x, *indices, key=key)
        fancy = [i for i, part in enumerate(key) if part == "array"]
        apart = len(fancy) > 1 and fancy[-1] - fancy[0] >= len(fancy)
        rank = np.broadcast_shapes(*(i.shape for i in indices)) if apart else ()
        return np.moveaxis(value, range(len(rank)), range(fancy[0], fancy[0] + len(rank))) if apart else value


@mutant("updates of an element named twice lost", "index_add")
class _(NumPyBackend):
    def index_add(self, x, updates, *indices, key):
        result = np.array(x)
        result[library_key(key, indices)] += updates
        return result


@mutant("updates added in whatever order threads come to them", "index_add")
class _(NumPyBackend):
    def index_add(self, x, updates, *indices, key):
        if key[0] != ARRAY or len(indices) > 1 or np.shape(updates)[:-1] != indices[0].shape or updates.ndim < 2:
            return right("index_add")(x, updates, *indices, key=key)
        order = np.random.default_rng().permutation(len(updates))
        return right("index_add")(x, updates[order], indices[0][order], key=key)


@mutant("updates written to a copy where the tensor is transposed", "index_add")
class _(NumPyBackend):
    def index_add(self, x, updates, *indices, key):
        result = np.array(x)
        right_one = right("index_add")(x, updates, *indices, key=key)
        result.reshape(-1)[:] = right_one.reshape(-1)  # a copy, if the array lies by columns
        return result


@mutant("an in-place write to the argument", "index_set")
class _(NumPyBackend):
    def index_set(self, x, updates, *indices, key):
        x[library_key(key, indices)] = updates
        return x


@mutant("an in-place write to the first operand", "multiply")
class _(NumPyBackend):
    def multiply(self, x1, x2):
        fits = isinstance(x1, np.ndarray) and x1.shape == np.broadcast_shapes(x1.shape, np.shape(x2))
        return np.multiply(x1, x2, out=x1) if fits and x1.flags.writeable else np.multiply(x1, x2)


@mutant("padding on the wrong side", "pad")
class _(NumPyBackend):
    def pad(self, x, *, widths, value):
        return np.pad(x, [(high, low) for low, high in widths], constant_values=value)


@mutant("flip of every axis", "flip")
class _(NumPyBackend):
    def flip(self, x, *, axis):
        return np.flip(x)


@mutant("the inverse permutation of axes", "permute_dims")
class _(NumPyBackend):
    def permute_dims(self, x, *, axes):
        return np.transpose(x, np.argsort([a % x.ndim for a in axes]))


@mutant("reshape in Fortran's order for transposed arrays", "reshape")
class _(NumPyBackend):
    def reshape(self, x, *, shape):
        return np.reshape(x, shape, order="A")


@mutant("concatenation along axis 0 whatever the axis says, where that fits", "concat")
class _(NumPyBackend):
    def concat(self, *arrays, axis):
        value = np.concatenate(arrays, axis)
        return np.concatenate(arrays, 0).reshape(value.shape) if axis != 0 else value


@mutant("index_add into the memory that slices share", "machine")
class _(NumPyBackend):
    def index_add(self, x, updates, *indices, key):
        if not x.flags.writeable or x.dtype != np.int32:
            return right("index_add")(x, updates, *indices, key=key)
        np.add.at(x, library_key(key, indices), updates)
        return x
