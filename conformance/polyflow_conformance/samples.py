"""Sample values: chosen for what an op takes, read-only, and away from what polyflow leaves unspecified."""

from __future__ import annotations

import math

import numpy as np

from polyflow import dtypes as dt

SHAPES = {"0-d": ((), ()), "empty": ((0, 3), (1, 3)), "small": ((3, 4), (3, 4)), "broadcast": ((2, 1, 4), (3, 1))}
LARGE = 10007
BLOCK = (211, 311)
"""More elements than fit into 16 bits, and no multiple of any vector's length."""
SPECIALS = (0.0, -0.0, math.inf, -math.inf, math.nan, -math.nan, 1.0, -1.0, 0.5, -2.0, 3.0)
"""The NaN with a sign is the one that processors make of 0 / 0."""


def values(kind: str, dtype: np.dtype, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random values of a dtype: ``kind`` is a word of `polyflow.ops.declare.Op.samples`."""
    count = math.prod(shape)
    if dtype is dt.bool_:
        host = rng.integers(0, 2, count).astype(bool)
    elif dtype in dt.INTEGERS:
        host = _integers(kind, dtype, count, rng)
    elif dtype in dt.COMPLEX:
        host = _complex(kind, dtype, count, rng)
    else:
        host = _floats(kind, count, rng).astype(dtype)
    return read_only(host.reshape(shape))


def read_only(host: np.ndarray) -> np.ndarray:
    """The same array, which nobody may write to any more."""
    host = np.asarray(host)
    host.flags.writeable = False
    return host


def _integers(kind: str, dtype: np.dtype, count: int, rng: np.random.Generator) -> np.ndarray:
    low = 1 if kind in ("nonzero", "positive", "above one") else -9
    low = max(low, int(np.iinfo(dtype).min))
    host = rng.integers(low, 12, count)
    if kind == "nonzero" and dtype in dt.SIGNED:
        host *= rng.choice([-1, 1], count)
    return host.astype(dtype)


def _floats(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    sizes = rng.normal(size=count)
    scales = np.where(rng.random(count) < 0.5, 1.0, 10.0 ** rng.uniform(-3, 0, count))  # small ones show cancellation
    if kind == "positive":
        return np.exp(sizes) * scales + 1e-3
    if kind == "nonzero":
        return (np.abs(sizes) * scales + 0.05) * rng.choice([-1.0, 1.0], count)
    if kind == "unit":
        return rng.uniform(-0.99, 0.99, count) * scales
    if kind == "above one":
        return 1.0 + np.exp(sizes) * scales + 1e-2
    return sizes * 2.5 * scales


def _complex(kind: str, dtype: np.dtype, count: int, rng: np.random.Generator) -> np.ndarray:
    parts = [_floats(kind if kind == "unit" else "any", count, rng) for _ in range(2)]
    if kind in ("positive", "nonzero", "above one"):
        parts = [part + np.copysign(0.1, part) for part in parts]
    return (parts[0] + 1j * parts[1]).astype(dtype)


def extremes(dtype: np.dtype) -> np.ndarray:
    """The integers at which arithmetic wraps, and small ones."""
    info = np.iinfo(dtype)
    listed = [info.min, info.min + 1, info.max, info.max - 1, 0, 1, 2, 3, 7, info.max // 2, info.max // 3]
    listed += [-1, -2, -7] if info.min else []
    return read_only(np.array(sorted({int(one) for one in listed}), dtype))


def layouts(host: np.ndarray, dtype: np.dtype) -> dict[str, tuple[np.ndarray, tuple[slice, ...]]]:
    """Larger arrays and the keys under which they hold ``host``: strided, and with negative strides."""
    wide = np.zeros((host.shape[0] * 2, host.shape[1] * 3), dtype)
    wide[::2, 1::3] = host
    return {
        "strided": (read_only(wide), (slice(None, None, 2), slice(1, None, 3))),
        "reversed": (read_only(host[::-1, ::-1].copy()), (slice(None, None, -1), slice(None, None, -1))),
    }


def awkward(dtype: np.dtype, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Rows of the values that are easily got wrong.

    Of floats the first row is finite, and each other has an infinity or NaN. Integers stand at the limits of the dtype
    and at those of narrower ones, and next to what a float still tells apart.
    """
    if dtype is dt.bool_:
        return values("any", dtype, shape, rng)
    if dtype in dt.INTEGERS:
        limits = np.iinfo(dtype)
        near = [side << bits for bits in (7, 8, 15, 16, 24, 31, 32, 53, 62, 63) for side in (1, -1)]
        listed = {int(one) for one in extremes(dtype)} | {one + step for one in near for step in (-1, 0, 1)}
        fitting = sorted(one for one in listed if limits.min <= one <= limits.max)
        host = rng.choice(np.array(fitting, dtype), shape)
        top, low = int(limits.max), int(limits.min)
        pairs = [(top - 1, top, low + 1, low), (2**53, 2**53 + 1), (2**24, 2**24 + 1), (top, top, 1), (low, low)]
        for row, together in zip(host, pairs, strict=False):  # the largest of a row, but for the last bit
            found = [one for one in together if low <= one <= top]
            row[: len(found)] = found
            row[len(found) :] = 1
        host[-1] = rng.choice(np.array(fitting, dtype), shape[1])
        return read_only(host)
    if dtype in dt.COMPLEX:
        parts = [awkward(dt.real_of(dtype), shape, rng) for _ in range(2)]
        host = np.empty(shape, dtype)
        host.real, host.imag = parts
        return read_only(host)
    limit = dt.finfo(dtype)
    plain = [0.0, -0.0, 1.0, 1 + limit.eps, -1.0, 0.5, 2.0, -3.0, 1000.0, 1e-3, 2048.0, -257.0, limit.max, -limit.max]
    host = rng.choice(np.array([*plain, limit.smallest_normal * 2]), shape)
    for row, special in enumerate(((math.inf,), (-math.inf,), (-math.nan,), (math.inf, -math.inf)), 1):
        for one in special if row < shape[0] else ():
            host[row, rng.choice(np.flatnonzero(np.isfinite(host[row])))] = one
    for row, one in zip(host[5:], (-math.inf, math.inf), strict=False):
        row[:] = one
    return read_only(host.astype(dtype))
