"""Discrete Fourier transforms.

Four ops are declared, each along one axis and of the length that the axis has; all other transforms are made of them.
Each is linear, so its gradient is its adjoint: the transform back, scaled the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError
from . import call
from .creation import zeros
from .declare import gradient, op
from .elementwise import conj, real
from .indexing import getitem
from .rules import Rule, Spec, along, common, direct, normal_axes, normal_axis
from .shape import concat, roll

OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scaling that makes a transform's adjoint of the transform back."""


def _resized(change: Callable[..., int]) -> Callable[..., tuple[int, ...]]:
    """The shape of an argument with the size along ``axis`` changed."""

    def shape(x: Spec, axis: int, **attrs: Any) -> tuple[int, ...]:
        place = normal_axis(axis, len(x.shape))
        return (*x.shape[:place], change(x.shape[place], **attrs), *x.shape[place + 1 :])

    return shape


_half = _resized(lambda size: size // 2 + 1)
_whole = _resized(lambda size, n: n)


@op(along("complex"), name="fft", standard="fft")
def _fft(x, /, axis=-1, norm: Any = "backward"):
    return np.fft.fft(x, axis=axis, norm=norm)


@op(along("complex"), name="ifft", standard="fft")
def _ifft(x, /, axis=-1, norm: Any = "backward"):
    return np.fft.ifft(x, axis=axis, norm=norm)


@op(
    Rule(
        common("real single"),
        lambda x, *, axis, norm: Spec(_half(x, axis), dt.complex_of(x.dtype)),
        direct("real single"),
        "along",
    ),
    name="rfft",
    standard="fft",
)
def _rfft(x, /, axis=-1, norm: Any = "backward"):
    return np.fft.rfft(x, axis=axis, norm=norm)


@op(
    Rule(
        common("complex"),
        lambda x, *, n, axis, norm: Spec(_whole(x, axis, n=n), dt.real_of(x.dtype)),
        direct("complex"),
        "along",
    ),
    name="irfft",
    standard="fft",
)
def _irfft(x, /, n, axis=-1, norm: Any = "backward"):
    return np.fft.irfft(x, n, axis=axis, norm=norm)


def _rfft_gradient(g, y, x, *, axis, norm):
    return real(_ifft(_fitted(g, x.shape[axis], axis), axis, OPPOSITE[norm]))


def _irfft_gradient(g, y, x, *, n, axis, norm):
    """All frequencies but the first, and the last of an even length, stand for two."""
    twice = np.full(n // 2 + 1, 2.0)
    twice[0] = 1.0
    if n % 2 == 0:
        twice[-1] = 1.0
    shape = [1] * len(x.shape)
    shape[axis] = -1
    weights = call.constant(twice.reshape(shape).astype(g.dtype), g.backend)
    return _rfft(g, axis, OPPOSITE[norm]) * weights


gradient(_fft, lambda g, y, x, *, axis, norm: _ifft(g, axis, OPPOSITE[norm]))
gradient(_ifft, lambda g, y, x, *, axis, norm: _fft(g, axis, OPPOSITE[norm]))
gradient(_rfft, _rfft_gradient)
gradient(_irfft, _irfft_gradient)


# Public functions -------------------------------------------------------------------------------------------------


def fft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The discrete Fourier transform along ``axis``, of complex64 or complex128.

    Args:
        x: the tensor; real numbers count as complex ones.
        n: the length of the transform: ``x`` is cut, or filled up with zeros at its end. (None: its own.)
        axis: the axis.
        norm: where the factor 1/n stands: "backward" in the transform back, "forward" in this one, "ortho" its square
            root in both.

    Raises:
        ValueError: for a length below 1, or another ``norm``.
    """
    x = call.operand(x)
    return _fft(_fitted(x, _length(x, n, axis), axis), axis, _scaling(norm))


def ifft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `fft`, with the same arguments."""
    x = call.operand(x)
    return _ifft(_fitted(x, _length(x, n, axis), axis), axis, _scaling(norm))


def rfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The discrete Fourier transform of real numbers: its first ``n // 2 + 1`` frequencies. Arguments as for `fft`."""
    x = call.operand(x)
    return _rfft(_fitted(x, _length(x, n, axis), axis), axis, _scaling(norm))


def irfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `rfft`: real numbers, ``n`` of them (``2 * (size - 1)`` if it is left out).

    What is imaginary in the first frequency, and in the last of an even ``n``, is ignored.
    """
    x = call.operand(x)
    length = _length(x, n, axis, lambda size: 2 * (size - 1))
    return _irfft(_fitted(x, length // 2 + 1, axis), length, axis, _scaling(norm))


def hfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The transform of a signal whose second half is the conjugate of the first, mirrored: real numbers."""
    return irfft(conj(x), n=n, axis=axis, norm=OPPOSITE[_scaling(norm)])


def ihfft(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `hfft`."""
    return conj(rfft(x, n=n, axis=axis, norm=OPPOSITE[_scaling(norm)]))


def fftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """`fft` along several axes: ``axes``, or the last ``len(s)``, or all; ``s`` are the lengths."""
    return _along_each(fft, call.operand(x), s, axes, norm)


def ifftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """The inverse of `fftn`."""
    return _along_each(ifft, call.operand(x), s, axes, norm)


def rfftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """`rfft` along the last of several axes, then `fft` along the others."""
    x = call.operand(x)
    *rest, last = _pairs(x, s, axes)
    return _each(fft, rfft(x, n=last[1], axis=last[0], norm=norm), rest, norm)


def irfftn(
    x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
) -> Any:
    """The inverse of `rfftn`."""
    x = call.operand(x)
    *rest, last = _pairs(x, s, axes)
    return irfft(_each(ifft, x, rest, norm), n=last[1], axis=last[0], norm=norm)


def fftshift(x: Any, /, *, axes: Any = None) -> Any:
    """The frequencies in ascending order: 0 is moved from the start of each of ``axes`` (None: all) to the middle."""
    x = call.operand(x)
    places = normal_axes(axes, len(x.shape))
    return roll(x, tuple(x.shape[place] // 2 for place in places), axis=places) if places else x


def ifftshift(x: Any, /, *, axes: Any = None) -> Any:
    """The inverse of `fftshift`."""
    x = call.operand(x)
    places = normal_axes(axes, len(x.shape))
    return roll(x, tuple(-(x.shape[place] // 2) for place in places), axis=places) if places else x


def _scaling(norm: str) -> str:
    if norm not in OPPOSITE:
        raise ValueError(f"norm is 'backward', 'ortho' or 'forward'; got {norm!r}.")
    return norm


def _length(x: Any, n: int | None, axis: int, default: Callable[[int], int] = lambda size: size) -> int:
    length = default(x.shape[normal_axis(axis, len(x.shape))]) if n is None else int(n)
    if length < 1:
        raise ValueError(f"a transform has a length of 1 or more; got {length} along axis {axis} of shape {x.shape}.")
    return length


def _fitted(x: Any, size: int, axis: int) -> Any:
    """``x`` cut, or filled up with zeros, to ``size`` along ``axis``."""
    place = normal_axis(axis, len(x.shape))
    held = x.shape[place]
    if held > size:
        return getitem(x, (*[slice(None)] * place, slice(0, size)))
    if held < size:
        more = zeros((*x.shape[:place], size - held, *x.shape[place + 1 :]), x.dtype, backend=x.backend)
        return concat([x, more], axis=place)
    return x


def _pairs(x: Any, s: Any, axes: Any) -> list[tuple[int, int | None]]:
    """The axes of a transform along several, each with its length (None: its own)."""
    ndim = len(x.shape)
    if axes is None:
        count = ndim if s is None else len(s)
        axes = tuple(range(ndim - count, ndim))
    places = normal_axes(tuple(axes), ndim)
    if s is not None and len(s) != len(places):
        raise ShapeError(f"a transform needs one length for each axis; got s={tuple(s)} for axes {places}.")
    if not places:
        raise ShapeError(f"a transform needs at least one axis; got axes={axes} for shape {x.shape}.")
    return list(zip(places, [None] * len(places) if s is None else s, strict=True))


def _along_each(function: Callable[..., Any], x: Any, s: Any, axes: Any, norm: str) -> Any:
    return _each(function, x, _pairs(x, s, axes), norm)


def _each(function: Callable[..., Any], x: Any, pairs: list[tuple[int, int | None]], norm: str) -> Any:
    for axis, n in pairs:
        x = function(x, n=n, axis=axis, norm=norm)
    return x
