"""Linear algebra: results by what they mean, gradients by both ways, matrices that PyTorch refuses."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import array_api as xp
from polyflow import dtypes as dt
from polyflow.errors import LinAlgError
from polyflow.tensor import Tensor

STACK = (2, 3)
DTYPES = (dt.float32, dt.float64, dt.complex64, dt.complex128)


def matrices(dtype, rows=3, columns=3):
    rng = np.random.default_rng(rows)
    x = rng.normal(size=(2, *STACK, rows, columns))
    x = x[0] + 1j * x[1] if dtype in dt.COMPLEX else x[0]
    return (x + 4 * np.eye(rows, columns)).astype(dtype)


def close(found, expected):
    assert found.dtype is dt.as_dtype(expected.dtype)
    np.testing.assert_allclose(found.numpy(), expected, atol=1000 * dt.finfo(found.dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", [(3, 3), (4, 2), (2, 4)], ids=str)
def test_factors_multiply_to_the_matrix(size, dtype, on_torch):
    host = matrices(dtype, *size)
    x = pf.constant(host)
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    close((u * xp.expand_dims(s.astype(dtype), axis=-2)) @ vh, host)
    q, r = xp.linalg.qr(x)
    close(q @ r, host)
    close(x @ xp.linalg.pinv(x) @ x, host)
    assert on_torch.host_fallbacks == {}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_square_matrices(dtype, on_torch):
    host = matrices(dtype)
    x = pf.constant(host)
    positive = x @ xp.conj(xp.matrix_transpose(x))
    low = xp.linalg.cholesky(positive)
    close(low @ xp.conj(xp.matrix_transpose(low)), positive.numpy())
    values, vectors = xp.linalg.eigh(positive)
    close(positive @ vectors - vectors * xp.expand_dims(values.astype(dtype), axis=-2), np.zeros_like(host))
    values, vectors = xp.linalg.eig(x)
    assert values.dtype is dt.complex_of(dtype)
    left, right = x.astype(values.dtype) @ vectors, vectors * xp.expand_dims(values, axis=-2)
    close(left - right, np.zeros(host.shape, values.dtype))
    sign, size = xp.linalg.slogdet(x)
    close(sign * xp.exp(size).astype(dtype), np.linalg.det(host))
    close(xp.linalg.inv(x) @ x, np.broadcast_to(np.eye(3, dtype=dtype), host.shape))


@pytest.mark.parametrize("sides", [(3,), (3, 2), (2, 3, 2), (4, 2, 3, 2)], ids=str)
def test_right_hand_sides_are_one_vector_or_matrices(sides, on_torch):
    """Where the shapes let it, PyTorch takes a stack of matrices for one of vectors."""
    a = np.random.default_rng(0).normal(size=(2, 3, 3)) + 3 * np.eye(3)
    b = np.random.default_rng(1).normal(size=sides)
    expected = np.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, b)
    np.testing.assert_allclose(xp.linalg.solve(pf.constant(a), pf.constant(b)).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["cholesky", "eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "qr", "pinv"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_leaves_its_neighbours_alone(name, bad, on_torch, capfd):
    host = np.stack([np.array([[2.0, bad], [bad, 1.0]]), np.diag([2.0, 3.0])])
    found = getattr(xp.linalg, name)(pf.constant(host))
    for part in found if isinstance(found, tuple) else (found,):
        values = part.numpy().reshape(2, -1)
        assert np.isnan(values[0]).all()
        assert np.isfinite(values[1]).all()
    assert capfd.readouterr() == ("", "")


def test_singular_matrices_raise(on_torch):
    x = pf.constant([[1.0, 2.0], [2.0, 4.0]])
    for wrong in (lambda: xp.linalg.inv(x), lambda: xp.linalg.solve(x, x), lambda: xp.linalg.cholesky(-x)):
        with pytest.raises(LinAlgError):
            wrong()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_transforms(norm, axis, on_torch):
    x = np.random.default_rng(0).normal(size=(5, 6))
    z = x + 1j * x[::-1]
    for name, given in (("fft", z), ("ifft", z), ("rfft", x), ("hfft", z), ("ihfft", x), ("irfft", z)):
        found = getattr(xp.fft, name)(pf.constant(given), axis=axis, norm=norm)
        np.testing.assert_allclose(found.numpy(), getattr(np.fft, name)(given, axis=axis, norm=norm), atol=1e-12)
    assert on_torch.host_fallbacks == {}


@pytest.mark.parametrize("shape", [(0, 4), (2, 0, 4)])
def test_transforms_of_no_lines(shape, on_torch):
    """MKL takes these for a mistake."""
    x = np.zeros(shape)
    for name, given in (("fft", x + 0j), ("ifft", x + 0j), ("rfft", x), ("irfft", x + 0j)):
        found, expected = getattr(xp.fft, name)(pf.constant(given)).numpy(), getattr(np.fft, name)(given)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)


def test_native_gradients_equal_the_rules(on_torch):
    def function(x):
        positive = x @ xp.matrix_transpose(x)
        values = xp.linalg.eigvalsh(positive) ** 1.5
        inverse = xp.linalg.solve(positive, xp.linalg.cholesky(positive))
        spectrum = xp.abs(xp.fft.rfft(x)) ** 3.0
        return pf.sum(values) + pf.sum(inverse * x) + pf.sum(xp.linalg.slogdet(x)[1]) + pf.sum(spectrum)

    x = pf.constant(matrices(dt.float64)[0])
    graph = pf.function(function).graph(x)
    (found,) = on_torch.native_vjp(graph)([x.array], [on_torch.asarray(np.float64(1))])
    np.testing.assert_allclose(Tensor(found, on_torch).numpy(), pf.grad(function)(x).numpy(), rtol=1e-9, atol=1e-9)
