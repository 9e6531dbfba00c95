"""The backend under test, and what the tests share."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
import polyflow.array_api
import polyflow.linalg
import polyflow.nn
import polyflow.random  # these four declare the ops that importing polyflow leaves for later
from polyflow.backend import discovery
from polyflow.ops.declare import OPS


@pytest.fixture(scope="session")
def backend():
    """PyTorch on the CPU, found by its name as a user finds it."""
    return discovery.get("torch:cpu")


@pytest.fixture
def on_torch(backend):
    """The backend, selected while the test runs."""
    with pf.use_backend(backend):
        yield backend


@pytest.fixture(scope="session")
def kernel(backend):
    """A function that runs an op's kernel on NumPy arrays and gives a NumPy array."""

    def run(name, *arrays, **attrs):
        given = [backend.asarray(a) if isinstance(a, (np.ndarray, np.generic)) else a for a in arrays]
        return backend.to_numpy(backend.kernel(OPS[name])(*given, **attrs))

    return run
