"""Sample values: chosen for what an op takes, read-only, and away from what polyflow leaves unspecified."""

from __future__ import annotations

import math

import numpy as np

from polyflow import dtypes as dt

SHAPES = {"0-d": ((), ()), "empty": ((0, 3), (1, 3)), "small": ((3, 4), (3, 4)), "broadcast": ((2, 1, 4), (3, 1))}
LARGE = 10007
SPECIALS = (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -2.0, 3.0)


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
