"""The names of devices; on machines with GPUs, what lies where."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import polyflow as pf
from polyflow.backend import discovery
from polyflow.errors import UnknownDeviceError
from polyflow_torch import devices

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU answers to PyTorch here")


@pytest.fixture
def two_gpus(monkeypatch):
    """As if there were two GPUs, of which the second is PyTorch's current one."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, "cuda:1"),
        ("", "cuda:1"),
        ("cuda", "cuda:1"),
        ("gpu", "cuda:1"),
        ("cuda:0", "cuda:0"),
        ("GPU:1", "cuda:1"),
        ("0", "cuda:0"),
        ("cpu", "cpu:0"),
        ("cpu:0", "cpu:0"),
    ],
)
def test_names_with_gpus(name, found, two_gpus):
    canonical, device = devices.find(name)
    assert canonical == found == devices.name_of(device)
    assert devices.listed() == ("cuda:0", "cuda:1", "cpu:0")


@pytest.mark.parametrize("name", ["cuda:2", "2", "tpu", "cpu:1", ":"])
def test_devices_that_are_not_there(name, two_gpus):
    with pytest.raises(UnknownDeviceError, match="has no device .* Its devices: cuda:0, cuda:1, cpu:0"):
        devices.find(name)


def test_without_gpus_everything_is_on_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert [devices.find(name)[0] for name in (None, "cpu", "0")] == ["cpu:0"] * 3
    with pytest.raises(UnknownDeviceError, match="'cuda'. Its devices: cpu:0."):
        devices.find("cuda")


def test_one_backend_object_for_each_device(backend):
    assert discovery.get("torch:cpu") is discovery.get("torch:cpu:0") is backend
    assert backend.device == "cpu:0"
    assert repr(backend) == "<backend torch on cpu:0>"


@on_gpu
def test_tensors_move_between_devices():
    x = pf.tensor(np.arange(6.0).reshape(2, 3), backend="torch:cuda:0")
    assert x.array.is_cuda
    assert (x @ x.T).device == "cuda:0"
    assert x.to("torch:cpu").array.is_cpu
    assert x.to("torch:cpu").tolist() == x.tolist()


@on_gpu
def test_models_train_on_a_gpu_as_on_the_cpu():
    losses = []
    for device in ("cpu", "cuda:0"):
        with pf.use_backend(f"torch:{device}"):
            pf.random.set_seed(0)
            model = pf.Sequential(
                [pf.layers.Dense(8, "tanh", input_shape=(4,)), pf.layers.Dropout(0.2), pf.layers.Dense(1)]
            )
            model.compile("adam", "mse")
            x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
            losses.append(model.fit(x, x[:, :1] * x[:, 1:2], epochs=5, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)


@on_gpu
def test_an_index_outside_leaves_the_gpu_working():
    x = pf.tensor([1.0, 2.0], backend="torch:cuda:0")
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        x[pf.tensor([0, 5], backend="torch:cuda:0")]
    assert (x + x).tolist() == [2.0, 4.0]
