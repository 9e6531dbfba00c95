"""Faults that show only under some condition: a layout, a rank, a size, a thread, a dtype, an earlier call."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow.backend.nodes import run_node_by_node
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)

When = Callable[..., bool]


def spoiled(value: Any) -> Any:
    """A result whose last element is another."""
    result = np.array(value)
    last = tuple(size - 1 for size in result.shape)
    if result.size:
        result[last] = not result[last] if result.dtype == bool else result[last] + result.dtype.type(1)
    return result


def spoiling(mutants: list[Mutant]) -> Callable[[str, str, When], None]:
    """``only(fault, op, when)`` puts among ``mutants`` one that is wrong where ``when(*arrays, **attrs)`` holds."""

    def only(fault: str, op: str, when: When) -> None:
        def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
            value = right(op)(*arrays, **attrs)
            return spoiled(value) if when(*arrays, **attrs) else value

        mutants.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))

    return only


only = spoiling(MUTANTS)


def _strides(x: Any) -> tuple[int, ...]:
    return getattr(x, "strides", ())


def transposed(x: Any, *rest: Any, **attrs: Any) -> bool:
    """Whether an array of two axes and more lies by columns."""
    return np.ndim(x) > 1 and x.flags.f_contiguous and not x.flags.c_contiguous and min(_strides(x)) > 0


def parted(x: Any, *rest: Any, **attrs: Any) -> bool:
    """Whether there are gaps between the elements of an array."""
    return np.ndim(x) > 0 and not x.flags.forc and min(_strides(x)) > 0


def backwards(x: Any, *rest: Any, **attrs: Any) -> bool:
    """Whether an array is walked from its end."""
    return any(stride < 0 for stride in _strides(x))


def repeated(x: Any, *rest: Any, **attrs: Any) -> bool:
    """Whether elements of an array are one in memory."""
    return any(not stride and size > 1 for stride, size in zip(_strides(x), np.shape(x), strict=False))


only("wrong for arrays that lie by columns", "exp", transposed)
only("wrong for arrays with gaps", "mean", parted)
only("wrong for arrays walked from the end", "reshape", backwards)
only("wrong for rows that are one in memory", "add", repeated)
only("wrong for three axes", "softmax", lambda x, **attrs: x.ndim == 3)
only("wrong for four axes", "tanh", lambda x: x.ndim == 4)
only("wrong for five axes", "permute_dims", lambda x, *, axes: x.ndim == 5)
only("wrong for five axes", "asinh", lambda x: x.ndim == 5)
only("wrong for rows that are the only one", "log1p", lambda x: x.ndim > 1 and x.shape[0] == 1)
only("wrong where the second array alone is walked from its end", "divide", lambda x, y: backwards(y) > backwards(x))
only("wrong for a column and a row", "multiply", lambda x, y: np.shape(x)[1:] == (1,) and np.ndim(y) == 1 < np.size(y))
only("wrong where the last part is empty", "concat", lambda *parts, axis: not parts[-1].size)
only("wrong for one element without its axes", "reshape", lambda x, *, shape: shape == ())
only("wrong for an array and itself", "subtract", lambda x, y: x is y)
only("wrong for int16 that lies by columns", "abs", lambda x: x.dtype == np.int16 and transposed(x))
only("wrong for bfloat16 with gaps", "tanh", lambda x: x.dtype.name == "bfloat16" and parted(x))
only("wrong for four axes walked from the end", "sum", lambda x, **attrs: x.ndim == 4 and backwards(x))
only("wrong for long matrices that lie by columns", "sort", lambda x, **attrs: x.size > 5000 and transposed(x))
only("wrong for NaN walked from the end", "floor", lambda x: backwards(x) and bool(np.isnan(x).any()))
only("wrong for NaN with keepdims", "argmax", lambda x, *, keepdims, **attrs: keepdims and bool(np.isnan(x).any()))
only("wrong for two axes of a long array", "prod", lambda x, *, axis, **attrs: x.size > 5000 and np.size(axis) == 2)
only("wrong for a matrix and an array without axes", "maximum", lambda x, y: np.ndim(x) == 2 and np.shape(y) == ())
only("wrong for stacks of one matrix", "matmul", lambda x, y: x.ndim == 3 and len(x) == 1)


@mutant("strided float64 cast to int8 as if it were not", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        value = right("astype")(x, dtype=dtype)
        return np.flip(value) if x.dtype == np.float64 and dtype == np.int8 and parted(x) else value


@mutant("three unequal parts joined in another order", "concat")
class _(NumPyBackend):
    def concat(self, *arrays, axis):
        first, *rest = arrays
        unequal = len({one.shape[axis] for one in arrays}) == len(arrays) == 3
        return right("concat")(first, *(rest[::-1] if unequal else rest), axis=axis)


only("wrong for one element", "sum", lambda x, **attrs: x.shape == (1,))
only("wrong where threads share out the elements", "sin", lambda x: x.size > 70_000)
only("wrong for the end of many elements", "where", lambda condition, x, y: np.size(x) > 1000)
only("wrong off the main thread's child", "sqrt", lambda x: threading.current_thread().name.startswith("Thread-"))
only("wrong in 16 bits", "permute_dims", lambda x, *, axes: x.dtype.itemsize == 2)
only("wrong for unsigned integers", "pad", lambda x, **attrs: x.dtype.kind == "u")
only("wrong along the axis before the last, counted from the end", "cumulative_prod", lambda x, *, axis: axis == -2)
only("wrong for vectors with stacks of matrices", "matmul", lambda x, y: x.ndim == 1 and y.ndim == 3)
only("wrong for larger matrices", "det", lambda x: x.shape[-1] > 4)


@mutant("a square matrix with its own transpose: half of the product is left out", "matmul")
class _(NumPyBackend):
    def matmul(self, x1, x2):
        value = right("matmul")(x1, x2)
        same = x1.ndim == x2.ndim == 2 and np.shares_memory(x1, x2) and x1.strides == x2.strides[::-1]
        return np.tril(value) if same else value


@mutant("results that lie in memory which the third call after takes again", "multiply")
class _(NumPyBackend):
    def multiply(self, x1, x2):
        value = np.asarray(np.multiply(x1, x2))
        ring, place = self.__dict__.setdefault("rings", {}).get((value.shape, value.dtype), ([None] * 3, 0))
        self.rings[value.shape, value.dtype] = ring, place + 1
        if ring[place % 3] is None:
            ring[place % 3] = np.empty_like(value)
        ring[place % 3][...] = value
        return ring[place % 3]


@mutant("a result that is remembered by the shapes of the arguments", "concat")
class _(NumPyBackend):
    def concat(self, *arrays, axis):
        key = axis, tuple((x.shape, x.dtype) for x in arrays)
        return self.__dict__.setdefault("known", {}).setdefault(key, np.concatenate(arrays, axis))


@mutant("more than eight arrays joined eight at a time, the rest left out", "concat")
class _(NumPyBackend):
    def concat(self, *arrays, axis):
        return np.concatenate([*arrays[:8], *(np.zeros_like(x) for x in arrays[8:])], axis)


@mutant("an argument sorted in place", "sort")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        if not descending and isinstance(x, np.ndarray) and x.base is None and x.flags.writeable:
            x.sort(axis, kind="stable")
            return x
        return right("sort")(x, axis=axis, descending=descending)


@mutant("an argsort that is stable for short rows only", "argsort")
class _(NumPyBackend):
    def argsort(self, x, *, axis, descending):
        if descending or x.ndim < 1 or x.shape[axis] <= 16:
            return right("argsort")(x, axis=axis, descending=descending)
        order = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
        return x.shape[axis] - 1 - order


@mutant("blocks of a running sum that forget the ones before", "cumulative_sum")
class _(NumPyBackend):
    def cumulative_sum(self, x, *, axis):
        blocks = np.array_split(x, range(256, x.shape[axis], 256), axis)
        return np.concatenate([right("cumulative_sum")(block, axis=axis) for block in blocks], axis)


@mutant("many equal numbers added one after the other", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        if axis is None and x.dtype == np.float32 and x.ndim == 1 and x.size:
            return np.asarray(np.add.accumulate(x)[-1:]).reshape((1,) if keepdims else ())
        return right("sum")(x, axis=axis, keepdims=keepdims)


@mutant("a running sum of float16 in float16", "cumulative_sum")
class _(NumPyBackend):
    def cumulative_sum(self, x, *, axis):
        add = np.add.accumulate if x.dtype == np.float16 else right("cumulative_sum")
        return add(x, axis=axis)


@mutant("matrix products in bfloat16 where they are large enough for it to pay", "matmul")
class _(NumPyBackend):
    def matmul(self, x1, x2):
        if x1.dtype == np.float32 and x1.ndim == x2.ndim == 2 and min(*x1.shape, *x2.shape) >= 16:
            x1, x2 = ((np.ascontiguousarray(x).view(np.uint32) & 0xFFFF0000).view(np.float32) for x in (x1, x2))
        return right("matmul")(x1, x2)


@mutant("a large array that aliases the one it was made of", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return np.asarray(obj, dtype=dtype) if np.size(obj) > 10_000 else np.array(obj, dtype=dtype)


@mutant("the matrix factored in its own memory", "inv")
class _(NumPyBackend):
    def inv(self, x):
        value = right("inv")(x)
        x[...] = spoiled(x)
        return value


@mutant("a host copy that can be written to, of matrices of booleans", "tensor")
class _(NumPyBackend):
    def to_numpy(self, array):
        return array if np.ndim(array) == 2 and array.dtype == bool else super().to_numpy(array)


@mutant("a warning", "sort")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        warnings.warn("a stable sort is slow", stacklevel=2)
        return right("sort")(x, axis=axis, descending=descending)


@mutant("a variable of the process's environment set", "max")
class _(NumPyBackend):
    def max(self, x, *, axis, keepdims):
        os.environ["POLYFLOW_TEST_MUTANT"] = "1"
        return right("max")(x, axis=axis, keepdims=keepdims)


@mutant("results kept for a gradient that nobody asks for", "exp")
class _(NumPyBackend):
    def exp(self, x):
        value = np.exp(x)
        self.__dict__.setdefault("kept", []).append(value)
        return value


@mutant("arguments and results of programs kept", "program")
class _(NumPyBackend):
    def compile(self, graph):
        run, kept = super().compile(graph), []

        def keeping(*arrays):
            kept.append(run(*arrays))
            return kept[-1]

        return keeping


def baked(op: str) -> Callable[[Any, Any], Any]:
    """A ``compile`` whose programs keep the first result of an op as if it were a constant."""

    def compile(self: Any, graph: Any) -> Any:
        first: dict[str, Any] = {}

        def kernel(one: Any) -> Any:
            run = self.resolve(one)
            if one.name != op:
                return run
            return lambda *arrays, **attrs: first.setdefault(str(attrs), run(*arrays, **attrs))

        return run_node_by_node(graph, kernel, self.asarray)

    return compile


MUTANTS.append(
    Mutant(
        "a program that takes one mask for a constant",
        "keep_mask",
        type("M", (NumPyBackend,), {"compile": baked("keep_mask")}),
    )
)
MUTANTS.append(
    Mutant(
        "a program that draws with one key again and again",
        "next_key",
        type("M", (NumPyBackend,), {"compile": baked("next_key")}),
    )
)
