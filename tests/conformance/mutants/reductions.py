"""Faults of reductions and sorting."""

from __future__ import annotations

import numpy as np

from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("float16 sums accumulated in float16", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        if x.dtype == np.float16 and axis is None:
            total = np.float16(0)
            for one in x.ravel():
                total += one
            return np.asarray(total).reshape((1,) * x.ndim if keepdims else ())
        return right("sum")(x, axis=axis, keepdims=keepdims)


@mutant("rows of a long leading axis added one after the other", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        if x.dtype == np.float32 and axis == 0:
            return np.add.accumulate(x, axis=0)[-1:].reshape(x[:1].shape)[slice(None) if keepdims else 0]
        return right("sum")(x, axis=axis, keepdims=keepdims)


@mutant("sums of integers in 64 bits", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        return np.sum(x, axis=axis, keepdims=keepdims)


@mutant("a mean divided by n - 1", "mean")
class _(NumPyBackend):
    def mean(self, x, *, axis, keepdims):
        value = right("mean")(x, axis=axis, keepdims=keepdims)
        n = x.size // max(np.asarray(value).size, 1)
        return (value * n / max(n - 1, 1)).astype(x.dtype)


@mutant("NaN dropped from max", "max")
class _(NumPyBackend):
    def max(self, x, *, axis, keepdims):
        return np.fmax.reduce(x, axis=axis, keepdims=keepdims)


@mutant("the last of equal largest elements", "argmax")
class _(NumPyBackend):
    def argmax(self, x, *, axis, keepdims):
        axis_, host = (0, x.ravel()) if axis is None else (axis, x)
        value = host.shape[axis_] - 1 - np.argmax(np.flip(host, axis_), axis_, keepdims=keepdims)
        return np.asarray(value).reshape((1,) * x.ndim) if axis is None and keepdims else value


@mutant("argmin in 32 bits", "argmin")
class _(NumPyBackend):
    def argmin(self, x, *, axis, keepdims):
        return np.argmin(x, axis=axis, keepdims=keepdims).astype(np.int32)


@mutant("keepdims ignored for several axes", "prod")
class _(NumPyBackend):
    def prod(self, x, *, axis, keepdims):
        return right("prod")(x, axis=axis, keepdims=False)


@mutant("an empty max of minus infinity", "max")
class _(NumPyBackend):
    def max(self, x, *, axis, keepdims):
        return (
            np.max(x, axis=axis, keepdims=keepdims, initial=-np.inf)
            if not x.size
            else right("max")(x, axis=axis, keepdims=keepdims)
        )


@mutant("an argsort that is not stable", "argsort")
class _(NumPyBackend):
    def argsort(self, x, *, axis, descending):
        order = x.shape[axis] - 1 - np.argsort(np.flip(x, axis), axis=axis, stable=True)
        return np.flip(right("argsort")(x, axis=axis, descending=False), axis) if descending else order


@mutant("descending order by turning the ascending one around", "argsort")
class _(NumPyBackend):
    def argsort(self, x, *, axis, descending):
        order = np.argsort(x, axis=axis, stable=True)
        return np.flip(order, axis) if descending else order


@mutant("NaN first in descending order", "sort")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        value = np.sort(x, axis=axis, stable=True)
        return np.flip(value, axis) if descending else value


@mutant("the sides of searchsorted exchanged", "searchsorted")
class _(NumPyBackend):
    def searchsorted(self, x1, x2, *, side):
        return np.searchsorted(x1, x2, side="left" if side == "right" else "right")


@mutant("a running sum that starts one late", "cumulative_sum")
class _(NumPyBackend):
    def cumulative_sum(self, x, *, axis):
        return np.cumsum(x, axis=axis, dtype=x.dtype) - x


@mutant("a softmax that overflows", "softmax")
class _(NumPyBackend):
    def softmax(self, x, *, axis):
        with np.errstate(all="ignore"):
            parts = np.exp(x)
            return parts / parts.sum(axis=axis, keepdims=True)


@mutant("logsumexp without its shift", "logsumexp")
class _(NumPyBackend):
    def logsumexp(self, x, *, axis, keepdims):
        with np.errstate(all="ignore"):
            return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)).astype(x.dtype)


@mutant("matrix products in TF32", "matmul")
class _(NumPyBackend):
    def matmul(self, x1, x2):
        if x1.dtype != np.float32:
            return right("matmul")(x1, x2)
        short = [(x.view(np.int32) & ~0x1FFF).view(np.float32) for x in map(np.ascontiguousarray, (x1, x2))]
        return np.matmul(*short)


@mutant("float16 matrix products accumulated in float16", "matmul")
class _(NumPyBackend):
    def matmul(self, x1, x2):
        if x1.dtype != np.float16 or x1.ndim != 2:
            return right("matmul")(x1, x2)
        total = np.zeros((x1.shape[0], x2.shape[1]), np.float16)
        for k in range(x1.shape[1]):
            total = total + np.outer(x1[:, k], x2[k])
        return total


def by_bits(x):
    """The same values, but that -0.0 is less than 0.0, as a radix sort has it."""
    if x.dtype != np.float32:
        return x
    return np.where(x == 0, np.copysign(np.finfo(x.dtype).smallest_subnormal, x), x)


@mutant("-0.0 less than 0.0", "argmin")
class _(NumPyBackend):
    def argmin(self, x, *, axis, keepdims):
        return right("argmin")(by_bits(x), axis=axis, keepdims=keepdims)


@mutant("-0.0 sorted before 0.0", "sort")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        order = right("argsort")(by_bits(x), axis=axis, descending=descending)
        return np.take_along_axis(x, order, axis)
