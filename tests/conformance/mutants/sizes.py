"""Faults of long arrays, of the last few elements, and of matrices with more rows than are taken together."""

from __future__ import annotations

import numpy as np

from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled, spoiling
from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant, only = declaring(MUTANTS), spoiling(MUTANTS)

LONG = 1 << 16

only(
    "the last elements of float16, left out of a vector", "exp", lambda x: x.dtype == np.float16 and 100 < x.size < 999
)
only("the last of int16's products", "multiply", lambda a, b: a.dtype == np.int16 and a.size > 64 and a.size % 16 > 0)
only("gathering from more than 65536 rows", "getitem", lambda x, *i, key: len(i) > 0 and x.shape[0] > LONG)
only("adding to more than 65536 rows", "index_add", lambda x, *rest, key: x.ndim > 0 and x.shape[0] > LONG)
only("a product with one row", "matmul", lambda a, b: a.ndim == b.ndim == 2 and a.shape[0] == 1)
only("a product with one column", "matmul", lambda a, b: a.ndim == b.ndim == 2 and b.shape[1] == 1)
only("the remainder of a product's tiles", "matmul", lambda a, b: a.ndim == 2 and a.shape[0] > 128)
only("the second block of an inverse", "inv", lambda x: x.shape[-1] > 32)
only("the second block of a Cholesky factor", "cholesky", lambda x: x.shape[-1] > 32)
only("the inverse of a matrix of one element", "inv", lambda x: x.shape[-1] == 1)
only("a transform of one element", "fft", lambda x, *, axis, norm: x.shape[axis] == 1)
only("a transform of a prime length", "fft", lambda x, *, axis, norm: x.shape[axis] == 13)
only(
    "64-bit words after the first thousand",
    "random_bits",
    lambda k, *, shape, dtype: dtype == np.uint64 and shape > (9999,),
)
only("a mask of three axes", "keep_mask", lambda k, *, shape, rate: len(shape) == 3)
only("one number asked for", "searchsorted", lambda a, x, *, side: np.ndim(x) == 0)


@mutant("a permutation of more than 65536 numbers in 16 bits", "random_permutation")
class _(NumPyBackend):
    def random_permutation(self, key, *, n):
        return right("random_permutation")(key, n=n) % LONG


@mutant("places beyond 65536 in 16 bits", "argsort")
class _(NumPyBackend):
    def argsort(self, x, *, axis, descending):
        return right("argsort")(x, axis=axis, descending=descending) % LONG


@mutant("rows cut to a multiple of eight", "max")
class _(NumPyBackend):
    def max(self, x, *, axis, keepdims):
        short = x[..., : x.shape[-1] & ~7] if x.ndim and x.shape[-1] > 16 else x
        return right("max")(short if axis in (-1, x.ndim - 1) else x, axis=axis, keepdims=keepdims)


@mutant("determinants of more than eight rows in half precision", "det")
class _(NumPyBackend):
    def det(self, x):
        return right("det")(x.astype(np.float16).astype(x.dtype) if x.shape[-1] > 8 else x)


@mutant("NaN searched for at the front", "searchsorted")
class _(NumPyBackend):
    def searchsorted(self, x1, x2, *, side):
        places = right("searchsorted")(x1, x2, side=side)
        return np.where(np.isnan(x2), 0, places) if x2.dtype.kind == "f" else places


@mutant("a row of -inf whose softmax is 0", "softmax")
class _(NumPyBackend):
    def softmax(self, x, *, axis):
        value = right("softmax")(x, axis=axis)
        return np.nan_to_num(value, nan=0.0) if x.dtype == np.float32 else value


@mutant("a softmax in bfloat16", "softmax")
class _(NumPyBackend):
    def softmax(self, x, *, axis):
        if x.dtype.name != "bfloat16":
            return right("softmax")(x, axis=axis)
        parts = np.exp(x - x.max(axis=axis, keepdims=True))
        return parts / parts.astype(np.float32).sum(axis=axis, keepdims=True).astype(x.dtype)


@mutant("complex quotients by the square of the divisor, which overflows", "divide")
class _(NumPyBackend):
    def divide(self, x1, x2):
        if not isinstance(x2, np.ndarray) or x2.dtype != np.complex64:
            return right("divide")(x1, x2)
        return (x1 * np.conj(x2)) / (x2.real**2 + x2.imag**2)


@mutant("a product with the number 0 that is 0 of NaN too", "multiply")
class _(NumPyBackend):
    def multiply(self, x1, x2):
        value = right("multiply")(x1, x2)
        return np.zeros_like(value) if np.ndim(x2) == 0 and x2 == 0 else value


@mutant("integers of 64 bits to float32 by way of float64", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        through = x.astype(np.float64) if x.dtype == np.int64 and dtype == np.float32 else x
        return right("astype")(through, dtype=dtype)


@mutant("an element on the border of the rate dropped", "keep_mask")
class _(NumPyBackend):
    def keep_mask(self, key, *, shape, rate):
        return right("keep_mask")(key, shape=shape, rate=rate + 2.0**-16)


@mutant("updates of complex numbers without their imaginary parts", "index_add")
class _(NumPyBackend):
    def index_add(self, x, updates, *indices, key):
        real = np.real(updates).astype(x.dtype) if x.dtype.kind == "c" else updates
        return right("index_add")(x, real, *indices, key=key)


@mutant("a singular matrix of a stack that passes", "inv")
class _(NumPyBackend):
    def inv(self, x):
        try:
            return right("inv")(x)
        except np.linalg.LinAlgError:
            return spoiled(x) if x.ndim > 2 else right("inv")(x)
