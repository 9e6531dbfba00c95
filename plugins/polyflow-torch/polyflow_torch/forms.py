"""A kernel has a form for each dtype: what runs the op is looked up by what its arrays hold.

PyTorch knows uint16, uint32 and uint64 as storage, but computes with few of them. Their bits are a signed number's of
the same width, which wraps alike (`on_bits`) and has the same order once the uppermost bit is turned (`in_order`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from polyflow import dtypes as dt

TORCH: dict[Any, torch.dtype] = {dtype: getattr(torch, dtype.name) for dtype in dt.ALL if dtype is not dt.bool_}
TORCH[dt.bool_] = torch.bool
OURS = {theirs: ours for ours, theirs in TORCH.items()}

SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
"""The twin of each dtype that PyTorch hardly computes with: signed, and of the same width."""

HALVES = (torch.float16, torch.bfloat16)

KINDS: dict[torch.dtype, tuple[str, ...]] = {
    torch.bool: ("bool",),
    **dict.fromkeys((torch.int8, torch.int16, torch.int32, torch.int64), ("integer",)),
    torch.uint8: ("uint8", "integer"),
    **dict.fromkeys(SIGNED, ("unsigned", "integer")),
    **dict.fromkeys(HALVES, ("half", "floating")),
    torch.float32: ("float32", "floating"),
    torch.float64: ("floating",),
    torch.complex64: ("complex64", "complex"),
    torch.complex128: ("complex",),
}
"""The names of each dtype's kinds, the narrowest first."""

Function = Callable[..., torch.Tensor]


class Forms:
    """An op's kernel.

    Args:
        plain: what runs it.
        at: the place among the arguments of the array whose dtype tells the form.
        ready: makes of an op's attributes those that the forms take, which a program does once for all calls.
        others: what runs it for dtypes of a kind instead, by the name that the kind has in `KINDS`.
    """

    __slots__ = ("at", "by_dtype", "ready")

    def __init__(
        self,
        plain: Function,
        *,
        at: int = 0,
        ready: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        **others: Function,
    ) -> None:
        self.at, self.ready = at, ready
        self.by_dtype = {
            dtype: next((others[kind] for kind in kinds if kind in others), plain) for dtype, kinds in KINDS.items()
        }

    def __call__(self, *arrays: Any, **attrs: Any) -> torch.Tensor:
        return self.by_dtype[arrays[self.at].dtype](*arrays, **self.ready(attrs))


# Ways to compute in another dtype ------------------------------------------------------------------------------------


def on_bits(function: Function) -> Function:
    """``function`` of unsigned numbers by way of the signed ones of the same bits: what wraps is the same in both."""

    def kernel(*arrays: torch.Tensor, **attrs: Any) -> torch.Tensor:
        dtype = arrays[0].dtype
        twin = SIGNED[dtype]
        return function(*[array.view(twin) for array in arrays], **attrs).view(dtype)

    return kernel


def turned(x: torch.Tensor) -> torch.Tensor:
    """Unsigned numbers as signed ones in the same order: less by half of the range."""
    twin = SIGNED[x.dtype]
    return x.view(twin) ^ torch.iinfo(twin).min


def returned(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The unsigned numbers that `turned` made signed."""
    return (x ^ torch.iinfo(x.dtype).min).view(dtype)


def in_order(function: Function) -> Function:
    """``function`` that looks at nothing but the order of unsigned numbers, and gives indices or booleans."""
    return lambda *arrays, **attrs: function(*map(turned, arrays), **attrs)


def among(function: Function) -> Function:
    """``function`` that looks at nothing but the order of unsigned numbers, and gives some of these."""
    return lambda *arrays, **attrs: returned(function(*map(turned, arrays), **attrs), arrays[0].dtype)


def in_float32(function: Function) -> Function:
    """``function`` of the halves, computed in float32 and rounded at the end."""
    return lambda *arrays, **attrs: function(*[array.float() for array in arrays], **attrs).to(arrays[0].dtype)


def in_float64(function: Function) -> Function:
    """``function`` of the halves, whose quotients can be too large for float32, computed in float64."""
    return lambda *arrays, **attrs: function(*[array.double() for array in arrays], **attrs).to(arrays[0].dtype)


def in_bytes(function: Function) -> Function:
    """``function`` of booleans as 0 and 1."""
    return lambda *arrays, **attrs: function(*[array.to(torch.uint8) for array in arrays], **attrs)


def unchanged(x: torch.Tensor) -> torch.Tensor:
    """The argument itself."""
    return x
