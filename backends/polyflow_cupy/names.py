"""Which function of CuPy serves as which op: only what has the op's meaning and takes the op's arguments is named.

CuPy 13 knows the older of two names, CuPy 14 both, so the older one stands here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from polyflow import dtypes as dt
from polyflow.backend.names import OLDER

# fmt: off
FUNCTIONS = (
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "broadcast_to", "ceil", "concat", "conj",
    "copysign", "cos", "cosh", "divide", "equal", "exp", "expm1", "flip", "floor", "greater", "greater_equal", "hypot",
    "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log10", "log1p", "log2", "logaddexp", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "multiply", "negative", "nextafter",
    "not_equal", "permute_dims", "positive", "real", "reciprocal", "reshape", "signbit", "sin", "sinh", "sqrt",
    "square", "subtract", "tan", "tanh", "trunc",
)
# fmt: on

NAMES = {name: OLDER.get(name, name) for name in FUNCTIONS}
"""The standard's name -> CuPy's."""


def namespace(cupy: Any) -> SimpleNamespace:
    """CuPy's functions under the standard's names, and what `ArrayNamespaceBackend` asks for besides."""
    functions = {name: getattr(cupy, theirs) for name, theirs in NAMES.items()}
    return SimpleNamespace(**functions, **{d.name: d for d in dt.ALL}, astype=_astype)


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype, copy=False)
