"""PyTorch's settings are the user's: none is changed here, and none changes a result."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

import polyflow as pf


def settings():
    """All of PyTorch's global state that a program may set."""
    return {
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "threads": torch.get_num_threads(),
        "threads between ops": torch.get_num_interop_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "anomalies": torch.is_anomaly_enabled(),
        "random numbers": torch.random.get_rng_state().tolist(),
        "denormals": float(torch.tensor(1e-310, dtype=torch.float64) * 1),
    }


def program():
    """Some of everything: ops, indexing, random numbers, gradients, training with dropout; its results."""
    pf.random.set_seed(3)
    x = pf.constant(np.random.default_rng(0).normal(size=(70, 70)).astype(np.float32))
    h = x.astype("float16")
    eager = [
        x @ x,
        h @ h,
        pf.sum(h, 0),
        pf.exp(h),
        pf.prod(h, 0),
        pf.nn.softmax(h),
        x // 0.3,
        pf.clip(x, -1.0, 1.0),
        x[[0, 2], ::-1],
        pf.index_add(x, [0, 0, 1], 1.0),
        pf.sort(x),
        pf.zeros(3),
        pf.linspace(0.0, 1.0, 5),
        pf.random.normal((4, 3), seed=1),
        pf.grad(lambda x: pf.sum(pf.tanh(x) @ x))(x),
        pf.function(lambda x: (x @ x) / 3.0 + pf.ones((70,)))(x),
    ]
    model = pf.Sequential([pf.layers.Dense(8, "relu", input_shape=(70,)), pf.layers.Dropout(0.3), pf.layers.Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(x.numpy(), x.numpy()[:, :1], epochs=2, verbose=0).history["loss"]
    return [(value.dtype, value.device, value.numpy().tolist()) for value in eager], losses


def test_nothing_is_changed(on_torch):
    before = settings()
    program()
    assert settings() == before


@contextlib.contextmanager
def changed(set_, value, back):
    set_(value)
    try:
        yield
    finally:
        set_(back)


USERS = {
    "float64 by default": lambda: changed(torch.set_default_dtype, torch.float64, torch.float32),
    "another default device": lambda: torch.device("meta"),
    "a default device for all": lambda: changed(torch.set_default_device, "meta", None),
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "rounded products": lambda: changed(torch.set_float32_matmul_precision, "medium", "highest"),
    "deterministic": lambda: changed(torch.use_deterministic_algorithms, True, False),
}


@pytest.mark.parametrize("setting", USERS)
def test_no_setting_changes_a_result(setting, on_torch):
    """The products' last digits alone may differ where PyTorch chooses another routine for them."""
    plain, losses = program()
    with USERS[setting]():
        other, others = program()
    np.testing.assert_allclose(others, losses, rtol=1e-6)
    for (dtype, device, values), (same_dtype, same_device, expected) in zip(other, plain, strict=True):
        assert (dtype, device) == (same_dtype, same_device)
        unit = 1e-3 if dtype == np.float16 else 1e-6
        np.testing.assert_allclose(values, expected, rtol=unit, atol=20 * unit)


def test_products_are_precise_where_the_user_set_that_the_newer_way(on_torch, kernel):
    """One kind of device at a time, which PyTorch's older question for it answers with an error."""
    if not hasattr(torch.backends, "fp32_precision"):
        pytest.skip("this PyTorch has only the older way")
    x = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    exact = x.astype(np.float64) @ x
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        found = kernel("matmul", x, x)
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before
    np.testing.assert_allclose(found, exact, atol=1e-4)


def test_kernels_record_no_gradient(on_torch):
    x = pf.constant([1.0, 2.0])
    results = [x * x, pf.exp(x), x[0], pf.sum(x), pf.function(lambda x: x * 2.0)(x), pf.zeros(2)]
    assert [value.array.requires_grad for value in results] == [False] * len(results)
