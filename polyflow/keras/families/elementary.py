"""Functions of single elements: roots, angles, remainders of whole numbers, and the largest of two that may be NaN."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes as dt
from ...errors import DTypeError, ShapeError
from ...flow import control
from ...flow.transforms import custom_gradient
from ...math import complex, truncatemod
from ...ops import elementwise, reduction
from ...ops import shape as shapes
from ...ops.creation import alike, ones_like
from ...ops.elementwise import abs as absolute
from ...tensor import Tensor, asarray


def floating(x: Any) -> Any:
    """``x`` as a tensor of floats: integers and booleans in the default dtype."""
    found = asarray(x)
    return found if found.dtype in dt.INEXACT else elementwise.astype(found, dt.DEFAULT_FLOAT)


def copy(x: Any) -> Any:
    """``x`` itself: no operation changes a tensor."""
    return elementwise.identity(asarray(x))


def cbrt(x: Any) -> Any:
    """The real cube root, of negative numbers too."""
    return _cube_root(floating(x))


@custom_gradient
def _cube_root(x: Tensor) -> tuple[Tensor, Any]:
    """A power, and a step of Newton's method, which mends what rounding 1/3 has lost."""
    size = absolute(x)
    rough = elementwise.pow(size, 1 / 3)
    plain = elementwise.logical_and(elementwise.greater(rough, 0), elementwise.isfinite(rough))
    start = elementwise.where(plain, rough, 1)
    better = start - (start - elementwise.where(plain, size, 1) / start / start) / 3
    root = elementwise.sign(x) * elementwise.where(plain, better, rough)
    return root, lambda g: g / (3 * elementwise.square(_cube_root(x)))


def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return floating(x) * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return floating(x) * (180 / math.pi)


def exp2(x: Any) -> Any:
    """``2 ** x``."""
    return elementwise.pow(2.0, floating(x))


def fabs(x: Any) -> Any:
    """The absolute value, as a float."""
    return absolute(floating(x))


def ldexp(x1: Any, x2: Any) -> Any:
    """``x1 * 2 ** x2`` for integers ``x2``, also where the power alone is no number of the dtype.

    Raises:
        DTypeError: for exponents that are no integers.
    """
    x, exponent = floating(x1), asarray(x2)
    if exponent.dtype not in dt.INTEGERS:
        raise DTypeError(f"ldexp takes integers as exponents; got {exponent.dtype.name}. Use x1 * 2.0 ** x2.")
    half = elementwise.astype(elementwise.floor_divide(exponent, 2), x.dtype)
    return x * elementwise.pow(2.0, half) * elementwise.pow(2.0, elementwise.astype(exponent, x.dtype) - half)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """``log2(2 ** x1 + 2 ** x2)`` without overflow."""
    natural = math.log(2)
    return elementwise.logaddexp(floating(x1) * natural, floating(x2) * natural) / natural


def sinc(x: Any) -> Any:
    """``sin(pi x) / (pi x)``, and 1 at 0; near 0 by its series, which has all derivatives that count."""
    angle = floating(x) * math.pi
    near = elementwise.less(absolute(angle), 1e-2)
    square = elementwise.square(elementwise.where(near, angle, 0))
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42))
    away = elementwise.where(near, 1, angle)
    return elementwise.where(near, series, elementwise.sin(away) / away)


def heaviside(x1: Any, x2: Any) -> Any:
    """0 for negative ``x1``, 1 for positive, ``x2`` at 0."""
    x, middle = alike(floating(x1), floating(x2))
    step = elementwise.where(elementwise.less(x, 0), 0, elementwise.where(elementwise.greater(x, 0), 1, middle))
    return elementwise.where(elementwise.isnan(x), x, step)


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of two elements, and where one is NaN the other."""
    return _unless_nan(elementwise.maximum, x1, x2)


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two elements, and where one is NaN the other."""
    return _unless_nan(elementwise.minimum, x1, x2)


def _unless_nan(chosen: Any, x1: Any, x2: Any) -> Any:
    first, second = alike(asarray(x1), asarray(x2))
    if first.dtype not in dt.FLOATING:
        return chosen(first, second)
    found = chosen(*(elementwise.where(elementwise.isnan(x), 0, x) for x in (first, second)))
    return elementwise.where(
        elementwise.isnan(first), second, elementwise.where(elementwise.isnan(second), first, found)
    )


def fmod(x1: Any, x2: Any) -> Any:
    """What is left of ``x1`` after division by ``x2``, with the sign of ``x1``."""
    return truncatemod(x1, x2)


def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisor of integers, 0 or more; that of 0 and 0 is 0.

    Raises:
        DTypeError: for other dtypes.
    """
    first, second = _integers("gcd", x1, x2)
    found, _ = control.while_loop(
        lambda a, b: reduction.any(elementwise.not_equal(b, 0)),
        lambda a, b: _divided(a, b),
        tuple(shapes.broadcast_arrays(absolute(first), absolute(second))),
    )
    return found


def _divided(a: Any, b: Any) -> tuple[Any, Any]:
    """A step of Euclid's algorithm where it is not at its end."""
    ended = elementwise.equal(b, 0)
    rest = elementwise.remainder(a, elementwise.where(ended, 1, b))
    return elementwise.where(ended, a, b), elementwise.where(ended, 0, rest)


def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiple of integers, 0 or more; 0 where one of them is 0.

    Raises:
        DTypeError: for other dtypes.
    """
    first, second = _integers("lcm", x1, x2)
    divisor = gcd(first, second)
    parts = elementwise.floor_divide(first, elementwise.where(elementwise.equal(divisor, 0), 1, divisor))
    return absolute(parts * second)


def _integers(name: str, x1: Any, x2: Any) -> tuple[Any, Any]:
    first, second = alike(asarray(x1), asarray(x2))
    if first.dtype not in dt.INTEGERS:
        raise DTypeError(f"{name} takes integers; got {first.dtype.name}. Convert with .astype('int32').")
    return first, second


def isposinf(x: Any) -> Any:
    """Whether an element is positive infinity."""
    return elementwise.equal(floating(x), math.inf)


def isneginf(x: Any) -> Any:
    """Whether an element is negative infinity."""
    return elementwise.equal(floating(x), -math.inf)


def isreal(x: Any) -> Any:
    """Whether an element has no imaginary part."""
    found = asarray(x)
    return elementwise.equal(elementwise.imag(found), 0) if found.dtype in dt.COMPLEX else ones_like(found, dt.bool_)


def polar(abs_: Any, angle: Any) -> Any:
    """The complex numbers of these magnitudes and angles."""
    size, turn = alike(floating(abs_), floating(angle))
    return complex(size * elementwise.cos(turn), size * elementwise.sin(turn))


def view_as_complex(x: Any) -> Any:
    """Pairs on the last axis as complex numbers.

    Raises:
        ShapeError: unless the last axis has size 2.
    """
    pairs = floating(x)
    if not pairs.shape or pairs.shape[-1] != 2:
        raise ShapeError(f"view_as_complex takes pairs on the last axis, of size 2; got shape {pairs.shape}.")
    return complex(pairs[..., 0], pairs[..., 1])


def view_as_real(x: Any) -> Any:
    """The real and imaginary parts of numbers, on a new last axis."""
    found = asarray(x)
    return shapes.stack([elementwise.real(found), elementwise.imag(found)], axis=-1)
