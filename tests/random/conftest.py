"""Every backend that runs here, and a global generator that each test leaves as it found it."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow.backend import discovery


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    """The test runs on each backend in turn."""
    with pf.use_backend(request.param):
        yield discovery.get(request.param)


@pytest.fixture(autouse=True)
def restored():
    before = pf.random.get_state()
    yield
    pf.random.set_state(before)
