"""Sorting: stable, with NaN last in both directions."""

from __future__ import annotations

from typing import Any

import torch

from .forms import Forms, among, in_bytes, in_order


def _sorted(x: Any, axis: int, descending: bool) -> tuple[Any, Any]:
    if not x.ndim:
        raise IndexError("an array without axes has none to sort along")
    return torch.sort(x, dim=axis, descending=descending, stable=True)


def _sort(x: Any, *, axis: int, descending: bool) -> Any:
    return _sorted(x, axis, descending)[0]


def _argsort(x: Any, *, axis: int, descending: bool) -> Any:
    return _sorted(x, axis, descending)[1]


def _sort_floating(x: Any, *, axis: int, descending: bool) -> Any:
    """Descending is ascending of the negative numbers, for NaN to stay last."""
    return -_sorted(-x, axis, False)[0] if descending else _sorted(x, axis, False)[0]


def _argsort_floating(x: Any, *, axis: int, descending: bool) -> Any:
    return _sorted(-x if descending else x, axis, False)[1]


def _searchsorted(x1: Any, x2: Any, *, side: str) -> Any:
    return torch.searchsorted(x1.contiguous(), x2.contiguous(), side=side)


def _searchsorted_floating(x1: Any, x2: Any, *, side: str) -> Any:
    """By the bits, in whose order NaN is the largest number; to PyTorch nothing is larger or smaller than NaN."""
    return _searchsorted(_ranks(x1), _ranks(x2), side=side)


_BITS = {
    torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
    torch.float32: torch.int32,
    torch.float64: torch.int64,
}


def _ranks(x: Any) -> Any:
    """Integers in the order of floats: negative ones have all bits but the sign turned around."""
    twin = _BITS[x.dtype]
    limit = torch.iinfo(twin).max
    bits = (x + 0.0).view(twin)  # -0.0 + 0.0 is 0.0
    return torch.where(torch.isnan(x), limit, torch.where(bits < 0, bits ^ limit, bits))


class Order:
    """A part of `TorchBackend`."""

    sort = Forms(_sort, floating=_sort_floating, unsigned=among(_sort))
    argsort = Forms(_argsort, floating=_argsort_floating, unsigned=in_order(_argsort))
    searchsorted = Forms(
        _searchsorted, floating=_searchsorted_floating, unsigned=in_order(_searchsorted), bool=in_bytes(_searchsorted)
    )
