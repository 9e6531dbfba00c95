"""Backends with one fault each, faults that real libraries and hurried authors have made: the suite finds every one.

A mutant is three lines: a decorator that says what is wrong and in which op, a class, and the method that does it.
`python tests/conformance/test_mutants.py` writes the table of docs/conformance.md anew.
"""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import array_api_strict
import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend, Capabilities
from polyflow.backend.keys import ARRAY, library_key
from polyflow.backend.loop import StepByStep
from polyflow.backend.nodes import run_node_by_node
from polyflow.backend.quiet import quiet
from polyflow.errors import UnsupportedError
from polyflow.flow import tape
from polyflow.ops import elementwise
from polyflow.ops.declare import OPS
from polyflow_conformance.trying import try_case
from polyflow_numpy.backend import NumPyBackend

DOCS = Path(__file__).parents[2] / "docs/conformance.md"


class Mutant(NamedTuple):
    """A backend with a fault, the op in which it is, and what has to be in place while it is tried."""

    fault: str
    op: str
    make: Callable[[], Any]
    around: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


MUTANTS: list[Mutant] = []


def mutant(fault: str, op: str) -> Callable[[type], type]:
    """Declare the decorated class a mutant."""

    def add(cls: type) -> type:
        MUTANTS.append(Mutant(fault, op, cls))
        return cls

    return add


def right(op: str) -> Callable[..., Any]:
    """The kernel as it should be."""
    return NumPyBackend().resolve(OPS[op])


# Values --------------------------------------------------------------------------------------------------------------


@mutant("values off by one percent", "sin")
class _(NumPyBackend):
    def sin(self, x):
        return (np.sin(x) * 1.01).astype(x.dtype)


@mutant("float64 computed in float32", "log")
class _(NumPyBackend):
    def log(self, x):
        return np.log(x.astype(np.float32)).astype(x.dtype) if x.dtype == np.float64 else np.log(x)


@mutant("results rounded to float16", "exp")
class _(NumPyBackend):
    def exp(self, x):
        return np.exp(x).astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else np.exp(x)


@mutant("float16 rounded after each step of a function", "sigmoid")
class _(NumPyBackend):
    def sigmoid(self, x):
        return right("sigmoid")(x) if x.dtype != np.float16 else 1 / (1 + np.exp(-x))


@mutant("a function that loses the smallest numbers by halving them on its way", "asin")
class _(NumPyBackend):
    def asin(self, x):
        half = np.float32(0.5) * x if x.dtype == np.float32 else x
        return np.where(np.abs(half) < np.finfo(np.float32).tiny, 0, np.arcsin(x)).astype(x.dtype)


@mutant("infinity far outside the domain, where there is no number", "acosh")
class _(NumPyBackend):
    def acosh(self, x):
        return np.where(x < -1e6, np.inf, np.arccosh(x)).astype(x.dtype) if x.dtype.kind == "f" else np.arccosh(x)


@mutant("exp(x) - 1 instead of expm1", "expm1")
class _(NumPyBackend):
    def expm1(self, x):
        return np.exp(x) - x.dtype.type(1)


@mutant("log(1 + x) instead of log1p", "log1p")
class _(NumPyBackend):
    def log1p(self, x):
        return np.log(x + x.dtype.type(1))


@mutant("sinh by its defining formula, which cancels near 0", "sinh")
class _(NumPyBackend):
    def sinh(self, x):
        return ((np.exp(x) - np.exp(-x)) / 2).astype(x.dtype)


@mutant("a power of one half instead of a rounded square root", "sqrt")
class _(NumPyBackend):
    def sqrt(self, x):
        return np.exp(np.log(x) * x.dtype.type(0.5))


@mutant("division by way of the reciprocal", "divide")
class _(NumPyBackend):
    def divide(self, x1, x2):
        return x1 * (1 / np.asarray(x2)).astype(np.asarray(x1).dtype)


@mutant("an error function good to seven digits", "erf")
class _(NumPyBackend):
    def erf(self, x):  # Abramowitz and Stegun, 7.1.26
        t = 1 / (1 + 0.3275911 * np.abs(x))
        p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
        return (np.sign(x) * (1 - p * np.exp(-x * x))).astype(x.dtype)


@mutant("halves rounded away from zero", "round")
class _(NumPyBackend):
    def round(self, x):
        return x if x.dtype.kind in "iu" else (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(x.dtype)


@mutant("floor division that truncates", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.trunc(x1 / np.where(np.asarray(x2) == 0, 1, x2)).astype(np.asarray(x1).dtype)


@mutant("-1 for integers divided by zero", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        value = right("floor_divide")(x1, x2)
        return np.where(x2 == 0, -1, value).astype(value.dtype) if value.dtype.kind == "i" else value


@mutant("remainders with the sign of the dividend", "remainder")
class _(NumPyBackend):
    def remainder(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.fmod(x1, x2)


@mutant("infinity // infinity as 1", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        value = right("floor_divide")(x1, x2)
        return np.where(np.isinf(x1) & np.isinf(x2), 1, value).astype(value.dtype)


@mutant("integers that saturate instead of wrapping", "add")
class _(NumPyBackend):
    def add(self, x1, x2):
        if np.asarray(x1).dtype == np.int8:
            return np.clip(x1.astype(np.int16) + x2, -128, 127).astype(np.int8)
        return np.add(x1, x2)


@mutant("0 for an integer to a negative power", "pow")
class _(NumPyBackend):
    def pow(self, x1, x2):
        if np.asarray(x2).dtype.kind == "i":
            return np.where(x2 < 0, 0, np.power(x1, np.maximum(x2, 0))).astype(x1.dtype)
        return np.power(x1, x2)


@mutant("the conjugate of complex numbers left out", "conj")
class _(NumPyBackend):
    def conj(self, x):
        return x


@mutant("the sign of NaN as 0", "sign")
class _(NumPyBackend):
    def sign(self, x):
        return np.sign(np.where(np.isnan(x), 0, x)).astype(x.dtype) if x.dtype.kind == "f" else np.sign(x)


@mutant("NaN dropped from maximum", "maximum")
class _(NumPyBackend):
    def maximum(self, x1, x2):
        return np.fmax(x1, x2)


@mutant("NaN equal to NaN", "equal")
class _(NumPyBackend):
    def equal(self, x1, x2):
        return np.equal(x1, x2) | (np.not_equal(x1, x1) & np.not_equal(x2, x2))


@mutant("comparison results as bytes instead of booleans", "less")
class _(NumPyBackend):
    def less(self, x1, x2):
        return np.less(x1, x2).astype(np.uint8)


@mutant("float16 results left in float32", "tanh")
class _(NumPyBackend):
    def tanh(self, x):
        return np.tanh(x.astype(np.float32)) if x.dtype == np.float16 else np.tanh(x)


@mutant("the branches of where exchanged for scalars", "where")
class _(NumPyBackend):
    def where(self, condition, x1, x2):
        return np.where(condition, x2, x1) if np.ndim(x2) == 0 else np.where(condition, x1, x2)


@mutant("NaN clipped to the lower limit", "clip")
class _(NumPyBackend):
    def clip(self, x, *, min, max):
        value = right("clip")(x, min=min, max=max)
        return np.where(np.isnan(x), 0 if min is None else min, value).astype(x.dtype) if x.dtype.kind == "f" else value


@mutant("floats rounded, not truncated, on the way to integers", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        return right("astype")(np.round(x) if dtype.kind in "iu" and x.dtype.kind == "f" else x, dtype=dtype)


@mutant("a half converted to bool by way of an integer", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        if dtype is dt.bool_ and x.dtype.kind == "c":
            return x.real != 0
        return right("astype")(x, dtype=dtype)


@mutant("negative zero filled as zero", "full")
class _(NumPyBackend):
    def full(self, *, shape, fill_value, dtype):
        return np.full(shape, fill_value or 0, dtype)


@mutant("a hypotenuse that overflows", "hypot")
class _(NumPyBackend):
    def hypot(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.sqrt(x1 * x1 + x2 * x2)


# Reductions, sorting -------------------------------------------------------------------------------------------------


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
            half = np.float16 if x.dtype == np.float32 else x.dtype
            return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)).astype(half).astype(x.dtype)


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


# Moves and indexing --------------------------------------------------------------------------------------------------


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


# Errors --------------------------------------------------------------------------------------------------------------


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


# Gradients -----------------------------------------------------------------------------------------------------------


def patched(owner: Any, name: str, value: Any) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    """Replaces an attribute while the mutant is tried."""

    @contextlib.contextmanager
    def around():
        old = getattr(owner, name)
        setattr(owner, name, value)
        try:
            yield
        finally:
            setattr(owner, name, old)

    return around


def gradient_mutant(fault: str, op: str, *rules: Any) -> None:
    """A mutant whose op has another gradient row."""
    MUTANTS.append(Mutant(fault, op, NumPyBackend, patched(OPS[op], "rules", rules)))


gradient_mutant("a gradient off by a factor of two", "square", lambda g, y, x: g * x)
gradient_mutant("the derivative of tanh with 1 - y", "tanh", lambda g, y, x: g * (1.0 - y))
gradient_mutant(
    "the gradient 1 of relu at 0", "relu", lambda g, y, x: elementwise.where(elementwise.greater_equal(x, 0), g, 0)
)
gradient_mutant(
    "all of the gradient to the first of equal elements",
    "maximum",
    lambda g, y, a, b: g * elementwise.astype(elementwise.greater_equal(a, b), g.dtype),
    lambda g, y, a, b: g * elementwise.astype(elementwise.greater(b, a), g.dtype),
)
gradient_mutant(
    "a gradient without its second derivative", "sin", lambda g, y, x: elementwise.stop_gradient(g * elementwise.cos(x))
)
gradient_mutant(
    "NaN leaked from the branch not taken",
    "where",
    None,
    lambda g, y, c, a, b: g * elementwise.astype(c, g.dtype) + 0 * a,
    lambda g, y, c, a, b: g - g * elementwise.astype(c, g.dtype),
)
gradient_mutant("the gradient of the second factor forgotten", "multiply", lambda g, y, a, b: g * b, None)
gradient_mutant("no conjugate in a complex gradient", "exp", lambda g, y, x: g * y)


def _no_sum(cotangent: Any, target: Any) -> Any:
    return cotangent


MUTANTS.append(
    Mutant("a gradient missing its broadcast sum", "add", NumPyBackend, patched(tape, "unbroadcast", _no_sum))
)


MUTANTS.append(
    Mutant(
        "NaN leaked from a branch that uses a value twice",
        "where",
        NumPyBackend,
        patched(tape, "either", lambda first, second: None),
    )
)


class _OwnGradients(NumPyBackend):
    """NumPy with gradients of its own, by polyflow's rules on the graph; ``factor`` is the fault."""

    capabilities = Capabilities(native_gradient=True)
    factor = 1.0

    def native_vjp(self, graph):
        def vjp(arrays, cotangents):
            from polyflow.tensor import Tensor

            tensors = {value: Tensor(array, self) for value, array in zip(graph.inputs, arrays, strict=True)}
            found = tape.Tape(None, watch_variables=False)
            inputs = [found.fresh(tensors[value]) for value in graph.inputs]
            known = dict(zip(graph.inputs, inputs, strict=True))
            for node in graph.nodes:
                args = tuple(known[v] if v.scalar is None else v.scalar for v in node.inputs)
                known[node.output] = found.run(node.op, args, node.attrs)
            seeds = [(known[out], Tensor(c, self)) for out, c in zip(graph.outputs, cotangents, strict=True)]
            gradients = found.cotangents(seeds)
            return tuple(
                gradients[id(one)].array * self.factor if id(one) in gradients else np.zeros(one.shape, one.dtype)
                for one in inputs
            )

        return vjp


@mutant("the library's own gradient off by one in a thousand", "matmul")
class _(_OwnGradients):
    factor = 1.001


@mutant("gradients claimed and absent", "backend")
class _(NumPyBackend):
    capabilities = Capabilities(native_gradient=True)


# Training ------------------------------------------------------------------------------------------------------------


@mutant("a loop that leaves out the last, smaller batch", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        program = StepByStep(loop, self)
        program.rest = lambda state, *batch: ()
        return program


@mutant("a loop whose epochs all take the order of the first", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        class OneOrder(StepByStep):
            def __call__(self, state, data, orders, start, stop):
                return super().__call__(state, data, np.repeat(orders[:1], len(orders), 0), start, stop)

        return OneOrder(loop, self)


# Compiled programs ---------------------------------------------------------------------------------------------------


@mutant("a program that remembers its first arguments", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, seen = super().compile(graph), []

        def stale(*arrays):
            seen[:] = seen or [run(*arrays)]
            return seen[0]

        return stale


@mutant("a program that writes its results into the same buffers", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, held = super().compile(graph), []

        def reused(*arrays):
            results = [np.asarray(one) for one in run(*arrays)]
            if not held:
                held.extend(np.array(one) for one in results)
            for buffer, one in zip(held, results, strict=True):
                buffer[...] = one
            return tuple(held)

        return reused


@mutant("a program in which integers to a negative power are 1", "pow")
class _(NumPyBackend):
    def compile(self, graph):
        forgiving = lambda x1, x2: np.power(x1, np.maximum(x2, 0) if np.asarray(x2).dtype.kind == "i" else x2)  # noqa: E731
        return run_node_by_node(graph, lambda op: forgiving if op.name == "pow" else self.resolve(op), self.asarray)


@mutant("a program that computes integers in 64 bits", "sum")
class _(NumPyBackend):
    def compile(self, graph):
        run = super().compile(graph)
        return lambda *arrays: tuple(
            one.astype(np.int64) if np.asarray(one).dtype == np.int32 else one for one in run(*arrays)
        )


@mutant("a program whose scratch memory its threads share", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, scratch = super().compile(graph), {}

        def racy(*arrays):
            for i, array in enumerate(arrays):
                scratch[i] = array
            time.sleep(1e-4)
            return run(*[scratch[i] for i in range(len(arrays))])

        return racy


# Randomness ----------------------------------------------------------------------------------------------------------


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


@mutant("a Threefry of 12 rounds", "threefry2x32")
class _(NumPyBackend):
    def threefry2x32(self, key, low, *, high):
        return right("threefry2x32")(key ^ np.uint32(1), low, high=high)


# The backend itself --------------------------------------------------------------------------------------------------


@mutant("float64 narrowed silently", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        host = np.array(obj, dtype=dtype)
        return host.astype(np.float32) if host.dtype == np.float64 else host


@mutant("an array that aliases the one it was made of", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return np.asarray(obj, dtype=dtype)


@mutant("a host copy through which tensors can be written to", "tensor")
class _(NumPyBackend):
    def to_numpy(self, array):
        return np.asarray(array)


@mutant("a dtype declared as missing, and narrowed instead of refused", "dtypes")
class _(NumPyBackend):
    capabilities = Capabilities(dtypes=frozenset(dt.ALL) - {dt.float64})

    def asarray(self, obj, dtype=None, device=None):
        host = np.array(obj, dtype=dtype)
        return host.astype(np.float32) if host.dtype == np.float64 else host


@mutant("an op declared as unsupported that answers", "erf")
class _(NumPyBackend):
    unsupported = {"erf": "not in this library"}

    def kernel(self, op):
        return op.reference


@mutant("gaps of an op that does not exist", "backend")
class _(NumPyBackend):
    gaps = {"sortt": [dt.bfloat16]}


@mutant("an op that refuses without having declared it", "atan2")
class _(NumPyBackend):
    def atan2(self, x1, x2):
        raise UnsupportedError("no atan2 here")


@mutant("devices as a list that leaves out its own", "backend")
class _(NumPyBackend):
    def devices(self):
        return ["gpu:0"]


@mutant("results that say they lie elsewhere", "backend")
class _(NumPyBackend):
    def device_of(self, array):
        return "cpu:1"


class Placed(ArrayNamespaceBackend):
    """A library of several devices, without a fault."""

    name = "placed"
    xp = array_api_strict

    def devices(self):
        return ("CPU_DEVICE", "device1", "device2")

    def library_device(self, device):
        return self.xp.Device(device)

    def to_numpy(self, array):
        return super().to_numpy(array.to_device(self.library_device("CPU_DEVICE")))

    def kernel(self, op):
        return quiet(super().kernel(op))

    def compile(self, graph):
        return quiet(super().compile(graph))


@mutant("constants that are made on the library's default device", "backend")
class _(Placed):
    def full(self, *, shape, fill_value, dtype):
        return self.xp.full(shape, fill_value, dtype=self.library_dtype(dtype))


@mutant("errors that only synchronize() shows", "cos")
class _(NumPyBackend):
    late = False

    def cos(self, x):
        self.late = True
        return np.cos(x)

    def synchronize(self):
        if self.late:
            self.late = False
            raise RuntimeError("an error of an earlier kernel")


@mutant("a line printed", "backend")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        print("compiling sort ...")
        return right("sort")(x, axis=axis, descending=descending)


@mutant("a warning for a division by zero", "backend")
class _(NumPyBackend):
    def reciprocal(self, x):
        if not x.all():
            warnings.warn("divide by zero", RuntimeWarning, stacklevel=2)
        return np.reciprocal(x)


@mutant("results that are never let go", "backend")
class _(NumPyBackend):
    def add(self, x1, x2):
        value = np.add(x1, x2)
        self.__dict__.setdefault("kept", []).append(value)
        return value


@mutant("the user's random numbers started anew", "backend")
class _(NumPyBackend):
    def log(self, x):
        np.random.seed(np.random.randint(1000))  # noqa: NPY002
        return np.log(x)


@mutant("scratch memory shared between threads", "threads")
class _(NumPyBackend):
    scratch = None

    def square(self, x):
        self.scratch = x * x
        time.sleep(1e-4)
        return np.array(self.scratch)


@mutant("a protocol of another version", "backend")
class _(NumPyBackend):
    protocol = "9.0"


@mutant("a result that is a Python float", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        value = right("sum")(x, axis=axis, keepdims=keepdims)
        return float(value) if axis is None and x.dtype == np.float64 else value


# The test ------------------------------------------------------------------------------------------------------------


def killers(one: Mutant) -> list[Any]:
    """The results, of cases that name the mutant's op, that say something is wrong."""
    backend = one.make()
    chosen = [case for case in suite.all_cases().values() if case.op == one.op]
    with one.around():
        results = [try_case(case, backend) for case in chosen]
    return [result for result in results if result.failed]


@pytest.mark.parametrize("one", MUTANTS, ids=[f"{one.op}: {one.fault}" for one in MUTANTS])
def test_mutant_is_killed(one):
    """Some case that names the op fails, and says why."""
    found = killers(one)
    assert found, f"no case of {one.op!r} notices: {one.fault}"
    assert all(result.reason and result.reproducer for result in found)


def test_ops_without_a_fault_pass():
    """The cases that kill mutants do not fail on the backend that the mutants are made of."""
    ops = {one.op for one in MUTANTS}
    report = suite.run(NumPyBackend(), ops=ops)
    assert [(result.id, result.reason) for result in report.failures] == []
    assert len(MUTANTS) >= 40


def test_a_library_of_several_devices_passes():
    """On whichever of them it stands."""
    for device in (None, "device1"):
        report = suite.run(Placed(device), ops=("backend", "full", "pad", "clip"))
        assert [(result.id, result.reason) for result in report.failures] == []
        tried = {result.id: result.status for result in report.results}
        assert tried["device-1/backend/ops-on-another-device"] == "pass"


def table() -> list[str]:
    """The table of the documentation: each fault, its op, and the case that notices first."""
    rows = ["| fault | op | found by |", "| --- | --- | --- |"]
    for one in MUTANTS:
        found = killers(one)
        if not found:
            raise SystemExit(f"no case of {one.op!r} notices: {one.fault}")
        rows.append(f"| {one.fault} | {one.op} | `{found[0].id}` |")
    return rows


BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"


def test_documentation_lists_every_mutant():
    """The table in docs/conformance.md is the one that `python tests/conformance/test_mutants.py` writes."""
    text = DOCS.read_text(encoding="utf-8")
    rows = [line for line in text.partition(BEGIN)[2].partition(END)[0].splitlines() if line.startswith("| ")]
    assert [row.removeprefix("| ").partition(" | ")[0] for row in rows[2:]] == [one.fault for one in MUTANTS]


if __name__ == "__main__":
    text = DOCS.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{head}{BEGIN}\n\n" + "\n".join(table()) + f"\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    sys.exit(0)
