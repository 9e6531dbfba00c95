"""Values that move: into a backend, out of it, between backends, and to and from other libraries."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import UnsupportedError

SHAPES = [(), (3,), (2, 3), (0,), (2, 0, 3)]


def host(dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    values = numbers % 2 == 0 if dtype is dt.bool_ else numbers * 1.5 - 2 + (1j if dtype in dt.COMPLEX else 0)
    return values.astype(dtype)


def same(got: np.ndarray, expected: np.ndarray) -> None:
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_every_dtype_goes_to_another_backend_and_back(dtype, shape, numpy, backend):
    """The same bits, dtype and shape on the way there and on the way back."""
    values = host(dtype, shape)
    start = pf.tensor(values, backend=numpy)
    if dtype not in backend.capabilities.dtypes:
        with pytest.raises(UnsupportedError, match=f"has no dtype {dtype.name}"):
            start.to(backend)
        return
    there = start.to(backend)
    assert there.backend is backend
    assert there.dtype is dtype
    same(there.numpy(), values)
    same(there.to("numpy").numpy(), values)


@pytest.mark.parametrize("offset", range(0, 64, 4))
def test_a_later_write_to_the_users_array_does_not_show(offset, backend):
    """At every alignment: JAX keeps the memory of an aligned array unless it is told to copy."""
    memory = np.zeros(4096 + 64, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    values = memory[start : start + 4000].view(np.float32)
    values[:] = 1.0
    tensors = [pf.tensor(values, backend=backend), pf.tensor(values, backend="numpy").to(backend)]
    tensors += [pf.tensor(values, "float64", backend=backend), tensors[0] + tensors[0]]
    values[:] = 7.0
    for tensor, expected in zip(tensors, (1.0, 1.0, 1.0, 2.0), strict=True):
        assert (tensor.numpy() == expected).all()


def test_nothing_is_read_after_the_call_returned(jax):
    """JAX works on while Python goes on; what it was given is a private copy by then."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        values = rng.normal(size=(300, 300))
        expected = values @ values
        tensor = pf.tensor(values, backend=jax)
        product = tensor @ tensor
        values[:] = 0.0
        np.testing.assert_allclose(product.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_values_on_the_host_cannot_be_written_to(backend):
    """A view of a tensor is read-only, also where the tensor's own memory is not."""
    x = pf.tensor(np.ones((2, 3)), backend=backend)
    for tensor in (x, x + 1.0, x[0], x[0, 0], pf.sum(x), pf.reshape(x, (3, 2))):
        view = tensor.numpy()
        with pytest.raises((ValueError, TypeError), match="read-only|item assignment"):
            view[...] = 5.0
    assert (x.numpy() == 1.0).all()


def test_a_write_to_the_librarys_array_does_not_show_in_another_tensor(numpy):
    """NumPy's views share memory with what they are views of; results of arithmetic share none."""
    x = pf.tensor(np.ones((4, 4), np.float32), backend=numpy)
    results = [x + 0.0, x * 1.0, pf.exp(x), pf.sum(x, 0), pf.concat([x, x]), pf.where(x > 0, x, 0.0), x @ x]
    results += [x[np.array([0, 1])], pf.sort(x), pf.pad(x, 1), pf.clip(x, 0.0, 2.0), pf.astype(x, "float64")]
    for result in results:
        assert not np.shares_memory(np.asarray(result.array), x.array)


# DLPack ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [d for d in dt.ALL if d is not dt.bfloat16], ids=str)
def test_tensors_are_given_away_by_dlpack(dtype, backend):
    """NumPy reads a tensor of any host backend without knowing it."""
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"{backend.name} does not hold {dtype}")
    values = host(dtype, (2, 3))
    tensor = pf.tensor(values, backend=backend)
    same(np.from_dlpack(tensor), values)
    assert tensor.__dlpack_device__()[0] == 1


def test_torch_and_polyflow_exchange_tensors(backend):
    """Both ways, and the numbers outlive whichever goes first."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'polyflow-core[bench]'")
    theirs = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    ours = pf.tensor(theirs, backend=backend)
    theirs += 100
    same(ours.numpy(), np.arange(6, dtype=np.float32).reshape(2, 3))
    back = torch.from_dlpack(ours + 1.0)
    del ours
    assert back.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_jax_and_polyflow_exchange_arrays(backend):
    """In float64 too, which JAX by itself would narrow."""
    jnp = pytest.importorskip("jax", reason="JAX is not installed: pip install 'polyflow-core[jax]'").numpy
    ours = pf.tensor(jnp.arange(3.0), backend=backend)
    assert ours.dtype is dt.float32
    assert ours.tolist() == [0.0, 1.0, 2.0]
    assert jnp.from_dlpack(ours * 2.0).tolist() == [0.0, 2.0, 4.0]
