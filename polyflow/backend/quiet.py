"""NumPy without its RuntimeWarnings, at a tenth of the price of `np.errstate`.

What NumPy says about overflows and invalid values is a context variable's value. So every kernel has a context in which
it says nothing, and runs in it: entering a context is a matter of 40 nanoseconds. A context holds one thread at a time;
a second thread that comes while the first is inside the same kernel gets the slow way, which always works. (With one
context for all of them, a kernel that never returns would send every other one that way, for good.)

The kernels made here have an attribute ``quick``: the same without that second way, for callers that try again by it.
Where ``function`` has an attribute ``given``, which returns it with attributes filled in, they have that too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes

_SILENT = Context()
_SILENT.run(np.seterr, all="ignore")


def silent() -> Context:
    """A new context in which NumPy does not warn."""
    return _SILENT.copy()


def warns(backend: Any) -> bool:
    """Whether the functions of a backend's namespace warn as NumPy's do: found out by the logarithm of 0.

    Whatever the caller has NumPy do about such numbers now, it may have it warn later. Of a library that has no
    logarithm of 0 nobody knows.
    """
    dtype = next((one for one in dtypes.FLOATS if one in backend.capabilities.dtypes), None)
    if dtype is None or not hasattr(backend.xp, "log"):
        return False
    zero = backend.asarray(np.zeros((), dtype))
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            backend.xp.log(zero)
        except Exception:  # what it says to others is theirs, when they ask
            return True
    return bool(caught)


def unary(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """``function`` of one array, without warnings."""
    run = partial(silent().run, function)

    def kernel(x: Any, /) -> Any:
        try:
            return run(x)
        except RuntimeError:  # the context is taken
            with np.errstate(all="ignore"):
                return function(x)

    kernel.quick = run  # type: ignore[attr-defined]
    return kernel


def binary(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """``function`` of two arrays, without warnings."""
    run = partial(silent().run, function)

    def kernel(x1: Any, x2: Any, /) -> Any:
        try:
            return run(x1, x2)
        except RuntimeError:
            with np.errstate(all="ignore"):
                return function(x1, x2)

    kernel.quick = run  # type: ignore[attr-defined]
    return kernel


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of any arguments, without warnings."""
    run = partial(silent().run, function)

    def kernel(*args: Any, **attrs: Any) -> Any:
        try:
            return run(*args, **attrs)
        except RuntimeError:
            with np.errstate(all="ignore"):
                return function(*args, **attrs)

    kernel.quick = run  # type: ignore[attr-defined]
    given = getattr(function, "given", None)
    if given is not None:
        kernel.given = lambda **attrs: partial(silent().run, given(**attrs))  # type: ignore[attr-defined]
    return kernel
