"""Random bits in PyTorch's ops, as GPUs and compiled programs draw them: those of polyflow's own generator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from polyflow import threefry

KEYS = [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x13198A2E, 0x03707344)]


@pytest.fixture(params=["host", "device"], autouse=True)
def way(request, monkeypatch):
    """By NumPy, as on the CPU, and by PyTorch, as anywhere else."""
    if request.param == "device":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


@pytest.fixture(params=KEYS, ids=["zeros", "ones", "pi"])
def key(request):
    return np.array(request.param, np.uint32)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7, 3), (1000,)])
def test_words(shape, key, kernel):
    size = int(np.prod(shape))
    found = kernel("random_bits", key, shape=shape, dtype=np.dtype("uint32"))
    assert found.tolist() == threefry.words(key, size).reshape(shape).tolist()
    assert found.dtype == np.uint32
    found = kernel("random_bits", key, shape=shape, dtype=np.dtype("uint64"))
    assert found.tolist() == threefry.words64(key, size).reshape(shape).tolist()
    assert found.dtype == np.uint64


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_permutations(n, key, kernel):
    assert kernel("random_permutation", key, n=n).tolist() == threefry.permutation(key, n).tolist()


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(), (5,), (8, 9)])
def test_masks(rate, shape, key, kernel):
    assert kernel("keep_mask", key, shape=shape, rate=rate).tolist() == threefry.keep_mask(key, shape, rate).tolist()


def test_keys_made_of_keys(key, kernel):
    state = np.array([*key, 0xFFFFFFFE], np.uint32)
    assert kernel("next_key", state).tolist() == threefry.fold_in(key, 0xFFFFFFFE).tolist()
    low = np.array([[0, 1], [0x7FFFFFFF, 0xFFFFFFFF]], np.uint32)
    pairs = np.stack(threefry.encrypt(key, 0x80000001, low), axis=-1)
    assert kernel("threefry2x32", key, low, high=0x80000001).tolist() == pairs.tolist()
