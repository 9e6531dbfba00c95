"""uint16, uint32 and uint64, with which PyTorch itself hardly computes, over their whole range."""

from __future__ import annotations

import numpy as np
import pytest
from sampling import samples

from polyflow import dtypes as dt
from polyflow_torch import products

WIDE = (dt.uint16, dt.uint32, dt.uint64)
INTEGERS = (*dt.SIGNED, *dt.UNSIGNED)


def divided(function):
    """NumPy's division of integers, in silence."""

    def run(x1, x2):
        with np.errstate(all="ignore"):
            return function(x1, x2)

    return run


def shifted(function):
    """A shift by any count: by the width or more, everything is shifted out."""

    def run(x, count):
        bits = 8 * x.dtype.itemsize
        outside = (count < 0) | (count >= bits)
        empty = -(x < 0).astype(x.dtype) if function is np.right_shift else np.zeros_like(x)
        return np.where(outside, empty, function(x, np.where(outside, 0, count).astype(x.dtype))).astype(x.dtype)

    return run


BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "floor_divide": divided(np.floor_divide),
    "remainder": divided(np.remainder),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "bitwise_left_shift": shifted(np.left_shift),
    "bitwise_right_shift": shifted(np.right_shift),
    "bitwise_xor": np.bitwise_xor,
}


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_arithmetic_of_the_whole_range(name, dtype, kernel):
    """Equal to NumPy's, with 0, -1 and the ends of the range on both sides, which stop PyTorch's own division."""
    rng = np.random.default_rng(0)
    x1, x2 = samples(dtype, rng, (40, 25)), samples(dtype, rng, (25,))
    if "shift" in name:
        x2 = np.where(rng.random(25) < 0.7, rng.integers(0, 80, 25), x2).astype(dtype)
    np.testing.assert_array_equal(kernel(name, x1, x2), BINARY[name](x1, x2))


@pytest.mark.parametrize("dtype", dt.UNSIGNED, ids=str)
def test_powers_wrap(dtype, kernel):
    rng = np.random.default_rng(1)
    x1, x2 = samples(dtype, rng, (60,)), samples(dtype, rng, (60,))
    wrapped = [pow(int(a), int(b), 1 << 8 * dtype.itemsize) for a, b in zip(x1, x2, strict=True)]
    assert kernel("pow", x1, x2).tolist() == wrapped


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("shapes", [((5, 7), (7, 3)), ((7,), (7,)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 0), (0, 2))])
def test_matrix_products_wrap(dtype, shapes, kernel):
    rng = np.random.default_rng(2)
    x1, x2 = (samples(dtype, rng, shape) for shape in shapes)
    np.testing.assert_array_equal(kernel("matmul", x1, x2), np.matmul(x1, x2))


def test_matrix_products_are_exact_however_long(kernel, monkeypatch):
    """Sums that float64 could not hold are taken in parts."""
    monkeypatch.setattr(products, "_LONGEST", 5)
    rng = np.random.default_rng(3)
    x1, x2 = samples(dt.int64, rng, (3, 23)), samples(dt.int64, rng, (23, 4))
    np.testing.assert_array_equal(kernel("matmul", x1, x2), np.matmul(x1, x2))


@pytest.mark.parametrize("dtype", WIDE, ids=str)
@pytest.mark.parametrize("descending", [False, True])
def test_order(dtype, descending, kernel):
    x = samples(dtype, np.random.default_rng(4), (3, 50))
    order = np.argsort(x, axis=1, stable=True)
    if descending:
        order = np.argsort(np.iinfo(dtype).max - x, axis=1, stable=True)
    np.testing.assert_array_equal(kernel("argsort", x, axis=1, descending=descending), order)
    np.testing.assert_array_equal(
        kernel("sort", x, axis=1, descending=descending), np.take_along_axis(x, order, axis=1)
    )


@pytest.mark.parametrize("dtype", WIDE, ids=str)
def test_extremes_sums_and_moves(dtype, kernel):
    x = samples(dtype, np.random.default_rng(5), (4, 6, 5))
    for axis in (None, 0, (0, 2)):
        np.testing.assert_array_equal(kernel("max", x, axis=axis, keepdims=False), x.max(axis))
        np.testing.assert_array_equal(kernel("min", x, axis=axis, keepdims=True), x.min(axis, keepdims=True))
        np.testing.assert_array_equal(kernel("flip", x, axis=axis), np.flip(x, axis))
    np.testing.assert_array_equal(kernel("argmax", x, axis=1, keepdims=False), x.argmax(1))
    if dtype is not dt.uint16:
        np.testing.assert_array_equal(kernel("sum", x, axis=(0, 1), keepdims=False), x.sum((0, 1), dtype))
        np.testing.assert_array_equal(kernel("cumulative_prod", x, axis=2), x.cumprod(2, dtype))
    places = np.sort(x.reshape(-1))
    np.testing.assert_array_equal(
        kernel("searchsorted", places, x, side="right"), np.searchsorted(places, x, side="right")
    )
    np.testing.assert_array_equal(kernel("clip", x, min=3, max=1000), np.clip(x, 3, 1000))
    assert kernel("full", shape=(2,), fill_value=np.iinfo(dtype).max, dtype=dtype).tolist() == [np.iinfo(dtype).max] * 2
