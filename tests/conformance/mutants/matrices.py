"""Faults of linear algebra and Fourier transforms."""

from __future__ import annotations

import numpy as np

from polyflow.errors import LinAlgError
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("the upper factor", "cholesky")
class _(NumPyBackend):
    def cholesky(self, x):
        return np.conj(np.swapaxes(right("cholesky")(x), -1, -2))


@mutant("NaN instead of an error for a matrix that is not positive definite", "cholesky")
class _(NumPyBackend):
    def cholesky(self, x):
        try:
            return right("cholesky")(x)
        except np.linalg.LinAlgError:
            return np.full_like(x, np.nan)


@mutant("eigenvalues in descending order", "eigh")
class _(NumPyBackend):
    def eigh(self, x):
        values, vectors = right("eigh")(x)
        return values[..., ::-1], vectors[..., ::-1]


@mutant("eigenvectors as rows", "eigh")
class _(NumPyBackend):
    def eigh(self, x):
        values, vectors = right("eigh")(x)
        return values, np.swapaxes(vectors, -1, -2)


@mutant("real eigenvalues where all are real", "eigvals")
class _(NumPyBackend):
    def eigvals(self, x):
        values = right("eigvals")(x)
        return values if values.imag.any() else values.real.copy()


@mutant("V instead of its conjugate transpose", "svd")
class _(NumPyBackend):
    def svd(self, x, *, full_matrices):
        u, s, vh = right("svd")(x, full_matrices=full_matrices)
        return u, s, np.conj(np.swapaxes(vh, -1, -2))


@mutant("full matrices always", "svd")
class _(NumPyBackend):
    def svd(self, x, *, full_matrices):
        return right("svd")(x, full_matrices=True)


@mutant("eigenvalues of the squared matrix, which lose half the digits", "svdvals")
class _(NumPyBackend):
    def svdvals(self, x):
        small = x if x.shape[-2] >= x.shape[-1] else np.swapaxes(x, -1, -2)
        squared = np.linalg.eigvalsh(np.conj(np.swapaxes(small, -1, -2)) @ small)[..., ::-1]
        return np.sqrt(np.maximum(squared, 0))


@mutant("a tolerance that is left out", "pinv")
class _(NumPyBackend):
    def pinv(self, x, *, rtol):
        return np.linalg.pinv(x, rtol=0.0)


@mutant("an infinite inverse of a singular matrix", "inv")
class _(NumPyBackend):
    def inv(self, x):
        try:
            return right("inv")(x)
        except (np.linalg.LinAlgError, LinAlgError):
            return np.full_like(x, np.inf)


@mutant("a stack of vectors taken for a matrix", "solve")
class _(NumPyBackend):
    def solve(self, x1, x2):
        return right("solve")(x1, x2[..., None])[..., 0] if x2.ndim == x1.ndim - 1 else right("solve")(x1, x2)


@mutant("a sign lost", "slogdet")
class _(NumPyBackend):
    def slogdet(self, x):
        sign, size = right("slogdet")(x)
        return np.abs(sign).astype(sign.dtype), size


@mutant("only the first of a stack", "det")
class _(NumPyBackend):
    def det(self, x):
        found = right("det")(x)
        return np.broadcast_to(found.flat[0], found.shape).copy() if found.size else found


@mutant("the complete factor where the reduced one is asked for", "qr")
class _(NumPyBackend):
    def qr(self, x, *, mode):
        return right("qr")(x, mode="complete")


@mutant("complex128 always", "fft")
class _(NumPyBackend):
    def fft(self, x, *, axis, norm):
        return right("fft")(x, axis=axis, norm=norm).astype(np.complex128)


@mutant("always along the last axis", "fft")
class _(NumPyBackend):
    def fft(self, x, *, axis, norm):
        return right("fft")(x, axis=-1, norm=norm)


@mutant("not scaled", "ifft")
class _(NumPyBackend):
    def ifft(self, x, *, axis, norm):
        return right("ifft")(x, axis=axis, norm="forward")


@mutant("all frequencies instead of half of them", "rfft")
class _(NumPyBackend):
    def rfft(self, x, *, axis, norm):
        return np.fft.fft(x, axis=axis, norm=norm)


@mutant("an even length always", "irfft")
class _(NumPyBackend):
    def irfft(self, x, *, n, axis, norm):
        return np.fft.irfft(x, axis=axis, norm=norm).astype(x.real.dtype)
