"""Absolute, relative and ulp differences, held against their definitions in exact arithmetic."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow._cli.differences import TOLERANCES, Tolerance, compare_uses, differences, shown
from polyflow._cli.recording import Leaf

LABELS = ("numpy", "jax")


def row(a, b, tolerance=None, kind="array"):
    ours, theirs = Leaf("", kind, np.asarray(a)), Leaf("", kind, np.asarray(b))
    return compare_uses("x", [ours], [theirs], LABELS, tolerance or Tolerance())


def steps(a, b, dtype):
    """How often nextafter has to be taken from a to reach b."""
    a, b, count = dtype(a), dtype(b), 0
    while a != b:
        a = np.nextafter(a, b)
        count += 1
    return count


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@settings(deadline=None)
@given(start=st.floats(-100, 100), count=st.integers(-40, 40))
def test_ulp_counts_representable_numbers(dtype, start, count):
    a = dtype(start)
    b = a
    for _ in range(abs(count)):
        b = np.nextafter(b, dtype(math.copysign(math.inf, count)))
    gaps = differences(np.array(a), np.array(b))
    assert gaps.ulp == abs(count) == steps(a, b, dtype)
    assert gaps.absolute == abs(float(a) - float(b))


def test_ulp_across_zero():
    tiny = np.float32(1e-45)
    assert row([tiny], [-tiny]).ulp == 2
    assert row(np.float32([0.0]), np.float32([-0.0])).ulp == 0
    assert row(np.float32([0.0]), np.float32([-0.0])).within


def test_ulp_of_opposite_extremes_does_not_overflow():
    big = np.finfo(np.float64).max
    gaps = differences(np.array([big]), np.array([-big]))
    assert gaps.ulp[0] == pytest.approx(2 * (0x7FEFFFFFFFFFFFFF), rel=1e-12)
    assert gaps.absolute[0] == math.inf


def test_ulp_of_bfloat16():
    a = np.array([1.0, 2.0], ml_dtypes.bfloat16)
    b = np.array([1.0078125, 2.0], ml_dtypes.bfloat16)
    found = row(a, b)
    assert (found.ulp, found.absolute, found.dtype) == (1, 0.0078125, "bfloat16")
    assert found.within


def test_relative_is_to_the_larger_number():
    found = row(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    assert (found.absolute, found.relative) == (1.0, 0.5)
    assert row(np.array([0.0]), np.array([1e-300])).relative == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_same_special_value_is_no_difference(value):
    found = row(np.float32([value]), np.float32([value]))
    assert (found.absolute, found.relative, found.ulp, found.within) == (0, 0, 0, True)


@pytest.mark.parametrize(("a", "b"), [(math.nan, 1.0), (math.inf, 1e38), (math.inf, -math.inf), (math.nan, math.inf)])
@pytest.mark.parametrize("tolerance", [Tolerance(), Tolerance(rtol=1e9, atol=1e300, ulp=1e300)])
def test_a_special_value_on_one_side_never_passes(a, b, tolerance):
    for x, y in ((a, b), (b, a)):
        found = row(np.float32([x, 1]), np.float32([y, 1]), tolerance)
        assert (found.absolute, found.relative, found.ulp) == (math.inf, math.inf, math.inf)
        assert not found.within
        assert found.where.startswith("[0] ")


def test_complex():
    a = np.array([3 + 4j, 1j], np.complex128)
    b = np.array([3 + 4j, 1j + 3e-3 + 4e-3j], np.complex128)
    found = row(a, b)
    assert found.absolute == pytest.approx(5e-3)
    assert found.relative == pytest.approx(5e-3 / abs(b[1]))
    assert found.ulp > 0
    assert not found.within
    one_nan = row(np.array([complex(math.nan, 1)]), np.array([complex(1, 1)]))
    assert one_nan.absolute == math.inf


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "uint64"])
def test_integers_are_exact(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    found = row(np.array([low, 5], dtype), np.array([high, 5], dtype))
    assert found.absolute == float(high) - float(low)
    assert found.ulp is None
    assert not found.within
    assert row(np.array([high], dtype), np.array([high], dtype)).within
    near = row(np.array([high], dtype), np.array([high - 1], dtype))
    assert near.absolute == 1
    assert not near.within


def test_booleans_are_exact():
    assert row([True, False], [True, False]).within
    assert not row([True, False], [True, True]).within


def test_python_integers_of_any_size():
    assert not row(np.uint64(2**64 - 1), np.int64(1), kind="number").within
    assert row(np.uint64(7), np.int64(7), kind="number").within


def test_python_floats_that_were_float32_count_float32_steps():
    a = float(np.float32(0.1))
    b = float(np.nextafter(np.float32(0.1), np.float32(1)))
    assert row(a, b, kind="number").ulp == 1
    assert row(0.1, math.nextafter(0.1, 1), kind="number").ulp == 1
    assert row(0.1, math.nextafter(0.1, 1), kind="number").dtype == "number"


def test_empty_arrays_agree():
    found = row(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32))
    assert (found.absolute, found.relative, found.within) == (0, 0, True)


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        (np.zeros(3), np.zeros((3, 1)), "shape (3,) on numpy, (3, 1) on jax"),
        (np.zeros(3, np.float32), np.zeros(3), "dtype float32 on numpy, float64 on jax"),
    ],
)
def test_what_cannot_be_subtracted(a, b, problem):
    found = row(a, b)
    assert found.problem == problem
    assert not found.within


def test_kinds_and_texts():
    text, number = Leaf("", "text", "'a'"), Leaf("", "number", np.array(1.0))
    assert compare_uses("x", [text], [number], LABELS, Tolerance()).problem == "text on numpy, number on jax"
    other = compare_uses("x", [text], [Leaf("", "text", "'b'")], LABELS, Tolerance())
    assert (other.problem, other.within) == ("'a' on numpy, 'b' on jax", False)
    assert compare_uses("x", [text], [text], LABELS, Tolerance()).within


@pytest.mark.parametrize("key", TOLERANCES)
def test_default_tolerances(key):
    """Twice the tolerance fails, half of it passes, for large numbers and around zero."""
    dtype = {"number": "float64", "bfloat16": ml_dtypes.bfloat16}.get(key, key)
    kind = "number" if key == "number" else "array"
    rtol, atol = TOLERANCES[key]
    for scale, tolerance in ((8.0, 8 * rtol), (0.0, atol)):
        for factor, passes in ((0.5, True), (2.5, False)):
            a = np.array([scale], dtype)
            b = np.array([scale + factor * tolerance], dtype)
            assert row(a, b, kind=kind).within is passes, (scale, factor)


def test_given_tolerances_replace_all_the_defaults():
    a, b = np.float32([1.0]), np.float32([1.000001])
    assert row(a, b).within
    assert not row(a, b, Tolerance(rtol=1e-9)).within
    assert not row(a, b, Tolerance(atol=1e-9)).within
    assert not row(a, b, Tolerance(ulp=3)).within
    assert row(a, b, Tolerance(ulp=8)).within
    assert row(a, b, Tolerance(rtol=1e-9, ulp=8)).within
    assert row(np.array([5]), np.array([6]), Tolerance(atol=1)).within
    assert not row(np.array([5]), np.array([6]), Tolerance(ulp=1)).within
    assert not row(a, b, Tolerance(rtol=0.0)).within
    assert row(a, a, Tolerance(rtol=0.0)).within


def test_the_worst_place_over_several_uses():
    ours = [Leaf("", "array", np.zeros((2, 2))) for _ in range(3)]
    theirs = [Leaf("", "array", np.zeros((2, 2))) for _ in range(3)]
    theirs[1].value[1, 0] = 4.0
    theirs[2].value[0, 0] = 2.0
    found = compare_uses("x", ours, theirs, LABELS, Tolerance())
    assert (found.uses, found.absolute, found.where) == (3, 4.0, "value 2 [1, 0]")


def test_where_points_at_a_failure_rather_than_at_a_larger_but_accepted_difference():
    """Near zero a difference of 100 % may pass by atol; the failing element is the one to look at."""
    a = np.array([1e-9, 1.0])
    b = np.array([2e-9, 1.1])
    found = row(a, b, Tolerance(rtol=0.01, atol=1e-6))
    assert not found.within
    assert found.relative == 0.5
    assert found.where == "[1]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (3.0, "3"), (1e-9, "1e-09"), (0.125, "0.12"), (math.inf, "inf"), (1e30, "1e+30")],
)
def test_shown(value, text):
    assert shown(value) == text
