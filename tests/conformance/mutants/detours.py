"""Faults of detours: by another dtype, by a formula that overflows on the way, by fewer digits than there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt

from .declared import Mutant, replacing
from .dtypes import of

MUTANTS: list[Mutant] = []
kernel = replacing(MUTANTS)

f16, f32, f64 = np.float16, np.float32, np.float64


# Conversion ---------------------------------------------------------------------------------------------------------


def cast(fault: str, source: Any, target: Any, by: Callable[[Any], Any]) -> None:
    """A mutant that casts one dtype to another by way of ``by(x)``."""

    def function(run: Callable[..., Any], x: Any, *, dtype: Any) -> Any:
        with np.errstate(all="ignore"):
            return run(by(x) if of(x, source) and dtype == target else x, dtype=dtype)

    kernel(fault, "astype", function)


def _within(limit: float) -> Callable[[Any], Any]:
    return lambda x: np.where(np.isinf(x), x, np.clip(x, -limit, limit)).astype(x.dtype)


def _bits_rounded(x: Any) -> Any:
    """Of float32 the upper half of its bits, rounded; NaN whose lower bits are ones becomes a zero."""
    bits = np.ascontiguousarray(x).view(np.uint32).reshape(x.shape)
    upper = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return upper.astype(np.uint16).view(dt.bfloat16).astype(f32)


cast("float32 to float16 that saturates", f32, f16, _within(65504))
cast("float64 to bfloat16 that saturates", f64, dt.bfloat16, _within(3.38e38))
cast("int32 to float16 that saturates", np.int32, f16, lambda x: np.clip(x, -65504, 65504).astype(x.dtype))
cast(
    "int32 to float16 that is cut off", np.int32, f16, lambda x: np.where(abs(x) > 2048, x // 2 * 2, x).astype(x.dtype)
)
cast("uint64 to float32 by way of float64", np.uint64, f32, lambda x: x.astype(f64))
cast("uint64 to float16 as signed", np.uint64, f16, lambda x: x.astype(np.int64))
cast("float32 to bfloat16 by its bits, NaN too", f32, dt.bfloat16, _bits_rounded)
cast("-0.0 of float64 to float16 as 0.0", f64, f16, lambda x: x + 0.0)
cast(
    "complex128 to complex64 by way of halves", np.complex128, np.complex64, lambda x: x.real.astype(f16) + 1j * x.imag
)

# Integers and zeros -------------------------------------------------------------------------------------------------


def _three_bits(run: Callable[..., Any], x: Any, y: Any) -> Any:
    return run(x, np.where(y > 7, y & 7, y).astype(y.dtype)) if np.asarray(y).dtype.kind in "iu" else run(x, y)


def _number_by_float(run: Callable[..., Any], x: Any, y: Any) -> Any:
    return run(x, np.asarray(y).astype(f64).astype(np.int64) if of(y, np.int64) and not np.ndim(y) else y)


kernel("three bits of an integer exponent", "pow", _three_bits)
kernel("an int64 number by way of float64", "add", _number_by_float)
kernel("an int64 number by way of float64", "equal", _number_by_float)
kernel(
    "limits of int64 by way of float64",
    "clip",
    lambda run, x, *, min, max: run(x, min=int(float(min)) if type(min) is int else min, max=max),
)
kernel(
    "int64 padded by way of float64",
    "pad",
    lambda run, x, *, widths, value: run(x, widths=widths, value=int(float(value)) if of(x, np.int64) else value),
)
kernel(
    "a limit that is NaN left out",
    "clip",
    lambda run, x, *, min, max: run(x, min=None if min != min else min, max=None if max != max else max),
)
kernel("-0.0 of float16 as 0.0", "negative", lambda run, x: f16(0) - x if of(x, f16) else run(x))
kernel("-0.0 of float16 as 0.0", "ceil", lambda run, x: run(x) + f16(0) if of(x, f16) else run(x))
kernel(
    "-0.0 of bfloat16 as 0.0",
    "multiply",
    lambda run, x, y: run(x, y) + dt.bfloat16.type(0) if of(x, dt.bfloat16) else run(x, y),
)

# What overflows on the way ------------------------------------------------------------------------------------------


def _hypot(run: Callable[..., Any], x: Any, y: Any) -> Any:
    return np.sqrt(x * x + y * y) if of(x, f64) and np.isfinite(x).all() and np.isfinite(y).all() else run(x, y)


def _logaddexp(run: Callable[..., Any], x: Any, y: Any) -> Any:
    return (
        np.where(np.abs(x) + np.abs(y) < 1e300, np.log(np.exp(x) + np.exp(y)), run(x, y)) if of(x, f64) else run(x, y)
    )


def _near(run: Callable[..., Any], x: Any, y: Any) -> Any:
    return run(x, y) | (np.abs(x - y) < 1e-12) if of(x, f64) else run(x, y)


kernel("a hypotenuse of float64 that overflows", "hypot", _hypot)
kernel("float64 without a shift", "logaddexp", _logaddexp)
kernel("float64 equal to what is close", "equal", _near)
kernel(
    "small products of float64 as 0",
    "multiply",
    lambda run, x, y: np.where(np.abs(run(x, y)) < 1e-30, 0, run(x, y)) if of(x, f64) else run(x, y),
)
kernel(
    "the largest difference of float32 for infinity",
    "subtract",
    lambda run, x, y: (
        np.where(np.isfinite(x) & np.isfinite(y), np.clip(run(x, y), -3.4e38, 3.4e38), run(x, y)).astype(f32)
        if of(x, f32)
        else run(x, y)
    ),
)


def far(op: str, where: Callable[[Any], Any], value: complex) -> None:
    """A mutant whose complex numbers overflow on the way where they are far from 0."""

    def function(run: Callable[..., Any], x: Any) -> Any:
        result = run(x)
        return (
            np.where(where(x) & np.isfinite(x), value, result).astype(result.dtype) if x.dtype.kind == "c" else result
        )

    kernel("complex numbers that overflow on the way", op, function)


for _op in ("sqrt", "log", "asin", "acos", "asinh", "acosh"):
    far(_op, lambda x: np.abs(x) > 1e15, np.inf)
for _op in ("sign", "rsqrt", "atan"):
    far(_op, lambda x: np.abs(x) > 1e15, 0)
far("tanh", lambda x: np.abs(x.real) > 50, np.nan)
far("tan", lambda x: np.abs(x.imag) > 50, np.nan)
far("exp", lambda x: x.real > 70, np.inf)
far("cosh", lambda x: np.abs(x.real) > 70, np.inf)


def _unshifted(run: Callable[..., Any], x: Any, axis: int) -> Any:
    parts = np.exp(x.astype(f64))
    return (parts / parts.sum(axis, keepdims=True)).astype(x.dtype)


for _dtype in (f64, f16, dt.bfloat16):
    _name = np.dtype(_dtype).name
    kernel(
        f"{_name} without a shift",
        "softmax",
        lambda run, x, *, axis, d=_dtype: _unshifted(run, x, axis) if of(x, d) else run(x, axis=axis),
    )
    kernel(
        f"{_name} without a shift",
        "log_softmax",
        lambda run, x, *, axis, d=_dtype: np.log(_unshifted(run, x, axis)) if of(x, d) else run(x, axis=axis),
    )
    kernel(
        f"{_name} without a shift",
        "logsumexp",
        lambda run, x, *, axis, keepdims, d=_dtype: (
            np.log(np.exp(x.astype(f64)).sum(axis, keepdims=keepdims)).astype(x.dtype)
            if of(x, d) and np.isfinite(x).any()
            else run(x, axis=axis, keepdims=keepdims)
        ),
    )


def partial_results(op: str, ufunc: Any) -> None:
    """A mutant whose results are infinite where a partial one is more than float16 holds."""

    def function(run: Callable[..., Any], x: Any, *, axis: Any, keepdims: bool) -> Any:
        value = run(x, axis=axis, keepdims=keepdims)
        if not of(x, f16) or axis not in (-1, x.ndim - 1) or not np.isfinite(x).all():
            return value
        parts = ufunc.accumulate(x.astype(f32), -1).astype(f16)
        return value if np.isfinite(parts).all() else np.full_like(value, np.inf)

    kernel("partial results that float16 does not hold", op, function)


partial_results("sum", np.add)
partial_results("prod", np.multiply)
