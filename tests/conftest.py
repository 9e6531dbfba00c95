"""What all tests share."""

import gc
import os
import sys

import pytest

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy asks when it is first imported whether to take arrays other than NumPy's
os.environ.setdefault("KERAS_BACKEND", "jax")  # the oracle's own default, TensorFlow, is not installed


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Make the tests without looking for garbage among them, and leave them out of every later search: they stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


GROWTH = 3 << 29
"""After so many more bytes JAX's programs are dropped: what later modules compile again costs less than the memory."""

held = 0


def resident() -> int:
    """How many bytes of memory this process has, on Linux; 0 elsewhere."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@pytest.fixture(scope="module", autouse=True)
def settled():
    """What earlier modules left, JAX's programs above all, is not searched when a test collects its garbage."""
    global held
    if "jax" in sys.modules and resident() > held + GROWTH:
        sys.modules["jax"].clear_caches()
        gc.collect()
        held = resident()
    gc.collect()
    gc.freeze()
