"""Faults at the ends: infinities, NaN, the limits of integers, numbers that only a last bit tells apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, replacing, right

MUTANTS: list[Mutant] = []
mutant, kernel = declaring(MUTANTS), replacing(MUTANTS)


def through(fault: str, op: str, dtype: Any, by: Any) -> None:
    """A mutant that takes arrays of one dtype through another that does not hold all of its numbers."""

    def function(run: Callable[..., Any], *arrays: Any, **attrs: Any) -> Any:
        if np.asarray(arrays[0]).dtype != dtype:
            return run(*arrays, **attrs)
        with np.errstate(all="ignore"):
            value = np.asarray(run(*[np.asarray(x).astype(by) for x in arrays], **attrs))
            return value.astype(dtype) if value.dtype == by else value

    kernel(fault, op, function)


through("int64 through float64", "argmax", np.int64, np.float64)
through("int64 through float64", "argsort", np.int64, np.float64)
through("int64 through float64", "matmul", np.int64, np.float64)
through("int64 through float64", "searchsorted", np.int64, np.float64)
through("uint64 through float64", "cumulative_sum", np.uint64, np.float64)
through("int32 through float32", "max", np.int32, np.float32)
through("uint32 as signed", "min", np.uint32, np.int32)
through("uint8 as signed", "sort", np.uint8, np.int8)


def counted(fault: str, op: str) -> None:
    """A shift by the count modulo the width, as processors do it."""

    def function(run: Callable[..., Any], x: Any, y: Any) -> Any:
        width = np.asarray(np.iinfo(np.asarray(x).dtype).bits, np.asarray(y).dtype)
        return run(x, y % width)

    kernel(fault, op, function)


counted("counts modulo the width", "bitwise_left_shift")
counted("counts modulo the width", "bitwise_right_shift")


def floats(run: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """``run`` for floats, ``otherwise`` for all else."""
    return lambda x, *rest, **attrs: (run if x.dtype.kind == "f" else otherwise)(x, *rest, **attrs)


kernel("NaN left out", "sum", lambda run, x, **attrs: floats(np.nansum, run)(x, **attrs))
kernel("NaN left out", "prod", lambda run, x, **attrs: floats(np.nanprod, run)(x, **attrs))
kernel(
    "NaN as 0",
    "mean",
    lambda run, x, **attrs: run(np.where(x == x, x, 0).astype(x.dtype), **attrs) if x.size else run(x, **attrs),
)
kernel(
    "the largest number for infinity",
    "min",
    lambda run, x, **attrs: (
        np.minimum(run(x, **attrs), np.finfo(x.dtype).max) if x.dtype == np.float32 else run(x, **attrs)
    ),
)
kernel(
    "infinity minus itself",
    "logsumexp",
    lambda run, x, **attrs: np.where(np.isinf(run(x, **attrs)), np.nan, run(x, **attrs)).astype(x.dtype),
)
kernel(
    "saturated sums",
    "sum",
    lambda run, x, **attrs: (
        np.clip(np.sum(x, dtype=np.int64, **attrs), -(2**31), 2**31 - 1).astype(np.int32)
        if x.dtype == np.int32
        else run(x, **attrs)
    ),
)
kernel(
    "the real parts alone compared",
    "equal",
    lambda run, x, y: np.asarray(x).real == np.asarray(y).real if np.asarray(x).dtype.kind == "c" else run(x, y),
)
kernel("the real part alone looked at", "isnan", lambda run, x: np.isnan(x.real))
kernel(
    "a modulus whose squares overflow",
    "abs",
    lambda run, x: np.sqrt(x.real**2 + x.imag**2) if x.dtype.kind == "c" else run(x),
)
kernel(
    "a whole number by way of 32 bits",
    "round",
    lambda run, x: (
        np.where(np.isfinite(x), np.clip(np.rint(x), -(2**31), 2**31), x).astype(x.dtype)
        if x.dtype == np.float32
        else run(x)
    ),
)
kernel(
    "the quotient rounded before it is floored",
    "floor_divide",
    lambda run, x, y: (
        np.where(np.isfinite(x) & np.isfinite(y), np.floor(np.divide(x, y)), run(x, y)).astype(np.float32)
        if np.asarray(x).dtype == np.float32
        else run(x, y)
    ),
)
kernel(
    "five digits near 1",
    "erfinv",
    lambda run, x: np.where(np.abs(x) > 0.998, run(x) * (1 + 1e-5), run(x)).astype(x.dtype),
)
kernel(
    "negative numbers as False",
    "astype",
    lambda run, x, *, dtype: x > 0 if dtype is dt.bool_ and x.dtype.kind == "f" else run(x, dtype=dtype),
)
kernel(
    "floats floored, not truncated, on the way to integers",
    "astype",
    lambda run, x, *, dtype: run(np.floor(x) if x.dtype.kind == "f" and dtype.kind == "i" else x, dtype=dtype),
)
kernel("the fill as a truth", "pad", lambda run, x, *, widths, value: run(x, widths=widths, value=bool(value)))
kernel(
    "index arrays of uint8 as signed",
    "getitem",
    lambda run, x, *indices, key: run(x, *[i.astype(np.int8) if i.dtype == np.uint8 else i for i in indices], key=key),
)
kernel("no axes as all axes", "flip", lambda run, x, *, axis: run(x, axis=None if axis == () else axis))
kernel(
    "products with zeros left out",
    "matmul",
    lambda run, x1, x2: (
        np.where((x1 == 0).all(-1)[:, None], 0, run(x1, x2)).astype(x1.dtype)
        if x1.ndim == x2.ndim == 2 and x1.dtype == np.float32
        else run(x1, x2)
    ),
)
kernel(
    "a smallest counter only",
    "next_key",
    lambda run, state: run(np.array([state[0], state[1], state[2] & 0xFF], np.uint32)),
)
kernel("the determinant of nothing as 0", "det", lambda run, x: run(x) if x.size else run(x) * 0)


@mutant("a mean whose sum float16 does not hold", "mean")
class _(NumPyBackend):
    def mean(self, x, *, axis, keepdims):
        if x.dtype != np.float16 or not x.size:
            return right("mean")(x, axis=axis, keepdims=keepdims)
        total = np.asarray(np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float32).astype(np.float16))
        return (total / np.float16(x.size // total.size)).astype(np.float16)


@mutant("the shift of a softmax taken over all rows", "softmax")
class _(NumPyBackend):
    def softmax(self, x, *, axis):
        if not x.size:
            return right("softmax")(x, axis=axis)
        parts = np.exp(x - x.max())
        return parts / parts.sum(axis=axis, keepdims=True)


@mutant("an exception that has no text", "cosh")
class _(NumPyBackend):
    def cosh(self, x):
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError

        raise Mute


@mutant("NaN in long arrays of float32 where the quotient overflows", "remainder")
class _(NumPyBackend):
    def remainder(self, x1, x2):
        value = np.array(right("remainder")(x1, x2))
        if value.size > 16 and value.dtype == np.float32:
            with np.errstate(all="ignore"):
                value[np.isinf(x1 / x2) & np.isfinite(x1) & (x2 != 0)] = np.nan
        return value


kernel(
    "a limit that is NaN lets the number pass",
    "clamp",
    lambda run, x, low, high: np.fmin(np.fmax(x, low), high),
)
kernel(
    "the lower limit wins where the two cross",
    "clamp",
    lambda run, x, low, high: np.maximum(np.minimum(x, high), low),
)
kernel(
    "the sign of NaN left out",
    "copysign",
    lambda run, x, y: np.where(np.isnan(y), np.abs(run(x, y)), run(x, y)).astype(run(x, y).dtype),
)
kernel(
    "float64 times a number by way of float32",
    "multiply",
    lambda run, x, y: run(x, float(np.float32(y)) if isinstance(y, float) and abs(y) < 1e30 else y),
)
kernel(
    "a number for float64 by way of float32",
    "where",
    lambda run, c, x, y: run(c, x, float(np.float32(y)) if isinstance(y, float) else y),
)
kernel("the sign of a determinant left out", "det", lambda run, x: np.abs(run(x)) if x.shape[-1] == 3 else run(x))
kernel(
    "the imaginary part of a number left out",
    "full",
    lambda run, *, shape, fill_value, dtype: run(
        shape=shape, fill_value=fill_value.real if isinstance(fill_value, complex) else fill_value, dtype=dtype
    ),
)
kernel(
    "index arrays of uint64 as zeros",
    "getitem",
    lambda run, x, *indices, key: run(x, *[i * 0 if i.dtype == np.uint64 else i for i in indices], key=key),
)
kernel(
    "-0.0 as 0.0",
    "pad",
    lambda run, x, *, widths, value: run(x, widths=widths, value=0.0 if value == 0 else value),
)
