"""Keys as tensors: made from seeds, derived from each other. `polyflow.threefry` does the same in plain NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes as dt
from .. import threefry
from ..convert import integer
from ..errors import DTypeError, ShapeError
from ..ops import call
from ..ops.random import KEY_SHAPE, counters, threefry2x32
from ..tensor import Operators

if TYPE_CHECKING:
    from ..tensor import Tensor


def key(seed: int, *, backend: Any = None) -> Tensor:
    """The key of an integer seed: its 64 bits, the high word first.

    Args:
        seed: an integer from 0 to 2**64 - 1.
        backend: where to make it; the current backend if left out.

    Returns:
        uint32 of shape (2,).

    Raises:
        TypeError: for anything but an integer. ValueError: for one out of range.
    """
    return call.constant(threefry.key(seed), backend)


def as_key(key: Any, backend: Any = None) -> Tensor:
    """A key given as a tensor, a variable or a NumPy array, on ``backend`` (None: its own or the current one).

    Raises:
        ShapeError: unless it has shape (2,). DTypeError: unless it holds uint32.
    """
    if not isinstance(key, Operators):
        array = np.asarray(key)
        _check(array.shape, array.dtype)
        return call.constant(array, backend)
    _check(key.shape, key.dtype)
    return key.read() if backend is None else key.to(backend)


def _check(shape: tuple[int, ...], dtype: Any) -> None:
    if tuple(shape) != KEY_SHAPE:
        raise ShapeError(f"a key has shape {KEY_SHAPE}; got shape {tuple(shape)}. Make one with random.key(seed).")
    if dtype != dt.uint32:
        raise DTypeError(f"a key holds uint32; got {dtype}. Make one with random.key(seed).")


def fold_in(key: Any, data: Any) -> Tensor:
    """A new key from a key and an integer, as `polyflow.threefry.fold_in` makes it.

    Args:
        key: a key.
        data: an integer from 0 to 2**62 - 1, or a uint32 tensor without axes (a step counter, for example).

    Returns:
        uint32 of shape (2,), on the key's backend.
    """
    given = as_key(key)
    if isinstance(data, Operators):
        if data.shape or data.dtype is not dt.uint32:
            raise DTypeError(
                f"fold_in takes an integer or a uint32 tensor of shape (); got {data.dtype.name} of shape {data.shape}."
            )
        return threefry2x32(given, data.read(), high=threefry.FOLD >> 32)
    counter = threefry.fold_counter(integer("fold_in", "data", data))
    low = call.constant(np.asarray(counter & 0xFFFFFFFF, np.uint32), given.backend)
    return threefry2x32(given, low, high=counter >> 32)


def split(key: Any, n: int = 2) -> Tensor:
    """``n`` new keys from one, as `polyflow.threefry.split` makes them; use them, and the old one no more.

    Returns:
        uint32 of shape (n, 2), on the key's backend: iterate over it, or unpack it.
    """
    given, count = as_key(key), integer("split", "n", n)
    if count < 0:
        raise ValueError(f"split makes 0 keys or more; got n={count}.")
    return threefry2x32(given, counters(count, given.backend), high=threefry.SPLIT >> 32)
