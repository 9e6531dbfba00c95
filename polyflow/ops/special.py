"""The error function and its relatives, which neither NumPy nor the array API standard has.

Each is one formula, written once for any namespace that has the elementary functions: NumPy (the reference) or
polyflow's own ops (the decomposition, for backends that have no such function). float64 results lie within 4 ulp of the
true ones; narrower floats are computed in float64 where the backend has it, and rounded once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import error_function as formulas
from . import elementwise
from .declare import gradient, op
from .elementwise import astype, exp, square
from .rules import elementwise as rule


def _on_host(formula: Any, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(formula(x.astype(np.float64), np)).astype(x.dtype)


def _in_ops(formula: Any) -> Any:
    """The formula as a decomposition: in float64 where the backend has it."""

    def decomposition(x: Any) -> Any:
        if x.dtype is dt.float64 or dt.float64 not in x.backend.capabilities.dtypes:
            return formula(x, elementwise)
        return astype(formula(astype(x, dt.float64), elementwise), x.dtype)

    return decomposition


@op(rule("real floating"), decomposition=_in_ops(formulas.erf), standard=False)
def erf(x, /):
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to ``x``."""
    return _on_host(formulas.erf, x)


@op(rule("real floating"), decomposition=_in_ops(formulas.erfc), standard=False)
def erfc(x, /):
    """``1 - erf(x)``, exact for large ``x``."""
    return _on_host(formulas.erfc, x)


@op(rule("real floating"), decomposition=_in_ops(formulas.erfinv), standard=False, samples="unit")
def erfinv(x, /):
    """The inverse of `erf` on [-1, 1]; infinite at the ends, NaN beyond them."""
    return _on_host(formulas.erfinv, x)


gradient(erf, lambda g, y, x: g * (formulas.SLOPE * exp(-square(x))))
gradient(erfc, lambda g, y, x: g * (-formulas.SLOPE * exp(-square(x))))
gradient(erfinv, lambda g, y, x: g * (exp(square(y)) / formulas.SLOPE))
