"""ieee-1: signs of zeros, infinities and NaN where IEEE 754 and the array API standard pin them."""

from __future__ import annotations

import cmath
import functools
import math
from collections.abc import Callable, Iterator

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import creation, shape

from ..case import Case, Trial
from ..table import functions

GROUP = "ieee-1"
INF, NAN = math.inf, math.nan
PI = math.pi

UNARY: dict[str, list[tuple[float, float]]] = {
    "negative": [(0.0, -0.0), (-0.0, 0.0), (INF, -INF)],
    "abs": [(-0.0, 0.0), (-INF, INF)],
    "sqrt": [(-0.0, -0.0), (0.0, 0.0), (INF, INF), (-1.0, NAN)],
    "floor": [(-0.0, -0.0), (0.0, 0.0), (-INF, -INF)],
    "ceil": [(-0.0, -0.0), (-0.5, -0.0), (INF, INF)],
    "trunc": [(-0.0, -0.0), (-0.5, -0.0), (0.5, 0.0)],
    "round": [(-0.0, -0.0), (-0.5, -0.0), (0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-2.5, -2.0)],
    "sin": [(-0.0, -0.0), (INF, NAN)],
    "tan": [(-0.0, -0.0), (-INF, NAN)],
    "asin": [(-0.0, -0.0), (1.5, NAN)],
    "atan": [(-0.0, -0.0), (INF, PI / 2), (-INF, -PI / 2)],
    "sinh": [(-0.0, -0.0), (-INF, -INF)],
    "tanh": [(-0.0, -0.0), (INF, 1.0), (-INF, -1.0)],
    "asinh": [(-0.0, -0.0), (-INF, -INF)],
    "atanh": [(-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN)],
    "acosh": [(1.0, 0.0), (0.5, NAN), (INF, INF)],
    "acos": [(1.0, 0.0), (2.0, NAN)],
    "exp": [(0.0, 1.0), (-0.0, 1.0), (-INF, 0.0), (INF, INF)],
    "expm1": [(-0.0, -0.0), (-INF, -1.0), (INF, INF)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF)],
    "log1p": [(-0.0, -0.0), (-1.0, -INF), (-2.0, NAN)],
    "log2": [(0.0, -INF), (1.0, 0.0), (8.0, 3.0)],
    "log10": [(0.0, -INF), (1.0, 0.0)],
    "reciprocal": [(0.0, INF), (-0.0, -INF), (INF, 0.0), (-INF, -0.0)],
    "erf": [(-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)],
    "erfc": [(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN)],
    "erfinv": [(-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN)],
    "identity": [(-0.0, -0.0), (NAN, NAN)],
    "positive": [(-0.0, -0.0)],
    "sigmoid": [(INF, 1.0), (-INF, 0.0), (NAN, NAN)],
    "softplus": [(INF, INF), (-INF, 0.0), (NAN, NAN)],
    "square": [(-0.0, 0.0), (-INF, INF)],
    "sign": [(-0.0, 0.0), (0.0, 0.0), (-INF, -1.0), (INF, 1.0), (NAN, NAN)],
}
"""(argument, result), the sign of zeros included."""

BINARY: dict[str, list[tuple[float, float, float]]] = {
    "add": [(-0.0, -0.0, -0.0), (0.0, -0.0, 0.0), (INF, -INF, NAN), (INF, 1.0, INF)],
    "subtract": [(0.0, 0.0, 0.0), (-0.0, 0.0, -0.0), (INF, INF, NAN)],
    "multiply": [(-0.0, 2.0, -0.0), (-0.0, -2.0, 0.0), (0.0, INF, NAN)],
    "divide": [
        (1.0, 0.0, INF),
        (1.0, -0.0, -INF),
        (0.0, 0.0, NAN),
        (-0.0, 3.0, -0.0),
        (1.0, -INF, -0.0),
        (INF, INF, NAN),
    ],
    "floor_divide": [
        (1.0, 0.0, INF),
        (-1.0, 0.0, -INF),
        (0.0, 0.0, NAN),
        (INF, INF, NAN),
        (INF, 2.0, INF),
        (-INF, 2.0, -INF),
        (3.0, INF, 0.0),
        (-3.0, INF, -0.0),
        (3.0, -INF, -0.0),
        (-3.0, -INF, 0.0),
        (0.0, 2.0, 0.0),
        (-0.0, 2.0, -0.0),
        (7.0, 2.0, 3.0),
        (-7.0, 2.0, -4.0),
    ],
    "remainder": [
        (7.0, -2.0, -1.0),
        (-7.0, 2.0, 1.0),
        (6.0, 3.0, 0.0),
        (6.0, -3.0, -0.0),
        (-6.0, 3.0, 0.0),
        (0.0, 2.0, 0.0),
        (0.0, -2.0, -0.0),
        (3.0, INF, 3.0),
        (-3.0, INF, INF),
        (3.0, -INF, -INF),
        (INF, 2.0, NAN),
        (1.0, 0.0, NAN),
    ],
    "pow": [
        (NAN, 0.0, 1.0),
        (1.0, NAN, 1.0),
        (0.0, -1.0, INF),
        (-0.0, -1.0, -INF),
        (-0.0, 3.0, -0.0),
        (-0.0, 2.0, 0.0),
        (0.5, INF, 0.0),
        (2.0, INF, INF),
        (-1.0, INF, 1.0),
        (-8.0, 1 / 3, NAN),
        (-2.0, 3.0, -8.0),
    ],
    "atan2": [
        (0.0, 1.0, 0.0),
        (-0.0, 1.0, -0.0),
        (0.0, -1.0, PI),
        (-0.0, -1.0, -PI),
        (1.0, 0.0, PI / 2),
        (INF, INF, PI / 4),
        (-INF, -INF, -3 * PI / 4),
    ],
    "copysign": [
        (1.0, -0.0, -1.0),
        (0.0, -1.0, -0.0),
        (-3.0, 0.0, 3.0),
        (INF, -1.0, -INF),
        (-2.0, NAN, 2.0),
        (2.0, -NAN, -2.0),
        (0.0, -NAN, -0.0),
        (NAN, -1.0, NAN),
    ],
    "hypot": [(INF, NAN, INF), (0.0, -0.0, 0.0), (3.0, 4.0, 5.0)],
    "logaddexp": [(-INF, -INF, -INF), (INF, -INF, INF), (-INF, 1.0, 1.0)],
    "nextafter": [(0.0, 0.0, 0.0), (0.0, -0.0, -0.0), (1.0, 1.0, 1.0)],
}
"""(first, second, result), the sign of zeros included."""


CUTS: dict[str, Callable[[complex], complex]] = {
    "sqrt": cmath.sqrt,
    "log": cmath.log,
    "log2": lambda z: complex(cmath.log(z).real / math.log(2), cmath.log(z).imag / math.log(2)),
    "log10": cmath.log10,
    "log1p": lambda z: cmath.log(complex(1 + z.real, z.imag)),
    **{name: getattr(cmath, name) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
}
"""Functions of complex numbers that jump across a line, as Python has them."""


OF_PARTS: dict[str, tuple[int, int]] = {"negative": (-1, -1), "conj": (1, -1), "positive": (1, 1)}
"""What becomes of the sign of each part of a complex number, a zero's too."""


def cases() -> Iterator[Case]:
    """Signs of zeros and special values of each op, in float32 and float64; complex numbers on cuts."""
    for name in CUTS:
        for dtype in dt.COMPLEX:
            check = functools.partial(_cuts, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/cuts", check, (dtype,), quick=dtype is dt.complex64)
    for dtype in dt.FLOATS:
        for name in UNARY:
            check = functools.partial(_unary, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/signs", check, (dtype,), quick=dtype is dt.float32)
        for name in BINARY:
            check = functools.partial(_binary, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/signs", check, (dtype,), quick=dtype is dt.float32)
        yield Case(
            f"{GROUP}/full/{dtype.name}/negative-zero", functools.partial(_full, dtype=dtype), (dtype,), quick=True
        )
        check = functools.partial(_pad, dtype=dtype)
        yield Case(f"{GROUP}/pad/{dtype.name}/negative-zero", check, (dtype,), quick=dtype is dt.float32)
        yield Case(f"{GROUP}/asarray/{dtype.name}/bits", functools.partial(_bits, dtype=dtype), (dtype,), quick=True)
        yield Case(
            f"{GROUP}/signbit/{dtype.name}/zeros", functools.partial(_signbit, dtype=dtype), (dtype,), quick=True
        )
    for name in OF_PARTS:
        for dtype in dt.COMPLEX:
            check = functools.partial(_of_parts, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/zeros", check, (dtype,), quick=dtype is dt.complex64)
    yield Case(f"{GROUP}/astype/float32/signs", _astype, (dt.float32, dt.float64, dt.float16), quick=True)


def _unary(t: Trial, *, name: str, dtype: np.dtype) -> None:
    rows = np.array(UNARY[name])
    x, true = rows[:, 0].astype(dtype), rows[:, 1]
    t.close(functions()[name](t.tensor(x)), true, 2.0, dtype=dtype, what=name, inputs=(x,), zeros=True)


def _binary(t: Trial, *, name: str, dtype: np.dtype) -> None:
    rows = np.array(BINARY[name])
    a, b, true = rows[:, 0].astype(dtype), rows[:, 1].astype(dtype), rows[:, 2]
    t.close(functions()[name](t.tensor(a), t.tensor(b)), true, 2.0, dtype=dtype, what=name, inputs=(a, b), zeros=True)


def _of_parts(t: Trial, *, name: str, dtype: np.dtype) -> None:
    parts = np.meshgrid([0.0, -0.0, 1.0, -2.0, INF], [0.0, -0.0, 3.0, -1.0, -INF])
    host, true = (np.empty(parts[0].shape, dtype) for _ in range(2))
    host.real, host.imag = parts
    true.real, true.imag = (part * sign for part, sign in zip(parts, OF_PARTS[name], strict=True))
    t.close(functions()[name](t.tensor(host)), true, dtype=dtype, what=name, inputs=(host,), zeros=True)


def _full(t: Trial, *, dtype: np.dtype) -> None:
    value = creation.full(3, -0.0, dtype, backend=t.backend)
    t.close(value, np.full(3, -0.0, dtype), what="full(-0.0)", zeros=True)


def _pad(t: Trial, *, dtype: np.dtype) -> None:
    value = shape.pad(t.tensor(np.array([0.0, -0.0], dtype)), 1, constant_values=-0.0)
    t.close(value, np.array([-0.0, 0.0, -0.0, -0.0], dtype), what="pad by -0.0", zeros=True)


def _bits(t: Trial, *, dtype: np.dtype) -> None:
    limits = dt.finfo(dtype)
    ends = [limits.max, -limits.max, limits.smallest_normal, limits.smallest_normal / 4]
    host = np.array([0.0, -0.0, INF, -INF, NAN, -NAN, *ends], dtype)
    t.close(t.tensor(host), host, what="the tensor", zeros=True)


def _signbit(t: Trial, *, dtype: np.dtype) -> None:
    host = np.array([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, -NAN], dtype)
    value = functions()["signbit"](t.tensor(host))
    t.close(value, np.array([False, True] * 4), dtype=dt.bool_, what="signbit", inputs=(host,))


def _astype(t: Trial) -> None:
    host = np.array([-0.0, 0.0, -INF, NAN], np.float32)
    for target in (dt.float64, dt.float16):
        t.close(t.tensor(host).astype(target), host.astype(target), what=f"as {target.name}", zeros=True)


def _cuts(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """On a cut the sign of the part that is zero says from which side it is looked at."""
    places, zeros = (-3.0, -1.5, -0.5, 0.5, 1.5, 3.0), (0.0, -0.0)
    points = [complex(*pair) for place in places for zero in zeros for pair in ((place, zero), (zero, place))]
    host = np.array(points, dtype)
    true = np.array([CUTS[name](z) for z in points])
    scale = np.abs(true) + 1
    t.close(functions()[name](t.tensor(host)), true, 8.0, dtype=dtype, scale=scale, what=name, inputs=(host,))
