"""Random bits: Threefry in int32, whose additions wrap as those of uint32 do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from polyflow import threefry


def _signed(word: int) -> int:
    """A word of 32 bits as the int32 of the same bits."""
    return word - (1 << 32) if word >> 31 else word


def _rotate(x: Any, distance: int) -> Any:
    low = (x >> (32 - distance)).bitwise_and_((1 << distance) - 1)  # the shift repeats the sign
    return (x << distance).bitwise_or_(low)


def _add(a: Any, b: Any) -> Any:
    return a.add_(b)


def blocks(key: Any, high: int, low: Any) -> tuple[Any, Any]:
    """The pairs of words that a key makes of the counters ``high * 2**32 + low``, all in int32; takes ``low`` over."""
    words = key.view(torch.int32)
    schedule = (words[0], words[1], words[0] ^ words[1] ^ _signed(threefry.PARITY))
    return threefry.rounds(schedule, torch.full_like(low, _signed(high)), low, _add, _rotate)


def _counters(count: int, device: Any) -> Any:
    if count <= 1 << 31:
        return torch.arange(count, dtype=torch.int32, device=device)
    return torch.arange(count, dtype=torch.int64, device=device).to(torch.int32)


def _words(key: Any, count: int) -> Any:
    """The first ``count`` words of a key's stream, as int32."""
    first, second = blocks(key, 0, _counters((count + 1) // 2, key.device))
    return torch.stack((first, second), dim=1).reshape(-1)[:count]


def _words64(key: Any, count: int) -> Any:
    """A word of 64 bits for each block, as int64."""
    first, second = blocks(key, 0, _counters(count, key.device))
    return (first.long() << 32) | (second.long() & 0xFFFFFFFF)


class Random:
    """A part of `TorchBackend`."""

    def random_bits(self, key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        count = math.prod(shape)
        if dtype == np.uint64:
            return _words64(key, count).view(torch.uint64).reshape(shape)
        return _words(key, count).view(torch.uint32).reshape(shape)

    def threefry2x32(self, key: Any, low: Any, *, high: int) -> Any:
        first, second = blocks(key, high, low.view(torch.int32).clone())
        return torch.stack((first, second), dim=-1).view(torch.uint32)

    def next_key(self, state: Any) -> Any:
        first, second = blocks(state[:2], threefry.FOLD >> 32, state[2:].view(torch.int32).clone())
        return torch.cat((first, second)).view(torch.uint32)

    def random_permutation(self, key: Any, *, n: int) -> Any:
        bits = threefry.index_bits(n)
        places = (_words64(key, n) >> bits << bits) | torch.arange(n, dtype=torch.int64, device=key.device)
        order = torch.sort(places ^ torch.iinfo(torch.int64).min)[0]
        return order & ((1 << bits) - 1)

    def keep_mask(self, key: Any, *, shape: tuple[int, ...], rate: float) -> Any:
        count = math.prod(shape)
        words = _words(key, (count + 1) // 2)
        halves = torch.stack((words & 0xFFFF, (words >> 16) & 0xFFFF), dim=1).reshape(-1)[:count]
        return (halves >= threefry.drop_threshold(rate)).reshape(shape)
