"""The ``fft`` extension of the standard."""

from .creation import Frequencies as _Frequencies

_here = _Frequencies()
fftfreq = _here.fftfreq
rfftfreq = _here.rfftfreq
