"""core-1, from dtype to dtype: conversion, rounding, and the dtype that two have in common."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise

from .. import samples
from ..case import Case, Trial
from ..measure import widened
from .core_elementwise import MAIN

GROUP = "core-1"


def cases() -> Iterator[Case]:
    """Every dtype to every other, where rounding shows, and sums of two dtypes."""
    for dtype in dt.ALL:
        check = functools.partial(_astype, dtype=dtype)
        yield Case(f"{GROUP}/astype/{dtype.name}/to-all", check, (dtype,), quick=dtype in MAIN)
    yield Case(f"{GROUP}/astype/float32/rounding", _rounding, (dt.float32, dt.float64, dt.float16, dt.bfloat16))
    for half in dt.HALVES:
        once = functools.partial(_once, half=half)
        yield Case(f"{GROUP}/astype/float64/{half.name}-once", once, (dt.float64, half), quick=half is dt.float16)
    yield Case(f"{GROUP}/saturate_cast/float32/limits", _saturate, (dt.float32,))
    for dtype in dt.ALL:
        check = functools.partial(_promotion, dtype=dtype)
        yield Case(f"{GROUP}/add/{dtype.name}/promotion", check, (dtype,), quick=dtype in MAIN)


def _astype(t: Trial, *, dtype: np.dtype) -> None:
    """Between values that both dtypes hold; integers wrap."""
    if dtype in dt.INTEGERS:
        host = samples.extremes(dtype)
    elif dtype is dt.bool_:
        host = np.array([True, False])
    else:
        host = np.array([0, 1, 0.25, 3.75, 100.5, 7], dtype)
        if dtype in dt.COMPLEX:
            host = np.append(host, np.array([2j, 1 - 3j], dtype))  # an imaginary number is not 0
    if dtype in dt.FLOATS:
        below = np.array([-0.25, -3.75, -7, 0.5, -1, -100.5], dtype)
        for target in set(t.held) & set(dt.SIGNED):
            value = elementwise.astype(t.tensor(below), target)
            t.exactly(value, np.trunc(below.astype(np.float64)).astype(target), dtype=target, what=f"as {target.name}")
        truth = np.array([-1.5, math.nan, -math.inf, 1e-3, -0.0, 0.0], dtype)
        t.exactly(
            elementwise.astype(t.tensor(truth), dt.bool_),
            np.array([1, 1, 1, 1, 0, 0], bool),
            what=f"{dtype.name} as bool",
        )
    if dtype in (dt.float32, dt.float64):
        wide = np.array([3e9, 2.0**33 + 2.0**12, 2.0**52, 1.8e19], dtype)
        for target in set(t.held) & {dt.int64, dt.uint32, dt.uint64}:
            given = np.resize([one for one in wide if float(one) < float(np.iinfo(target).max)], 6).astype(dtype)
            t.exactly(elementwise.astype(t.tensor(given), target), given.astype(target), what=f"as {target.name}")
    x = t.tensor(host)
    for target in t.held:
        if dtype in dt.INEXACT or target in dt.INEXACT or target is dt.bool_ or dtype is dt.bool_:
            given = host
            if dtype in dt.INTEGERS and target is dt.float16:
                given = samples.read_only(np.array([0, 1, 7, 100], dtype))
            wide = (
                np.real(given) if dtype in dt.COMPLEX and target not in dt.COMPLEX and target is not dt.bool_ else given
            )
            true = wide.astype(target)
            t.exactly(
                elementwise.astype(t.tensor(given), target), true, dtype=target, what=f"{dtype.name} as {target.name}"
            )
            continue
        modulus, low = 1 << np.iinfo(target).bits, int(np.iinfo(target).min)
        true = np.array([(int(one) - low) % modulus + low for one in host], target)
        t.exactly(x.astype(target), true, dtype=target, what=f"{dtype.name} as {target.name}")


def _rounding(t: Trial) -> None:
    """To the nearest, ties to even: longdouble's numbers decide."""
    host = samples.values("any", dt.float64, (1000,), t.rng)
    for source, target in (
        (dt.float64, dt.float32),
        (dt.float64, dt.float16),
        (dt.float32, dt.float16),
        (dt.float32, dt.bfloat16),
    ):
        given = host.astype(source)
        t.close(
            elementwise.astype(t.tensor(given), target),
            widened(given),
            0.5,
            dtype=target,
            what=f"{source.name} as {target.name}",
        )
    for target in (dt.float16, dt.bfloat16):
        step = float(dt.finfo(target).eps)
        given = np.array([1 + step / 2 + sign * 2.0**-22 for sign in (-1, 1)], np.float32)
        true = np.array([1, 1 + step]).astype(target)
        t.exactly(elementwise.astype(t.tensor(given), target), true, what=f"float32 as {target.name} near a tie")
    if dt.int64 in t.backend.capabilities.dtypes:
        given = np.array([(1 << 60) + (1 << 36) + 1, (1 << 60) + (1 << 36), (1 << 60) + (3 << 36) - 1])
        true = np.array([(1 << 60) + (1 << 37), 1 << 60, (1 << 60) + (1 << 37)], np.float32)
        t.exactly(elementwise.astype(t.tensor(given), dt.float32), true, what="int64 as float32 near a tie")
    ties = np.array([1 + 2.0**-24, 1 + 3 * 2.0**-24, -1 - 2.0**-24])
    t.exactly(elementwise.astype(t.tensor(ties), dt.float32), np.array([1, 1 + 2.0**-22, -1], np.float32), what="ties")


def _once(t: Trial, *, half: np.dtype) -> None:
    """float64 to a half without a stop at float32, which makes ties of numbers that are next to one."""
    step = float(dt.finfo(half).eps)
    ties = np.array([1 + step / 2, 1 + 3 * step / 2, -1 - step / 2, 16 + 40 * step, 2.0**-9 * (1 + 5 * step / 2)])
    near = np.concatenate([ties * (1 + sign * 2.0**bits) for sign in (-1, 1) for bits in (-45, -26)])
    spacing = np.exp2(np.floor(np.log2(np.abs(near)))) * step
    expected = (np.rint(near / spacing) * spacing).astype(half)
    x = t.tensor(near)
    t.exactly(elementwise.astype(x, half), expected, dtype=half, what=f"float64 as {half.name} near a tie")
    special = np.array([math.inf, -math.inf, math.nan, 0.0, -0.0, 1.5, -2])
    t.exactly(elementwise.astype(t.tensor(special), half), special.astype(half), dtype=half, what=half.name)


def _saturate(t: Trial) -> None:
    host = np.array([math.nan, math.inf, -math.inf, 300.7, -300.7, 12.9, -0.5], np.float32)
    t.exactly(
        elementwise.saturate_cast(t.tensor(host), dt.uint8),
        np.array([0, 255, 0, 255, 0, 12, 0], np.uint8),
        what="uint8",
    )
    t.exactly(
        elementwise.saturate_cast(t.tensor(host), dt.int8),
        np.array([0, 127, -128, 127, -128, 12, 0], np.int8),
        what="int8",
    )


def promoted(a: np.dtype, b: np.dtype) -> np.dtype | None:
    """The common dtype of two, by the array API standard and what polyflow adds to it (None: none)."""
    if a is b:
        return a
    ranks = {**dict.fromkeys(("b",), 0), "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}
    kinds = [ranks[one.kind] for one in (a, b)]
    low, high = (a, b) if kinds[0] <= kinds[1] else (b, a)
    if kinds[0] != kinds[1]:
        if high.kind == "c" and low is dt.float64:
            return dt.complex128
        return high
    if high.kind in "fV":
        if {a, b} == {dt.float16, dt.bfloat16}:
            return dt.float32
        return max(a, b, key=lambda one: one.itemsize)
    if a.kind == b.kind:
        return max(a, b, key=lambda one: one.itemsize)
    unsigned, signed = (a, b) if a.kind == "u" else (b, a)
    if unsigned.itemsize < signed.itemsize:
        return signed
    return None if unsigned.itemsize == 8 else np.dtype(f"int{16 * unsigned.itemsize}")


def _promotion(t: Trial, *, dtype: np.dtype) -> None:
    x = t.tensor(np.ones(2, dtype))
    for other in t.held:
        target = promoted(dtype, other)
        y = t.tensor(np.ones(2, other))
        if target is None:
            t.raises(lambda y=y: x + y, TypeError, dtype.name, other.name)
            continue
        target = dt.as_dtype(target)
        result = dt.int32 if target is dt.bool_ else target
        if result in t.backend.capabilities.dtypes:
            t.exactly(x + y, np.full(2, 2, result), what=f"{dtype.name} + {other.name}")
