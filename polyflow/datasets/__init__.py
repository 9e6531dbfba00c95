"""Small real data sets that come with polyflow, as NumPy arrays.

Nothing is downloaded and no array library but NumPy is imported, so the same call gives the same arrays on every
backend. ``names()`` lists them, ``describe(name)`` says what one is and under which licence, ``load_digits()`` loads.
"""

from __future__ import annotations

from ..missing import answer
from .catalog import DatasetInfo, describe, names
from .digits import load_digits

__all__ = ["DatasetInfo", "describe", "load_digits", "names"]

answer(__name__)
