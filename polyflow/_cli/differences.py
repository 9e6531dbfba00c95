"""How far apart two recorded values are: absolutely, relatively, and in units in the last place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .recording import Leaf

TOLERANCES = {  # dtype: (rtol, atol); those of training, since that is what programs do
    "float64": (1e-12, 1e-12),
    "complex128": (1e-12, 1e-12),
    "float32": (1e-5, 1e-6),
    "complex64": (1e-5, 1e-6),
    "float16": (2e-3, 1e-4),
    "bfloat16": (1.6e-2, 1e-3),
    "number": (1e-5, 1e-6),  # a Python float was often a float32
}
"""What counts as equal where the user says nothing; integers, booleans and text have to be the same."""


@dataclass(frozen=True)
class Tolerance:
    """What the user accepts as equal.

    A pair of numbers passes when ``|a − b| ≤ atol + rtol · max(|a|, |b|)``, or when it is at most ``ulp`` units in the
    last place apart. Where all three are None, :data:`TOLERANCES` decides by dtype.
    """

    rtol: float | None = None
    atol: float | None = None
    ulp: float | None = None

    def passes(self, gaps: Gaps, key: str) -> np.ndarray:
        """Which elements are close enough; ``key`` is a dtype's name, or ``"number"``."""
        if self.rtol is None and self.atol is None and self.ulp is None:
            rtol, atol = TOLERANCES.get(key, (0.0, 0.0))
        else:
            rtol, atol = self.rtol or 0.0, self.atol or 0.0
        bound = np.where(np.isfinite(gaps.scale), atol + rtol * gaps.scale, 0.0)
        close = gaps.absolute <= bound
        if self.ulp is not None and gaps.ulp is not None:
            close |= gaps.ulp <= self.ulp
        return close


@dataclass(frozen=True)
class Gaps:
    """Element-wise differences of two arrays; infinite where just one is NaN or infinite, zero where both are alike."""

    absolute: np.ndarray
    scale: np.ndarray
    ulp: np.ndarray | None

    @property
    def relative(self) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            relative = self.absolute / np.where(self.scale > 0, self.scale, 1.0)
        return np.where(np.isinf(self.absolute), np.inf, relative)


@dataclass
class Row:
    """The comparison of one name (and path): the largest differences over all its uses.

    Attributes:
        problem: why numbers could not be compared at all, such as two shapes.
        where: the element that misses the tolerance most, or else differs most.
        ulp: None where the dtype has no such unit.
    """

    name: str
    dtype: str = ""
    uses: int = 1
    absolute: float = 0.0
    relative: float = 0.0
    ulp: float | None = None
    within: bool = True
    where: str = ""
    problem: str = ""


def compare_uses(
    name: str, ours: Sequence[Leaf], theirs: Sequence[Leaf], labels: tuple[str, str], tol: Tolerance
) -> Row:
    """Compare one leaf of every use of a name, in order.

    Args:
        name: what to call the row.
        ours: the leaves that the reference recorded.
        theirs: as many leaves from the other backend.
        labels: what the two are called.
        tol: what counts as equal.
    """
    row = Row(name, uses=len(ours))
    worst = (False, -1.0)
    for use, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        at = f"value {use + 1}" if len(ours) > 1 else ""
        problem = _mismatch(a, b, labels)
        if problem:
            row.problem = f"{at}: {problem}" if at else problem
            row.within = False
            return row
        if a.kind == "text":
            row.dtype = "text"
            continue
        row.dtype = "number" if a.kind == "number" else a.value.dtype.name
        gaps = differences(a.value, b.value, single=a.kind == "number" and _single(a.value) and _single(b.value))
        if gaps.absolute.size == 0:
            continue
        exact = a.value.dtype.kind in "biu" and b.value.dtype.kind in "biu"
        close = tol.passes(gaps, "exact" if exact else row.dtype)
        row.absolute = max(row.absolute, float(gaps.absolute.max()))
        row.relative = max(row.relative, float(gaps.relative.max()))
        if gaps.ulp is not None:
            row.ulp = max(row.ulp or 0.0, float(gaps.ulp.max()))
        row.within = row.within and bool(close.all())
        ranked = np.where(close, -1.0, gaps.relative) if not close.all() else gaps.relative
        place = int(ranked.argmax())
        this = (not close.all(), float(ranked.flat[place]))
        if this > worst and this[1] > 0:
            worst = this
            index = ", ".join(map(str, map(int, np.unravel_index(place, gaps.absolute.shape))))
            values = ""
            if not math.isfinite(gaps.absolute.flat[place]):
                values = f"{a.value.flat[place]} on {labels[0]}, {b.value.flat[place]} on {labels[1]}"
            row.where = " ".join(part for part in (at, f"[{index}]" if index else "", values) if part)
    return row


def differences(a: np.ndarray, b: np.ndarray, single: bool = False) -> Gaps:
    """Measure two arrays of one shape.

    Args:
        a: any numeric array.
        b: another, of the same shape.
        single: count units in the last place in float32, because that is what the numbers were.
    """
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return _integer_gaps(a, b)
    if a.dtype.kind == "c" or b.dtype.kind == "c":
        a, b = a.astype(np.promote_types(a.dtype, b.dtype)), b.astype(np.promote_types(a.dtype, b.dtype))
        real, imaginary = differences(np.real(a), np.real(b)), differences(np.imag(a), np.imag(b))
        assert real.ulp is not None
        assert imaginary.ulp is not None
        absolute = np.where(
            np.isinf(real.absolute) | np.isinf(imaginary.absolute), np.inf, np.hypot(real.absolute, imaginary.absolute)
        )
        return Gaps(absolute, np.maximum(_magnitude(a), _magnitude(b)), np.maximum(real.ulp, imaginary.ulp))
    x, y = a.astype(np.float64), b.astype(np.float64)
    alike = (x == y) | (np.isnan(x) & np.isnan(y))
    finite = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore", over="ignore"):
        absolute = np.where(alike, 0.0, np.where(finite, np.abs(x - y), np.inf))
    if single:
        a, b = a.astype(np.float32), b.astype(np.float32)
    elif a.dtype != b.dtype:
        a, b = x, y
    ulp = np.where(alike, 0.0, np.where(finite, _steps(a, b), np.inf))
    return Gaps(absolute, np.maximum(_magnitude(x), _magnitude(y)), ulp)


def _integer_gaps(a: np.ndarray, b: np.ndarray) -> Gaps:
    scale = np.maximum(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))
    if np.uint64 not in (a.dtype, b.dtype):
        return Gaps(_distance(a.astype(np.int64), b.astype(np.int64)), scale, None)
    if a.dtype.kind == b.dtype.kind == "u":
        return Gaps(_distance(a.astype(np.uint64), b.astype(np.uint64)), scale, None)
    pairs = zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)  # no dtype holds both: Python's integers do
    return Gaps(np.array([abs(x - y) for x, y in pairs], np.float64).reshape(a.shape), scale, None)


def _steps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many representable numbers lie from a to b; both of one float dtype. NaN gives anything."""
    return _distance(_ordered(a), _ordered(b))


def _ordered(a: np.ndarray) -> np.ndarray:
    """Integers in the order of the floats, neighbours one apart, both zeros 0."""
    bits = np.ascontiguousarray(a).reshape(a.shape).view(f"i{a.dtype.itemsize}").astype(np.int64)
    magnitude = bits & np.int64(2 ** (8 * a.dtype.itemsize - 1) - 1)
    return np.where(bits < 0, -magnitude, magnitude)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a − b| of int64 or uint64 without overflow, as floats."""
    with np.errstate(over="ignore"):  # it wraps, and the wrapped difference is the right one
        return (np.maximum(a, b).astype(np.uint64) - np.minimum(a, b).astype(np.uint64)).astype(np.float64)


def _magnitude(a: np.ndarray) -> np.ndarray:
    magnitude = np.abs(a).astype(np.float64)
    return np.where(np.isnan(magnitude), np.inf, magnitude)


def _single(a: np.ndarray) -> bool:
    """Whether these Python floats are all float32 numbers."""
    if a.dtype.kind != "f":
        return a.dtype.kind in "biu"
    with np.errstate(over="ignore"):
        return bool(np.all((a.astype(np.float32).astype(np.float64) == a) | np.isnan(a)))


def _mismatch(a: Leaf, b: Leaf, labels: tuple[str, str]) -> str:
    one, other = labels
    if a.kind != b.kind:
        return f"{a.kind} on {one}, {b.kind} on {other}"
    if a.kind == "text":
        return "" if a.value == b.value else f"{a.value} on {one}, {b.value} on {other}"
    if a.value.shape != b.value.shape:
        return f"shape {a.value.shape} on {one}, {b.value.shape} on {other}"
    if a.kind == "array" and a.value.dtype != b.value.dtype:
        return f"dtype {a.value.dtype.name} on {one}, {b.value.dtype.name} on {other}"
    return ""


def shown(value: float | None) -> str:
    """A difference for people: short, and exactly 0 only where there was none."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if value < 1e6 and value == math.floor(value):
        return str(int(value))
    return f"{value:.2g}"
