"""Random bits: on the CPU polyflow's own in NumPy, which cost a tenth of what PyTorch takes; on GPUs in PyTorch's ops.

There, words are int32, whose additions wrap as those of uint32 do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from polyflow import threefry


def _on_host(words: torch.Tensor) -> bool:
    return words.is_cpu and not torch.compiler.is_compiling()


# Words on any device -------------------------------------------------------------------------------------------------


def _signed(word: int) -> int:
    """A word of 32 bits as the int32 of the same bits."""
    return word - (1 << 32) if word >> 31 else word


def _rotate(x: Any, distance: int) -> Any:
    low = (x >> (32 - distance)).bitwise_and_((1 << distance) - 1)  # the shift repeats the sign
    return (x << distance).bitwise_or_(low)


def blocks(key: Any, high: int, low: Any) -> tuple[Any, Any]:
    """The pairs of words that a key makes of the counters ``high * 2**32 + low``.

    Args:
        key: two uint32.
        high: a word of 32 bits.
        low: int32 of any shape; written over.

    Returns:
        the first and the second words, int32 of the shape of ``low``.
    """
    words = key.view(torch.int32)
    schedule = (words[0], words[1], words[0] ^ words[1] ^ _signed(threefry.PARITY))
    return threefry.rounds(schedule, torch.full_like(low, _signed(high)), low, torch.Tensor.add_, _rotate)


def _counters(count: int, device: torch.device) -> Any:
    wide = torch.int32 if count <= 1 << 31 else torch.int64
    return torch.arange(count, dtype=wide, device=device).to(torch.int32)


def words32(key: Any, count: int) -> Any:
    """The first ``count`` words of a key's stream, as int32."""
    return torch.stack(blocks(key, 0, _counters((count + 1) // 2, key.device)), dim=1).reshape(-1)[:count]


def words64(key: Any, count: int) -> Any:
    """A word of 64 bits for each of the first ``count`` blocks, as int64."""
    first, second = blocks(key, 0, _counters(count, key.device))
    return (first.long() << 32) | (second.long() & 0xFFFFFFFF)


def encrypted(key: Any, high: int, low: Any) -> Any:
    """The pairs of words of counters whose low words are uint32, on a new last axis."""
    return torch.stack(blocks(key, high, low.view(torch.int32).clone()), dim=-1).view(torch.uint32)


def permutation(key: Any, n: int) -> Any:
    """The low bits of sorted words, which are their places: the integers from 0 to ``n - 1`` in random order."""
    bits = threefry.index_bits(n)
    places = (words64(key, n) >> bits << bits) | torch.arange(n, dtype=torch.int64, device=key.device)
    return torch.sort(places ^ torch.iinfo(torch.int64).min)[0] & ((1 << bits) - 1)


def kept(key: Any, count: int, rate: float) -> Any:
    """Whether each of the first ``count`` halves of words is at the threshold of a dropout or above."""
    words = words32(key, (count + 1) // 2)
    halves = torch.stack((words & 0xFFFF, (words >> 16) & 0xFFFF), dim=1).reshape(-1)[:count]
    return halves >= threefry.drop_threshold(rate)


class Random:
    """A part of `TorchBackend`."""

    def random_bits(self, key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        count, wide = math.prod(shape), dtype == np.uint64
        if _on_host(key):
            words = torch.from_numpy((threefry.words64 if wide else threefry.words)(key.numpy(), count))
        else:
            words = words64(key, count).view(torch.uint64) if wide else words32(key, count).view(torch.uint32)
        return words.reshape(shape)

    def threefry2x32(self, key: Any, low: Any, *, high: int) -> Any:
        if _on_host(key):
            return torch.from_numpy(np.stack(threefry.encrypt(key.numpy(), high, low.numpy()), axis=-1))
        return encrypted(key, high, low)

    def next_key(self, state: Any) -> Any:
        if _on_host(state):
            words = state.numpy()
            return torch.from_numpy(threefry.fold_in(words[:2], int(words[2])))
        return encrypted(state[:2], threefry.FOLD >> 32, state[2])

    def random_permutation(self, key: Any, *, n: int) -> Any:
        if _on_host(key):
            return torch.from_numpy(threefry.permutation(key.numpy(), n))
        return permutation(key, n)

    def keep_mask(self, key: Any, *, shape: tuple[int, ...], rate: float) -> Any:
        if _on_host(key):
            return torch.from_numpy(np.asarray(threefry.keep_mask(key.numpy(), shape, rate)))
        return kept(key, math.prod(shape), rate).reshape(shape)
