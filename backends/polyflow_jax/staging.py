"""Memory on the host that JAX takes as it is: on a CPU it need not copy an array that begins where XLA wants it to."""

from __future__ import annotations

import math
import threading
import weakref

import numpy as np

ALIGNMENT = 64
"""Bytes: XLA reads arrays in place that begin at a multiple of them."""


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of any values that begins where XLA wants it to."""
    return _shaped(np.empty(math.prod(shape) * dtype.itemsize + ALIGNMENT, np.uint8), shape, dtype)


def _shaped(memory: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)


class _Lease:
    """The owner of a memory in the eyes of all arrays that are views of it."""

    def __init__(self, memory: np.ndarray) -> None:
        self.__array_interface__ = memory.__array_interface__


class Staging:
    """Copies of arrays in memory that is used again when nobody reads them any more: new memory is as dear as a copy.

    Args:
        most: how many bytes may lie idle.
    """

    def __init__(self, most: int = 1 << 28) -> None:
        self.most = most
        self._idle: list[np.ndarray] = []
        self._lock = threading.Lock()

    def copy(self, array: np.ndarray) -> np.ndarray:
        """A copy that nobody may write to; its memory comes back when it is gone, and whatever JAX made of it."""
        size = array.nbytes + ALIGNMENT
        with self._lock:
            place = next((i for i, memory in enumerate(self._idle) if memory.nbytes == size), None)
            memory = None if place is None else self._idle.pop(place)
        if memory is None:
            memory = np.empty(size, np.uint8)
        lease = _Lease(memory)
        made = _shaped(np.asarray(lease), array.shape, array.dtype)
        np.copyto(made, array)
        weakref.finalize(lease, self._back, memory).atexit = False
        return made

    def _back(self, memory: np.ndarray) -> None:
        with self._lock:
            self._idle.append(memory)
            while sum(each.nbytes for each in self._idle) > self.most:
                self._idle.pop(0)
