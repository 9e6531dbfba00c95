"""Matrix products: floats in full precision, the halves in float32, integers exactly and by way of float64."""

from __future__ import annotations

from typing import Any

import torch

from .forms import Forms, on_bits

_WIDER = {torch.float32: torch.float64, torch.complex64: torch.complex128}
_LIMB = 16
_LONGEST = 1 << 20
"""So many products of two 16-bit numbers can be added up in float64 without rounding."""


def _full(x1: Any, x2: Any) -> Any:
    """In the dtype's own precision, even where the user lets PyTorch round the factors (to TF32, or bfloat16)."""
    if precise():
        return torch.matmul(x1, x2)
    wide = _WIDER[x1.dtype]
    return torch.matmul(x1.to(wide), x2.to(wide)).to(x1.dtype)


@torch.compiler.assume_constant_result
def precise() -> bool:
    """Whether PyTorch's own products of float32 have that precision, as far as its settings tell."""
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # it was set by a newer way, one kind of device at a time
        return False


def _half(x1: Any, x2: Any) -> Any:
    return _full(x1.float(), x2.float()).to(x1.dtype)


def _integers(x1: Any, x2: Any) -> Any:
    """BLAS knows floats only: numbers are cut into pieces of 16 bits, whose products float64 adds up exactly."""
    size = x1.shape[-1]
    if size > _LONGEST:
        half = size // 2
        rows = (slice(half), slice(half, None))
        parts = [_integers(x1[..., r], x2[r] if x2.ndim == 1 else x2[..., r, :]) for r in rows]
        return parts[0] + parts[1]
    count = max(1, x1.dtype.itemsize * 8 // _LIMB)
    left, right = _limbs(x1, count), _limbs(x2, count)
    total: Any = 0
    for place in range(count):
        products = sum(torch.matmul(left[i], right[place - i]).long() for i in range(place + 1))
        total = total + (products << _LIMB * place)
    return total.to(x1.dtype)


def _limbs(x: Any, count: int) -> list[Any]:
    """The pieces of 16 bits as float64, the lowest first; the uppermost has the sign."""
    wide = x.long()
    lower = [((wide >> _LIMB * i) & 0xFFFF).double() for i in range(count - 1)]
    return [*lower, (wide >> _LIMB * (count - 1)).double()]


class Products:
    """A part of `TorchBackend`."""

    matmul = Forms(
        torch.matmul,
        float32=_full,
        complex64=_full,
        half=_half,
        unsigned=on_bits(_integers),
        integer=_integers,
    )
