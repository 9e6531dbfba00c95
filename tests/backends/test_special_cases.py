"""What libraries do differently and polyflow pins: division by zero, infinities, NaN, indices out of range."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend.keys import ARRAY, Slice
from polyflow.ops import indexing
from polyflow.ops.declare import OPS

INF, NAN = math.inf, math.nan


def run(backend, name, *arrays, **attrs):
    return backend.to_numpy(backend.kernel(OPS[name])(*[backend.asarray(a) for a in arrays], **attrs))


# Division with remainder: the array API standard's text, case by case ----------------------------------------------


def floor_divide(a: float, b: float) -> float:
    """The standard's special cases for ``floor_divide``, then the exact quotient's floor."""
    sign = math.copysign(1, a) * math.copysign(1, b)
    if math.isnan(a) or math.isnan(b) or (math.isinf(a) and math.isinf(b)) or (a == 0 and b == 0):
        return NAN
    if math.isinf(a) or b == 0:
        return sign * INF
    if math.isinf(b):
        return sign * 0.0
    return math.copysign(float(math.floor(Fraction(a) / Fraction(b))), sign)


def remainder(a: float, b: float) -> float:
    """The standard's special cases for ``remainder``, then Python's ``%``."""
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or b == 0:
        return NAN
    if a == 0:
        return math.copysign(0.0, b)
    if math.isinf(b):
        return a if math.copysign(1, a) == math.copysign(1, b) else b
    return math.copysign(a % b, b)


NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 3.0, -7.0, 0.0625, -96.0, INF, -INF, NAN]


@pytest.mark.parametrize("dtype", dt.FLOATS, ids=str)
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_division_with_remainder_follows_the_standard(name, dtype, backend):
    """Every pair of 0, -0, numbers, infinities and NaN; signs of zero included."""
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"{backend.name} does not hold {dtype}")
    pairs = list(itertools.product(NUMBERS, NUMBERS))
    a, b = (np.array(side).astype(dtype) for side in zip(*pairs, strict=True))
    got = run(backend, name, a, b).astype(np.float64)
    for (x, y), value in zip(pairs, got.tolist(), strict=True):
        wanted = float(np.array({"floor_divide": floor_divide, "remainder": remainder}[name](x, y)).astype(dtype))
        same = math.isnan(value) if math.isnan(wanted) else value == wanted
        assert same, f"{name}({x}, {y}) is {value}, the standard says {wanted}"
        if not math.isnan(wanted):
            assert math.copysign(1, value) == math.copysign(1, wanted), f"{name}({x}, {y}): sign of {value}"


@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_division_with_remainder_is_pythons_at_every_size(name, backend):
    """Random numbers of all magnitudes."""
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=2000) * 10.0 ** rng.integers(-12, 12, 2000) for _ in range(2))
    got = run(backend, name, a, b)
    expected = [x // y if name == "floor_divide" else x % y for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [*dt.SIGNED, *dt.UNSIGNED], ids=str)
def test_integers_divided_by_zero_are_zero(dtype, backend):
    """Quotient and remainder, without a warning; the most negative number by -1 wraps."""
    info = np.iinfo(dtype)
    a = np.array([0, 1, 7, info.max, info.min], dtype)
    zero = np.zeros(5, dtype)
    np.testing.assert_array_equal(run(backend, "floor_divide", a, zero), zero)
    np.testing.assert_array_equal(run(backend, "remainder", a, zero), zero)
    if info.min < 0:
        low, minus = np.array([info.min, -7], dtype), np.array([-1, 2], dtype)
        np.testing.assert_array_equal(run(backend, "floor_divide", low, minus), np.array([info.min, -4], dtype))
        np.testing.assert_array_equal(run(backend, "remainder", low, minus), np.array([0, 1], dtype))


def test_integers_to_a_negative_power_are_refused_in_one_sentence(backend):
    """ValueError, from tensors and from Python integers."""
    x = pf.tensor([2, 3], backend=backend)
    sentences = set()
    for exponent in (-1, pf.tensor([1, -2], backend=backend)):
        with pytest.raises(ValueError, match="negative integer power") as caught:
            x**exponent
        sentences.add(str(caught.value))
    assert len(sentences) == 1
    assert (x ** pf.tensor([0, 3], backend=backend)).tolist() == [1, 27]


def test_large_powers_of_integers_wrap(backend):
    """Every bit of the exponent counts."""
    base = np.array([3, -1, 0xFFFFFFFF, 2, 7], np.int64)
    exponent = np.array([200, 2**40 + 1, 12345, 64, 0], np.int64)
    expected = [(int(b) ** int(e)) % 2**64 if e < 2**20 else -1 for b, e in zip(base, exponent, strict=True)]
    expected = np.array([e - 2**64 if e >= 2**63 else e for e in expected], np.int64)
    np.testing.assert_array_equal(run(backend, "pow", base, exponent), expected)


# Rounding, order, NaN ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*dt.SIGNED, *dt.UNSIGNED], ids=str)
@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round"])
def test_integers_are_round_already(name, dtype, backend):
    """Unchanged to the last bit, in their own dtype."""
    x = np.array([0, 1, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)
    got = run(backend, name, x)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize("dtype", dt.FLOATS, ids=str)
def test_nan_is_the_largest_the_smallest_the_first_found_and_the_last_sorted(dtype, backend):
    """In max, min, maximum, minimum, argmax, argmin, sort and argsort, both ways."""
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"{backend.name} does not hold {dtype}")
    x = np.array([3.0, NAN, -INF, 3.0, NAN, INF, 1.0]).astype(dtype)
    for name in ("max", "min"):
        assert np.isnan(run(backend, name, x, axis=None, keepdims=False).astype(float))
    for name in ("maximum", "minimum"):
        got = run(backend, name, x, np.ones_like(x)).astype(float)
        assert np.isnan(got).tolist() == np.isnan(x.astype(float)).tolist()
        assert np.isnan(run(backend, name, np.ones_like(x), x).astype(float)).sum() == 2
    for name in ("argmax", "argmin"):
        assert run(backend, name, x, axis=None, keepdims=False) == 1
    ascending, descending = [-INF, 1, 3, 3, INF], [INF, 3, 3, 1, -INF]
    for down, numbers, order in ((False, ascending, [2, 6, 0, 3, 5, 1, 4]), (True, descending, [5, 0, 3, 6, 2, 1, 4])):
        got = run(backend, "sort", x, axis=0, descending=down).astype(float)
        np.testing.assert_array_equal(got, [*numbers, NAN, NAN])
        assert run(backend, "argsort", x, axis=0, descending=down).tolist() == order
    assert np.isnan(run(backend, "sign", x).astype(float)).sum() == 2


@pytest.mark.parametrize("descending", [False, True])
def test_argsort_keeps_ties_in_order(descending, backend):
    """Stable both ways, for integers, booleans and floats."""
    for dtype in (dt.bool_, dt.int8, dt.uint8, dt.int64, dt.float32):
        x = np.array([1, 0, 1, 0, 0, 1, 1, 0]).astype(dtype)
        expected = sorted(range(8), key=lambda i, x=x: -int(x[i]) if descending else int(x[i]))
        assert run(backend, "argsort", x, axis=0, descending=descending).tolist() == expected


# Indices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [dt.int64, dt.int32, dt.int8, dt.uint8, dt.uint64], ids=str)
def test_an_index_outside_is_an_index_error_in_one_sentence(dtype, backend):
    """Reading, adding and replacing; the first bad index is named, with axis and shape."""
    x = pf.tensor(np.arange(6.0).reshape(3, 2), backend=backend)
    outside = [(np.array([0, 7, 9], dtype), 7)]
    if dtype in dt.SIGNED:
        outside.append((np.array([-3, -4], dtype), -4))
    for indices, bad in outside:
        sentence = rf"index {bad} is out of bounds for axis 0 of size 3 \(shape \(3, 2\)\)\."
        with pytest.raises(IndexError, match=sentence):
            x[indices]
        with pytest.raises(IndexError, match=sentence):
            indexing.index_add(x, indices, 1.0)
        with pytest.raises(IndexError, match=sentence):
            indexing.index_set(x, indices, 1.0)
    with pytest.raises(IndexError, match=r"index 2 is out of bounds for axis 1 of size 2"):
        x[:, np.array([[0, 1], [2, 0]])]
    with pytest.raises(IndexError, match=r"index 5 is out of bounds for axis 0 of size 3 \(shape \(3, 2\)\)\."):
        x[5]


def test_indices_into_nothing_are_outside(backend):
    """An axis without elements has no valid index; no index at all is fine."""
    x = pf.tensor(np.zeros((0, 2), np.float32), backend=backend)
    with pytest.raises(IndexError, match="axis 0 of size 0"):
        x[np.array([0])]
    assert x[np.zeros((0,), np.int64)].shape == (0, 2)


@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
def test_compiled_reads_outside_never_give_another_element(dtype, jax):
    """NaN, or the dtype's smallest value; what is written outside is written nowhere."""
    x = (np.arange(1, 4) % 2 if dtype is dt.bool_ else np.arange(1, 4)).astype(dtype)
    wide = np.float64 if dtype in dt.FLOATING else dtype
    missing = NAN if dtype in dt.INEXACT else False if dtype is dt.bool_ else np.iinfo(dtype).min
    for kind in (np.int64, np.int8, np.uint8, np.uint64):
        far = np.array([0, 3, 2**63 + 1 if kind is np.uint64 else 100, 250 if kind is np.uint8 else 9], kind)
        if np.dtype(kind).kind == "i":
            far = np.concatenate([far, np.array([-1, -3, -4, -100], kind)])
        program = pf.function(lambda v, i: v[i])
        got = program(pf.tensor(x, backend="jax"), pf.tensor(far, backend="jax")).numpy()
        inside = (far < 3) & (far >= -3) if np.dtype(kind).kind == "i" else far < 3
        expected = np.where(inside, x[np.where(inside, far, 0).astype(np.int64)], np.array(missing).astype(dtype))
        np.testing.assert_array_equal(got.astype(wide), expected.astype(wide))
    if dtype in (dt.float32, dt.int32, dt.complex64):
        for change in (indexing.index_add, indexing.index_set):
            program = pf.function(lambda v, i, change=change: change(v, i, v[:1]))
            far = pf.tensor(np.array([1, 3, -4, 100]), backend="jax")
            got = program(pf.tensor(x, backend="jax"), far).numpy()
            expected = x.copy()
            expected[1] = x[1] + x[0] if change is indexing.index_add else x[0]
            np.testing.assert_array_equal(got, expected)


def test_eager_slices_of_one_length_share_a_program(jax):
    """The place of a slice is data: a loop over batches compiles once."""
    from polyflow_jax import backend as module

    x = pf.tensor(np.arange(40.0).reshape(20, 2), backend="jax")
    x[0:3]
    x[5]
    programs = module._getitem.__wrapped__
    before = programs._cache_size()
    for start in range(1, 15):
        np.testing.assert_array_equal(x[start : start + 3].numpy(), np.arange(40.0).reshape(20, 2)[start : start + 3])
        np.testing.assert_array_equal(x[start].numpy(), np.arange(40.0).reshape(20, 2)[start])
    assert programs._cache_size() == before + 1  # starting at 0 is a program of its own, with less to do


def test_keys_of_every_kind_select_what_numpy_selects(backend):
    """Steps, backward slices, None, ellipses and index arrays, read, added to and replaced."""
    host = np.arange(60.0).reshape(3, 4, 5)
    x = pf.tensor(host, backend=backend)
    keys = [
        np.s_[1:, ::2, ::-1], np.s_[::-1, 3:0:-2, 4], np.s_[2, 1, 0], np.s_[..., 1:1], np.s_[None, 1, ..., None, 3],
        np.s_[[2, 0]], np.s_[:, [1, -1, 1]], np.s_[[0, 1], [2, -1]], np.s_[[0, 1], :, [2, -1]], np.s_[1, [[0], [1]], :],
        np.s_[1:, [0, 2], ::-2], np.s_[[1], None, 2, [0, 4]], np.s_[-1, :, [0, 3]], np.s_[host > 30],
    ]  # fmt: skip
    for key in keys:
        expected = host[key]
        np.testing.assert_array_equal(x[key].numpy(), expected)
        added = host.copy()
        np.add.at(added, key, 2.0)
        np.testing.assert_array_equal(indexing.index_add(x, key, 2.0).numpy(), added)
    for key in keys[:5]:
        replaced = host.copy()
        replaced[key] = -1.0
        np.testing.assert_array_equal(indexing.index_set(x, key, -1.0).numpy(), replaced)


def test_scattered_sums_are_the_same_in_every_run(backend):
    """Many updates to few places, by rows and by elements."""
    rng = np.random.default_rng(0)
    rows, updates = rng.integers(0, 7, 500), rng.normal(size=(500, 3)).astype(np.float32)
    key = (ARRAY, Slice(0, 3, 1))
    first = run(backend, "index_add", np.zeros((7, 3), np.float32), updates, rows, key=key)
    again = run(backend, "index_add", np.zeros((7, 3), np.float32), updates, rows, key=key)
    np.testing.assert_array_equal(first, again)
    exact = np.zeros((7, 3))
    np.add.at(exact, rows, updates.astype(np.float64))
    np.testing.assert_allclose(first, exact, atol=1e-4)
