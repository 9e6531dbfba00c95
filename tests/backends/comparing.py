"""How close two backends' results have to be: bits for exact ops, a bound with a reason for all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow import dtypes as dt

EPS = {dt.float16: 2.0**-10, dt.bfloat16: 2.0**-7, dt.float32: 2.0**-23, dt.float64: 2.0**-52}
TINY = {dt.float16: 2.0**-14, dt.bfloat16: 2.0**-126, dt.float32: 2.0**-126, dt.float64: 2.0**-1022}

LIBM = frozenset(
    """
    acos acosh asin asinh atan atan2 atanh cos cosh erf erfc erfinv exp expm1 hypot log log10 log1p log2 pow rsqrt
    sigmoid sin sinh softplus tan tanh
    """.split()  # noqa: SIM905
)
"""Each lies within a few units of the true value (`test_accuracy`), so two of them within twice as many."""

SUMMED = frozenset(
    ["sum", "mean", "cumulative_sum", "index_add", "matmul", "logsumexp", "log_softmax", "softmax", "logaddexp"]
)
"""Rounding errors are those of the terms: the bound grows with their magnitudes, not with the result's."""

PRODUCTS = frozenset(["prod", "cumulative_prod"])

ROUNDED_COMPLEX = frozenset(["abs", "divide", "multiply", "reciprocal", "sign", "sqrt", "square"])
"""Exact in real numbers; complex ones are several roundings, in an order that is the library's."""

SIGN_OF_ZERO = frozenset(["clamp", "clip", "max", "maximum", "min", "minimum", "relu", "sign", "sort"])
"""Of -0.0 and 0.0 these may return either."""


def check(name: str, got: np.ndarray, expected: np.ndarray, args: tuple[Any, ...], attrs: dict[str, Any]) -> None:
    """Raise AssertionError unless ``got`` is as good a result of the op as ``expected``."""
    assert got.dtype is dt.as_dtype(expected.dtype), f"dtype {got.dtype} instead of {expected.dtype}"
    assert got.shape == expected.shape, f"shape {got.shape} instead of {expected.shape}"
    if expected.dtype not in dt.INEXACT:
        np.testing.assert_array_equal(got, expected)
        return
    complex_ = expected.dtype in dt.COMPLEX
    wide = np.complex128 if complex_ else np.float64
    ours, theirs = got.astype(wide), expected.astype(wide)
    rounded = name in LIBM or name in SUMMED or name in PRODUCTS or (complex_ and name in ROUNDED_COMPLEX)
    if not rounded:
        np.testing.assert_array_equal(ours, theirs)
        if not complex_ and name not in SIGN_OF_ZERO:
            numbers = ~np.isnan(theirs)
            np.testing.assert_array_equal(np.signbit(ours)[numbers], np.signbit(theirs)[numbers], "signs of zero")
        return
    part = dt.real_of(dt.as_dtype(expected.dtype))
    with np.errstate(all="ignore"):
        scale = np.maximum(np.abs(theirs), TINY[part])
        if name in SUMMED:
            scale = scale + _terms(name, args, attrs, expected)
        steps = 16 if complex_ else 8 + (expected.size if name in PRODUCTS else 0)
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        error = np.where(same, 0.0, np.abs(ours - theirs) / (EPS[part] * scale))
    assert not np.isnan(error).any(), "NaN or an infinity on one side only"
    worst = int(error.argmax()) if error.size else 0
    assert error.size == 0 or error.flat[worst] <= steps, (
        f"{error.flat[worst]:.3g} units apart, {steps} allowed: {got.flat[worst]!r} instead of {expected.flat[worst]!r}"
    )


def _terms(name: str, args: tuple[Any, ...], attrs: dict[str, Any], expected: np.ndarray) -> Any:
    """The magnitude of what was added up to get each result."""
    sizes = [np.abs(np.nan_to_num(np.asarray(a).astype(np.complex128), nan=0, posinf=0, neginf=0)) for a in args[:2]]
    if name == "matmul":
        return np.matmul(*sizes)
    if name == "sum":
        return np.sum(sizes[0], axis=attrs["axis"], keepdims=attrs["keepdims"])
    if name == "mean":
        return np.mean(sizes[0], axis=attrs["axis"], keepdims=attrs["keepdims"]) if sizes[0].size else 0.0
    if name == "cumulative_sum":
        return np.cumsum(sizes[0], attrs["axis"])
    return max((size.max(initial=0.0) for size in sizes), default=0.0) * (4 if name == "index_add" else 1)
