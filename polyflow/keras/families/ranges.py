"""Numbers at even distances of their logarithms, and windows: computed in float64 and rounded once, as `linspace`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes as dt
from ... import floatx
from ...convert import integer, number
from ...tensor import asarray


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """``num`` powers of ``base`` with evenly spaced exponents from ``start`` to ``stop``; the ends broadcast."""
    count = _count("logspace", num)
    first, last = (np.asarray(_host(end), np.float64) for end in (start, stop))
    values = np.logspace(first, last, count, endpoint=endpoint, base=_host(base), axis=axis)
    return asarray(values, dtype=_dtype(dtype, start, stop))


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """``num`` numbers from ``start`` to ``stop``, each the one before it times one factor; the ends broadcast.

    Raises:
        ValueError: for an end that is 0.
    """
    count = _count("geomspace", num)
    first, last = (np.asarray(_host(end), np.float64) for end in (start, stop))
    if not (first.all() and last.all()):
        raise ValueError(f"geomspace goes by factors, never from or to 0; got {start!r} and {stop!r}.")
    return asarray(np.geomspace(first, last, count, endpoint=endpoint, axis=axis), dtype=_dtype(dtype, start, stop))


def bartlett(x: Any) -> Any:
    """A triangle of ``x`` numbers that begins and ends with 0."""
    return _window("bartlett", np.bartlett, x)


def blackman(x: Any) -> Any:
    """A window of ``x`` numbers, of three cosines."""
    return _window("blackman", np.blackman, x)


def hamming(x: Any) -> Any:
    """A window of ``x`` numbers, a raised cosine that begins and ends with 0.08."""
    return _window("hamming", np.hamming, x)


def hanning(x: Any) -> Any:
    """A window of ``x`` numbers, a raised cosine that begins and ends with 0."""
    return _window("hanning", np.hanning, x)


def kaiser(x: Any, beta: Any) -> Any:
    """A window of ``x`` numbers by a Bessel function, the narrower the greater ``beta`` is."""
    return _window("kaiser", lambda count: np.kaiser(count, float(number("kaiser", beta))), x)


def _window(name: str, function: Any, count: Any) -> Any:
    return asarray(function(integer(name, "x", _host(count))), dtype=floatx.floatx())


def _count(name: str, num: Any) -> int:
    count = integer(name, "num", num)
    if count < 0:
        raise ValueError(f"{name} needs num >= 0; got {num}.")
    return count


def _host(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") else value


def _dtype(dtype: Any, *ends: Any) -> Any:
    """The dtype asked for; else float32, or that of the ends if they are arrays of floats."""
    if dtype is not None:
        return dtype
    found = dt.result_type(*(asarray(end).dtype for end in ends))
    return found if found in dt.FLOATING else dt.DEFAULT_FLOAT
