"""Dtypes by themselves: names, kinds, limits, defaults."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from polyflow import dtypes as dt
from polyflow.errors import DTypeError


@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
def test_every_way_to_name_a_dtype_gives_one_object(dtype):
    """Names, NumPy dtypes, scalar classes and byte-swapped dtypes are brought to the object that ``is`` compares."""
    ways = [dtype, dtype.name, np.dtype(dtype.name), dtype.type]
    if dtype is not dt.bfloat16:
        ways.append(dtype.newbyteorder())
    for way in ways:
        assert dt.as_dtype(way) is dtype


def test_python_types_stand_for_defaults():
    assert [dt.as_dtype(t) for t in (bool, int, float, complex)] == [dt.bool_, dt.int32, dt.float32, dt.complex64]
    assert dt.as_dtype("float") is dt.float32
    assert dt.as_dtype("half") is dt.float16
    assert dt.as_dtype("double") is dt.float64
    assert dt.as_dtype(ml_dtypes.bfloat16) is dt.bfloat16


@pytest.mark.parametrize(
    "wrong", ["float23", "str", object, np.dtype("M8[s]"), np.dtype("f8,f8"), 3, [], "U3", None.__class__]
)
def test_what_is_no_dtype(wrong):
    with pytest.raises(DTypeError, match="Expected one of: bool, int8|is not one of polyflow's: bool, int8"):
        dt.as_dtype(wrong)


def test_defaults_of_python_numbers():
    assert [dt.default(x) for x in (True, 1, -(2**31), 2**31 - 1, 2**31, 1.0, 1j)] == [
        dt.bool_, dt.int32, dt.int32, dt.int32, dt.int64, dt.float32, dt.complex64,
    ]  # fmt: skip
    with pytest.raises(OverflowError, match="Python integer 9223372036854775808 is out of range for int64"):
        dt.default(2**63)


def test_check_fits():
    for dtype in dt.ALL:
        if dtype in dt.INTEGERS:
            info = np.iinfo(dtype)
            dt.check_fits(int(info.min), dtype)
            dt.check_fits(int(info.max), dtype)
            for value in (int(info.min) - 1, int(info.max) + 1):
                with pytest.raises(OverflowError, match=f"out of range for {dtype.name} "):
                    dt.check_fits(value, dtype)
        else:
            dt.check_fits(2**80, dtype)


def test_kinds():
    assert [dt.kind(d) for d in (dt.bool_, dt.uint8, dt.int64, dt.bfloat16, dt.complex64)] == [0, 1, 1, 2, 3]
    assert dt.isdtype("float32", "real floating")
    assert dt.isdtype(dt.bfloat16, ("integral", "real floating"))
    assert not dt.isdtype(dt.bool_, "numeric")
    assert dt.isdtype(dt.uint8, "unsigned integer")
    assert not dt.isdtype(dt.uint8, "signed integer")
    assert dt.isdtype(dt.complex64, "complex floating")
    assert dt.isdtype(dt.float32, "float32")
    assert dt.isdtype(dt.float32, dt.float32)
    with pytest.raises(ValueError, match="'floating' is not a kind of dtype"):
        dt.isdtype(dt.float32, "floating")


def test_can_cast():
    assert dt.can_cast(dt.int8, dt.float32)
    assert not dt.can_cast(dt.float64, dt.float32)
    assert not dt.can_cast(dt.uint64, dt.int8)
    assert dt.can_cast(dt.uint8, dt.int16)
    assert not dt.can_cast(dt.uint8, dt.int8)


@pytest.mark.parametrize("dtype", [d for d in dt.ALL if d in dt.INEXACT], ids=str)
def test_finfo(dtype):
    """Limits are Python floats, for bfloat16 too."""
    info = dt.finfo(dtype)
    expected = ml_dtypes.finfo(dt.real_of(dtype))
    assert info.bits == expected.bits
    for name in ("eps", "max", "min", "smallest_normal"):
        assert type(getattr(info, name)) is float
        assert getattr(info, name) == float(getattr(expected, name))
    assert info.dtype is dt.real_of(dtype)
    assert f"finfo(dtype={info.dtype.name}" in repr(info)


def test_iinfo():
    info = dt.iinfo("int16")
    assert (info.bits, info.min, info.max, info.dtype) == (16, -32768, 32767, dt.int16)
    assert repr(info) == "iinfo(dtype=int16, min=-32768, max=32767)"
    with pytest.raises(DTypeError, match="iinfo needs an integer dtype; float32 is none"):
        dt.iinfo(dt.float32)
    with pytest.raises(DTypeError, match="finfo needs a floating or complex dtype; int8 has none"):
        dt.finfo(dt.int8)


def test_parts_of_complex_numbers():
    assert [dt.complex_of(d) for d in (dt.float16, dt.float32, dt.float64)] == [
        dt.complex64,
        dt.complex64,
        dt.complex128,
    ]
    assert dt.real_of(dt.complex128) is dt.float64
    assert dt.real_of(dt.int8) is dt.int8


def test_result_type():
    assert dt.result_type(dt.int8, int) is dt.int8
    assert dt.result_type(dt.int8, float) is dt.float32
    assert dt.result_type(dt.float64, complex) is dt.complex128
    assert dt.result_type(bool, int) is dt.int32
    assert dt.result_type(dt.float16, dt.int64, dt.float32) is dt.float32
