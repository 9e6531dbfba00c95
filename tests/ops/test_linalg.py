"""Linear algebra and Fourier transforms: results by what they mean, gradients by differences and by JAX."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import array_api_strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import polyflow as pf
from polyflow import array_api as xp
from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend
from polyflow.errors import LinAlgError, ShapeError
from polyflow.ops.declare import OPS

from .cases import EXTENSIONS
from .extensions import FUNCTIONS, matrix

linalg, fft = xp.linalg, xp.fft
KINDS = ("square", "tall", "wide")
STACKS = ((), (2, 1), (0,))
DTYPES = [*(("numpy", dtype) for dtype in (dt.float32, dt.float64, dt.complex64, dt.complex128))]
DTYPES += [("jax", dt.float32), ("jax", dt.complex128)]  # each case is a program for JAX to compile


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param) as found:
        found.host_fallbacks.clear()
        yield found
        assert found.host_fallbacks == {}


@pytest.fixture(params=DTYPES, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def dtype(request):
    """Every dtype, each on a backend."""
    with pf.use_backend(request.param[0]):
        yield request.param[1]


def close(got, expected, steps=60):
    """Equal within so many units of the largest element's last place."""
    got = got.numpy()
    assert got.shape == expected.shape
    size = np.abs(expected).max(initial=1.0)
    bound = steps * np.finfo(got.dtype).eps * size
    np.testing.assert_allclose(got, expected, rtol=0, atol=bound)


def h(x):
    return np.conj(np.swapaxes(x, -1, -2))


def t(x):
    return xp.conj(xp.matrix_transpose(x))


def identity(x, size):
    return np.broadcast_to(np.eye(size), (*x.shape[:-2], size, size))


@pytest.mark.parametrize("stack", STACKS, ids=str)
class TestFactors:
    """What is multiplied together again is the matrix; what should be orthonormal is; dtypes are the standard's."""

    def test_cholesky(self, dtype, stack):
        host = matrix("positive", dtype, stack)
        x = xp.asarray(host)
        low, up = linalg.cholesky(x), linalg.cholesky(x, upper=True)
        assert low.dtype is up.dtype is dtype
        close(low @ t(low), host)
        close(t(up) @ up, host)
        np.testing.assert_array_equal(low.numpy(), np.tril(low.numpy()))

    @pytest.mark.parametrize("mode", ["reduced", "complete"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_qr(self, dtype, stack, kind, mode):
        host = matrix(kind, dtype, stack)
        q, r = linalg.qr(xp.asarray(host), mode=mode)
        rows, columns = host.shape[-2:]
        inner = rows if mode == "complete" else min(rows, columns)
        assert (q.shape[-2:], r.shape[-2:]) == ((rows, inner), (inner, columns))
        assert q.dtype is r.dtype is dtype
        close(q @ r, host)
        close(t(q) @ q, identity(host, inner))
        np.testing.assert_array_equal(r.numpy(), np.triu(r.numpy()))

    @pytest.mark.parametrize("full", [False, True])
    @pytest.mark.parametrize("kind", KINDS)
    def test_svd(self, dtype, stack, kind, full):
        host = matrix(kind, dtype, stack)
        u, s, vh = linalg.svd(xp.asarray(host), full_matrices=full)
        rows, columns = host.shape[-2:]
        short = min(rows, columns)
        assert (u.dtype, s.dtype, vh.dtype) == (dtype, dt.real_of(dtype), dtype)
        assert u.shape[-1] == (rows if full else short)
        assert vh.shape[-2] == (columns if full else short)
        close((u[..., :short] * xp.expand_dims(xp.astype(s, dtype), axis=-2)) @ vh[..., :short, :], host)
        close(t(u) @ u, identity(host, u.shape[-1]))
        close(vh @ t(vh), identity(host, vh.shape[-2]))
        assert (np.diff(s.numpy()) <= 0).all()
        close(linalg.svdvals(xp.asarray(host)), s.numpy())

    def test_eigh(self, dtype, stack):
        host = matrix("positive", dtype, stack)
        w, v = linalg.eigh(xp.asarray(host))
        assert (w.dtype, v.dtype) == (dt.real_of(dtype), dtype)
        close((v * xp.expand_dims(xp.astype(w, dtype), axis=-2)) @ t(v), host)
        close(t(v) @ v, identity(host, 3))
        assert (np.diff(w.numpy()) >= 0).all()
        close(linalg.eigvalsh(xp.asarray(host)), w.numpy())

    def test_eig(self, dtype, stack):
        host = matrix("square", dtype, stack)
        w, v = linalg.eig(xp.asarray(host))
        assert w.dtype is v.dtype is dt.complex_of(dtype)
        close(xp.asarray(host) @ v, (v * xp.expand_dims(w, axis=-2)).numpy())
        np.testing.assert_allclose(np.linalg.norm(v.numpy(), axis=-2), 1.0, rtol=1e-5)
        close(linalg.eigvals(xp.asarray(host)), w.numpy())

    def test_inverse_and_solutions(self, dtype, stack):
        host = matrix("square", dtype, stack)
        x = xp.asarray(host)
        close(x @ linalg.inv(x), identity(host, 3))
        right, vector = host[..., :2], np.ones(3, dtype)
        close(x @ linalg.solve(x, xp.asarray(right)), right)
        close((x @ xp.expand_dims(linalg.solve(x, xp.asarray(vector)), axis=-1))[..., 0], np.ones(host.shape[:-1]))
        close(linalg.matrix_power(x, -2) @ x @ x, identity(host, 3))
        close(linalg.matrix_power(x, 0), identity(host, 3))
        close(linalg.matrix_power(x, 3), host @ host @ host)

    @pytest.mark.parametrize("kind", KINDS)
    def test_pseudo_inverse(self, dtype, stack, kind):
        host = matrix(kind, dtype, stack)
        x = xp.asarray(host)
        for inverse in (linalg.pinv(x), linalg.pinv(x, rtol=xp.full(stack, 1e-6))):
            close(x @ inverse @ x, host)
            close(t(x @ inverse), (x @ inverse).numpy())

    def test_determinant(self, dtype, stack):
        """By Leibniz's formula."""
        host = matrix("square", dtype, stack).astype(np.complex128 if dtype in dt.COMPLEX else np.float64)
        a, b, c = (host[..., i, :] for i in range(3))
        true = np.sum(np.cross(a, b) * c, axis=-1)
        x = xp.asarray(host.astype(dtype))
        close(linalg.det(x), true, 200)
        sign, size = linalg.slogdet(x)
        assert (sign.dtype, size.dtype) == (dtype, dt.real_of(dtype))
        close(sign * xp.astype(xp.exp(size), dtype), true, 200)


class TestTransforms:
    """Against the sum that defines them, in float64."""

    @pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
    @pytest.mark.parametrize("n", [1, 4, 7])
    def test_along_an_axis(self, dtype, norm, n):
        given = matrix("any", dtype)
        host, x = given.astype(np.complex128), xp.asarray(given)
        cut = np.pad(host, ((0, 0), (0, max(n - 4, 0))))[:, :n]
        wave = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
        scale = {"backward": 1.0, "ortho": n**-0.5, "forward": 1 / n}[norm]
        found = fft.fft(x, n=n, norm=norm)
        assert found.dtype is dt.complex_of(dtype)
        close(found, cut @ wave * scale)
        close(fft.ifft(x, n=n, norm=norm), cut @ np.conj(wave) / n / scale)
        real = xp.asarray(host.real.astype(dt.real_of(dtype)))
        close(fft.rfft(real, n=n, norm=norm), (cut.real @ wave * scale)[:, : n // 2 + 1])
        close(fft.ihfft(real, n=n, norm=norm), (np.conj(cut.real @ wave) / n / scale)[:, : n // 2 + 1])
        half = cut.real @ wave * scale
        close(fft.irfft(xp.asarray(half[:, : n // 2 + 1].astype(found.dtype)), n=n, norm=norm), cut.real)
        close(
            fft.hfft(xp.asarray(np.conj(half / n / scale**2)[:, : n // 2 + 1].astype(found.dtype)), n=n, norm=norm),
            cut.real,
        )

    def test_several_axes(self, dtype):
        given = matrix("any", dtype, (2,))
        host, x = given.astype(np.complex128), xp.asarray(given)
        close(fft.fftn(x), np.fft.fftn(host))
        close(fft.fftn(x, axes=(0, 2), s=(3, 2)), np.fft.fftn(host, axes=(0, 2), s=(3, 2)))
        close(fft.ifftn(fft.fftn(x)), host)
        real = host.real.astype(dt.real_of(dtype))
        close(fft.irfftn(fft.rfftn(xp.asarray(real)), s=real.shape, axes=(0, 1, 2)), real)
        close(fft.rfftn(xp.asarray(real), axes=(2, 0)), np.fft.rfftn(real, axes=(2, 0)))

    def test_shifts(self, dtype):
        host = matrix("any", dtype)
        for axes in (None, 0, (1,), (0, 1)):
            moved = fft.fftshift(xp.asarray(host), axes=axes)
            np.testing.assert_array_equal(moved.numpy(), np.fft.fftshift(host, axes))
            np.testing.assert_array_equal(fft.ifftshift(moved, axes=axes).numpy(), host)


def test_frequencies(backend):
    np.testing.assert_allclose(fft.fftfreq(5, d=0.5).numpy(), np.fft.fftfreq(5, 0.5), rtol=1e-6)
    np.testing.assert_array_equal(fft.rfftfreq(6, dtype=xp.float64).numpy(), np.fft.rfftfreq(6))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", [dt.float64, dt.complex128], ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norms(ord, kind, dtype, keepdims):
    host = matrix(kind, dtype, (2,))
    found = linalg.matrix_norm(xp.asarray(host), ord=ord, keepdims=keepdims)
    close(found, np.linalg.norm(host, ord, axis=(-2, -1), keepdims=keepdims))


@pytest.mark.parametrize("axis", [None, 0, (0, 1), -1])
@pytest.mark.parametrize("ord", [0, 1, 2, 3, 2.5, -1, -2, np.inf, -np.inf])
def test_vector_norms(ord, axis):
    host = matrix("any", dt.float64)
    if axis is None or isinstance(axis, tuple):
        expected = np.linalg.norm(host.ravel(), ord)
    else:
        expected = np.linalg.norm(host, ord, axis=axis)
    close(linalg.vector_norm(xp.asarray(host), axis=axis, ord=ord), np.asarray(expected))
    assert linalg.vector_norm(xp.asarray(host), keepdims=True, ord=ord).shape == (1, 1)


def test_norms_at_zero_have_gradient_0():
    for ord in (1, 2, 3, 2.5):
        found = pf.grad(lambda x, ord=ord: linalg.vector_norm(x, ord=ord))(pf.constant([0.0, 0.0]))
        assert found.tolist() == [0.0, 0.0]


def test_rank(backend):
    x = xp.asarray(np.array([[[1.0, 2], [2, 4]], [[1, 0], [0, 1]], [[0, 0], [0, 0]]]))
    assert linalg.matrix_rank(x).tolist() == [1, 2, 0]
    assert linalg.matrix_rank(x, rtol=xp.asarray([0.0, 2.0, 0.0])).tolist()[1:] == [0, 0]
    assert linalg.matrix_rank(xp.zeros((2, 0))).item() == 0


def test_cross(backend):
    a, b = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 0.5])
    close(linalg.cross(xp.asarray(a), xp.asarray(b)), np.cross(a, b))
    close(linalg.cross(xp.asarray(a.T), xp.asarray(a.T[:, ::-1].copy()), axis=0), np.cross(a, a[::-1]).T)
    with pytest.raises(ShapeError, match="3 elements"):
        linalg.cross(xp.ones(2), xp.ones(2))


def test_integers_and_halves_are_computed_in_float32(backend):
    assert linalg.inv(xp.asarray([[2, 0], [0, 4]])).dtype is dt.float32
    assert linalg.svdvals(xp.asarray(np.eye(2, dtype=np.float16))).dtype is dt.float32
    assert fft.fft(xp.asarray([1, 2])).dtype is dt.complex64
    assert linalg.eigh(xp.asarray([[2, 1], [1, 2]]))[0].tolist() == pytest.approx([1.0, 3.0])


ERRORS = {
    "singular": (lambda: linalg.inv(xp.ones((2, 2))), LinAlgError, "inv: a matrix is singular"),
    "no solution": (lambda: linalg.solve(xp.ones((2, 2)), xp.ones(2)), LinAlgError, "solve: a matrix is singular"),
    "not positive": (lambda: linalg.cholesky(-xp.eye(2)), LinAlgError, "cholesky: a matrix is not positive definite"),
    "not square": (lambda: linalg.det(xp.ones((2, 3))), ShapeError, "square"),
    "no matrix": (lambda: linalg.svd(xp.ones(3)), ShapeError, "matrices"),
    "rows": (lambda: linalg.solve(xp.eye(2), xp.ones(3)), ShapeError, "do not fit"),
    "mode": (lambda: linalg.qr(xp.eye(2), mode="full"), ValueError, "complete"),
    "norm": (lambda: fft.fft(xp.ones(2), norm="both"), ValueError, "ortho"),
    "length": (lambda: fft.fft(xp.ones(2), n=0), ValueError, "1 or more"),
    "ord": (lambda: linalg.matrix_norm(xp.eye(2), ord=3), ValueError, "fro"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(backend, case):
    """The same class and words on every backend."""
    call, kind, words = ERRORS[case]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    "name", ["cholesky", "eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "pinv", "inv", "det"]
)
def test_matrices_with_nan_give_nan_and_leave_their_neighbours_alone(backend, name):
    host = np.stack([np.array([[2.0, np.nan], [np.nan, 1.0]]), np.diag([2.0, 3.0])])
    found = getattr(linalg, name)(xp.asarray(host))
    for part in found if isinstance(found, tuple) else (found,):
        flat = np.isnan(part.numpy().reshape(2, -1))
        assert flat[0].any()
        assert not flat[1].any()


@pytest.mark.parametrize("call", [lambda x: linalg.qr(x, mode="complete")[0], lambda x: linalg.svd(x)[0]])
def test_what_is_not_unique_has_no_gradient(call):
    with pytest.raises(LinAlgError, match="not unique"):
        pf.grad(lambda x: xp.sum(call(x)))(xp.asarray(matrix("tall", dt.float64)))


def test_equal_eigenvalues_do_not_spoil_functions_of_the_values():
    found = pf.grad(lambda x: xp.sum(linalg.eigh(x)[0] ** 2) + xp.sum(linalg.svd(x)[1]))(xp.eye(3, dtype=xp.float64))
    np.testing.assert_allclose(found.numpy(), 3 * np.eye(3), atol=1e-12)


# Gradients --------------------------------------------------------------------------------------------------------


def test_every_op_of_the_extensions_is_differentiated_here():
    assert {one.op for one in FUNCTIONS.values()} == set(EXTENSIONS)
    assert all(OPS[name].differentiable for name in EXTENSIONS)


def inner(a, b):
    return float(np.sum(np.real(np.conj(a) * b)))


@pytest.mark.parametrize("dtype", [dt.float64, dt.complex128], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_and_second_derivatives_along_a_direction(name, dtype):
    """Of polyflow's rules, against central differences of the function itself."""
    one = FUNCTIONS[name]
    x = matrix(one.argument, dtype)
    d = matrix("any", dtype, seed=5)[: x.shape[0], : x.shape[1]] if x.shape[0] < 4 else matrix("tall", dtype, seed=5)

    def value(at):
        return one.function(xp, at)

    def slope(at):
        return xp.sum(xp.real(xp.conj(pf.grad(value)(at)) * xp.asarray(d)))

    def at(step):
        return value(xp.asarray(x + step * d)).item()

    first = (at(1e-6) - at(-1e-6)) / 2e-6
    assert slope(xp.asarray(x)).item() == pytest.approx(first, rel=1e-5, abs=1e-6)
    second = (at(2e-4) - 2 * at(0.0) + at(-2e-4)) / 4e-8
    found = inner(pf.grad(slope)(xp.asarray(x)).numpy(), d)
    assert found == pytest.approx(second, rel=2e-4, abs=2e-4)


@pytest.mark.parametrize("dtype", [dt.float64, dt.complex128], ids=str)
@pytest.mark.parametrize("name", [name for name, one in FUNCTIONS.items() if one.jax])
def test_gradients_are_those_of_jax(name, dtype):
    one = FUNCTIONS[name]
    x = matrix(one.argument, dtype)
    mine = pf.grad(functools.partial(one.function, xp))(xp.asarray(x)).numpy()
    with jax.enable_x64(True):
        theirs = np.conj(np.asarray(jax.jit(jax.grad(functools.partial(one.function, jnp)))(x)))
    np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-9 * np.abs(theirs).max())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_gradients_are_the_eager_ones(name, backend):
    """Ops with several results stand in graphs too."""
    one = FUNCTIONS[name]
    x = xp.asarray(matrix(one.argument, dt.float64))
    value_and_grad = pf.value_and_grad(functools.partial(one.function, xp))
    for mine, other in zip(value_and_grad(x), pf.function(value_and_grad)(x), strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-9, atol=1e-9)


def test_a_choice_among_results_has_a_gradient():
    """What a `where` did not take of a factor passes no cotangent on."""
    x = xp.asarray(matrix("square", dt.float64))

    def function(x):
        u, s, _ = linalg.svd(x, full_matrices=False)
        return xp.sum(xp.where(s > 4.0, s * s, 1.0)) + xp.sum(xp.where(u > 9.0, u, 0.0))

    s = linalg.svdvals(x).numpy()
    u, _, vh = (part.numpy() for part in linalg.svd(x))
    np.testing.assert_allclose(pf.grad(function)(x).numpy(), (u * np.where(s > 4, 2 * s, 0)) @ vh, atol=1e-12)


def test_a_library_without_the_extension_computes_on_the_host():
    """Its reference serves; ops with several results too."""

    class Bare(ArrayNamespaceBackend):
        name = "bare"
        xp = SimpleNamespace(**{k: v for k, v in vars(array_api_strict).items() if k not in ("linalg", "fft")})

    bare = Bare()
    x = pf.Tensor(bare.asarray(np.array([[2.0, 1.0], [1.0, 3.0]])), bare)
    q, r = linalg.qr(x)
    np.testing.assert_allclose((q @ r).numpy(), x.numpy())
    np.testing.assert_allclose(fft.ifft(fft.fft(x)).numpy(), x.numpy(), atol=1e-12)
    assert set(bare.host_fallbacks) == {"qr", "fft", "ifft"}
