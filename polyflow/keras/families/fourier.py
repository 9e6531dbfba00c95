"""Fourier transforms in Keras's form, of pairs of real and imaginary parts, and of pieces of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes as dt
from ...convert import integer
from ...errors import DTypeError, ShapeError
from ...math import complex
from ...ops import creation, elementwise
from ...ops import fft as transforms
from ...ops import shape as shapes
from ...tensor import asarray
from .patches import overlapped

# Whole signals --------------------------------------------------------------------------------------------------------


def fft(x: Any) -> tuple[Any, Any]:
    """The discrete Fourier transform along the last axis, of real and imaginary parts, as such parts."""
    return _parts(transforms.fft(_complex("fft", x)))


def fft2(x: Any) -> tuple[Any, Any]:
    """The discrete Fourier transform along the last two axes, of real and imaginary parts, as such parts."""
    return _parts(transforms.fftn(_complex("fft2", x), axes=(-2, -1)))


def ifft2(x: Any) -> tuple[Any, Any]:
    """What `fft2` makes of the result."""
    return _parts(transforms.ifftn(_complex("ifft2", x), axes=(-2, -1)))


def rfft(x: Any, fft_length: int | None = None) -> tuple[Any, Any]:
    """The first half of the transform of real numbers along the last axis, cut or filled up to ``fft_length``."""
    return _parts(transforms.rfft(_real("rfft", x), n=fft_length))


def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The ``fft_length`` real numbers of which `rfft` makes the parts given; an even number of them if left out."""
    return transforms.irfft(_complex("irfft", x), n=fft_length)


def _parts(x: Any) -> tuple[Any, Any]:
    return elementwise.real(x), elementwise.imag(x)


def _complex(name: str, x: Any) -> Any:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{name} takes a pair of real and imaginary parts; got {type(x).__name__}.")
    real, imag = (_real(name, part) for part in x)
    if real.shape != imag.shape:
        raise ShapeError(f"{name} takes two parts of one shape; got {real.shape} and {imag.shape}.")
    return complex(real, imag)


def _real(name: str, x: Any) -> Any:
    found = asarray(x)
    if found.dtype not in dt.FLOATING:
        raise DTypeError(f"{name} takes floats; got {found.dtype.name}. Convert with .astype('float32').")
    return found


# Pieces ---------------------------------------------------------------------------------------------------------------


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Pieces of the last axis that begin every ``sequence_stride`` elements, of shape (…, pieces, sequence_length).

    Raises:
        ShapeError: for a tensor without axes, or a last axis that is shorter than a piece.
        ValueError: for a length or a stride below 1.
    """
    x = asarray(x)
    length = _positive("extract_sequences", "sequence_length", sequence_length)
    stride = _positive("extract_sequences", "sequence_stride", sequence_stride)
    if not x.shape or x.shape[-1] < length:
        raise ShapeError(f"extract_sequences needs {length} elements or more on the last axis; got shape {x.shape}.")
    count = 1 + (x.shape[-1] - length) // stride
    starts = creation.arange(count, backend=x.backend)[:, None] * stride
    return x[..., starts + creation.arange(length, backend=x.backend)]


def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Any, Any]:
    """The transforms of pieces of the last axis, each times a window, as real and imaginary parts.

    Args:
        x: a float tensor.
        sequence_length: how many elements a window has.
        sequence_stride: how far from one another pieces begin.
        fft_length: how many elements a piece has: the window is filled up with zeros on both sides.
        window: "hann", "hamming", a vector of ``sequence_length`` numbers, or None for ones.
        center: whether the signal is mirrored at its ends, so that the first piece is centered at its first element.

    Returns:
        two tensors of shape (…, pieces, fft_length // 2 + 1).

    Raises:
        ValueError: for another window, or a ``fft_length`` below ``sequence_length``.
    """
    x = _real("stft", x)
    weights = _window("stft", window, sequence_length, fft_length, x)
    if center:
        half = fft_length // 2
        x = shapes.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(half, half)], mode="reflect")
    return _parts(transforms.rfft(extract_sequences(x, fft_length, sequence_stride) * weights))


def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The signal of which `stft` with the same arguments makes the parts given.

    Pieces are transformed back, weighted by the window once more, added up, and divided by the sum of its squares where
    that is not 0.

    Args:
        x: the real and the imaginary parts, of shape (…, pieces, fft_length // 2 + 1).
        sequence_length: as in `stft`.
        sequence_stride: as in `stft`.
        fft_length: as in `stft`.
        length: how many elements the signal has; as many as the pieces cover, without those that were mirrored, if left
            out.
        window: as in `stft`.
        center: as in `stft`.
    """
    spectrum = _complex("istft", x)
    if len(spectrum.shape) < 2:
        raise ShapeError(f"istft needs pieces, and frequencies on the last axis; got shape {spectrum.shape}.")
    pieces = transforms.irfft(spectrum, n=fft_length)
    weights = _window("istft", window, sequence_length, fft_length, pieces)
    stride = _positive("istft", "sequence_stride", sequence_stride)
    signal = overlapped(pieces * weights, stride)
    total = overlapped(shapes.broadcast_to(elementwise.square(weights), pieces.shape[-2:]), stride)
    some = elementwise.greater(total, 1e-10)
    signal = elementwise.where(some, signal / elementwise.where(some, total, 1), signal)
    start = fft_length // 2 if center else 0
    end = start + length if length is not None else signal.shape[-1] - start
    return signal[..., start:end]


def _window(name: str, window: Any, sequence_length: int, fft_length: int, x: Any) -> Any:
    """The weights of the elements of a piece, with zeros on both sides where the window is shorter."""
    length = _positive(name, "sequence_length", sequence_length)
    whole = _positive(name, "fft_length", fft_length)
    if whole < length:
        raise ValueError(f"{name} needs a fft_length of the sequence_length, {length}, or more; got {whole}.")
    if window is None:
        return creation.ones((whole,), x.dtype, backend=x.backend)
    if isinstance(window, str):
        edge = {"hann": 0.5, "hamming": 0.54}.get(window)
        if edge is None:
            raise ValueError(f"{name} has the windows 'hann' and 'hamming', or takes a vector; got {window!r}.")
        angle = 2 * np.pi * np.arange(length) / length  # one period, of which the end is left out
        window = edge - (1 - edge) * np.cos(angle)
    given = window if hasattr(window, "backend") else asarray(window, backend=x.backend)
    weights = elementwise.astype(given, x.dtype)
    if tuple(weights.shape) != (length,):
        raise ShapeError(f"{name} needs a window of sequence_length numbers, {length}; got shape {weights.shape}.")
    before = (whole - length) // 2
    return shapes.pad(weights, [(before, whole - length - before)])


def _positive(owner: str, name: str, value: Any) -> int:
    found = integer(owner, name, value)
    if found < 1:
        raise ValueError(f"{owner} needs {name} of 1 or more; got {found}.")
    return found
