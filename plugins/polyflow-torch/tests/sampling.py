"""Values to try ops on."""

from __future__ import annotations

import numpy as np

from polyflow import dtypes as dt


def samples(dtype, rng, shape):
    """Random values over all of a dtype's range, its ends and 0 among them."""
    if dtype is dt.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in dt.INTEGERS:
        limits = np.iinfo(dtype)
        values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        edges = np.array([0, 1, 2, limits.max, limits.min, limits.max // 2, limits.max // 2 + 1], dtype)
        return np.where(rng.random(shape) < 0.5, values, rng.choice(edges, shape)).astype(dtype)
    values = rng.normal(size=shape) * 3
    return (values + 1j * rng.normal(size=shape)).astype(dtype) if dtype in dt.COMPLEX else values.astype(dtype)
