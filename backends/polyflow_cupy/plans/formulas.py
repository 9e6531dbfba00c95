"""Each elementwise op as an expression of CUDA C++, for the dtypes in which fused kernels compute it.

An expression is that of the kernel which runs the op alone: CuPy's own, word for word where it has one (a test holds
the two together), or polyflow's. So an element gets the same bits either way, if every result is rounded to its own
dtype, as an array between two kernels would hold it, and no product is contracted with a sum. ``{0}``, ``{1}``, … are
the operands, ``{T}`` is the result's type.

CuPy compiles its kernels with contraction. For most of them that changes nothing, down to the machine code (a test
compares it); the others are left to their ordinary kernels: complex numbers, and float64 in `CONTRACTED`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow import dtypes as dt

from ..kernels import FAMILIES, FORMULAS, stored_as

FLOATS = frozenset(dt.FLOATS)
REAL = dt.INTEGERS | FLOATS
WHOLE = dt.INTEGERS | {dt.bool_}
SINGLE = FLOATS - {dt.float64}
UNSIGNED = frozenset(dt.UNSIGNED)
SIGNED = frozenset(dt.SIGNED)

LARGER = "(isnan({0}) | isnan({1})) ? {T}(CUDART_NAN_F) : {T}(max({0}, {1}))"
SMALLER = "(isnan({0}) | isnan({1})) ? {T}(CUDART_NAN_F) : {T}(min({0}, {1}))"
_WITHIN = "(unsigned long long)({1}) < 8 * sizeof({0})"  # beyond it GPUs shift every bit out, and C++ says nothing

_SAME = ((REAL, "{0}"),)
_INFIX = {"add": "+", "subtract": "-", "multiply": "*"}
_COMPARED = {"equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
_BITS = {"bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^"}
_FUNCTIONS = {
    "acos": "acos", "acosh": "acosh", "asin": "asin", "asinh": "asinh", "atan": "atan", "atanh": "atanh", "cos": "cos",
    "cosh": "cosh", "exp": "exp", "expm1": "expm1", "log": "log", "log10": "log10", "log1p": "log1p", "log2": "log2",
    "signbit": "signbit", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "tan": "tan", "tanh": "tanh",
}  # fmt: skip
_PAIRS = {"atan2": "atan2", "copysign": "copysign", "hypot": "hypot", "nextafter": "nextafter"}

CONTRACTED = frozenset({"acos", "acosh", "asinh", "atanh", "log", "log10", "log1p", "log2", "logaddexp", "pow"})
"""Ops for which CUDA's library has products and sums in float64 that are contracted where that is allowed."""

CUPYS: dict[str, tuple[tuple[frozenset[np.dtype], str], ...]] = {
    **{name: ((REAL, f"{{0}} {sign} {{1}}"),) for name, sign in _INFIX.items()},
    **{name: ((REAL | {dt.bool_}, f"{{0}} {sign} {{1}}"),) for name, sign in _COMPARED.items()},
    **{name: ((WHOLE, f"{{0}} {sign} {{1}}"),) for name, sign in _BITS.items()},
    **{
        name: ((SINGLE if name in CONTRACTED else FLOATS, f"{function}({{0}})"),)
        for name, function in _FUNCTIONS.items()
    },
    **{name: ((FLOATS, f"{function}({{0}}, {{1}})"),) for name, function in _PAIRS.items()},
    "divide": ((FLOATS, "static_cast<{T}>({0}) / static_cast<{T}>({1})"),),
    "floor_divide": ((dt.INTEGERS, "_floor_divide({0}, {1})"),),
    "remainder": ((dt.INTEGERS, "({0} - _floor_divide({0}, {1}) * {1}) * ({1} != 0)"),),
    "pow": ((SINGLE, "powf({0}, {1})"),),
    "negative": ((REAL, "-{0}"),),
    "positive": ((REAL, "+{0}"),),
    "abs": (
        (SIGNED, "{0} > 0 ? {0} : -{0}"),
        (UNSIGNED, "{0}"),
        (SINGLE, "fabsf({0})"),
        (frozenset({dt.float64}), "fabs({0})"),
    ),
    "square": ((REAL, "{0} * {0}"),),
    "reciprocal": ((FLOATS, "1 / {0}"),),
    "maximum": ((dt.INTEGERS, "max({0}, {1})"), (FLOATS, LARGER)),
    "minimum": ((dt.INTEGERS, "min({0}, {1})"), (FLOATS, SMALLER)),
    "floor": ((dt.INTEGERS, "{0}"), (FLOATS, "floor({0})")),
    "ceil": ((dt.INTEGERS, "{0}"), (FLOATS, "ceil({0})")),
    "trunc": ((dt.INTEGERS, "{0}"), (FLOATS, "trunc({0})")),
    "round": ((FLOATS, "rint({0})"), (dt.INTEGERS, "{0}")),
    "isnan": ((FLOATS, "isnan({0})"), (dt.INTEGERS, "false")),
    "isinf": ((FLOATS, "isinf({0})"), (dt.INTEGERS, "false")),
    "isfinite": ((FLOATS, "isfinite({0})"), (dt.INTEGERS, "true")),
    "logical_and": ((frozenset({dt.bool_}), "{0} && {1}"),),
    "logical_or": ((frozenset({dt.bool_}), "{0} || {1}"),),
    "logical_xor": ((frozenset({dt.bool_}), "!{0} != !{1}"),),
    "logical_not": ((frozenset({dt.bool_}), "!{0}"),),
    "bitwise_invert": ((frozenset({dt.bool_}), "!{0}"), (dt.INTEGERS, "~{0}")),
    "where": ((REAL | {dt.bool_}, "{0} ? {1} : {2}"),),
}
"""Op -> the expressions of CuPy's own kernels, each with the dtypes of operands that it is for."""

OWN: dict[str, tuple[tuple[frozenset[np.dtype], str], ...]] = {
    "identity": ((REAL | {dt.bool_}, "{0}"),),
    "stop_gradient": ((REAL | {dt.bool_}, "{0}"),),
    "conj": _SAME,
    "real": _SAME,
    "imag": ((REAL, "0"),),
    "sign": (
        (SIGNED, "({0} > 0) - ({0} < 0)"),
        (UNSIGNED, "{0} > 0"),
        (FLOATS, "({0} < 0 || {0} > 0) ? {T}(copysign({T}(1), {0})) : {T}({0} - {0})"),
    ),
    "logaddexp": ((SINGLE, "({0} == {1}) ? {T}({0} + log(2.0)) : {T}(fmax({0}, {1}) + log1p(exp(-fabs({0} - {1}))))"),),
    "bitwise_left_shift": ((dt.INTEGERS, f"{_WITHIN} ? {{0}} << {{1}} : 0"),),
    "bitwise_right_shift": ((dt.INTEGERS, f"{_WITHIN} ? {{0}} >> {{1}} : {{0}} < 0 ? -1 : 0"),),
    "rsqrt": ((SINGLE, "1.0f / sqrt((float){0})"), (frozenset({dt.float64}), "1.0 / sqrt({0})")),
    "relu": ((dt.INTEGERS, "max({0}, ({T})0)"),),
    "clamp": (
        (dt.INTEGERS, "min(max({0}, {1}), {2})"),
        (FLOATS, "(isnan({0}) | isnan({1}) | isnan({2})) ? {T}(CUDART_NAN_F) : {T}(min({T}(max({0}, {1})), {2}))"),
    ),
}
"""Op -> the expressions of what the backend does by itself, or CuPy in several statements."""

BLOCKS = frozenset({"floor_divide", "remainder", *FORMULAS})
"""Ops of floats whose own kernel has statements, from ``x`` and ``y`` to ``z``."""


def expression(name: str, dtype: np.dtype) -> str | None:
    """The expression of an op whose last operand is of ``dtype``, or None where it has none."""
    for table in (CUPYS, OWN):
        for dtypes, text in table.get(name, ()):
            if dtype in dtypes:
                return text
    return None


def block(name: str, dtype: np.dtype) -> str | None:
    """The statements of an op that has some instead, or None."""
    if name not in BLOCKS or dtype not in FLOATS:
        return None
    kernel: Any = FAMILIES[name][0](dtype)
    return kernel.body


def conversion(source: np.dtype, target: np.dtype) -> str | None:
    """The expression of `astype`; None for complex numbers, and from float64 to bfloat16, which takes several steps.

    Every other way to and from bfloat16 leads through float32.
    """
    if source in dt.COMPLEX or target in dt.COMPLEX or (source is dt.float64 and target is dt.bfloat16):
        return None
    if dt.bfloat16 in (source, target) and dt.float32 not in (source, target) and source is not target:
        return "(float){0}"
    return "{0}"


def computable(node: Any) -> bool:
    """Whether a node can be computed in a fused kernel."""
    name = node.op.name
    dtype = node.inputs[-1].dtype if node.inputs else node.output.dtype
    if name == "full":
        return dtype in REAL | {dt.bool_}
    if name == "astype":
        return conversion(dtype, node.output.dtype) is not None
    if name == "clip":
        return dtype in REAL
    return expression(name, dtype) is not None or block(name, dtype) is not None


def literal(value: Any, dtype: np.dtype) -> str:
    """An integer or a boolean as an expression of its dtype."""
    if dtype is dt.bool_:
        return "true" if value else "false"
    number = int(value)
    if dtype is dt.int64 and number == -(1 << 63):
        return "(-9223372036854775807LL - 1)"
    return f"({stored_as(dtype)})({number}{'ULL' if dtype in UNSIGNED else 'LL'})"
