"""The three kinds of backend side by side: NumPy, JAX, and a stranger's library that follows the array API standard."""

from __future__ import annotations

import sys
from pathlib import Path

import array_api_strict
import numpy as np
import pytest

from polyflow.backend import ArrayNamespaceBackend, discovery

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cupy")]  # the second for op_cases: arguments for every op


class StrictBackend(ArrayNamespaceBackend):
    """All that a library needs to be a backend when it follows the standard."""

    name = "strict"
    xp = array_api_strict


@pytest.fixture(scope="session")
def numpy():
    return discovery.get("numpy")


@pytest.fixture(scope="session")
def jax():
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'polyflow-core[jax]'")
    return discovery.get("jax")


@pytest.fixture(scope="module")  # not for the session: other tests register a backend of this name too
def strict():
    array_api_strict.set_array_api_strict_flags(api_version="2024.12")
    discovery.register("strict", StrictBackend)
    yield discovery.get("strict")
    discovery.unregister("strict")


@pytest.fixture(params=["numpy", "jax", "strict"])
def backend(request):
    """Each of the three; what the strict library's own NumPy warns about is its affair."""
    found = request.getfixturevalue(request.param)
    if request.param != "strict":
        yield found
        return
    with np.errstate(all="ignore"):
        yield found
