"""core-1, sums of products: matmul, einsum and their relatives."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import linalg, shape

from .. import samples
from ..case import Case, Trial
from ..measure import WIDE, WIDE_COMPLEX
from .core_elementwise import MAIN

GROUP = "core-1"

MATRICES = {
    "matrices": ((3, 4), (4, 5)),
    "vectors": ((4,), (4,)),
    "matrix-vector": ((3, 4), (4,)),
    "vector-matrix": ((4,), (4, 5)),
    "batched": ((2, 3, 4), (2, 4, 5)),
    "broadcast": ((2, 1, 3, 4), (3, 4, 2)),
    "two-of-one": ((1, 3, 4), (5, 4, 2)),
    "empty": ((3, 0), (0, 2)),
    "long": ((2, 1000), (1000, 3)),
    "stack-vector": ((2, 2, 3, 4), (4,)),
    "vector-stack": ((4,), (2, 4, 5)),
    "blocks": ((64, 48), (48, 40)),
    "stacks": ((2, 3, 4, 5), (2, 3, 5, 2)),
    "deep": ((2, 1, 2, 3, 4), (2, 1, 4, 2)),
    "row": ((1, 7), (7, 5)),
    "column": ((5, 7), (7, 1)),
    "outer": ((5, 1), (1, 7)),
    "tiles": ((131, 70), (70, 137)),
    "one-stack": ((1, 3, 4), (1, 4, 5)),
    "one-of-two": ((5, 3, 4), (1, 4, 2)),
    "stack-matrix": ((2, 3, 4), (4, 5)),
    "matrix-stack": ((3, 4), (2, 4, 5)),
    "longer": ((3, 20_011), (20_011, 2)),
    "empty-stack": ((0, 3, 4), (4, 5)),
    "number": ((1, 1), (1, 1)),
}


def cases() -> Iterator[Case]:
    """Matrices and vectors of every kind; sums that overflow or lose digits; equations."""
    for dtype in (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS, *dt.COMPLEX):
        for label in MATRICES if dtype in MAIN else ("matrices", "long"):
            check = functools.partial(_matmul, dtype=dtype, label=label)
            yield Case(
                f"{GROUP}/matmul/{dtype.name}/{label}",
                check,
                (dtype,),
                quick=dtype in MAIN and label in ("matrices", "long"),
            )
    for dtype in (*dt.SIGNED, *dt.UNSIGNED, *dt.FLOATS, *dt.COMPLEX):
        check = functools.partial(_matmul_forms, dtype=dtype)
        yield Case(f"{GROUP}/matmul/{dtype.name}/forms", check, (dtype,))
    for dtype in (dt.float16, dt.bfloat16):
        check = functools.partial(_matmul_many, dtype=dtype)
        yield Case(f"{GROUP}/matmul/{dtype.name}/accumulated-wide", check, (dtype,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/transposed", _matmul_transposed, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/views", _matmul_views, (dt.float32,), quick=True)
    yield Case(f"{GROUP}/matmul/float32/special", _matmul_special, (dt.float32,))
    for dtype in (*dt.SIGNED, *dt.UNSIGNED):
        check = functools.partial(_matmul_wraps, dtype=dtype)
        yield Case(f"{GROUP}/matmul/{dtype.name}/wrap", check, (dtype,), quick=dtype is dt.int32)
    for label, (equation, sizes) in EINSUMS.items():
        check = functools.partial(_einsum, equation=equation, sizes=sizes)
        yield Case(f"{GROUP}/einsum/float32/{label}", check, (dt.float32,), quick=label == "batched")
    yield Case(f"{GROUP}/tensordot/float32/axes", _tensordot, (dt.float32,))
    yield Case(f"{GROUP}/outer/float32/vectors", _outer, (dt.float32,))
    yield Case(f"{GROUP}/vecdot/complex64/conjugated", _vecdot, (dt.complex64,))
    yield Case(f"{GROUP}/trace/float32/offset", _trace, (dt.float32,))


EINSUMS = {
    "matmul": ("ij,jk->ik", ((3, 4), (4, 5))),
    "batched": ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
    "trace": ("ii->", ((4, 4),)),
    "diagonal": ("iij->ij", ((3, 3, 2),)),
    "sum": ("ijk->j", ((2, 3, 4),)),
    "outer": ("i,j->ij", ((3,), (4,))),
    "three": ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
    "implicit": ("ij,jk", ((2, 3), (3, 4))),
    "ellipsis": ("...ij,...jk->...ik", ((2, 3, 4), (4, 2))),
}


def _product(
    t: Trial, value: Any, function: Callable[..., Any], hosts: tuple[np.ndarray, ...], dtype: np.dtype, what: str
) -> None:
    """A sum of products within 4 · eps · (|A|·|B|), or exactly for integers."""
    if dtype in dt.INTEGERS:
        true = function(*[host.astype(np.int64) for host in hosts]).astype(dtype)
        t.exactly(value, true, dtype=dtype, what=what)
        return
    wide = [host.astype(WIDE_COMPLEX if dtype in dt.COMPLEX else WIDE) for host in hosts]
    true = np.asarray(function(*wide))
    scale = np.asarray(function(*[np.abs(one) for one in wide]))
    t.close(value, true, 8.0 if dtype in dt.COMPLEX else 4.0, dtype=dtype, scale=scale, what=what)


def _matmul(t: Trial, *, dtype: np.dtype, label: str) -> None:
    a, b = (samples.values("any", dtype, size, t.rng) for size in MATRICES[label])
    value = linalg.matmul(t.tensor(a), t.tensor(b))
    linalg.matmul(t.tensor(a + np.ones((), dtype)), t.tensor(b))  # which leaves the one before as it is
    _product(t, value, np.matmul, (a, b), dtype, "matmul")


def _matmul_many(t: Trial, *, dtype: np.dtype) -> None:
    """5000 ones: sums in 16 bits stop growing at 2048 (float16) or 256 (bfloat16)."""
    value = linalg.matmul(t.tensor(np.ones((2, 5000), dtype)), t.tensor(np.ones((5000, 2), dtype)))
    t.close(value, np.full((2, 2), WIDE(5000)), 0.501, dtype=dtype, what="matmul of 5000 ones")


def _matmul_transposed(t: Trial) -> None:
    a, b = (samples.values("any", dt.float32, size, t.rng) for size in ((4, 3), (10, 4)))
    value = t.tensor(a).T @ t.tensor(b)[::-2].T
    _product(t, value, np.matmul, (a.T, b[::-2].T), dt.float32, "matmul of transposed matrices")


def _matmul_views(t: Trial) -> None:
    """A matrix and its own transpose, matrices turned around, every other row, one row again and again."""
    host = samples.values("any", dt.float32, (6, 6), t.rng)
    x = t.tensor(host)
    kept = []
    views = {"plain": (x, host), "transposed": (x.T, host.T), "reversed": (x[::-1, ::-1], host[::-1, ::-1])}
    views["repeated"] = shape.broadcast_to(x[:1], (6, 6)), np.broadcast_to(host[:1], (6, 6))
    for label, (a, h) in views.items():
        for other, (b, k) in views.items():
            value = linalg.matmul(a, b)
            _product(t, value, np.matmul, (h, k), dt.float32, f"matmul of a {label} and a {other} matrix")
            kept.append((value, t.host(value).copy()))
    strided = t.tensor(np.repeat(np.repeat(host, 2, 0), 3, 1))[::2, ::3]
    _product(t, linalg.matmul(strided, x), np.matmul, (host, host), dt.float32, "matmul of a strided matrix")
    for value, before in kept:
        t.exactly(value, before, what="an earlier product after later ones")
    t.exactly(x, host, what="the argument of matmul after the calls")


FORMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "stacks": ((2, 3, 4), (2, 4, 5)),
    "vector-matrix": ((4,), (4, 5)),
    "matrix-vector": ((3, 4), (4,)),
    "vectors": ((7,), (7,)),
    "blocks": ((37, 41), (41, 35)),
    "vectors of nothing": ((0,), (0,)),
    "stacks of nothing": ((2, 3, 0), (2, 0, 4)),
}


def _matmul_forms(t: Trial, *, dtype: np.dtype) -> None:
    """Vectors, stacks, larger matrices and nothing in every dtype; factors in any layout; what overflows and NaN."""
    for label, sizes in FORMS.items():
        a, b = (samples.values("any", dtype, size, t.rng) for size in sizes)
        _product(t, linalg.matmul(t.tensor(a), t.tensor(b)), np.matmul, (a, b), dtype, f"matmul of {label}")
    host, line = (samples.values("any", dtype, size, t.rng) for size in ((4, 4), (4,)))
    stack = samples.values("any", dtype, (2, 4, 4), t.rng)
    x, wide = t.tensor(host), samples.read_only(np.repeat(host, 2, 1))
    views: list[tuple[Any, np.ndarray]] = [
        *((x.T, host.T), (x[::-1, ::-1], host[::-1, ::-1])),
        *(
            (t.tensor(wide)[:, ::2], host),
            (t.tensor(line)[::-1], line[::-1]),
            (t.tensor(stack).mT, stack.swapaxes(1, 2)),
        ),
    ]
    for number, (y, k) in enumerate(views):
        what = f"matmul, one factor of which is a view ({number})"
        _product(t, linalg.matmul(y, x), np.matmul, (k, host), dtype, what)
        _product(t, linalg.matmul(x, y), np.matmul, (host, k), dtype, what)
    value = linalg.matmul(t.tensor(stack), t.tensor(stack).mT)
    _product(t, value, np.matmul, (stack, stack.swapaxes(1, 2)), dtype, "matmul of stacks, one transposed")
    if dtype in dt.FLOATS:
        large = float(dt.finfo(dtype).max)
        a, b = np.array([[large, 0], [1, math.nan], [1, 2]], dtype), np.array([[2, 1], [0, 3]], dtype)
        true = np.array([[math.inf, large], [math.nan, math.nan], [2, 7]])
        t.exactly(linalg.matmul(t.tensor(a), t.tensor(b)), true.astype(dtype), what="matmul of large numbers and NaN")


def _matmul_special(t: Trial) -> None:
    """0 times NaN is NaN, and so is 0 times infinity, also in a row of zeros."""
    a = np.array([[0, 0, 0], [1, 2, 3], [0, 0, 1]], np.float32)
    b = np.array([[math.nan, 1], [1, math.inf], [2, 3]], np.float32)
    true = np.array([[math.nan, math.nan], [math.nan, math.inf], [math.nan, math.nan]], np.float32)
    t.exactly(linalg.matmul(t.tensor(a), t.tensor(b)), true, what="matmul")


def _matmul_wraps(t: Trial, *, dtype: np.dtype) -> None:
    """Products of integers wrap, and keep every bit."""
    a, b = (samples.awkward(dtype, size, t.rng) for size in ((3, 7), (7, 4)))
    modulus, low = 1 << np.iinfo(dtype).bits, int(np.iinfo(dtype).min)
    whole = a.astype(object) @ b.astype(object)
    true = np.array([(int(one) - low) % modulus + low for one in whole.ravel()], dtype).reshape(whole.shape)
    t.exactly(linalg.matmul(t.tensor(a), t.tensor(b)), true, dtype=dtype, what="matmul")


def _einsum(t: Trial, *, equation: str, sizes: tuple[tuple[int, ...], ...]) -> None:
    hosts = tuple(samples.values("any", dt.float32, size, t.rng) for size in sizes)
    value = linalg.einsum(equation, *[t.tensor(host) for host in hosts])
    wide = [host.astype(WIDE) for host in hosts]
    true = np.asarray(np.einsum(equation, *wide))
    scale = np.asarray(np.einsum(equation, *[np.abs(one) for one in wide]))
    t.close(value, true, 8.0, dtype=dt.float32, scale=scale, what=f"einsum {equation}")


def _tensordot(t: Trial) -> None:
    hosts = tuple(samples.values("any", dt.float32, size, t.rng) for size in ((2, 3, 4), (4, 3, 5)))
    for axes in (1, ([2, 1], [0, 1])):
        if axes == 1:
            value = linalg.tensordot(t.tensor(hosts[0]), t.tensor(hosts[1]), axes=1)
        else:
            value = linalg.tensordot(t.tensor(hosts[0]), t.tensor(hosts[1]), axes=axes)
        _product(t, value, lambda a, b, axes=axes: np.tensordot(a, b, axes), hosts, dt.float32, f"tensordot {axes}")


def _outer(t: Trial) -> None:
    a, b = (samples.values("any", dt.float32, size, t.rng) for size in ((3,), (4,)))
    _product(t, linalg.outer(t.tensor(a), t.tensor(b)), np.outer, (a, b), dt.float32, "outer")


def _vecdot(t: Trial) -> None:
    a, b = (samples.values("any", dt.complex64, size, t.rng) for size in ((3, 4), (4,)))
    _product(
        t,
        linalg.vecdot(t.tensor(a), t.tensor(b)),
        lambda x, y: (np.conj(x) * y).sum(-1),
        (a, b),
        dt.complex64,
        "vecdot",
    )


def _trace(t: Trial) -> None:
    host = samples.values("any", dt.float32, (2, 3, 4), t.rng)
    _product(t, linalg.trace(t.tensor(host), offset=1), lambda x: np.trace(x, 1, -2, -1), (host,), dt.float32, "trace")
