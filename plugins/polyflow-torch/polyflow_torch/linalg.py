"""Linear algebra and Fourier transforms: PyTorch's, but for what it takes to be something else, or refuses.

Matrices with NaN or infinities have results of NaN here. PyTorch raises for the whole stack, or hands them to MKL,
which prints a complaint and returns something.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def _of_finite(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of the matrices in the last two axes; a result, or a tuple of them."""

    def kernel(x: Any, /, **attrs: Any) -> Any:
        finite = torch.isfinite(x).all(-1).all(-1)
        if bool(finite.all()):
            return _plain(function(x, **attrs))
        other = torch.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)
        found = _plain(function(torch.where(finite[..., None, None], x, other), **attrs))
        return tuple(_only(finite, part) for part in found) if found.__class__ is tuple else _only(finite, found)

    return kernel


def _plain(found: Any) -> Any:
    """PyTorch's named tuples as tuples."""
    return found if isinstance(found, torch.Tensor) else tuple(found)


def _only(finite: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    return torch.where(finite.reshape(finite.shape + (1,) * (result.ndim - finite.ndim)), result, torch.nan)


def _solve(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    """One vector, or a stack of matrices: PyTorch also takes a stack of vectors, where the shapes let it."""
    if x2.ndim == 1:
        return torch.linalg.solve(x1, x2.unsqueeze(-1)).squeeze(-1)
    return torch.linalg.solve(x1, x2[(None,) * (x1.ndim - x2.ndim)])


def _slogdet(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sign is NaN where the logarithm is."""
    sign, size = torch.linalg.slogdet(x)
    return torch.where(torch.isnan(size), torch.nan, sign), size


def _transform(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """``function`` along one axis. MKL refuses stacks of no lines: they take their shape from that of one line."""

    def kernel(x: torch.Tensor, /, *, axis: int, norm: str, n: int | None = None) -> torch.Tensor:
        if x.numel() or not x.shape[axis]:
            return function(x, n, axis, norm)
        one = function(x.new_zeros([size or 1 for size in x.shape]), n, axis, norm)
        return one[tuple(slice(0 if not size else None) for size in x.shape)]

    return kernel


class Linalg:
    """A part of `TorchBackend`."""

    cholesky: Any = staticmethod(_of_finite(torch.linalg.cholesky))
    det: Any = staticmethod(torch.linalg.det)
    eig: Any = staticmethod(_of_finite(torch.linalg.eig))
    eigh: Any = staticmethod(_of_finite(torch.linalg.eigh))
    eigvals: Any = staticmethod(_of_finite(torch.linalg.eigvals))
    eigvalsh: Any = staticmethod(_of_finite(torch.linalg.eigvalsh))
    inv: Any = staticmethod(torch.linalg.inv)
    pinv: Any = staticmethod(_of_finite(torch.linalg.pinv))
    qr: Any = staticmethod(_of_finite(torch.linalg.qr))
    slogdet: Any = staticmethod(_slogdet)
    solve: Any = staticmethod(_solve)
    svd: Any = staticmethod(_of_finite(torch.linalg.svd))
    svdvals: Any = staticmethod(_of_finite(torch.linalg.svdvals))
    fft: Any = staticmethod(_transform(torch.fft.fft))
    ifft: Any = staticmethod(_transform(torch.fft.ifft))
    rfft: Any = staticmethod(_transform(torch.fft.rfft))
    irfft: Any = staticmethod(_transform(torch.fft.irfft))
