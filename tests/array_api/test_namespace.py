"""The namespace object: one for each backend, and what it creates lies on that backend."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import polyflow as pf
from polyflow import array_api
from polyflow.backend import discovery

BACKENDS = ("numpy", "jax")


@pytest.fixture(params=BACKENDS)
def backend(request):
    return discovery.get(request.param)


def test_a_tensor_knows_the_namespace_of_its_backend(backend):
    x = pf.tensor([1.0], backend=backend)
    xp = x.__array_namespace__()
    assert xp is pf.tensor([2], backend=backend).__array_namespace__()
    assert {xp: 1}[xp] == 1
    assert xp is not pf.tensor([1.0], backend="jax" if backend.name == "numpy" else "numpy").__array_namespace__()


def test_what_it_creates_lies_on_its_backend_whatever_is_current(backend):
    other = "jax" if backend.name == "numpy" else "numpy"
    xp = pf.tensor([1.0], backend=backend).__array_namespace__()
    with pf.use_backend(other):
        made = [
            xp.zeros((2,)), xp.ones(2), xp.empty(2), xp.full(2, 1), xp.eye(2), xp.arange(3), xp.linspace(0, 1, 3),
            xp.asarray([1, 2]), xp.asarray(np.ones(2)), xp.from_dlpack(np.ones(2)), xp.fft.fftfreq(4),
            xp.fft.rfftfreq(4), xp.asarray(pf.tensor([1.0], backend=other)),
        ]  # fmt: skip
        assert [x.backend.name for x in made] == [backend.name] * len(made)
        assert array_api.zeros(2).backend.name == other


@pytest.mark.parametrize("version", ["2021.12", "2022.12", "2023.12", "2024.12", "2025.12"])
def test_released_versions_are_accepted(version):
    assert pf.constant(1).__array_namespace__(api_version=version).__array_api_version__ == "2025.12"


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match="2026.12"):
        pf.constant(1).__array_namespace__(api_version="2026.12")


def test_it_travels_as_its_backends_name(backend):
    xp = pf.tensor([1.0], backend=backend).__array_namespace__()
    assert pickle.loads(pickle.dumps(xp)) is xp
    assert pickle.loads(pickle.dumps(xp.fft)) is xp.fft


def test_dtypes_that_a_backend_lacks_are_not_there(monkeypatch):
    from polyflow.array_api import namespace
    from polyflow.backend import Capabilities

    backend = type(discovery.get("numpy"))()
    backend.capabilities = Capabilities(dtypes=frozenset({pf.float32, pf.int32, pf.bool_}))
    xp = namespace.of(backend)
    assert not hasattr(xp, "float64")
    assert "float64" not in dir(xp)
    assert "float64" not in xp.__array_namespace_info__().dtypes()
    assert xp.float32 is pf.float32


def test_every_name_is_there_and_no_private_one(backend):
    xp = pf.tensor([1.0], backend=backend).__array_namespace__()
    assert set(array_api.__all__) <= set(dir(xp))
    for name in array_api.__all__:
        assert getattr(xp, name) is not None or name == "newaxis"
    with pytest.raises(AttributeError, match="_here"):
        _ = xp._here


def test_it_loads_on_first_use():
    code = "import sys, polyflow; print([m for m in sys.modules if m.startswith('polyflow.array_api')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == "[]"


def test_inspection(backend):
    info = pf.tensor([1.0], backend=backend).__array_namespace__().__array_namespace_info__()
    assert info.default_device() == backend.device
    assert backend.device in info.devices()
    assert info.default_dtypes() == {
        "real floating": np.float32, "complex floating": np.complex64, "integral": np.int32, "indexing": np.int64,
    }  # fmt: skip
    assert list(info.dtypes(kind=("bool", "complex floating"))) == ["bool", "complex64", "complex128"]
    assert info.capabilities()["boolean indexing"] is True
    seen = []
    with pf.use_backend(backend):
        pf.function(lambda x: (seen.append(info.capabilities()["data-dependent shapes"]), x)[1])(pf.constant(1.0))
    assert seen == [False]


def test_asarray_copies_what_comes_in_and_keeps_tensors(backend):
    xp = pf.tensor([1.0], backend=backend).__array_namespace__()
    host = np.ones(3)
    x = xp.asarray(host)
    host[0] = 5
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=False) is x
    own = xp.asarray(x, copy=True)
    own[0] = 7.0
    assert (x[0].item(), own[0].item()) == (1.0, 7.0)
    with pytest.raises(ValueError, match="copy"):
        xp.asarray([1.0], copy=False)
    with pytest.raises(ValueError, match="float64"):
        xp.asarray(x, dtype=xp.float32, copy=False)


def test_asarray_without_a_copy_shares_the_memory():
    host = np.ones(3)
    x = array_api.asarray(host, copy=False)
    assert np.shares_memory(x.numpy(), host)
