"""The ``fft`` extension of the standard."""

from ..ops.fft import fft, fftn, fftshift, hfft, ifft, ifftn, ifftshift, ihfft, irfft, irfftn, rfft, rfftn
from .creation import Frequencies as _Frequencies

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

_here = _Frequencies()
fftfreq = _here.fftfreq
rfftfreq = _here.rfftfreq
