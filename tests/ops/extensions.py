"""Functions of linear algebra and Fourier transforms whose values do not depend on signs, phases or orders.

Each takes a tensor (or an array of `jax.numpy`, with its namespace) and gives one real number, so that gradients can be
held to central differences and to JAX's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Function(NamedTuple):
    """One function of a matrix.

    Attributes:
        op: the op that it is about.
        function: ``function(xp, x)``, with ``xp`` a namespace of the array API standard.
        argument: the kind of matrix it is defined on.
        jax: whether JAX has a gradient for it.
    """

    op: str
    function: Callable[[Any, Any], Any]
    argument: str = "any"
    jax: bool = True


RNG = np.random.default_rng(7)
WEIGHTS = RNG.normal(size=(8, 8))


def weighted(xp: Any, x: Any) -> Any:
    """The sum of the real and imaginary parts, each times a weight of its own."""
    rows, columns = x.shape[-2:] if x.ndim > 1 else (1, x.shape[-1])
    parts = [xp.real(x), xp.imag(x)] if xp.isdtype(x.dtype, "complex floating") else [x]
    weights = [WEIGHTS[:rows, :columns].reshape(x.shape[-2:] if x.ndim > 1 else (columns,)), WEIGHTS[-rows:, -columns:]]
    return sum(xp.sum(part * xp.asarray(w.reshape(weights[0].shape))) for part, w in zip(parts, weights, strict=False))


def sizes(xp: Any, x: Any) -> Any:
    """Weighted squares of the sizes: phases do not matter."""
    return weighted(xp, xp.abs(x) ** 2)


def _svd(xp: Any, x: Any, full: bool = False) -> Any:
    u, s, vh = xp.linalg.svd(x, full_matrices=full)
    return sizes(xp, u) + weighted(xp, s) + sizes(xp, vh)


def _svd_product(xp: Any, x: Any) -> Any:
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    return weighted(xp, xp.matmul(u * xp.astype(xp.exp(0.3 * s), u.dtype), vh))


def _qr(xp: Any, x: Any) -> Any:
    q, r = xp.linalg.qr(x)
    return sizes(xp, q) + sizes(xp, r)


def _eigh(xp: Any, x: Any) -> Any:
    w, v = xp.linalg.eigh(0.5 * (x + xp.conj(xp.matrix_transpose(x))))
    return weighted(xp, w) + sizes(xp, v)


def _eig(xp: Any, x: Any) -> Any:
    w, v = xp.linalg.eig(x)
    kept = xp.asarray(np.array([[1.0], [2.0], [0.5]]))
    return xp.sum(xp.real(w**3)) + xp.sum(xp.abs(v * kept) ** 2 * xp.expand_dims(xp.real(w), axis=-2))


def _slogdet(xp: Any, x: Any) -> Any:
    sign, size = xp.linalg.slogdet(x)
    return xp.sum(size) + xp.sum(xp.real(sign)) + xp.sum(xp.imag(sign * (1 + 0j)))


def _other(xp: Any, x: Any, *shape: int) -> Any:
    return xp.astype(xp.asarray(np.random.default_rng(3).normal(size=shape)), x.dtype)


def _hermitian(xp: Any, x: Any) -> Any:
    return 0.5 * (x + xp.conj(xp.matrix_transpose(x)))


FUNCTIONS: dict[str, Function] = {
    "inv": Function("inv", lambda xp, x: weighted(xp, xp.linalg.inv(x)), "square"),
    "det": Function("det", lambda xp, x: xp.real(xp.linalg.det(x)) ** 2, "square"),
    "slogdet": Function("slogdet", _slogdet, "square"),
    "solve": Function("solve", lambda xp, x: weighted(xp, xp.linalg.solve(x, _other(xp, x, 3, 2)) ** 2), "square"),
    "solve-vector": Function("solve", lambda xp, x: weighted(xp, xp.linalg.solve(x, _other(xp, x, 3))), "square"),
    "solve-right": Function(
        "solve", lambda xp, x: weighted(xp, xp.linalg.solve(_other(xp, x, 3, 3), x) ** 2), "square"
    ),
    "solve-stack": Function(
        "solve", lambda xp, x: weighted(xp, xp.linalg.solve(x, _other(xp, x, 2, 3, 2))[1] ** 2), "square"
    ),
    "cholesky": Function("cholesky", lambda xp, x: weighted(xp, xp.linalg.cholesky(_hermitian(xp, x))), "positive"),
    "cholesky-upper": Function(
        "cholesky", lambda xp, x: weighted(xp, xp.linalg.cholesky(_hermitian(xp, x), upper=True)), "positive"
    ),
    "eigvalsh": Function("eigvalsh", lambda xp, x: weighted(xp, xp.linalg.eigvalsh(_hermitian(xp, x))), "positive"),
    "eigh": Function("eigh", _eigh, "positive"),
    "eigvals": Function("eigvals", lambda xp, x: xp.sum(xp.real(xp.linalg.eigvals(x) ** 3)), "square"),
    "eig": Function("eig", _eig, "square", jax=False),
    "qr": Function("qr", _qr, "square"),
    "qr-tall": Function("qr", _qr, "tall"),
    "qr-wide": Function("qr", _qr, "wide", jax=False),
    "qr-complete": Function("qr", lambda xp, x: sizes(xp, xp.linalg.qr(x, mode="complete")[1]), "wide", jax=False),
    "svd": Function("svd", lambda xp, x: _svd(xp, x, True), "square"),
    "svd-tall": Function("svd", _svd, "tall"),
    "svd-wide": Function("svd", _svd, "wide"),
    "svd-product": Function("svd", _svd_product, "tall"),
    "svdvals": Function("svdvals", lambda xp, x: weighted(xp, xp.linalg.svdvals(x)), "wide"),
    "pinv-tall": Function("pinv", lambda xp, x: weighted(xp, xp.linalg.pinv(x)), "tall"),
    "pinv-wide": Function("pinv", lambda xp, x: weighted(xp, xp.linalg.pinv(x)), "wide"),
    "fft": Function("fft", lambda xp, x: weighted(xp, xp.fft.fft(x * (1 + 0j)))),
    "fft-longer": Function("fft", lambda xp, x: weighted(xp, xp.fft.fft(x * (1 + 0j), n=6, axis=0, norm="ortho"))),
    "ifft": Function("ifft", lambda xp, x: weighted(xp, xp.fft.ifft(x * (1 + 0j), n=2, norm="forward"))),
    "rfft": Function("rfft", lambda xp, x: weighted(xp, xp.fft.rfft(xp.real(x)))),
    "rfft-odd": Function("rfft", lambda xp, x: weighted(xp, xp.fft.rfft(xp.real(x), n=5, norm="ortho"))),
    "irfft": Function("irfft", lambda xp, x: weighted(xp, xp.fft.irfft(x * (1 + 0.5j)))),
    "irfft-odd": Function("irfft", lambda xp, x: weighted(xp, xp.fft.irfft(x * (1 + 0.5j), n=7, norm="forward"))),
    "hfft": Function("irfft", lambda xp, x: weighted(xp, xp.fft.hfft(x * (1 + 0.5j)))),
    "ihfft": Function("rfft", lambda xp, x: weighted(xp, xp.fft.ihfft(xp.real(x), norm="ortho"))),
    "fftn": Function("fft", lambda xp, x: weighted(xp, xp.fft.fftn(x * (1 + 0j), s=(3, 5)))),
    "rfftn": Function("rfft", lambda xp, x: weighted(xp, xp.fft.rfftn(xp.real(x)))),
    "irfftn": Function("irfft", lambda xp, x: weighted(xp, xp.fft.irfftn(x * (1 + 0.5j), axes=(1, 0)))),
}

SHAPES = {"any": (3, 4), "square": (3, 3), "positive": (3, 3), "tall": (4, 3), "wide": (3, 4)}


def matrix(kind: str, dtype: Any, shape: tuple[int, ...] = (), seed: int = 0) -> np.ndarray:
    """A well-conditioned matrix (or a stack of them) whose eigenvalues and singular values are apart."""
    rng = np.random.default_rng([seed, len(kind)])
    size = (*shape, *SHAPES[kind])
    x = rng.normal(size=size) + (1j * rng.normal(size=size) if np.dtype(dtype).kind == "c" else 0)
    if kind in ("square", "positive"):
        x = x + np.diag([3.0, 4.5, 6.5])
    if kind == "positive":
        x = x @ np.conj(np.swapaxes(x, -1, -2))
    return x.astype(dtype)
