"""Dtypes of results: the array API standard's table, Python numbers as weak operands, lists, and what is refused."""

from __future__ import annotations

import itertools

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import DTypeError
from polyflow.ops import elementwise

from .cases import tensor

STANDARD = {  # the array API standard's promotion tables, by NumPy 2, which follows them within a kind
    (a.name, b.name): np.promote_types(a, b).name
    for kind in (dt.SIGNED + dt.UNSIGNED, (dt.float32, dt.float64, dt.complex64, dt.complex128), (dt.bool_,))
    for a, b in itertools.product(kind, kind)
    if not ({a, b} & {dt.uint64} and {a, b} & set(dt.SIGNED))
}


@settings(deadline=None)
@given(st.sampled_from(sorted(STANDARD)))
def test_the_standards_table(pair):
    a, b = (dt.as_dtype(name) for name in pair)
    assert dt.promote(a, b).name == STANDARD[pair]
    x, y = (tensor(np.ones(2, d)) for d in (a, b))
    if dt.bool_ not in (a, b):
        assert (x + y).dtype.name == STANDARD[pair]
    assert elementwise.where(tensor(np.array([True, False])), x, y).dtype.name == STANDARD[pair]


@settings(deadline=None)
@given(st.sampled_from(dt.ALL), st.sampled_from(dt.ALL))
def test_the_rest_of_the_table(a, b):
    """Promotion is symmetric; mixed kinds take the float's or the complex number's dtype; uint64 refuses signed."""
    if {a, b} & {dt.uint64} and {a, b} & set(dt.SIGNED):
        with pytest.raises(DTypeError, match=r"Write which you mean: x.astype\('int64'\)"):
            dt.promote(a, b)
        return
    common = dt.promote(a, b)
    assert common is dt.promote(b, a)
    low, high = sorted((a, b), key=dt.kind)
    if dt.kind(low) < dt.kind(high) < 3:
        assert common is high
    if {a, b} == {dt.float16, dt.bfloat16}:
        assert common is dt.float32
    if dt.kind(high) == 3 and low is dt.float64:
        assert common is dt.complex128
    assert (tensor(np.ones(1, a)) == tensor(np.ones(1, b))).dtype is dt.bool_


@settings(deadline=None)
@given(st.lists(st.sampled_from([d for d in dt.ALL if d is not dt.uint64]), min_size=1, max_size=4))
def test_order_does_not_matter(dtypes):
    """The common dtype of several does not depend on their order within a kind."""
    if len({dt.kind(d) for d in dtypes}) == 1:
        assert len({dt.result_type(*order) for order in itertools.permutations(dtypes)}) == 1


WEAK = [(d, kind) for d in dt.ALL for kind in dt.SCALARS]


@pytest.mark.parametrize(("dtype", "kind"), WEAK, ids=str)
def test_python_numbers_are_weak(dtype, kind):
    """A Python number takes the tensor's dtype within its kind and below, else the default of its own kind."""
    x = tensor(np.ones(3, dtype))
    level = dt.SCALARS.index(kind)
    if level <= dt.kind(dtype):
        expected = dtype
    elif kind is complex and dtype in dt.FLOATING:
        expected = dt.complex128 if dtype is dt.float64 else dt.complex64
    else:
        expected = {int: dt.int32, float: dt.float32, complex: dt.complex64}[kind]
    computed = dt.int32 if expected is dt.bool_ else expected  # bool + bool counts
    for result in (x + kind(1), kind(1) + x, elementwise.add(x, kind(1))):
        assert result.dtype is computed
        np.testing.assert_array_equal(result.numpy(), np.full(3, 2).astype(computed))
    assert elementwise.where(tensor(np.ones(3, bool)), x, kind(1)).dtype is expected


@pytest.mark.parametrize("dtype", [d for d in dt.ALL if d in dt.INTEGERS], ids=str)
def test_python_integers_out_of_range_raise(dtype):
    x = tensor(np.ones(2, dtype))
    info = np.iinfo(dtype)
    assert (x * info.max).numpy().tolist() == [info.max] * 2
    for value in (info.max + 1, info.min - 1):
        with pytest.raises(OverflowError, match=f"out of range for {dtype.name}"):
            x + value
        with pytest.raises(OverflowError, match=f"out of range for {dtype.name}"):
            _ = x == value


def test_defaults():
    """Python numbers on their own: float32, int32, int64 where int32 is too narrow, complex64, bool."""
    for value, dtype in ((1.5, "float32"), (1, "int32"), (2**31, "int64"), (-(2**31) - 1, "int64"), (1j, "complex64"),
                         (True, "bool")):  # fmt: skip
        assert pf.constant(value).dtype.name == dtype
        assert pf.constant([value, value]).dtype.name == dtype
    assert elementwise.add(1, 2).dtype is dt.int32
    assert elementwise.add(1, 2**40).dtype is dt.int64
    assert elementwise.add(1, 2**40).numpy() == 2**40 + 1
    assert elementwise.add(1, 2.5).dtype is dt.float32
    assert elementwise.add([1, 2], [2**40, 0]).dtype is dt.int64
    assert pf.constant([1, 2.5]).dtype is dt.float32
    assert pf.constant([1, True]).dtype is dt.int32
    assert pf.constant([]).dtype is dt.float32
    assert pf.constant(range(3)).dtype is dt.int32
    with pytest.raises(OverflowError, match="out of range for int64"):
        pf.constant(2**63)
    with pytest.raises(OverflowError, match="out of range for int64"):
        pf.constant([2**63, -1])


def test_numpy_values_keep_their_dtype():
    for dtype in dt.ALL:
        assert pf.constant(np.ones(2, dtype)).dtype is dtype
        assert pf.constant(np.ones((), dtype)[()]).dtype is dtype
    assert pf.constant([np.float64(1.5)]).dtype is dt.float64
    assert pf.constant(np.ones(2, ">f4")).dtype is dt.float32
    assert pf.constant(np.ones(2, ">f4")).numpy().tolist() == [1, 1]


def test_numpy_scalars_are_weak_beside_tensors():
    """SciPy passes NumPy scalars where it means numbers."""
    x = tensor(np.ones(2, np.float32))
    assert (x * np.float64(2)).dtype is dt.float32
    assert (np.float64(2) * x).dtype is dt.float32
    assert (x + ml_dtypes.bfloat16(1)).dtype is dt.float32
    assert (tensor(np.ones(2, np.int8)) + np.int64(3)).dtype is dt.int8


def test_arrays_and_lists_beside_tensors():
    """Arrays promote as tensors do; lists of Python numbers are weak, and lose no digits on the way."""
    x = tensor(np.ones(2, np.float32))
    assert (x + np.ones(2)).dtype is dt.float64
    assert (np.ones(2) + x).dtype is dt.float64
    assert (x + [1, 2]).dtype is dt.float32  # noqa: RUF005
    assert ([0.5, 1] + x).numpy().tolist() == [1.5, 2]  # noqa: RUF005
    wide = tensor(np.zeros(2)) + [0.1, 0.2]  # noqa: RUF005
    assert wide.dtype is dt.float64
    assert wide.numpy().tolist() == [0.1, 0.2]
    assert (tensor(np.ones(2, np.int8)) * [100, 1]).dtype is dt.int8
    with pytest.raises(OverflowError, match="out of range for int8"):
        tensor(np.ones(2, np.int8)) * [200, 1]
    chosen = elementwise.where(tensor(np.array([True, False])), [0.1, 0.1], tensor(np.zeros(2)))
    assert chosen.numpy().tolist() == [0.1, 0.0]


def test_integers_in_floating_functions():
    """Division, roots and means of integers are computed in float32."""
    x = pf.constant([1, 2, 4])
    for result in (x / 2, x / x, elementwise.sqrt(x), pf.exp(x), elementwise.log(x)):
        assert result.dtype is dt.float32
    assert (x // 2).dtype is dt.int32
    assert (x**2).dtype is dt.int32


def test_wrapping_and_division_by_zero():
    """Integers wrap; dividing them by 0 gives 0, and so does the remainder; no warning is given."""
    x = tensor(np.array([127, -128], np.int8))
    assert (x + 1).numpy().tolist() == [-128, -127]
    assert (-x).numpy().tolist() == [-127, -128]
    assert elementwise.abs(x).numpy().tolist() == [127, -128]
    zero = tensor(np.zeros(2, np.int8))
    assert (x // zero).numpy().tolist() == [0, 0]
    assert (x % zero).numpy().tolist() == [0, 0]
    top = tensor(np.asarray(2**31 - 1, np.int32))
    assert (top + 1).numpy() == -(2**31)
    assert (top * top).numpy() == 1
    assert elementwise.square(top).numpy() == 1
    assert (tensor(np.asarray(0, np.uint8)) - 1).numpy() == 255


def test_refused_dtypes():
    x, z, b = pf.constant([1.0]), pf.constant([1j]), pf.constant([True])
    for function, expected in (
        (lambda: z < z, "less is defined on real numbers"),
        (lambda: elementwise.maximum(z, 1.0), "maximum is defined on real numbers"),
        (lambda: z // 2, "floor_divide is defined on real numbers"),
        (lambda: x & 1, "bitwise_and is defined on integers or booleans, not on float32"),
        (lambda: ~x, "bitwise_invert is defined on integers or booleans"),
        (lambda: x << 1, "bitwise_left_shift is defined on integers"),
        (lambda: elementwise.atan2(z, z), "atan2 is defined on real floating numbers"),
        (lambda: tensor(np.ones(1, np.uint64)) + tensor(np.ones(1, np.int8)), "uint64"),
    ):
        with pytest.raises(DTypeError, match=expected):
            function()
        assert issubclass(DTypeError, TypeError)
    assert (b & True).dtype is dt.bool_
    assert (~b).numpy().tolist() == [False]
    assert (-b).numpy().tolist() == [-1]


def test_saturate_cast():
    x = np.array([np.nan, np.inf, -np.inf, 300, -300, 2.7, -2.7])
    for dtype in (np.float16, np.float32, np.float64):
        for target in (d for d in dt.ALL if d in dt.INTEGERS):
            info = np.iinfo(target)
            exact = [0, info.max, info.min, min(300, info.max), max(-300, info.min), 2, max(-2, info.min)]
            result = elementwise.saturate_cast(tensor(x.astype(dtype)), target)
            assert result.dtype is target
            assert result.numpy().tolist() == exact, (dtype, target)
    assert elementwise.saturate_cast(pf.constant([300, -5]), "uint8").numpy().tolist() == [255, 0]
    assert pf.constant([300.7, -5.0]).astype("uint8", saturate=True).numpy().tolist() == [255, 0]
    assert elementwise.saturate_cast(pf.constant([1.5]), "float64").dtype is dt.float64
    assert elementwise.saturate_cast(pf.constant([True]), "int8").numpy().tolist() == [1]
    big = elementwise.saturate_cast(tensor(np.array([2.0**63, 2.0**62])), "int64").numpy()
    assert big.tolist() == [2**63 - 1, 2**62]
