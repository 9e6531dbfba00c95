"""The true values of elementwise ops: formulas of the suite's own, in a precision above the op's.

Floats and complex numbers are computed in longdouble (the error functions by their series in decimal arithmetic),
integers and booleans in Python's own. None of this asks polyflow or its references.
"""

from __future__ import annotations

import decimal
import functools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt

from .measure import WIDE, WIDE_COMPLEX, widened

EXACT, ROUNDED, LIBM = 0.0, 0.501, 4.0
"""Tolerances in ulp: the value itself; the nearest number (longdouble's own rounding aside); an elementary function."""

COMPLEX_SUM, COMPLEX = 1.0, 16.0
"""Tolerances of complex results in ulp of the modulus."""


class Formula(NamedTuple):
    """What an elementwise op computes.

    Attributes:
        domain: the dtypes it takes: see `DOMAINS`.
        result: "same", "bool" or "real".
        tolerance: in ulp, for real floats.
        wide: the formula on longdouble and clongdouble arrays.
        exact: the formula on Python integers and booleans (None: the op takes none as they are).
        complex: the tolerance for complex numbers.
    """

    domain: str
    result: str
    tolerance: float
    wide: Callable[..., Any]
    exact: Callable[..., Any] | None = None
    complex: float = COMPLEX


DOMAINS: dict[str, tuple[np.dtype, ...]] = {
    "any": dt.ALL,
    "numeric": (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS, *dt.COMPLEX),
    "real": (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS),
    "ordered": (dt.bool_, *dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS),
    "floating": (*dt.FLOATS, *dt.COMPLEX),
    "real floating": dt.FLOATS,
    "integral": (dt.bool_, *dt.SIGNED, *dt.UNSIGNED),
    "integer": (*dt.SIGNED, *dt.UNSIGNED),
    "boolean": (dt.bool_,),
}
"""The dtypes in which an op of each domain computes; it converts others to these or refuses them."""


def converted(domain: str, dtype: np.dtype) -> np.dtype | None:
    """The dtype in which an op computes when it is given ``dtype`` (None: it refuses)."""
    if dtype in DOMAINS[domain]:
        return dtype
    if domain == "boolean":
        return dt.bool_
    if dtype in dt.COMPLEX or (domain in ("integral", "integer") and dtype in dt.INEXACT):
        return None
    return dt.float32 if domain in ("floating", "real floating") else dt.int32


def result_dtype(formula: Formula, dtype: np.dtype) -> np.dtype:
    """The result's dtype for arguments computed in ``dtype``."""
    return {"same": dtype, "bool": dt.bool_, "real": dt.real_of(dtype)}[formula.result]


def expected(formula: Formula, args: tuple[np.ndarray, ...], dtype: np.dtype) -> np.ndarray:
    """The true values for arguments that all have ``dtype``: longdouble, clongdouble, or the exact integers."""
    result = result_dtype(formula, dtype)
    if dtype in dt.INEXACT:
        with np.errstate(all="ignore"):
            value = np.asarray(formula.wide(*[widened(arg) for arg in args]))
        if result is dt.bool_:
            return value.astype(bool)
        return value.astype(WIDE_COMPLEX if result in dt.COMPLEX else WIDE)
    assert formula.exact is not None
    given = np.broadcast_arrays(*[np.asarray(arg, dtype=object) for arg in args])
    flat = [
        formula.exact(*[_python(one) for one in ones]) for ones in zip(*(arg.ravel() for arg in given), strict=True)
    ]
    host = np.array([wrapped(int(one), result) for one in flat] or [], dtype=object).reshape(given[0].shape)
    return host.astype(result)


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def wrapped(value: int, dtype: np.dtype) -> int:
    """An integer brought into a dtype's range as its bits are."""
    if dtype is dt.bool_:
        return int(bool(value))
    info = np.iinfo(dtype)
    return (value - int(info.min)) % (1 << info.bits) + int(info.min)


# Formulas that need more than one word -------------------------------------------------------------------------------


def _sign(x: Any) -> Any:
    if np.iscomplexobj(x):
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size))
    return np.where(x > 0, 1, np.where(x < 0, -1, x))


def _floor_divide(x: Any, y: Any) -> Any:
    """The array API standard's floor division, special cases included."""
    exact = np.floor((x - _remainder(x, y)) / y + WIDE(0.5))
    zero = np.where(np.signbit(x) != np.signbit(y), WIDE(-0.0), WIDE(0.0))
    result = np.where(np.isinf(y) & np.isfinite(x), zero, exact)
    result = np.where((result == 0) & ~np.isnan(result), zero, result)
    result = np.where(np.isinf(x) | (y == 0), x / y, result)
    return np.where(np.isinf(x) & np.isinf(y), np.nan, result)


def _remainder(x: Any, y: Any) -> Any:
    """With the sign of ``y``; exact, since fmod is."""
    rest = np.fmod(x, y)
    rest = np.where((rest != 0) & (np.signbit(rest) != np.signbit(y)), rest + y, rest)
    apart = (np.signbit(x) != np.signbit(y)) & (x != 0)
    rest = np.where(np.isinf(y) & np.isfinite(x), np.where(apart, y, x), rest)
    return np.where(rest == 0, np.copysign(rest, y), rest)


def _power(x: Any, y: Any) -> Any:
    if not np.iscomplexobj(x):
        return np.power(x, y)
    return np.where(y == 0, 1, np.exp(y * np.log(np.where(x == 0, 1, x))))


def _nextafter(x: Any, y: Any) -> Any:
    raise NotImplementedError  # depends on the dtype: worked out in integers by `nextafter`


def nextafter(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The neighbour of ``x`` towards ``y`` by counting in the bits of the dtype."""
    kind = np.dtype(f"int{8 * x.dtype.itemsize}")
    bits = np.asarray(x.reshape(-1).view(kind)).astype(object)
    lowest = 1 << (8 * x.dtype.itemsize - 1)
    out = []
    for b, a, towards in zip(bits.ravel(), x.astype(float).ravel(), y.astype(float).ravel(), strict=True):
        ordered = int(b) if b >= 0 else -(int(b) + lowest)
        if math.isnan(a) or math.isnan(towards) or a == towards:
            out.append(towards if not math.isnan(a) else a)
            continue
        ordered += 1 if towards > a else -1
        pattern = ordered if ordered >= 0 else -ordered - lowest
        out.append(float(np.array(pattern, kind).view(x.dtype)))
    return np.array(out).reshape(x.shape).astype(x.dtype)


def _round(x: Any) -> Any:
    return np.rint(x.real) + 1j * np.rint(x.imag) if np.iscomplexobj(x) else np.rint(x)


def _sigmoid(x: Any) -> Any:
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def _log1p(x: Any) -> Any:
    """For complex numbers by real parts, since log(1 + x) loses the digits of a small x."""
    if not np.iscomplexobj(x):
        return np.log1p(x)
    u, v = x.real, x.imag
    return np.log1p(u * (2 + u) + v * v) / 2 + 1j * np.arctan2(v, 1 + u)


def _expm1(x: Any) -> Any:
    if not np.iscomplexobj(x):
        return np.expm1(x)
    half = np.sin(x.imag / 2)
    return np.expm1(x.real) * np.cos(x.imag) - 2 * half * half + 1j * np.exp(x.real) * np.sin(x.imag)


def _elementwise(function: Callable[[decimal.Decimal], decimal.Decimal]) -> Callable[[Any], Any]:
    """A function of decimals on a longdouble array."""

    @functools.lru_cache(maxsize=100_000)
    def one(value: Any) -> Any:
        return WIDE(format(function(decimal.Decimal(np.format_float_positional(value, unique=True))), ".25e"))

    def on_array(x: Any) -> Any:
        with decimal.localcontext(prec=120):
            return np.array([one(value) for value in np.ravel(x)], WIDE).reshape(np.shape(x))

    return on_array


@functools.cache
def _pi() -> decimal.Decimal:
    """Machin's formula."""
    with decimal.localcontext(prec=130):

        def arctan_of_inverse(n: int) -> decimal.Decimal:
            total, term, k = decimal.Decimal(0), decimal.Decimal(1) / n, 1
            while abs(term) > decimal.Decimal(10) ** -128:
                total += term / k if k % 4 == 1 else -term / k
                term /= n * n
                k += 2
            return total

        return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))


def _decimal_erf(x: decimal.Decimal) -> decimal.Decimal:
    """2 / sqrt(pi) · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, in which every term has one sign."""
    if x.is_nan():
        return x
    if abs(x) > 14:
        return decimal.Decimal(1).copy_sign(x)
    term = total = x
    n = 1
    while abs(term) > abs(total) * decimal.Decimal(10) ** -115 and n < 4000:
        term *= 2 * x * x / (2 * n + 1)
        total += term
        n += 1
    return 2 / _pi().sqrt() * (-x * x).exp() * total


def _decimal_erfc(x: decimal.Decimal) -> decimal.Decimal:
    if x > 14:
        return decimal.Decimal(0)  # below the smallest float32; float64 samples stay away
    return 1 - _decimal_erf(x)


def _decimal_erfinv(x: decimal.Decimal) -> decimal.Decimal:
    """Newton's method, from Winitzki's approximation."""
    if x.is_nan() or abs(x) > 1:
        return decimal.Decimal("NaN")
    if abs(x) == 1:
        return decimal.Decimal("Infinity").copy_sign(x)
    a, log = 0.147, math.log(1 - float(x) ** 2)
    half = 2 / (math.pi * a) + log / 2
    y = decimal.Decimal(math.copysign(math.sqrt(max(math.sqrt(half * half - log / a) - half, 0.0)), float(x)))
    y = x * _pi().sqrt() / 2 if abs(x) < decimal.Decimal("1e-3") else y
    slope = 2 / _pi().sqrt()
    for _ in range(5):
        y -= (_decimal_erf(y) - x) / (slope * (-y * y).exp())
    return y


def _conjugate_or_same(x: Any) -> Any:
    return np.conj(x)


def _int_sign(x: int) -> int:
    return (x > 0) - (x < 0)


def _first_larger(x: Any, y: Any) -> Any:
    return np.where(np.isnan(x) | (x > y), x, np.where(np.isnan(y), y, y))


def _first_smaller(x: Any, y: Any) -> Any:
    return np.where(np.isnan(x) | (x < y), x, y)


_erf, _erfc, _erfinv = map(_elementwise, (_decimal_erf, _decimal_erfc, _decimal_erfinv))
_LN2, _LN10 = np.log(WIDE(2)), np.log(WIDE(10))

FORMULAS: dict[str, Formula] = {
    "identity": Formula("any", "same", EXACT, lambda x: x, lambda x: x, EXACT),
    "stop_gradient": Formula("any", "same", EXACT, lambda x: x, lambda x: x, EXACT),
    "add": Formula("numeric", "same", ROUNDED, lambda x, y: x + y, operator.add, COMPLEX_SUM),
    "subtract": Formula("numeric", "same", ROUNDED, lambda x, y: x - y, operator.sub, COMPLEX_SUM),
    "multiply": Formula("numeric", "same", ROUNDED, lambda x, y: x * y, operator.mul, 4.0),
    "divide": Formula("floating", "same", ROUNDED, lambda x, y: x / y),
    "floor_divide": Formula("real", "same", EXACT, _floor_divide, lambda x, y: x // y if y else 0),
    "remainder": Formula("real", "same", ROUNDED, _remainder, lambda x, y: x % y if y else 0),
    "pow": Formula("numeric", "same", LIBM, _power, lambda x, y: x**y, 64.0),
    "negative": Formula("numeric", "same", EXACT, lambda x: -x, operator.neg, EXACT),
    "positive": Formula("numeric", "same", EXACT, lambda x: x, lambda x: x, EXACT),
    "abs": Formula("numeric", "real", EXACT, np.abs, abs, 4.0),
    "sign": Formula("numeric", "same", EXACT, _sign, _int_sign, 4.0),
    "square": Formula("numeric", "same", ROUNDED, lambda x: x * x, lambda x: x * x, 4.0),
    "reciprocal": Formula("floating", "same", ROUNDED, lambda x: 1 / x),
    "sqrt": Formula("floating", "same", ROUNDED, np.sqrt),
    "rsqrt": Formula("floating", "same", LIBM, lambda x: 1 / np.sqrt(x)),
    "maximum": Formula("real", "same", EXACT, _first_larger, max),
    "minimum": Formula("real", "same", EXACT, _first_smaller, min),
    "hypot": Formula("real floating", "same", LIBM, np.hypot),
    "copysign": Formula("real floating", "same", EXACT, np.copysign),
    "nextafter": Formula("real floating", "same", EXACT, _nextafter),
    "logaddexp": Formula("real floating", "same", LIBM, np.logaddexp),
    "floor": Formula("real", "same", EXACT, np.floor, lambda x: x),
    "ceil": Formula("real", "same", EXACT, np.ceil, lambda x: x),
    "trunc": Formula("real", "same", EXACT, np.trunc, lambda x: x),
    "round": Formula("numeric", "same", EXACT, _round, lambda x: x, EXACT),
    "exp": Formula("floating", "same", LIBM, np.exp),
    "expm1": Formula("floating", "same", LIBM, _expm1),
    "log": Formula("floating", "same", LIBM, np.log),
    "log1p": Formula("floating", "same", LIBM, _log1p),
    "log2": Formula("floating", "same", LIBM, lambda x: np.log(x) / _LN2 if np.iscomplexobj(x) else np.log2(x)),
    "log10": Formula("floating", "same", LIBM, lambda x: np.log(x) / _LN10 if np.iscomplexobj(x) else np.log10(x)),
    "sin": Formula("floating", "same", LIBM, np.sin),
    "cos": Formula("floating", "same", LIBM, np.cos),
    "tan": Formula("floating", "same", LIBM, np.tan),
    "asin": Formula("floating", "same", LIBM, np.arcsin),
    "acos": Formula("floating", "same", LIBM, np.arccos),
    "atan": Formula("floating", "same", LIBM, np.arctan),
    "atan2": Formula("real floating", "same", LIBM, np.arctan2),
    "sinh": Formula("floating", "same", LIBM, np.sinh),
    "cosh": Formula("floating", "same", LIBM, np.cosh),
    "tanh": Formula("floating", "same", LIBM, np.tanh),
    "asinh": Formula("floating", "same", LIBM, np.arcsinh),
    "acosh": Formula("floating", "same", LIBM, np.arccosh),
    "atanh": Formula("floating", "same", LIBM, np.arctanh),
    "equal": Formula("any", "bool", EXACT, lambda x, y: x == y, operator.eq),
    "not_equal": Formula("any", "bool", EXACT, lambda x, y: x != y, operator.ne),
    "less": Formula("ordered", "bool", EXACT, lambda x, y: x < y, operator.lt),
    "less_equal": Formula("ordered", "bool", EXACT, lambda x, y: x <= y, operator.le),
    "greater": Formula("ordered", "bool", EXACT, lambda x, y: x > y, operator.gt),
    "greater_equal": Formula("ordered", "bool", EXACT, lambda x, y: x >= y, operator.ge),
    "isnan": Formula("numeric", "bool", EXACT, np.isnan, lambda x: False),
    "isinf": Formula("numeric", "bool", EXACT, np.isinf, lambda x: False),
    "isfinite": Formula("numeric", "bool", EXACT, np.isfinite, lambda x: True),
    "signbit": Formula("real floating", "bool", EXACT, np.signbit),
    "logical_and": Formula("boolean", "bool", EXACT, None, lambda x, y: x and y),  # type: ignore[arg-type]
    "logical_or": Formula("boolean", "bool", EXACT, None, lambda x, y: x or y),  # type: ignore[arg-type]
    "logical_xor": Formula("boolean", "bool", EXACT, None, lambda x, y: x != y),  # type: ignore[arg-type]
    "logical_not": Formula("boolean", "bool", EXACT, None, lambda x: not x),  # type: ignore[arg-type]
    "bitwise_and": Formula("integral", "same", EXACT, None, operator.and_),  # type: ignore[arg-type]
    "bitwise_or": Formula("integral", "same", EXACT, None, operator.or_),  # type: ignore[arg-type]
    "bitwise_xor": Formula("integral", "same", EXACT, None, operator.xor),  # type: ignore[arg-type]
    "bitwise_invert": Formula("integral", "same", EXACT, None, lambda x: not x if isinstance(x, bool) else ~x),  # type: ignore[arg-type]
    "bitwise_left_shift": Formula("integer", "same", EXACT, None, operator.lshift),  # type: ignore[arg-type]
    "bitwise_right_shift": Formula("integer", "same", EXACT, None, operator.rshift),  # type: ignore[arg-type]
    "conj": Formula("numeric", "same", EXACT, _conjugate_or_same, lambda x: x, EXACT),
    "real": Formula("numeric", "real", EXACT, np.real, lambda x: x, EXACT),
    "imag": Formula("numeric", "real", EXACT, np.imag, lambda x: 0, EXACT),
    "erf": Formula("real floating", "same", LIBM, _erf),
    "erfc": Formula("real floating", "same", LIBM, _erfc),
    "erfinv": Formula("real floating", "same", LIBM, _erfinv),
    "sigmoid": Formula("real floating", "same", LIBM, _sigmoid),
    "softplus": Formula("real floating", "same", LIBM, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))),
    "relu": Formula("real", "same", EXACT, lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)), lambda x: max(x, 0)),
}
"""Every elementwise op whose arguments share one dtype."""

SAMPLES: dict[str, tuple[str, ...]] = {
    "divide": ("any", "nonzero"),
    "floor_divide": ("any", "nonzero"),
    "remainder": ("any", "nonzero"),
    "pow": ("positive", "any"),
    "reciprocal": ("nonzero",),
    "sqrt": ("positive",),
    "rsqrt": ("positive",),
    "log": ("positive",),
    "log1p": ("positive",),
    "log2": ("positive",),
    "log10": ("positive",),
    "asin": ("unit",),
    "acos": ("unit",),
    "atanh": ("unit",),
    "erfinv": ("unit",),
    "acosh": ("above one",),
}
"""What an op's arguments are chosen from, where that is not all numbers."""
