"""The suite on each namespace that is here, and programs that train on it."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import polyflow as pf
import polyflow_conformance as suite
from polyflow import dtypes as dt
from polyflow.backend import discovery

NAMESPACES = [
    "array_api_strict",
    "array_api_strict:device1",
    "array_api_strict:no_float64",
    "numpy",
    "array_api_compat.numpy",
    "torch",
]


def named(spec: str):
    top = spec.partition(":")[0].partition(".")[0]
    missing = importlib.util.find_spec(top) is None
    return pytest.param(spec, marks=pytest.mark.skipif(missing, reason=f"{top} is not installed"))


@pytest.mark.parametrize("spec", [named(spec) for spec in NAMESPACES])
def test_it_conforms(spec):
    """To the quick cases; `polyflow conformance array-api:array_api_strict` tries all of them."""
    report = suite.run(f"array-api:{spec}", quick=True)
    assert [f"{result.id}: {result.reason}" for result in report.failures] == []
    assert sum(counts["pass"] for counts in report.groups().values()) > 900


@pytest.mark.parametrize("spec", [named(spec) for spec in NAMESPACES])
def test_it_trains_as_numpy_does(spec):
    def train():
        pf.random.set_seed(0)
        model = pf.Sequential([pf.layers.Dense(8, activation="tanh", input_shape=(2,)), pf.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
        return model.fit(x, x[:, :1] * x[:, 1:], epochs=3, verbose=0).history["loss"]

    expected = train()
    with pf.use_backend(f"array-api:{spec}"):
        np.testing.assert_allclose(train(), expected, rtol=1e-5)


def test_nothing_of_a_strict_namespace_runs_on_the_host():
    with pf.use_backend("array-api:array_api_strict:device2") as backend:
        x = pf.constant([3.0, 1.0, 2.0])
        assert pf.sort(x)[::-1].tolist() == [3, 2, 1]
        assert pf.grad(lambda x: pf.sum(x[[0, 2]] ** 2))(x).tolist() == [6, 0, 4]
        assert pf.random.uniform((2,), seed=1).device == "array_api_strict:device2"
    assert backend.host_fallbacks == {}


def test_each_device_is_a_backend_of_its_own():
    one, two = (discovery.get(f"array-api:array_api_strict:{name}") for name in ("CPU_DEVICE", "device1"))
    assert one is not two
    assert one is discovery.get("array-api:array_api_strict")
    assert one.device == "array_api_strict:CPU_DEVICE"
    assert two.device in one.devices()
    x = pf.tensor([1.0, 2.0], backend=one)
    assert x.to_device("array_api_strict:device1").device == two.device
    with pytest.raises(TypeError):
        _ = x + x.to(two)


def test_a_device_without_int64_is_none():
    """Where polyflow's indices could not be held."""
    assert "array_api_strict:no_x64" not in discovery.get("array-api:array_api_strict").devices()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_what_pytorch_only_stores_is_computed_on_the_host():
    with pf.use_backend("array-api:torch") as backend:
        before = backend.host_fallbacks.get("add", 0)
        x = pf.constant([2**32 - 1, 1], "uint32")
        assert (x + x).tolist() == [2**32 - 2, 2]
        assert backend.host_fallbacks["add"] == before + 1
        assert pf.constant([1.0, 2.0, 3.0])[::-2].tolist() == [3.0, 1.0]
    assert dt.bfloat16 not in backend.capabilities.dtypes
    assert "torch:meta" not in backend.devices()
