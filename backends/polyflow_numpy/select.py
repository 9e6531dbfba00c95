"""Choosing between two arrays element by element, through the bits of the numbers.

NumPy's `where` branches on every element: where the condition is as good as random, that costs seven nanoseconds for
each. Numbers of 2, 4 and 8 bytes are chosen without a branch by a mask of ones and zeros, ``b ^ ((a ^ b) & mask)``,
which gives the bits of the one or the other whatever they mean, infinities and NaN included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FEW = 2048
"""For fewer elements NumPy's own `where` takes less time."""

WORDS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}
"""The integers that the bits of a number are, by its size; numbers of other sizes are left to NumPy."""


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """``x1`` where the condition holds, ``x2`` elsewhere; one of them may be a Python number, in the other's dtype."""
    if condition.size >= FEW and (shape := condition.shape):
        dtype = (x2 if x1.__class__ in (bool, int, float, complex) else x1).dtype
        word = WORDS.get(dtype.itemsize)
        if word is not None and {shape} == {np.shape(x1), np.shape(x2), shape} - {()}:
            result = np.empty(shape, dtype)
            bits, other = result.view(word), np.asarray(x2, dtype).view(word)
            np.bitwise_xor(np.asarray(x1, dtype).view(word), other, bits)
            np.bitwise_and(bits, np.negative(condition.view(np.int8)).astype(word), bits)
            np.bitwise_xor(bits, other, bits)
            return result
    if x1.__class__ is float:
        x1 = np.array(x1, x2.dtype)
    elif x2.__class__ is float:
        x2 = np.array(x2, x1.dtype)
    return np.where(condition, x1, x2)
