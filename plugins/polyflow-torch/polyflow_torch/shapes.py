"""Ops that move elements about: reshaping, joining, padding, turning around."""

from __future__ import annotations

import itertools
from typing import Any

import torch

from polyflow.ops.rules import normal_axes

from .forms import Forms, on_bits


def _flip(x: Any, *, axis: Any) -> Any:
    return torch.flip(x, normal_axes(axis, x.ndim))  # which takes axis 0 of an array that has none


class Shapes:
    """A part of `TorchBackend`."""

    def reshape(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape)

    def permute_dims(self, x: Any, *, axes: tuple[int, ...]) -> Any:
        return x.permute(axes)

    def broadcast_to(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return x.expand(shape)

    def concat(self, *arrays: Any, axis: int) -> Any:
        return torch.cat(arrays, axis)

    flip = Forms(_flip, unsigned=on_bits(_flip))

    def pad(self, x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        ends = list(itertools.chain.from_iterable(reversed(widths)))  # PyTorch counts axes from the last
        return torch.constant_pad_nd(x, ends, value)
