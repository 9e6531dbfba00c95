"""Faults that only programs have: the same ops run one by one are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.nodes import run_node_by_node
from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import Mutant

MUTANTS: list[Mutant] = []


def kernel(fault: str, op: str, function: Callable[..., Any], kinds: str = "biufcV") -> None:
    """A mutant whose programs have another kernel for arrays of some kinds: ``function(right_kernel, *arrays)``."""

    class Programs(NumPyBackend):
        def compile(self, graph):
            return run_node_by_node(graph, lambda one: self._inside(one), self.asarray)

        def _inside(self, one):
            run = self.resolve(one)
            if one.name != op:
                return run

            def wrong(*arrays, **attrs):
                kind = np.asarray(arrays[0]).dtype.kind if arrays else attrs["dtype"].kind
                return function(run, *arrays, **attrs) if kind in kinds else run(*arrays, **attrs)

            return wrong

    MUTANTS.append(Mutant(f"in a program {fault}", op, Programs))


def only(fault: str, op: str, when: Callable[..., bool]) -> None:
    """A mutant whose programs are wrong where ``when(*arrays, **attrs)`` holds."""
    kernel(fault, op, lambda run, *x, **attrs: spoiled(run(*x, **attrs)) if when(*x, **attrs) else run(*x, **attrs))


def of(*dtypes: Any) -> Callable[..., bool]:
    """Whether the first array has one of these dtypes."""
    return lambda x, *rest, **attrs: np.asarray(x).dtype in [np.dtype(one) for one in dtypes]


def plus_zero(run: Callable[..., Any], *arrays: Any, **attrs: Any) -> Any:
    """The same, with the signs of zeros lost."""
    value = np.asarray(run(*arrays, **attrs))
    return value + np.zeros((), value.dtype)


def where(condition: Callable[..., Any], wrong: Any) -> Callable[..., Any]:
    """The right value, but another one where a condition on the arguments holds."""

    def function(run: Callable[..., Any], *arrays: Any, **attrs: Any) -> Any:
        value = np.asarray(run(*arrays, **attrs))
        return np.where(condition(*arrays), wrong, value).astype(value.dtype)

    return function


# Limits and special values ------------------------------------------------------------------------------------------


def no_upper_limit(run, x, low, high):
    return run(x, low, np.where(np.isnan(high), np.inf, high).astype(x.dtype))


def saturated(run, x, y):
    limits = np.iinfo(np.asarray(x).dtype)
    return where(lambda x, y: (x == limits.min) & (y == -1), limits.max)(run, x, y)


def all_bits_out(run, x, y):
    return where(lambda x, y: (y < 0) | (y >= 8 * x.dtype.itemsize), 0)(run, x, y)


def counted(run, x, y):
    return run(x, y % np.asarray(8 * np.asarray(x).dtype.itemsize, np.asarray(y).dtype))


kernel("a limit that is NaN lets the number pass", "clamp", no_upper_limit, "f")
kernel("the largest integer for the smallest one divided by -1", "floor_divide", saturated, "i")
kernel("nothing left of negative numbers shifted by their width", "bitwise_right_shift", all_bits_out)
kernel("counts modulo the width", "bitwise_left_shift", counted)
kernel(
    "NaN as False",
    "astype",
    lambda run, x, *, dtype: run(np.nan_to_num(x) if dtype is dt.bool_ else x, dtype=dtype),
    "f",
)
kernel("zeros without their signs", "remainder", plus_zero, "f")
kernel("zeros without their signs", "round", plus_zero, "f")
kernel("zeros without their signs", "multiply", plus_zero, "f")
kernel("zeros without their signs", "sqrt", plus_zero, "f")
kernel("zeros without their signs", "full", plus_zero, "f")
kernel("0 minus a number", "negative", lambda run, x: np.zeros((), x.dtype) - x, "f")
kernel("1 for infinity // infinity", "floor_divide", where(lambda x, y: np.isinf(x) & np.isinf(y), 1), "f")
kernel("NaN beside infinity", "hypot", where(lambda x, y: np.isnan(x) | np.isnan(y), np.nan))
kernel("infinity minus itself", "logaddexp", where(lambda x, y: np.isinf(x) & (x == y), np.nan))
kernel("infinity minus itself", "logsumexp", lambda run, x, **attrs: run(x, **attrs) + run(x, **attrs) * 0)
kernel("a sum that overflows", "softplus", lambda run, x: np.log1p(np.exp(x)).astype(x.dtype))
kernel("no shift", "softmax", lambda run, x, *, axis: np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True), "f")
kernel("the real parts alone", "equal", lambda run, x, y: run(np.real(x), np.real(y)), "c")
kernel("squares that overflow", "abs", lambda run, x: np.sqrt(x.real**2 + x.imag**2), "c")
kernel("the wrong side of a cut", "log", lambda run, x: run(x + 0j).astype(x.dtype), "c")
kernel("NaN as 0", "matmul", lambda run, x, y: run(np.nan_to_num(x), np.nan_to_num(y)), "f")
kernel(
    "NaN first where the order descends",
    "sort",
    lambda run, x, *, axis, descending: (
        np.flip(run(x, axis=axis, descending=False), axis) if descending else run(x, axis=axis, descending=False)
    ),
    "f",
)

# Dtypes -------------------------------------------------------------------------------------------------------------

only("wrong in int16", "clamp", of(np.int16))
only("wrong in uint16", "clip", of(np.uint16))
only("wrong for unsigned integers", "cumulative_sum", of(*dt.UNSIGNED))
only("wrong in bfloat16", "tanh", of(dt.bfloat16))
only("wrong in float16", "mean", of(np.float16))
only("wrong in complex128", "sum", of(np.complex128))
only("wrong in int8", "max", of(np.int8))
only("wrong in uint64", "sort", of(np.uint64))
only("wrong in bool", "argsort", of(bool))
only("wrong in complex64", "flip", of(np.complex64))
only("wrong in uint32", "pad", of(np.uint32))
only("wrong in int64", "index_add", of(np.int64))
only("wrong in uint8", "matmul", of(np.uint8))
only("wrong in complex64", "inv", of(np.complex64))
only("wrong from float32 to uint16", "astype", lambda x, *, dtype: x.dtype == np.float32 and dtype == np.uint16)
kernel("64 bits through float64", "less", lambda run, x, y: run(np.float64(x), np.float64(y)), "iu")
kernel("unsigned as signed", "greater", lambda run, x, y: run(x.astype(np.int64), y.astype(np.int64)), "u")
kernel(
    "64 bits through float64",
    "cumulative_sum",
    lambda run, x, *, axis: run(x.astype(float), axis=axis).astype(run(x, axis=axis).dtype),
    "i",
)

# Forms --------------------------------------------------------------------------------------------------------------

only("wrong for a stack and one matrix", "matmul", lambda x, y: x.dtype.kind == "f" and x.ndim == 3 and y.ndim == 2)
only("wrong for one matrix and a stack", "matmul", lambda x, y: x.ndim == 2 and y.ndim == 3)
only("wrong for a row", "matmul", lambda x, y: x.ndim == 2 and x.shape[0] == 1)
for _op in ("argmax", "argmin"):
    only(
        "wrong with keepdims along an axis counted from the end",
        _op,
        lambda x, *, axis, keepdims: keepdims and axis is not None and axis < 0,
    )
only("wrong for two axes", "prod", lambda x, *, axis, keepdims: isinstance(axis, tuple) and len(axis) == 2)
only("wrong with index arrays of uint8", "getitem", lambda x, *i, key: any(one.dtype == np.uint8 for one in i))
only("wrong from the left", "searchsorted", lambda x, y, *, side: side == "left")
only("wrong for stacks", "det", lambda x: x.ndim > 2)
only("wrong for an odd length", "irfft", lambda x, **attrs: attrs.get("n", 0) % 2 == 1)
