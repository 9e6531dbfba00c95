"""Global random states, which loading a library leaves as they are: programs draw the same numbers on every backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def global_random_states() -> Iterator[None]:
    """A block that leaves Python's and NumPy's global generators as they were: JAX draws from NumPy's when imported."""
    python, numpy = (sys.modules.get(name) for name in ("random", "numpy.random"))  # what is not there has no seed
    ours = None if python is None else python.getstate()
    theirs = None if numpy is None else numpy.get_state()
    try:
        yield
    finally:
        if python is not None:
            python.setstate(ours)
        if numpy is not None:
            numpy.set_state(theirs)
