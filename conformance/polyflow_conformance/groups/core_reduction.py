"""core-1, reductions, running sums, sorting and searching: against Python integers and longdouble sums."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops import reduction

from .. import samples
from ..case import Case, Trial
from ..measure import WIDE, WIDE_COMPLEX, eps, widened
from ..oracle import DOMAINS, wrapped
from ..table import functions

GROUP = "core-1"
MAIN = (dt.bool_, dt.int32, dt.float32, dt.float64, dt.complex64)


class Reduction(NamedTuple):
    """What a reduction computes of one slice.

    Attributes:
        domain: the dtypes it computes in.
        wide: of a one-dimensional longdouble or clongdouble array.
        exact: of a list of Python numbers (None: not for integers).
        result: "same", "bool" or "index".
        empty: whether a slice without elements has a value.
        several: whether it takes a tuple of axes.
        tolerance: in eps times the scale; 0 for a value that has to be exact.
    """

    domain: str
    wide: Callable[[Any], Any]
    exact: Callable[[list[Any]], Any] | None
    result: str = "same"
    empty: bool = True
    several: bool = True
    tolerance: float = 0.0


def _first(better: Callable[[Any, Any], Any]) -> Callable[[Any], int]:
    """The index of the first best element, or of the first NaN."""

    def find(values: Any) -> int:
        best = 0
        for i, value in enumerate(values):
            if values[best] != values[best]:
                break
            if value != value or better(value, values[best]):
                best = i
        return best

    return find


def _largest(values: Any) -> Any:
    return values[_first(lambda a, b: a > b)(values)]


def _smallest(values: Any) -> Any:
    return values[_first(lambda a, b: a < b)(values)]


def _logsumexp(values: Any) -> Any:
    if not len(values):
        return -math.inf
    top = values.real.max()
    top = top if np.isfinite(top) else 0
    return np.log(np.exp(values - top).sum()) + top


def _accumulating(dtype: np.dtype) -> np.dtype:
    """Sums of small integers are taken in 32 bits."""
    if dtype in (dt.bool_, dt.int8, dt.int16):
        return dt.int32
    return dt.uint32 if dtype in (dt.uint8, dt.uint16) else dtype


REDUCTIONS: dict[str, Reduction] = {
    "sum": Reduction("numeric", lambda v: v.sum(), sum, tolerance=4.0),
    "prod": Reduction("numeric", lambda v: v.prod(), math.prod, tolerance=4.0),
    "mean": Reduction("floating", lambda v: v.sum() / len(v) if len(v) else math.nan, None, tolerance=4.0),
    "max": Reduction("ordered", _largest, max, empty=False),
    "min": Reduction("ordered", _smallest, min, empty=False),
    "argmax": Reduction("ordered", _first(lambda a, b: a > b), _first(lambda a, b: a > b), "index", False, False),
    "argmin": Reduction("ordered", _first(lambda a, b: a < b), _first(lambda a, b: a < b), "index", False, False),
    "any": Reduction("boolean", lambda v: any(v), any, "bool"),
    "all": Reduction("boolean", lambda v: all(v), all, "bool"),
    "logsumexp": Reduction("floating", _logsumexp, None, tolerance=4.0),
}

FLAT = (7, 8)
"""The size that cases of other dtypes than the main ones share, so that a compiler makes one program for them."""

AXES: dict[str, tuple[Any, bool]] = {
    "all": (None, False),
    "first": (0, False),
    "last": (-1, False),
    "pair": ((0, 2), False),
    "keepdims": (1, True),
    "none": ((), False),
}


def cases() -> Iterator[Case]:
    """Reductions and ops along an axis."""
    for name, rule in REDUCTIONS.items():
        given = dt.ALL if name in ("sum", "prod", "any", "all") else DOMAINS[rule.domain]
        for dtype in given:
            prefix = f"{GROUP}/{name}/{dtype.name}"
            labels = AXES if dtype in MAIN else {"all": None, "last": None}
            for label in labels:
                if rule.several or label not in ("pair", "none"):
                    check = functools.partial(_axes, name=name, rule=rule, dtype=dtype, label=label)
                    yield Case(f"{prefix}/{label}", check, (dtype,), quick=dtype in MAIN and label in ("all", "last"))
            if dtype in MAIN:
                yield Case(f"{prefix}/large", functools.partial(_large, name=name, rule=rule, dtype=dtype), (dtype,))
                check = functools.partial(_strided, name=name, rule=rule, dtype=dtype)
                yield Case(f"{prefix}/strided", check, (dtype,))
                check = functools.partial(_empty, name=name, rule=rule, dtype=dtype)
                yield Case(f"{prefix}/empty", check, (dtype,), quick=dtype is dt.float32)
            if dtype in dt.FLOATS and name in ("max", "min", "argmax", "argmin"):
                check = functools.partial(_ties, name=name, rule=rule, dtype=dtype)
                yield Case(f"{prefix}/ties", check, (dtype,), quick=dtype is dt.float32)
            if dtype in (dt.float16, dt.bfloat16) and name in ("sum", "mean"):
                check = functools.partial(_many, name=name, dtype=dtype)
                yield Case(f"{prefix}/accumulated-wide", check, (dtype,), quick=True)
            if dtype in dt.FLOATS and name == "logsumexp":
                check = functools.partial(_far_from_zero, dtype=dtype)
                yield Case(f"{GROUP}/{name}/{dtype.name}/far-from-zero", check, (dtype,))
            if dtype in dt.HALVES and name in ("sum", "prod"):
                check = functools.partial(_on_the_way, name=name, dtype=dtype)
                yield Case(f"{GROUP}/{name}/{dtype.name}/on-the-way", check, (dtype,))
            if dtype is dt.float32 and name in ("sum", "mean"):
                check = functools.partial(_beyond_24_bits, name=name)
                yield Case(f"{prefix}/more-than-24-bits-count", check, (dtype,))
                check = functools.partial(_long, name=name, rule=rule)
                yield Case(f"{prefix}/long-leading-axis", check, (dtype,), quick=True)
    for dtype in (dt.int32, dt.bool_):
        for name in ("mean", "logsumexp"):
            check = functools.partial(_integers, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/converted", check, (dtype, dt.float32), quick=True)
    yield from _along()


def reduce_host(rule: Reduction, host: np.ndarray, axis: Any, keepdims: bool, result: np.dtype) -> tuple[Any, Any]:
    """The true values, and the sum of magnitudes and count behind each, by one slice after the other."""
    axes = (
        tuple(range(host.ndim))
        if axis is None
        else tuple(a % host.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    )
    kept = [i for i in range(host.ndim) if i not in axes]
    count = math.prod(host.shape[i] for i in axes)
    rows = np.transpose(host, (*kept, *axes)).reshape(math.prod(host.shape[i] for i in kept), count)
    shape = tuple(1 if i in axes else size for i, size in enumerate(host.shape) if keepdims or i not in axes)
    with np.errstate(all="ignore"):
        if host.dtype in dt.INEXACT and rule.result == "same":
            wide = widened(rows)
            values = np.array([rule.wide(row) for row in wide], WIDE_COMPLEX if host.dtype in dt.COMPLEX else WIDE)
            scale = np.array([np.abs(row).astype(WIDE).sum() for row in wide], WIDE)
            return values.reshape(shape), scale.reshape(shape)
        function = rule.wide if host.dtype in dt.INEXACT or rule.exact is None else rule.exact
        found = [
            function([one.item() if hasattr(one, "item") and one.dtype.kind != "V" else float(one) for one in row])
            for row in rows
        ]
    exact = [wrapped(int(one), result) if result not in dt.INEXACT else one for one in found]
    return np.array(exact, dtype=object).reshape(shape).astype(result), None


def _result(rule: Reduction, name: str, dtype: np.dtype) -> np.dtype:
    if rule.result != "same":
        return {"bool": dt.bool_, "index": dt.int64}[rule.result]
    return _accumulating(dtype) if name in ("sum", "prod") else dtype


def _check(t: Trial, name: str, tensor: Any, host: np.ndarray, axis: Any, keepdims: bool) -> None:
    true, result, tolerance, scale = expected_reduction(name, host, axis, keepdims)
    value = functions()[name](tensor, axis=axis, keepdims=keepdims)
    t.close(value, true, tolerance, dtype=result, scale=scale, what=name)


def expected_reduction(name: str, host: np.ndarray, axis: Any, keepdims: bool) -> tuple[Any, np.dtype, float, Any]:
    """The true values of a reduction, their dtype, and how far off they may be in units of eps times which scale."""
    rule, dtype = REDUCTIONS[name], dt.as_dtype(host.dtype)
    result = _result(rule, name, dtype)
    true, total = reduce_host(rule, host, axis, keepdims, result)
    if not rule.tolerance or result not in dt.INEXACT:
        return true, result, 0.0, None
    count = max(host.size // max(true.size, 1), 1)
    tolerance = rule.tolerance * (1 + math.log2(count) / 8)
    scale = total
    if name == "mean":
        scale = total / count
    elif name == "prod":
        scale, tolerance = np.abs(true), float(count) * (4 if dtype in dt.COMPLEX else 1) + 1
    elif name == "logsumexp":
        scale = np.maximum(np.abs(true), 1) if np.isfinite(true).all() else np.where(np.isfinite(true), np.abs(true), 1)
        tolerance *= 4 if dtype in dt.COMPLEX else 1
    if dtype in dt.COMPLEX and name in ("sum", "mean"):
        tolerance *= 1.5
    if dtype in dt.HALVES:
        return true, result, 1.0, rounded_once(true, np.where(np.isfinite(scale), scale, 1), tolerance, dtype)
    return true, result, max(tolerance, 0.501), np.where(np.isfinite(scale), scale, 1)


def rounded_once(true: Any, scale: Any, tolerance: float, dtype: np.dtype) -> Any:
    """What the error of a half is measured against: ``tolerance`` units of float32's eps, and one rounding at last."""
    size = np.where(np.isfinite(true), np.abs(true), 1)
    return 0.501 * size + tolerance * scale * eps(dt.float32) / eps(dtype)


def _sample(name: str, dtype: np.dtype, shape: tuple[int, ...], rng: Any) -> np.ndarray:
    host = samples.values("nonzero" if name == "prod" else "any", dtype, shape, rng)
    if name == "prod" and dtype in dt.INEXACT:
        host = samples.read_only((host / np.maximum(np.abs(host.astype(np.complex128)), 0.5)).astype(dtype))
    return host


def _axes(t: Trial, *, name: str, rule: Reduction, dtype: np.dtype, label: str) -> None:
    axis, keepdims = AXES[label]
    for _ in range(6 if dtype in dt.HALVES else 1):  # in which one rounding too many may not show at once
        host = _sample(name, dtype, (3, 4, 5) if dtype in MAIN else FLAT, t.rng)
        _check(t, name, t.tensor(host), host, axis, keepdims)


def _large(t: Trial, *, name: str, rule: Reduction, dtype: np.dtype) -> None:
    host = _sample(name, dtype, (7, 1429), t.rng)
    if name == "prod":
        host = samples.read_only(np.where(t.rng.random(host.shape) < 0.5, 1, -1).astype(dtype))
    for axis in (None, 0, 1):
        _check(t, name, t.tensor(host), host, axis, False)


def _strided(t: Trial, *, name: str, rule: Reduction, dtype: np.dtype) -> None:
    whole = _sample(name, dtype, (16, 18), t.rng)
    part = (slice(None, None, -2), slice(1, None, 3))
    turned = _sample(name, dtype, (6, 8), t.rng)
    for axis in (0, -1):
        _check(t, name, t.tensor(whole)[part], whole[part], axis, True)
        _check(t, name, t.tensor(turned).T, turned.T, axis, True)


def _empty(t: Trial, *, name: str, rule: Reduction, dtype: np.dtype) -> None:
    host = np.zeros((0, 3), dtype)
    tensor = t.tensor(host)
    if rule.empty:
        for axis in (None, 0, 1):
            _check(t, name, tensor, host, axis, False)
        return
    for axis in (None, 0):
        t.raises(lambda axis=axis: functions()[name](tensor, axis=axis), ValueError, "no elements", "(0, 3)")
    t.same(functions()[name](tensor, axis=1).shape, (0,), "the shape of a reduction of no rows")


def _ties(t: Trial, *, name: str, rule: Reduction, dtype: np.dtype) -> None:
    """Equal elements, zeros of both signs among them, infinities and several NaN: the first of them counts."""
    inf, nan = math.inf, math.nan
    rows = [
        [1, nan, 3, nan, 0],
        [2, 2, 1, 1, 2],
        [-inf, -inf, -inf, -inf, -inf],
        [0, 5, inf, inf, -inf],
        [inf] * 5,
        [3, 1, 1, 3, 2],
        [0.0, -0.0, 2, 0.0, 1],
        [-0.0, 0.0, -2, 0.0, -1],
    ]
    host = samples.read_only(np.array(rows).astype(dtype))
    for axis in (None, 0, 1):
        _check(t, name, t.tensor(host), host, axis, False)
    for part in (host[1:2].copy(), host[2:5].copy()):  # without NaN
        host = samples.read_only(part)
        for axis in (None, -1):
            _check(t, name, t.tensor(host), host, axis, False)


def _many(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """5000 ones and a bit: sums in 16 bits stop growing at 2048 (float16) or 256 (bfloat16)."""
    host = np.full(5000, 1.0, dtype)
    value = functions()[name](t.tensor(host))
    true = np.array(5000.0 if name == "sum" else 1.0, WIDE)
    t.close(value, true, 0.501, dtype=dtype, what=f"{name} of 5000 ones")
    if name == "sum":
        rows = np.array([[2 / eps(dtype), 1]] * 24).astype(dtype)  # whose own sums the dtype does not hold
        for host in (rows, rows.T):
            value = functions()["sum"](t.tensor(host))
            t.close(value, widened(rows).sum(), 0.501, dtype=dtype, what="sum of a matrix")
    if name == "mean":
        large = t.tensor(np.full((40, 30), 300.0, dtype))  # whose sum float16 does not hold
        t.close(functions()["mean"](large), np.array(WIDE(300)), 0.501, dtype=dtype, what="mean of 1200 large numbers")


def _far_from_zero(t: Trial, *, dtype: np.dtype) -> None:
    """Numbers whose exponentials overflow, and such as are all 0."""
    rows = [[1e4, 1e4, -1e4], [-1e4, -1e4, -3e4], [500, -math.inf, 400]]
    for axis, count in ((-1, 2), (-1, 3), (None, 3)):
        host = samples.read_only(np.array(rows[:count], dtype))
        _check(t, "logsumexp", t.tensor(host), host, axis, False)


def _on_the_way(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Results that the dtype holds, and partial ones that it does not: they are taken in float32."""
    top = float(dt.finfo(dtype).max) / 2 if dtype is dt.float16 else 2.0**100
    parts = [top, top, top, -top, -top, -top, 3] if name == "sum" else [256, 256, 256, 1 / 256, 1 / 256, 1 / 256, 3]
    host = samples.read_only(np.array([parts, parts], dtype))
    for axis in (-1, 0) if name == "prod" else (-1,):
        _check(t, name, t.tensor(host), host, axis, False)


def _long(t: Trial, *, name: str, rule: Reduction) -> None:
    """A long leading axis, over which NumPy adds row after row; and many equal numbers, whose errors add up."""
    host = samples.values("positive", dt.float32, (20000, 3), t.rng)
    _check(t, name, t.tensor(host), host, 0, False)
    host = samples.read_only(np.full(100_003, 0.1, np.float32))
    _check(t, name, t.tensor(host), host, None, False)


def _beyond_24_bits(t: Trial, *, name: str) -> None:
    """Half as many ones again as float32 counts one by one."""
    count = 3 << 23
    true = np.array(count if name == "sum" else 1, WIDE)
    value = functions()[name](t.tensor(np.ones(count, np.float32)))
    t.close(value, true, 32.0, dtype=dt.float32, what=f"{name} of {count} ones")


def _integers(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host = np.array([3, 1, 4, 1, 5, 9]).astype(dtype)
    wide = host.astype(np.float64)
    true = np.array(wide.mean() if name == "mean" else np.log(np.exp(wide).sum()), WIDE)
    t.close(functions()[name](t.tensor(host)), true, 4.0, dtype=dt.float32, what=name)


# Along an axis -------------------------------------------------------------------------------------------------------


def _along() -> Iterator[Case]:
    for name in ("cumulative_sum", "cumulative_prod"):
        for dtype in dt.ALL:
            check = functools.partial(_running, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/axes", check, (dtype,), quick=dtype in MAIN)
        check = functools.partial(_initial, name=name)
        yield Case(f"{GROUP}/{name}/float32/initial", check, (dt.float32,), quick=True)
    for name in ("sort", "argsort"):
        for dtype in DOMAINS["ordered"]:
            for label in ("axes", "ties", "empty", *(["few"] if dtype in MAIN else [])):
                check = functools.partial(_sorted, name=name, dtype=dtype, label=label)
                yield Case(
                    f"{GROUP}/{name}/{dtype.name}/{label}", check, (dtype,), quick=dtype in MAIN and label == "ties"
                )
            if dtype in dt.FLOATS:
                check = functools.partial(_sorted, name=name, dtype=dtype, label="special")
                yield Case(f"{GROUP}/{name}/{dtype.name}/special", check, (dtype,), quick=dtype is dt.float32)
    for dtype in DOMAINS["ordered"]:
        if dtype is not dt.bool_:
            check = functools.partial(_search, dtype=dtype)
            yield Case(f"{GROUP}/searchsorted/{dtype.name}/sides", check, (dtype,), quick=dtype in MAIN)
            if dtype in (dt.float32, dt.float64):
                check = functools.partial(_search_nan, dtype=dtype)
                yield Case(f"{GROUP}/searchsorted/{dtype.name}/nan", check, (dtype,), quick=dtype is dt.float32)
            check = functools.partial(_search_far, dtype=dtype)
            yield Case(f"{GROUP}/searchsorted/{dtype.name}/far-and-many", check, (dtype,))
    for dtype in (dt.float16, dt.bfloat16, dt.float32):
        check = functools.partial(_running_long, dtype=dtype)
        yield Case(f"{GROUP}/cumulative_sum/{dtype.name}/long", check, (dtype,), quick=dtype is dt.float32)
    for name in ("softmax", "log_softmax"):
        for dtype in dt.FLOATS:
            check = functools.partial(_softmax, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/axes", check, (dtype,), quick=dtype is dt.float32)
        for dtype in dt.HALVES:
            check = functools.partial(_softmax_many, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/accumulated-wide", check, (dtype,))
        for dtype in dt.FLOATS:
            for label in ("overflow", "empty", "infinite"):
                check = functools.partial(_softmax_special, name=name, label=label, dtype=dtype)
                yield Case(f"{GROUP}/{name}/{dtype.name}/{label}", check, (dtype,), quick=dtype is dt.float32)
    for name in COMPOSED:
        for dtype in (dt.float32, dt.float64, dt.complex64, dt.int32):
            check = functools.partial(_composed, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/axes", check, (dtype,), quick=dtype is dt.float32)


def _running(t: Trial, *, name: str, dtype: np.dtype) -> None:
    size = (4, 6, 2) if dtype in MAIN else FLAT
    host = _sample("prod" if name == "cumulative_prod" else "sum", dtype, size, t.rng)
    tensor = t.tensor(host)
    function = getattr(pf, name, None) or getattr(pf.math, name)
    for axis in range(-1, host.ndim - 1):
        true, result, tolerance, scale = expected_running(name, host, axis)
        t.close(function(tensor, axis=axis), true, tolerance, dtype=result, scale=scale, what=name)


def expected_running(name: str, host: np.ndarray, axis: int) -> tuple[Any, np.dtype, float, Any]:
    """The true values of a running sum or product, their dtype, and how far off they may be."""
    dtype = dt.as_dtype(host.dtype)
    result = _accumulating(dtype)
    wide = widened(host.astype(result) if dtype is dt.bool_ else host)
    with np.errstate(all="ignore"):
        true = np.cumsum(wide, axis=axis) if name == "cumulative_sum" else np.cumprod(wide, axis=axis)
        if result not in dt.INEXACT:
            flat = [wrapped(int(one), result) for one in true.ravel()]
            return np.array(flat, dtype=object).reshape(true.shape).astype(result), result, 0.0, None
        scale = np.cumsum(np.abs(wide), axis=axis) if name == "cumulative_sum" else np.maximum(np.abs(true), 1e-3)
    if dtype in dt.HALVES:
        return true, result, 1.0, rounded_once(true, scale, 2.0 * host.shape[axis] + 1, dtype)
    return true, result, 2.0 * host.shape[axis] + 1, scale


def _initial(t: Trial, *, name: str) -> None:
    host = np.array([2.0, 3.0, 4.0], np.float32)
    function = getattr(pf, name, None) or getattr(pf.math, name)
    true = [0, 2, 5, 9] if name == "cumulative_sum" else [1, 2, 6, 24]
    t.exactly(function(t.tensor(host), include_initial=True), np.array(true, np.float32), what=name)


def _order(row: list[Any], descending: bool) -> list[int]:
    """A stable order by Python's sort, NaN last."""
    numbers = [i for i, one in enumerate(row) if one == one]
    rest = [i for i, one in enumerate(row) if one != one]
    return sorted(numbers, key=lambda i: row[i], reverse=descending) + rest


def _sorted(t: Trial, *, name: str, dtype: np.dtype, label: str) -> None:
    if label == "few":
        host = np.array([[1, 0, 1, 1]]).astype(dtype)
    elif label == "ties":
        host = np.resize([[3, 1, 3, 1, 2, 2, 3, 1], [1, 1, 0, 0, 1, 0, 1, 0]], FLAT).astype(dtype)
    elif label == "special":
        rows = [
            1,
            math.nan,
            -math.inf,
            math.nan,
            3,
            math.inf,
            0.0,
            -0.0,
            math.nan,
            2,
            2,
            math.inf,
            -0.0,
            0.0,
            -math.inf,
        ]
        host = np.resize(rows, FLAT).astype(dtype)
    elif label == "empty":
        host = np.zeros((0, 3), dtype)
    else:
        host = samples.values("any", dtype, (4, 6, 2) if dtype in MAIN else FLAT, t.rng)
    host = samples.read_only(host)
    tensor = t.tensor(host)
    for axis in range(-1, host.ndim - 1):
        for descending in (False, True) if host.size or dtype in MAIN else (axis == 0,):
            order = order_along(host, axis, descending)
            value = functions()[name](tensor, axis=axis, descending=descending)
            t.close(
                value,
                order if name == "argsort" else np.take_along_axis(host, order, axis),
                dtype=dt.int64 if name == "argsort" else dtype,
                what=f"{name}, descending={descending}",
                zeros=True,
            )


def order_along(host: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """The indices that put an array in order along an axis."""
    moved = np.moveaxis(host, axis, -1)
    rows = moved.reshape(math.prod(moved.shape[:-1]), moved.shape[-1])
    orders = np.array([_order([_plain(v) for v in row], descending) for row in rows], np.int64)
    return np.moveaxis(orders.reshape(moved.shape), -1, axis)


def _plain(value: Any) -> Any:
    return float(value) if value.dtype.kind == "V" else value.item()


def _search(t: Trial, *, dtype: np.dtype) -> None:
    line = np.array([1, 3, 3, 3, 7, 9], dtype)
    asked = np.array([[0, 1, 2], [3, 9, 11]], dtype)
    for side in ("left", "right"):
        before = (lambda a, b: a < b) if side == "left" else (lambda a, b: a <= b)
        true = np.array([[sum(bool(before(one, x)) for one in line) for x in row] for row in asked], np.int64)
        t.exactly(pf.searchsorted(t.tensor(line), t.tensor(asked), side=side), true, what=f"searchsorted, {side}")


def _search_far(t: Trial, *, dtype: np.dtype) -> None:
    """Lines of many, of one and of no number; numbers that only their last bits tell apart; in any layout."""
    plain = np.sort(samples.values("any", dtype, (1009,), t.rng).astype(np.float64)).astype(dtype)
    far = np.sort(
        samples.extremes(dtype)
        if dtype in dt.INTEGERS
        else np.array([-math.inf, -1, 0, 1, 1 + eps(dtype), math.inf], dtype)
    )
    pairs = [(plain, plain[::7]), (far, np.resize(far, 145))]
    if dtype in MAIN:
        pairs += [(far[:1], far), (far[:0], far)]
    if dtype is dt.float32:
        pairs += [(far, far[:0]), (plain, plain[500])]
        pairs.append((np.arange(65_621).astype(dtype), np.array([3, 65_000.5, 65_620, 70_000], dtype)))
    for line, asked in pairs:
        numbers = [_plain(one) for one in line]
        for side, find in (("left", bisect.bisect_left), ("right", bisect.bisect_right)):
            true = np.array([find(numbers, _plain(one)) for one in asked.ravel()], np.int64).reshape(asked.shape)
            x, y = t.tensor(line), t.tensor(asked)
            what = f"searchsorted, {side}, in {len(line)}"
            t.exactly(reduction.searchsorted(x, y, side=side), true, what=what)
            if asked.ndim:
                t.exactly(reduction.searchsorted(x, y[::-1], side=side), true[::-1], what=what)
            t.exactly(y, asked, what="what was asked for, after the call")
        if line is plain and dtype in MAIN:
            cube = np.resize(asked, (3, 4, 150)).transpose(2, 0, 1)
            places = np.array([bisect.bisect_left(numbers, _plain(one)) for one in cube.ravel()], np.int64)
            value = reduction.searchsorted(t.tensor(line), t.tensor(cube))
            t.exactly(value, places.reshape(cube.shape), what="searchsorted of three axes")


def _search_nan(t: Trial, *, dtype: np.dtype) -> None:
    """NaN stands last, as in sorted arrays; zeros of both signs are equal."""
    line = np.array([-math.inf, -1, 0, 2, math.inf, math.nan, -math.nan], dtype)
    asked = np.array([math.nan, 3, math.inf, -math.inf, -0.0, -math.nan], dtype)
    for side, true in (("left", [5, 4, 4, 0, 2, 5]), ("right", [7, 4, 5, 1, 3, 7])):
        value = reduction.searchsorted(t.tensor(line), t.tensor(asked), side=side)
        t.exactly(value, np.array(true, np.int64), what=f"searchsorted, {side}")
        long = np.concatenate([np.arange(-500.0, 500.0), [math.nan] * 9]).astype(dtype)
        places = {"left": [1000, 999, 500], "right": [1009, 1000, 501]}[side]
        value = reduction.searchsorted(t.tensor(long), t.tensor(np.array([-math.nan, 499, 0], dtype)), side=side)
        t.exactly(value, np.array(places, np.int64), what=f"searchsorted, {side}, in a long line")


def _running_long(t: Trial, *, dtype: np.dtype) -> None:
    """5000 ones, which floats of 16 bits cannot count if they are what is added in."""
    true = np.arange(1, 5001).astype(WIDE)
    value = functions()["cumulative_sum"](t.tensor(np.ones((1, 5000), dtype)), -1)
    t.close(value, true[None], 0.501, dtype=dtype, what="the running sum of 5000 ones")


def _softmax_of(wide: Any, axis: int) -> Any:
    parts = np.exp(wide - wide.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def _softmax(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host = samples.values("any", dtype, (4, 7), t.rng)
    for axis in (0, -1):
        true, _, tolerance, scale = expected_softmax(name, host, axis)
        t.close(functions()[name](t.tensor(host), axis=axis), true, tolerance, dtype=dtype, scale=scale, what=name)


def expected_softmax(name: str, host: np.ndarray, axis: int) -> tuple[Any, np.dtype, float, Any]:
    """The true values of a softmax or its logarithm, their dtype, and how far off they may be."""
    true = _softmax_of(widened(host), axis)
    true, scale = (true, true) if name == "softmax" else (np.log(true), np.abs(np.log(true)) + 1)
    if (dtype := dt.as_dtype(host.dtype)) in dt.HALVES:
        return true, dtype, 1.0, rounded_once(true, scale, 40.0, dtype)
    return true, dtype, 40.0, scale


def _softmax_many(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Of 5000 equal numbers, which floats of 16 bits cannot add up one by one."""
    true = np.full(5000, 1 / WIDE(5000))
    value = functions()[name](t.tensor(np.zeros(5000, dtype)))
    t.close(value, true if name == "softmax" else np.log(true), 2.0, dtype=dtype, what=f"{name} of 5000 zeros")


def _softmax_special(t: Trial, *, name: str, label: str, dtype: np.dtype) -> None:
    if label == "overflow":
        host = np.array([[1e4, 1e4 - 1, -1e4], [500, -500, 400], [-1e4, -1e4 - 1, -1e4]], dtype)
        wide = widened(host)
        shifted = wide - wide.max(-1, keepdims=True)
        true = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        true = true if name == "log_softmax" else np.exp(true)
        t.close(functions()[name](t.tensor(host)), true, 40.0, dtype=dtype, scale=np.abs(true) + 1e-30, what=name)
    elif label == "empty":
        t.same(functions()[name](t.tensor(np.zeros((0, 3), dtype))).shape, (0, 3), "the shape")
        t.same(functions()[name](t.tensor(np.zeros((2, 0), dtype))).shape, (2, 0), "the shape")
    else:
        host = np.array([0.0, -math.inf, 0.0], dtype)
        true = np.array([0.5, 0.0, 0.5], WIDE)
        with np.errstate(divide="ignore"):
            true = true if name == "softmax" else np.log(true)
        t.close(functions()[name](t.tensor(host)), true, 4.0, dtype=dtype, what=name)
        rows = [[-math.inf] * 3, [math.inf, 0, 1], [math.nan, 0, 1], [-math.inf, math.inf, 0]]
        host = np.array([*rows, [0, -math.inf, 0]], dtype)
        true = np.concatenate([np.full((4, 3), math.nan, np.longdouble), true[None]])
        t.close(functions()[name](t.tensor(host)), true, 4.0, dtype=dtype, what=f"{name} of rows")


# Functions made of several ops ---------------------------------------------------------------------------------------


def _variance(wide: Any, axis: Any) -> Any:
    return (np.abs(wide - wide.mean(axis=axis, keepdims=True)) ** 2).mean(axis=axis)


COMPOSED: dict[str, Callable[[Any, Any], Any]] = {
    "var": _variance,
    "std": lambda wide, axis: np.sqrt(_variance(wide, axis)),
    "norm": lambda wide, axis: np.sqrt((np.abs(wide) ** 2).sum(axis=axis)),
    "count_nonzero": lambda wide, axis: (wide != 0).sum(axis=axis),
}


def _composed(t: Trial, *, name: str, dtype: np.dtype) -> None:
    from polyflow.ops import reduction

    host = samples.values("any", dtype, (5, 6), t.rng)
    function = getattr(reduction, name)
    for axis in (None, 0, 1):
        wide = host.astype(WIDE) if dtype is dt.int32 else widened(host)
        true = COMPOSED[name](wide, axis)
        if name == "count_nonzero":
            t.exactly(function(t.tensor(host), axis), np.asarray(true), dtype=dt.int64, what=name)
            continue
        target = dt.float32 if dtype is dt.int32 else dtype
        result = t.host(function(t.tensor(host), axis)).dtype
        t.same(dt.real_of(dt.as_dtype(result)), dt.real_of(target), f"the dtype of {name}")
        t.close(function(t.tensor(host), axis), np.asarray(true), 16.0, dtype=dt.as_dtype(result), what=name)
