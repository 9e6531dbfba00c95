"""What all tests share."""

import gc
import os

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


@pytest.fixture(scope="module", autouse=True)
def settled():
    """What earlier modules left, JAX's programs above all, is not searched when a test collects its garbage."""
    gc.collect()
    gc.freeze()
