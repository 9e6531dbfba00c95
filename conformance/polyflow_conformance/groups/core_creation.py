"""core-1, tensors made of nothing, of numbers and of NumPy arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops import creation, shape
from polyflow.tensor import Tensor

from .. import samples
from ..case import Case, Trial
from .core_elementwise import MAIN

GROUP = "core-1"


def cases() -> Iterator[Case]:
    """Filled, counted and spread ones; arrays and Python's numbers, kept as they are."""
    for dtype in dt.ALL:
        yield Case(
            f"{GROUP}/full/{dtype.name}/shapes", functools.partial(_full, dtype=dtype), (dtype,), quick=dtype in MAIN
        )
    yield Case(f"{GROUP}/full/float32/special", _full_special, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/arange/float32/steps", _arange, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/linspace/float32/ends", _linspace, (dt.float32, dt.float64))
    yield Case(f"{GROUP}/eye/float32/diagonals", _eye, (dt.float32, dt.int32))
    yield Case(f"{GROUP}/meshgrid/float32/orders", _meshgrid, (dt.float32,))
    for dtype in dt.ALL:
        yield Case(f"{GROUP}/asarray/{dtype.name}/kept", functools.partial(_kept, dtype=dtype), (dtype,), quick=True)
    yield Case(f"{GROUP}/asarray/float32/copied", _copied, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/asarray/float32/layouts", _asarray_layouts, (dt.float32,))
    yield Case(f"{GROUP}/asarray/float32/python-numbers", _python_numbers, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/asarray/int32/defaults", _defaults, (dt.int32, dt.float32, dt.complex64, dt.int64), quick=True)


def _full(t: Trial, *, dtype: np.dtype) -> None:
    for size in ((), (0, 2), (3,), (2, 3)):
        t.exactly(creation.full(size, 1, dtype, backend=t.backend), np.full(size, 1, dtype), what=f"full({size})")
        t.exactly(creation.zeros(size, dtype, backend=t.backend), np.zeros(size, dtype), what=f"zeros({size})")
    if dtype in dt.COMPLEX:
        for size in ((), (2, 3)):
            value = creation.full(size, 1 - 2j, dtype, backend=t.backend)
            t.exactly(value, np.full(size, 1 - 2j, dtype), what=f"full({size}, 1 - 2j)")
    if dtype in dt.INTEGERS:
        for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max, np.iinfo(dtype).max // 3):
            t.exactly(
                creation.full(2, int(limit), dtype, backend=t.backend), np.full(2, limit, dtype), what=f"full({limit})"
            )
    elif dtype in dt.FLOATS:
        t.exactly(creation.full(2, 0.1, dtype, backend=t.backend), np.full(2, 0.1, dtype), what="full(0.1)")
    elif dtype in dt.COMPLEX:
        t.exactly(creation.full(2, 1 - 2j, dtype, backend=t.backend), np.full(2, 1 - 2j, dtype), what="full(1-2j)")


def _full_special(t: Trial) -> None:
    for value in (math.inf, -math.inf, math.nan):
        t.exactly(creation.full(3, value, backend=t.backend), np.full(3, value, np.float32), what=f"full({value})")


def _arange(t: Trial) -> None:
    t.exactly(creation.arange(5, backend=t.backend), np.arange(5, dtype=np.int32), what="arange(5)")
    t.exactly(creation.arange(5, 0, -2, backend=t.backend), np.array([5, 3, 1], np.int32), what="arange(5, 0, -2)")
    true = np.array([0.5, 0.75, 1.0, 1.25], np.float32)
    t.exactly(creation.arange(0.5, 1.5, 0.25, backend=t.backend), true, what="arange(0.5, 1.5, 0.25)")


def _linspace(t: Trial) -> None:
    for dtype in (dt.float32, dt.float64):
        true = np.array([i / 6 for i in range(7)], dtype)
        t.close(creation.linspace(0, 1, 7, dtype=dtype, backend=t.backend), true, 1.0, what="linspace")


def _eye(t: Trial) -> None:
    t.exactly(creation.eye(2, 3, k=1, backend=t.backend), np.eye(2, 3, 1, np.float32), what="eye")
    t.exactly(creation.eye(3, dtype=dt.int32, backend=t.backend), np.eye(3, dtype=np.int32), what="eye")


def _meshgrid(t: Trial) -> None:
    a, b = np.arange(2, dtype=np.float32), np.arange(3, dtype=np.float32)
    for order in ("xy", "ij"):
        for value, true in zip(
            shape.meshgrid(t.tensor(a), t.tensor(b), indexing=order), np.meshgrid(a, b, indexing=order), strict=True
        ):
            t.exactly(value, true, what=f"meshgrid, {order}")


def _kept(t: Trial, *, dtype: np.dtype) -> None:
    """A NumPy array keeps its dtype, and every bit."""
    host = samples.extremes(dtype) if dtype in dt.INTEGERS else samples.values("any", dtype, (5,), t.rng)
    if dtype is dt.float64:
        host = np.array([1 + 2.0**-52, 1e300, -1e-300], dtype)
    t.exactly(pf.constant(host), host, what="the tensor")
    t.exactly(t.tensor(host), host, what="the tensor")
    t.exactly(t.tensor(host[0]), np.asarray(host[0]), what="a 0-d tensor")


def _python_numbers(t: Trial) -> None:
    """Numbers that Python takes for equal are not the same: True, 1 and 1.0; 0.0 and -0.0; each in every dtype."""
    kinds = ((bool, (dt.bool_,)), (int, (dt.int32, dt.int64, dt.uint8)), (float, (dt.float32, dt.float64, dt.float16)))
    for _ in range(2):
        for kind, dtypes in kinds:
            for number in (1, 0, -0.0):
                for dtype in t.held:
                    if dtype in dtypes:
                        for given in (kind(number), np.array(kind(number), dtype)):
                            value = Tensor(t.backend.asarray(given, dtype), t.backend)
                            true = np.array(kind(number), dtype)
                            t.close(value, true, what=f"asarray({given!r}, {dtype.name})", zeros=True)


def _copied(t: Trial) -> None:
    """Writing to the array that a tensor was made of does not show in it, whatever its size, dtype and layout."""
    held = [one for one in (dt.float32, dt.float64, dt.int64, dt.bool_) if one in t.backend.capabilities.dtypes]
    sizes = [((size,), dt.float32) for size in (1, 5, 64, 4096)]
    large, others = ((300, 400), dt.float32), [(size, dt.float32) for size in ((), (3, 2, 4), (2, 1, 3, 2))]
    for size, dtype in (*sizes, *(((17, 5), one) for one in held), large, *others):
        host = np.ones(size, dtype)
        for written in (np.ones(size, dtype), np.ones(size[::-1], dtype).T, np.ones((2, *size), dtype)[1, ...]):
            x = pf.constant(written)
            y = Tensor(t.backend.asarray(written), t.backend)
            z = Tensor(t.backend.asarray(written, dtype), t.backend)
            seen = Tensor(t.backend.asarray(samples.read_only(written.view())), t.backend)
            written[...] = 0
            for value in (x, y, z, seen):
                t.exactly(value, host, what="the tensor after its source was written to")


def _asarray_layouts(t: Trial) -> None:
    for dtype in t.held:
        base = samples.read_only((np.arange(24).reshape(4, 6) % (2 if dtype is dt.bool_ else 24)).astype(dtype))
        views = (base.T, base[::-1], base[::2, ::3], np.asfortranarray(base), np.broadcast_to(base[0], (3, 6)))
        deep = base.reshape(2, 3, 4)
        for host in (*views, base[1, ::-2], deep.T, deep[:, ::-1], deep[..., 1::2]):
            what = f"the tensor of {dtype.name} and shape {host.shape}"
            t.exactly(t.tensor(host), np.ascontiguousarray(host), dtype=dtype, what=what)
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    swapped = base.astype(base.dtype.newbyteorder())
    t.exactly(pf.constant(swapped), base, what="the tensor of an array with bytes in the other order")


def _defaults(t: Trial) -> None:
    for given, true in (
        (1, np.array(1, np.int32)),
        (2**40, np.array(2**40, np.int64)),
        (1.5, np.array(1.5, np.float32)),
        (1j, np.array(1j, np.complex64)),
        (True, np.array(True)),
        ([1, 2.5], np.array([1, 2.5], np.float32)),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], np.int32)),
        ([], np.array([], np.float32)),
    ):
        t.exactly(pf.constant(given), true, what=f"constant({given!r})")
