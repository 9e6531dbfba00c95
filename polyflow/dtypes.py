"""Dtypes, promotion and defaults: every choice that the libraries below make differently, made once.

A dtype is a `numpy.dtype` object, normalised on entry so that ``is`` compares it. The promotion table is the array API
standard's; what the standard leaves open is decided here and nowhere else:

- a Python scalar is weak: it takes the tensor's dtype within its kind, and the default dtype of its own kind otherwise;
- an integer with a float gives the float's dtype, a float with a complex number a complex dtype of the same width;
- bool goes to the other's dtype;
- uint64 with a signed integer has no common dtype and is refused;
- float16 with bfloat16 gives float32.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np

from .errors import DTypeError

bool_ = np.dtype("bool")
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
bfloat16 = np.dtype(ml_dtypes.bfloat16)
complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")

DType = np.dtype
"""The class of them all, under TensorFlow's name."""

SIGNED = (int8, int16, int32, int64)
UNSIGNED = (uint8, uint16, uint32, uint64)
FLOATS = (float16, bfloat16, float32, float64)
COMPLEX = (complex64, complex128)
HALVES = (float16, bfloat16)
ALL = (bool_, *SIGNED, *UNSIGNED, *FLOATS, *COMPLEX)

INTEGERS = frozenset(SIGNED + UNSIGNED)
FLOATING = frozenset(FLOATS)
INEXACT = frozenset(FLOATS + COMPLEX)
HELD = frozenset(ALL)
NUMERIC = HELD - {bool_}

DEFAULT_FLOAT, DEFAULT_INT, DEFAULT_COMPLEX = float32, int32, complex64
SCALARS = (bool, int, float, complex)
"""The Python types that are weak operands, in the order of their kinds."""

_LIMITS = {dtype: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) for dtype in SIGNED + UNSIGNED}
_DEFAULTS = {bool: bool_, int: DEFAULT_INT, float: DEFAULT_FLOAT, complex: DEFAULT_COMPLEX}
_BY_NAME = {dtype.name: dtype for dtype in ALL} | {"bool_": bool_, "half": float16, "float": float32, "double": float64}

KNOWN: dict[Any, np.dtype] = {**{dtype: dtype for dtype in ALL}, **_BY_NAME, **_DEFAULTS}
"""The usual ways to name a dtype, looked up at once; two dtype objects of one meaning are equal, and are one here."""


def kind(dtype: np.dtype) -> int:
    """The kind's place in the order bool (0), integer (1), float (2), complex (3)."""
    if dtype is bool_:
        return 0
    return 1 if dtype in INTEGERS else 2 if dtype in FLOATING else 3


@cache
def _normal(dtype: np.dtype) -> np.dtype:
    if dtype.name in _BY_NAME:
        return _BY_NAME[dtype.name]  # also a byte-swapped dtype: the values are converted on the way in
    names = ", ".join(d.name for d in ALL)
    raise DTypeError(f"dtype {dtype} is not one of polyflow's: {names}. Convert the values to one of these first.")


def as_dtype(dtype: Any) -> np.dtype:
    """Return the one `numpy.dtype` object that ``dtype`` names.

    Accepts a dtype, its name, a NumPy scalar class, or the Python types bool, int, float and complex, which stand for
    polyflow's defaults (bool, int32, float32, complex64).

    Raises:
        DTypeError: for anything else, strings and objects included.
    """
    try:
        return KNOWN[dtype]
    except (KeyError, TypeError):  # TypeError: not even hashable
        pass
    try:
        return _normal(np.dtype("None" if dtype is None else dtype))  # NumPy takes None for float64
    except DTypeError:
        raise
    except TypeError:
        names = ", ".join(d.name for d in ALL)
        raise DTypeError(f"{dtype!r} is not a dtype. Expected one of: {names}.") from None


def default(scalar: bool | int | float | complex) -> np.dtype:
    """The dtype of a Python scalar on its own: bool, int32 (int64 if it does not fit), float32, complex64."""
    dtype = _DEFAULTS[type(scalar)]
    if dtype is int32 and not -(2**31) <= scalar < 2**31:  # type: ignore[operator]
        check_fits(scalar, int64)  # type: ignore[arg-type]
        return int64
    return dtype


def check_fits(scalar: int, dtype: np.dtype, kind: str = "Python integer") -> None:
    """Raise OverflowError, which calls the integer a ``kind``, when it is outside an integer dtype's range."""
    limits = _LIMITS.get(dtype)
    if limits is not None and not limits[0] <= scalar <= limits[1]:
        raise OverflowError(
            f"{kind} {scalar} is out of range for {dtype.name} ({limits[0]} to {limits[1]}). "
            "Use a wider dtype or convert the tensor first."
        )


def complex_of(dtype: np.dtype) -> np.dtype:
    """The complex dtype whose parts have this floating dtype's width (complex64 for the halves)."""
    return complex128 if dtype is float64 or dtype is complex128 else complex64


def real_of(dtype: np.dtype) -> np.dtype:
    """The dtype of a complex dtype's parts; any other dtype as it is."""
    return {complex64: float32, complex128: float64}.get(dtype, dtype)


@cache
def promote(a: np.dtype, b: np.dtype) -> np.dtype:
    """The common dtype of two dtypes, by the table this module's first lines state.

    Raises:
        DTypeError: for uint64 with a signed integer, which have no common dtype.
    """
    if a is b:
        return a
    low, high = sorted((a, b), key=kind)
    if kind(low) < kind(high):
        if kind(high) == 3 and kind(low) == 2:
            return complex128 if low is float64 else high
        return high
    if kind(a) == 2 and bfloat16 in (a, b):
        return float32 if float16 in (a, b) else (a if b is bfloat16 else b)
    signed = a in SIGNED
    if kind(a) == 1 and signed != (b in SIGNED):
        unsigned, other = (b, a) if signed else (a, b)
        if unsigned is uint64:
            raise DTypeError(
                f"{a.name} and {b.name} have no common dtype: no integer type holds both ranges. "
                "Write which you mean: x.astype('int64'), x.astype('uint64') or x.astype('float64')."
            )
        return max(other, SIGNED[UNSIGNED.index(unsigned) + 1], key=lambda d: d.itemsize)
    return max(a, b, key=lambda d: d.itemsize)


@cache
def _weak(dtype: np.dtype, scalar: type) -> np.dtype:
    """The dtype of an operation between a tensor of ``dtype`` and a Python scalar of type ``scalar``."""
    level = SCALARS.index(scalar)
    if level <= kind(dtype):
        return dtype
    if level == 3 and kind(dtype) == 2:
        return complex_of(dtype)
    return _DEFAULTS[scalar]


@cache
def result_type(*operands: np.dtype | type) -> np.dtype:
    """The dtype in which an operation on these operands is computed.

    An operand is a dtype, or one of the Python types bool, int, float and complex for a weak scalar.
    """
    dtypes = [operand for operand in operands if isinstance(operand, np.dtype)]
    scalars = [operand for operand in operands if not isinstance(operand, np.dtype)]
    if not dtypes:
        return _DEFAULTS[max(scalars, key=SCALARS.index)]
    common = dtypes[0]
    for dtype in dtypes[1:]:
        common = promote(common, dtype)
    return _weak(common, max(scalars, key=SCALARS.index)) if scalars else common


def can_cast(source: np.dtype, target: np.dtype) -> bool:
    """Whether promotion may turn ``source`` into ``target`` (the array API standard's ``can_cast``)."""
    try:
        return promote(source, target) is target
    except DTypeError:
        return False


_KINDS = {
    "bool": {bool_},
    "signed integer": set(SIGNED),
    "unsigned integer": set(UNSIGNED),
    "integral": set(INTEGERS),
    "real floating": set(FLOATS),
    "complex floating": set(COMPLEX),
    "numeric": set(NUMERIC),
}


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether ``dtype`` is of a kind: a dtype, a kind's name as in the array API standard, or a tuple of these."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str) and kind in _KINDS:
        return as_dtype(dtype) in _KINDS[kind]
    if isinstance(kind, str) and kind not in _BY_NAME:
        raise ValueError(f"{kind!r} is not a kind of dtype. Expected a dtype or one of: {', '.join(_KINDS)}.")
    return as_dtype(dtype) is as_dtype(kind)


class finfo:
    """Machine limits of a floating dtype (of the parts, for a complex one), as Python floats.

    Attributes:
        bits, eps, max, min, smallest_normal, dtype: as in the array API standard.
    """

    def __init__(self, dtype: Any, /) -> None:
        given = as_dtype(getattr(dtype, "dtype", dtype))
        if given not in INEXACT:
            raise DTypeError(f"finfo needs a floating or complex dtype; {given.name} has none of these limits.")
        self.dtype = real_of(given)
        info = ml_dtypes.finfo(self.dtype) if self.dtype is bfloat16 else np.finfo(self.dtype)
        self.bits = int(info.bits)
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.smallest_normal = float(info.smallest_normal)

    def __repr__(self) -> str:
        return f"finfo(dtype={self.dtype.name}, eps={self.eps}, max={self.max}, smallest_normal={self.smallest_normal})"


class iinfo:
    """The range of an integer dtype: ``bits``, ``min``, ``max``, ``dtype``."""

    def __init__(self, dtype: Any, /) -> None:
        self.dtype = as_dtype(getattr(dtype, "dtype", dtype))
        if self.dtype not in INTEGERS:
            raise DTypeError(f"iinfo needs an integer dtype; {self.dtype.name} is none.")
        info = np.iinfo(self.dtype)
        self.bits, self.min, self.max = int(info.bits), int(info.min), int(info.max)

    def __repr__(self) -> str:
        return f"iinfo(dtype={self.dtype.name}, min={self.min}, max={self.max})"


if not TYPE_CHECKING:  # which would take every name for known

    def __getattr__(name: str) -> Any:
        """What TensorFlow has here besides dtypes: functions of tensors, which stand above this module."""
        if name not in ("cast", "complex", "saturate_cast"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import polyflow

        return getattr(polyflow, name)
