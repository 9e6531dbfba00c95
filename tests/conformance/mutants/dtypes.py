"""Faults of one kernel among those for other dtypes: of long arrays, of NaN with a sign, of numbers and of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt

from .conditions import backwards, parted, spoiling, transposed
from .declared import Mutant, replacing

MUTANTS: list[Mutant] = []
only, kernel = spoiling(MUTANTS), replacing(MUTANTS)

LONG = 1 << 16


def of(x: Any, *dtypes: Any) -> bool:
    """Whether an array has one of these dtypes."""
    return np.asarray(x).dtype in [np.dtype(one) for one in dtypes]


def _negative_nan(x: Any) -> Any:
    return np.isnan(x) & np.signbit(x) if np.asarray(x).dtype.kind == "f" else np.zeros(np.shape(x), bool)


# Long arrays --------------------------------------------------------------------------------------------------------

for _op, _dtype in (
    *(("exp", np.float64), ("add", np.int64), ("sqrt", np.float16), ("tanh", np.complex64), ("abs", np.int8)),
    *(("less", np.float64), ("multiply", dt.bfloat16), ("maximum", np.uint8), ("isnan", np.complex128)),
):
    only(
        f"long arrays of {np.dtype(_dtype).name}",
        _op,
        lambda *arrays, d=_dtype: of(arrays[0], d) and np.size(arrays[0]) > LONG / 2,
    )
for _op, _dtype in (
    *(("sum", np.float64), ("max", np.int64), ("argmax", np.int64), ("sort", np.int16), ("argsort", np.float64)),
    *(("cumulative_sum", np.int32), ("prod", np.float64), ("min", np.uint8), ("softmax", np.float64), ("all", bool)),
    *(("permute_dims", np.int8), ("concat", np.int8), ("getitem", np.float64), ("index_add", np.float64)),
):
    only(
        f"rows of more than two thousand of {np.dtype(_dtype).name}",
        _op,
        lambda x, *rest, d=_dtype, **attrs: of(x, d) and max(np.shape(x), default=0) > 2000,
    )
kernel(
    "long rows of int32 in an order that is not stable",
    "argsort",
    lambda run, x, *, axis, descending: (
        x.shape[axis] - 1 - np.argsort(np.flip(x, axis), axis=axis, kind="stable")
        if not descending and x.dtype == np.int32 and x.shape[axis] > 16
        else run(x, axis=axis, descending=descending)
    ),
)
kernel(
    "NaN in rows of more than a thousand lost",
    "max",
    lambda run, x, *, axis, keepdims: (
        np.nanmax(x, axis=axis, keepdims=keepdims)
        if x.dtype == np.float32 and max(x.shape, default=0) > 1000
        else run(x, axis=axis, keepdims=keepdims)
    ),
)

# NaN with a sign ----------------------------------------------------------------------------------------------------


def _total_order(run: Callable[..., Any], x: Any, *, axis: int, descending: bool) -> Any:
    value, first = run(x, axis=axis, descending=descending), np.sort(~_negative_nan(x), axis=axis)
    rest = np.where(_negative_nan(x), -np.inf, x).astype(x.dtype) if x.dtype.kind == "f" else x
    return value if first.all() else np.where(first, run(rest, axis=axis, descending=descending), -np.nan)


kernel("NaN with a sign before all numbers, as its bits are", "sort", _total_order)
kernel(
    "NaN with a sign for a number",
    "isnan",
    lambda run, x: run(x) & ~_negative_nan(x) if x.dtype.kind == "f" else run(x),
)
kernel("NaN with a sign less than all numbers", "less", lambda run, x, y: run(x, y) | _negative_nan(x))
kernel(
    "NaN with a sign left out",
    "argmax",
    lambda run, x, **attrs: (
        run(np.where(_negative_nan(x), -np.inf, x).astype(x.dtype), **attrs) if x.dtype.kind == "f" else run(x, **attrs)
    ),
)
kernel(
    "NaN with a sign searched for at the front",
    "searchsorted",
    lambda run, line, x, *, side: np.where(_negative_nan(x), 0, run(line, x, side=side)),
)
kernel(
    "NaN with a sign as False",
    "astype",
    lambda run, x, *, dtype: (
        run(np.where(_negative_nan(x), 0, x).astype(x.dtype), dtype=dtype) if dtype is dt.bool_ else run(x, dtype=dtype)
    ),
)

# Shapes -------------------------------------------------------------------------------------------------------------

only("a number of float16", "exp", lambda x: of(x, np.float16) and not np.ndim(x))
kernel(
    "no numbers of float16 left in float32",
    "exp",
    lambda run, x: run(x) if x.size or not of(x, np.float16) else run(x).astype(np.float32),
)
only("two shapes of float16", "add", lambda x, y: of(x, np.float16) and np.shape(x) != np.shape(y) and np.ndim(y) > 0)
only(
    "two axes in the middle",
    "sum",
    lambda x, *, axis, **attrs: x.ndim == 4 and isinstance(axis, tuple) and sorted(a % 4 for a in axis) == [1, 2],
)
only(
    "three of four axes",
    "any",
    lambda x, *, axis, **attrs: x.ndim == 4 and isinstance(axis, tuple) and len(axis) == 3,
)
only("more than 64 parts", "concat", lambda *arrays, axis: len(arrays) > 64)
kernel(
    "negative indices of int16 as 0",
    "getitem",
    lambda run, x, *indices, key: run(
        x, *[np.where(i < 0, 0, i) if i.dtype == np.int16 else i for i in indices], key=key
    ),
)
kernel(
    "indices of uint8 in seven bits",
    "index_set",
    lambda run, x, updates, *indices, key: run(
        x, updates, *[i & 127 if i.dtype == np.uint8 else i for i in indices], key=key
    ),
)

# Products -----------------------------------------------------------------------------------------------------------

for _dtype in (np.float16, dt.bfloat16, np.int8, np.complex128):
    _name = np.dtype(_dtype).name
    only(f"stacks of {_name}", "matmul", lambda a, b, d=_dtype: of(a, d) and max(a.ndim, b.ndim) > 2)
    only(f"a matrix and a vector of {_name}", "matmul", lambda a, b, d=_dtype: of(a, d) and a.ndim + b.ndim == 3)
    only(
        f"a transposed factor of {_name}",
        "matmul",
        lambda a, b, d=_dtype: of(a, d) and (transposed(a) or transposed(b)),
    )
    only(
        f"a factor of {_name} with gaps or from its end",
        "matmul",
        lambda a, b, d=_dtype: of(a, d) and any(parted(one) or backwards(one) for one in (a, b)),
    )
    only(
        f"more than sixteen rows of {_name}",
        "matmul",
        lambda a, b, d=_dtype: of(a, d) and a.ndim == b.ndim == 2 and 16 < len(a) < 1000 and b.shape[1] > 16,
    )
only("vectors of nothing", "matmul", lambda a, b: a.ndim == b.ndim == 1 and not a.size)
only("stacks with nothing inside", "matmul", lambda a, b: a.ndim == 3 and not a.shape[-1])
kernel(
    "the largest number for infinity in float16",
    "matmul",
    lambda run, a, b: np.clip(run(a, b), -65504, 65504).astype(a.dtype) if of(a, np.float16) else run(a, b),
)
