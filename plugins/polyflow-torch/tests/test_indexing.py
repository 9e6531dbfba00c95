"""Indexing against NumPy's: keys of every kind, at random; sums of updates in one order, whatever the threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sampling import samples

import polyflow as pf
from polyflow import dtypes as dt

SHAPE = (4, 5, 3, 2)


def random_key(rng, arrays):
    """A key of integers, slices that run both ways, None, and index arrays that broadcast together."""
    shape = rng.choice([1, 3], rng.integers(0, 3))
    key = []
    for size in SHAPE[: rng.integers(1, 5)]:
        kind = rng.choice(["int", "slice", "array"] if arrays else ["int", "slice"])
        if kind == "int":
            key.append(int(rng.integers(-size, size)))
        elif kind == "slice":
            start, stop = (None if rng.random() < 0.4 else int(rng.integers(-size - 1, size + 2)) for _ in range(2))
            key.append(slice(start, stop, int(rng.choice([-2, -1, 1, 2]))))
        else:
            key.append(rng.integers(-size, size, shape))
        if rng.random() < 0.15:
            key.append(None)
    return tuple(key)


def keys(count, arrays):
    rng = np.random.default_rng(7)
    return [random_key(rng, arrays) for _ in range(count)]


@pytest.fixture(params=["one order", "any order"])
def way(request, monkeypatch):
    """Both ways of adding updates: that of CPUs, and that of GPUs and compiled programs."""
    if request.param == "any order":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


@pytest.mark.parametrize("dtype", [dt.float32, dt.bfloat16, dt.uint32, dt.complex128, dt.bool_], ids=str)
@pytest.mark.parametrize("arrays", [False, True], ids=["static", "arrays"])
def test_reading(dtype, arrays, on_torch):
    x = samples(dtype, np.random.default_rng(0), SHAPE)
    tensor = pf.constant(x)
    for key in keys(150, arrays):
        found, expected = tensor[key].numpy(), x[key]
        assert found.shape == expected.shape, key
        assert (found == expected).all(), key


@pytest.mark.parametrize("dtype", [dt.float64, dt.float16, dt.uint16, dt.int8], ids=str)
@pytest.mark.parametrize("arrays", [False, True], ids=["static", "arrays"])
def test_adding_and_replacing(dtype, arrays, on_torch, way):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 9, SHAPE).astype(dtype)
    tensor, numbers, once = pf.constant(x), np.arange(x.size).reshape(SHAPE), 0
    for key in keys(100, arrays):
        place = x[key].shape
        updates = rng.integers(0, 9, place[rng.integers(0, len(place) + 1) :]).astype(dtype)
        added = x.copy()
        np.add.at(added, key, updates)
        found = pf.index_add(tensor, key, pf.constant(updates)).numpy()
        assert (found == added).all(), (key, updates.shape)
        if len(np.unique(numbers[key])) == numbers[key].size:  # an element that is set twice is refused
            replaced, once = x.copy(), once + 1
            replaced[key] = updates
            assert (pf.index_set(tensor, key, pf.constant(updates)).numpy() == replaced).all(), (key, updates.shape)
    assert once > 20
    assert (tensor.numpy() == x).all(), "the tensor itself does not change"


@pytest.mark.parametrize("width", [1, 3, 64])
@pytest.mark.parametrize("dtype", [dt.float32, dt.float16], ids=str)
def test_updates_are_added_in_one_order(width, dtype, on_torch):
    """In float32 PyTorch's own `index_put_` adds in the order in which its threads come."""
    rng = np.random.default_rng(2)
    key = pf.constant(rng.integers(0, 50, 20000))
    updates = pf.constant((rng.normal(size=(20000, width)) * 100).astype(dtype))
    first = pf.index_add(pf.zeros((50, width), dtype), key, updates).numpy()
    for _ in range(10):
        assert np.array_equal(pf.index_add(pf.zeros((50, width), dtype), key, updates).numpy(), first)


@pytest.mark.parametrize("width", [1, 40], ids=["elements", "rows"])
@pytest.mark.parametrize("conjugated", [False, True])
def test_complex_updates_with_an_infinite_part(width, conjugated, on_torch):
    """The other part stays a number."""
    start, updates = np.zeros((3, width), complex), np.full((2, width), complex(2.0, np.inf))
    updates[1] = complex(-np.inf, 3.0)
    x, u = pf.constant(start), pf.constant(updates)
    found = pf.index_add(pf.conj(x), [2, 0], pf.conj(u)) if conjugated else pf.index_add(x, [2, 0], u)
    expected = start.copy()
    expected[[2, 0]] = updates.conj() if conjugated else updates
    np.testing.assert_array_equal(found.numpy().real, expected.real)
    np.testing.assert_array_equal(found.numpy().imag, expected.imag)


@pytest.mark.parametrize("bad", [[0, 7], [[-6, 0]], [0, 5]], ids=str)
@pytest.mark.parametrize("dtype", [dt.int8, dt.int64, dt.uint8, dt.uint64], ids=str)
def test_an_index_outside_is_an_error(bad, dtype, on_torch):
    """In every op, also in an index array of unsigned numbers, which PyTorch takes for a mask, or for negative."""
    index = pf.constant(np.array(bad).astype(dtype))
    x = pf.zeros((3, 5))
    for wrong in (
        lambda: x[:, index],
        lambda: x[0, index],
        lambda: pf.index_add(x, (0, index), 1.0),
        lambda: pf.index_set(x, (slice(None), index), 1.0),
    ):
        with pytest.raises(IndexError, match="out of bounds for axis 1 of size 5"):
            wrong()
