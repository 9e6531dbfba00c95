"""Whose memory a tensor has: copied on the way in, shared where nobody will write, read-only on the way out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.tensor import Tensor

BIG = (64, 65)


def pointer(array):
    return array.data_ptr() if isinstance(array, torch.Tensor) else array.ctypes.data


@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
def test_values_come_in_by_a_copy_and_go_out_by_none(dtype, backend):
    host = (np.arange(6) % 2).reshape(2, 3).astype(dtype)
    array = backend.asarray(host)
    host[...] = 0
    out = backend.to_numpy(array)
    assert out.dtype is dtype
    assert out.astype(np.complex128).tolist() == [[0, 1, 0], [1, 0, 1]]
    assert pointer(out) == pointer(array)
    with pytest.raises(ValueError, match="read-only"):
        out[0, 0] = 1


@pytest.mark.parametrize(
    "host",
    [
        np.arange(12)[::-1],
        np.arange(12).reshape(3, 4).T,
        np.broadcast_to(np.float32(2), (3, 4)),
        np.arange(6, dtype=">f8"),
        np.zeros((0, 3)),
        np.array(1.5),
    ],
    ids=["reversed", "transposed", "broadcast", "swapped", "empty", "0-d"],
)
@pytest.mark.parametrize("way", ["asarray", "adopt"])
def test_any_layout_comes_in(host, way, backend):
    """PyTorch knows neither negative strides nor bytes in the other order."""
    array = getattr(backend, way)(host)
    assert backend.to_numpy(array).tolist() == host.tolist()
    assert backend.to_numpy(array).shape == host.shape


@pytest.mark.parametrize("dtype", [dt.float32, dt.bfloat16, dt.uint16, dt.bool_, dt.complex64], ids=str)
@pytest.mark.parametrize("writeable", [True, False])
def test_large_arrays_are_adopted_without_a_copy(dtype, writeable, backend):
    """Also read-only ones, of which PyTorch warns; they outlive the array they came from."""
    host = np.ones(BIG, dtype)
    host.flags.writeable = writeable
    place = pointer(host)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = backend.adopt(host)
    assert pointer(array) == place
    del host
    assert bool((array == 1).all())
    assert backend.dtype_of(array) is dtype


def test_dlpack_shares_memory_both_ways(on_torch):
    x = pf.constant(np.arange(6, dtype=np.float32))
    assert pointer(torch.from_dlpack(x)) == pointer(x.array)
    assert pointer(np.from_dlpack(x)) == pointer(x.array)
    theirs = torch.arange(4.0)
    ours = on_torch.from_dlpack(theirs)
    assert pointer(ours) == pointer(theirs)
    assert (Tensor(ours, on_torch) + 1.0).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_users_tensor_is_copied(on_torch):
    theirs = torch.arange(4.0)
    ours = pf.constant(theirs)
    theirs += 1
    assert ours.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_an_array_of_which_pytorch_records_the_gradient_comes_in_detached_only(on_torch):
    """PyTorch refuses to hand it over by DLPack as it is: no graph of the user's grows by what is computed here."""
    theirs = torch.ones(3, requires_grad=True)
    with pytest.raises((BufferError, RuntimeError), match="detach"):
        on_torch.from_dlpack(theirs)
    ours = Tensor(on_torch.from_dlpack(theirs.detach()), on_torch)
    assert pointer(ours.array) == pointer(theirs)
    assert not (ours * 2.0).array.requires_grad
