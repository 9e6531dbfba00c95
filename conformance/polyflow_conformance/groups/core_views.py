"""core-1, every op again: on arrays of every layout and rank, one after the other, and on larger ones.

What an op gives does not depend on how its argument lies in memory, on how many axes it has, on the thread that
asks, or on what was computed before; it leaves its arguments alone, its earlier results too, and says nothing.
"""

from __future__ import annotations

import functools
import itertools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, indexing, shape

from .. import samples
from ..case import Case, Mismatch, Trial
from ..measure import WIDE
from ..oracle import DOMAINS, FORMULAS
from ..table import functions, ops
from .core_elementwise import arguments, arity, cancelling, tolerance_of, truth
from .core_reduction import REDUCTIONS, expected_reduction, expected_running, expected_softmax, order_along

GROUP = "core-1"
RANKS = ((), (1,), (2, 3, 2), (2, 1, 2, 3), (1, 2, 2, 1, 3))
HUGE = (317, 331)
"""More elements than a library's threads share out at a time, and no multiple of any vector's length."""


class Answer(NamedTuple):
    """A result, and what it has to be within how much."""

    value: Callable[[], Any]
    true: Any
    dtype: np.dtype
    tolerance: float = 0.0
    scale: Any = None
    zeros: bool = False


Probe = Callable[[list[Any], list[np.ndarray]], Iterator[Answer]]
"""Of tensors and their values: what the op has to give."""


# What each op has to give -------------------------------------------------------------------------------------------


def _elementwise(name: str) -> Probe:
    def probe(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
        dtype, args = dt.as_dtype(hosts[0].dtype), tuple(hosts)
        result = {"same": dtype, "bool": dt.bool_, "real": dt.real_of(dtype)}[FORMULAS[name].result]
        yield Answer(
            lambda: functions()[name](*tensors),
            truth(name, args, dtype),
            result,
            tolerance_of(FORMULAS[name], dtype),
            cancelling(name, args),
        )

    return probe


def _reduction(name: str) -> Probe:
    def probe(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
        (x,), (host,) = tensors, hosts
        axes: list[tuple[Any, bool]] = [(-1, False), (None, False), (0, True)] if host.ndim else [(None, False)]
        if REDUCTIONS[name].several and host.ndim > 1:
            axes += [((0, -1), False), (tuple(range(host.ndim)), False)]
        axes += [(None, True), *((axis, False) for axis in range(1, host.ndim - 1))]
        for axis, keepdims in axes:
            true, dtype, tolerance, scale = expected_reduction(name, host, axis, keepdims)
            call = functools.partial(functions()[name], x, axis=axis, keepdims=keepdims)
            yield Answer(call, true, dtype, tolerance, scale)

    return probe


def _along(name: str) -> Probe:
    def probe(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
        (x,), (host,) = tensors, hosts
        dtype = dt.as_dtype(host.dtype)
        axes = (-1, 0, -2) if host.ndim == 3 else range(-1, host.ndim - 1) if host.ndim else ()
        for axis in axes:
            if name in ("sort", "argsort"):
                for descending in (False, True):
                    order = order_along(host, axis, descending)
                    true = order if name == "argsort" else np.take_along_axis(host, order, axis)
                    call = functools.partial(functions()[name], x, axis=axis, descending=descending)
                    yield Answer(call, true, dt.int64 if name == "argsort" else dtype)
                continue
            if name in ("softmax", "log_softmax"):
                true, result, tolerance, scale = expected_softmax(name, host, axis)
            else:
                true, result, tolerance, scale = expected_running(name, host, axis)
            yield Answer(functools.partial(functions()[name], x, axis), true, result, tolerance, scale)

    return probe


def _same(value: Callable[[], Any], true: Any, host: np.ndarray) -> Answer:
    """A move: the same bits, the signs of zeros too."""
    return Answer(value, true, dt.as_dtype(host.dtype), zeros=True)


def _where(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    mask = np.arange(h.size).reshape(h.shape) % 3 == 0
    yield _same(lambda: elementwise.where(mask, x, y), np.where(mask, h, k), h)
    if h.ndim:
        yield _same(lambda: elementwise.where(np.array(True), x[:1], y), np.where(np.array(True), h[:1], k), h)
        yield _same(lambda: elementwise.where(mask[:1], x[:1], y), np.where(mask[:1], h[:1], k), h)


def _reshape(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for size in ((-1,), h.shape[::-1], (1, *h.shape), (h.size, 1)):
        yield _same(lambda size=size: shape.reshape(x, size), h.reshape(size), h)


def _permute_dims(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for axes in (tuple(range(h.ndim))[::-1], (*range(1, h.ndim), *([0] if h.ndim else []))):
        yield _same(lambda axes=axes: shape.permute_dims(x, axes), h.transpose(axes), h)
        back = np.argsort(axes).tolist()
        yield _same(lambda axes=axes, back=back: shape.permute_dims(shape.permute_dims(x, axes), tuple(back)), h, h)


def _broadcast_to(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for size in ((2, *h.shape), (2, 1, *h.shape)):
        yield _same(lambda size=size: shape.broadcast_to(x, size), np.broadcast_to(h, size), h)


def _concat(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    for axis in range(-1, h.ndim - 1):
        yield _same(lambda axis=axis: shape.concat([x, y], axis=axis), np.concatenate([h, k], axis), h)
    if h.ndim:
        yield _same(lambda: shape.concat([x], axis=0), h, h)
        yield _same(lambda: shape.concat([x, y, x] * 5, axis=-1), np.concatenate([h, k, h] * 5, -1), h)


def _flip(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for axis in (-1, None, *range(-h.ndim, -1), *range(h.ndim), ()) if h.ndim else (None, ()):
        yield _same(lambda axis=axis: shape.flip(x, axis=axis), np.flip(h, axis), h)


def _pad(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    widths = [(i % 2, 1 + i % 3) for i in range(h.ndim)]
    values = [*([np.nan, 3, -np.inf] if h.dtype in dt.FLOATS else [3] if h.dtype != bool else []), 1, 0]
    for value in values if h.ndim else ():
        true = np.pad(h, widths, constant_values=np.asarray(value).astype(h.dtype))
        yield _same(lambda value=value: shape.pad(x, widths, constant_values=value), true, h)


def _getitem(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    keys: list[Any] = [(...,), (None, ...)]
    if h.ndim:
        n = h.shape[0]
        keys = [slice(None, None, -1), np.arange(3 * n) % n, (..., -1), (..., slice(None, None, -2)), np.array(n - 1)]
        keys += [(..., np.array([-1, 0], np.int8)), np.array([[[0], [min(n, 256) - 1]]], np.uint8), -1]
        keys += [np.arange(n) % 2 == 0, (..., np.arange(h.shape[-1]) % 3 != 1), slice(1, None), (None, ...)]
    for key in keys:
        yield _same(lambda key=key: x[key], h[key], h)


def _index_set(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    keys = (slice(None, None, -2), np.array([-1]), (..., -1), 0, (..., slice(0, 1))) if h.ndim else ((...,),)
    for key in keys:
        true = np.array(h)
        true[key] = k[key]
        yield _same(lambda key=key: indexing.index_set(x, key, y[key]), true, h)


def _index_add(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    n = h.shape[0] if h.ndim else 0
    for key in (np.array([-1, 0, -n]), slice(None, None, -1), (..., -1), 0) if n else ((...,),):
        inexact = h.dtype in dt.INEXACT
        wide = h.astype(np.clongdouble if h.dtype in dt.COMPLEX else WIDE) if inexact else np.array(h)
        scale = np.asarray(np.abs(wide))
        with np.errstate(all="ignore"):
            np.add.at(wide, key, k[key].astype(wide.dtype))
            np.add.at(scale, key, np.abs(k[key].astype(wide.dtype)).astype(scale.dtype))
        scale = np.where(np.isfinite(scale), scale, 1) if inexact else None
        call = functools.partial(indexing.index_add, x, key, y[key])
        yield Answer(call, wide, dt.as_dtype(h.dtype), 3.0 if inexact else 0.0, scale)


def _clip(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for low, high in ((1, 5), (None, 2), (3, None)):
        with np.errstate(all="ignore"):
            true = np.array(h) if low is None else np.where(h < low, np.asarray(low).astype(h.dtype), h)
            true = true if high is None else np.where(true > high, np.asarray(high).astype(h.dtype), true)
        yield Answer(lambda low=low, high=high: elementwise.clip(x, low, high), true, dt.as_dtype(h.dtype))


def _astype(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for target in (dt.float32, dt.int32, dt.bool_):
        yield Answer(lambda target=target: elementwise.astype(x, target), h.astype(target), target)


@functools.cache
def probes() -> dict[str, tuple[tuple[np.dtype, ...], int, Probe]]:
    """Of each op: the dtypes it takes, how many tensors, and what it has to give."""
    found: dict[str, tuple[tuple[np.dtype, ...], int, Probe]] = {}
    for name, formula in FORMULAS.items():
        if name in ops():
            found[name] = (DOMAINS[formula.domain], arity(name), _elementwise(name))
    for name, rule in REDUCTIONS.items():
        held = dt.ALL if name in ("sum", "prod") else DOMAINS[rule.domain]
        found[name] = (held, 1, _reduction(name))
    for name, domain in ALONG.items():
        found[name] = (DOMAINS[domain], 1, _along(name))
    return {**found, **MOVES}


ALONG = {
    "sort": "ordered",
    "argsort": "ordered",
    "cumulative_sum": "any",
    "cumulative_prod": "any",
    "softmax": "real floating",
    "log_softmax": "real floating",
}

MOVES: dict[str, tuple[tuple[np.dtype, ...], int, Probe]] = {
    "where": (dt.ALL, 2, _where),
    "reshape": (dt.ALL, 1, _reshape),
    "permute_dims": (dt.ALL, 1, _permute_dims),
    "broadcast_to": (dt.ALL, 1, _broadcast_to),
    "concat": (dt.ALL, 2, _concat),
    "flip": (dt.ALL, 1, _flip),
    "pad": (dt.ALL, 1, _pad),
    "getitem": (dt.ALL, 1, _getitem),
    "index_set": (dt.ALL, 2, _index_set),
    "index_add": (tuple(one for one in dt.ALL if one is not dt.bool_), 2, _index_add),
    "clip": (DOMAINS["real"], 1, _clip),
    "astype": (tuple(one for one in dt.ALL if one not in dt.COMPLEX), 1, _astype),
}


# The cases ----------------------------------------------------------------------------------------------------------


def cases() -> Iterator[Case]:
    """Of every op, in the first dtype that it takes, its layouts, ranks and a large array; and awkward values."""
    for name, (held, count, probe) in probes().items():
        dtype = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        for label, check in (("layouts", _layouts), ("ranks", _ranks)):
            run = functools.partial(check, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/{label}", run, (dtype,), quick=label == "layouts")
        if name in FORMULAS:
            continue
        run = functools.partial(_huge, name=name, dtype=dtype, count=count, probe=probe)
        yield Case(f"{GROUP}/{name}/{dtype.name}/huge", run, (dtype,))
        for dtype in held:
            if _open(name, dtype):
                continue
            run = functools.partial(_awkward, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/awkward", run, (dtype,))


class _Seen:
    """The results of a case so far, which later ones leave as they are."""

    def __init__(self, t: Trial, name: str) -> None:
        self.t, self.name = t, name
        self.kept: list[tuple[Any, np.ndarray, str]] = []

    def look(self, probe: Probe, tensors: list[Any], hosts: list[np.ndarray], what: str, most: int = 99) -> None:
        """Compare what an op gives for these arguments, at ``most`` so many answers, and the arguments afterwards."""
        what = f"{self.name} of {what}"
        for answer in itertools.islice(probe(tensors, hosts), most):
            value = self.silent(answer.value)
            self.t.close(
                value,
                answer.true,
                answer.tolerance,
                dtype=answer.dtype,
                scale=answer.scale,
                zeros=answer.zeros,
                what=what,
            )
            self.kept.append((value, self.t.host(value).copy(), what))
        for tensor, host in zip(tensors, hosts, strict=True):
            self.unchanged(tensor, host, f"the argument after {what}")

    def silent(self, call: Callable[[], Any]) -> Any:
        """What a call gives; `Mismatch` where it warns."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = call()
            self.t.backend.synchronize()
        if caught:
            raise Mismatch(f"{self.name} warns: {caught[0].category.__name__}: {caught[0].message}")
        return value

    def unchanged(self, value: Any, before: np.ndarray, what: str) -> None:
        """Raise `Mismatch` where a tensor no longer holds what it held."""
        if self.t.host(value).tobytes() != before.tobytes():
            self.t.close(value, before, what=what, zeros=True)

    def settle(self) -> None:
        """Look at all results again."""
        for value, before, what in self.kept:
            self.unchanged(value, before, f"an earlier result, {what}, after later ones")


def _drawn(t: Trial, name: str, dtype: np.dtype, size: tuple[int, ...], count: int) -> list[np.ndarray]:
    if name in FORMULAS:
        return list(arguments(name, dtype, (size,) * count, t.rng))
    kind = "nonzero" if "prod" in name else "any"
    hosts = [samples.values(kind, dtype, size, t.rng) for _ in range(count)]
    if "prod" in name and dtype in dt.INEXACT:
        hosts = [samples.read_only((np.sign(host) * (0.75 + np.abs(host) % 0.5)).astype(dtype)) for host in hosts]
    return hosts


def _views(t: Trial, base: Callable[[tuple[int, ...]], np.ndarray]) -> dict[str, tuple[Any, np.ndarray]]:
    """Tensors of shape (3, 4), and what they hold, that lie in memory in every way."""
    pair = {
        "plain": ((3, 4), lambda x: x),
        "transposed": ((4, 3), lambda x: x.T),
        "strided": ((6, 12), lambda x: x[::2, 1::3]),
        "reversed": ((3, 4), lambda x: x[::-1, ::-1]),
        "offset": ((4, 5), lambda x: x[1:, 1:]),
        "permuted": ((4, 2, 3), lambda x: x[:, 1].T),
    }
    found = {}
    for label, (size, view) in pair.items():
        host = base(size)
        found[label] = (view(t.tensor(host)), view(host))
    for label, size in (("repeated rows", (1, 4)), ("repeated columns", (3, 1))):
        host = base(size)
        found[label] = (shape.broadcast_to(t.tensor(host), (3, 4)), np.broadcast_to(host, (3, 4)))
    return found


def _layouts(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """Views of every kind, of one shape, each with values of its own; the last once more in another thread."""
    seen = _Seen(t, name)
    rows: list[dict[str, tuple[Any, np.ndarray]]] = []
    for i in range(count):
        rows.append(_views(t, lambda size, i=i: _drawn(t, name, dtype, size, count)[i]))
    for label in rows[0]:
        tensors, hosts = [row[label][0] for row in rows], [row[label][1] for row in rows]
        seen.look(probe, tensors, hosts, f"a {label} array" if count == 1 else f"{label} arrays")
    if count == 2:
        (x, h), (y, k) = rows[0]["plain"], rows[1]["transposed"]
        seen.look(probe, [x, y], [h, k], "a plain and a transposed array")
        if name not in ("pow", "bitwise_left_shift", "bitwise_right_shift"):
            seen.look(probe, [x, x], [h, h], "an array and itself")
    tensors, hosts = [row["plain"][0] for row in rows], [row["plain"][1] for row in rows]
    _elsewhere(t, lambda: seen.look(probe, tensors, hosts, "an array, in another thread"))
    seen.settle()


def _elsewhere(t: Trial, work: Callable[[], None]) -> None:
    """Do it in another thread; what it raises comes out here."""
    from polyflow.backend import selection

    raised: list[BaseException] = []

    def run() -> None:
        try:
            with selection.use_backend(t.backend):
                work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def _ranks(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """From no axis at all to five."""
    seen = _Seen(t, name)
    for size in (*RANKS, *([(2, 0, 3)] if name in MOVES or name in ("sort", "argsort") else [])):
        if len(size) < 5 or name in MOVES:
            hosts = _drawn(t, name, dtype, size, count)
            seen.look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {size}", 6 if len(size) < 4 else 4)
    seen.settle()


def _huge(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """A thousand elements, and a hundred thousand: a few of them, again and again, so that ties abound."""
    drawn = _drawn(t, name, dtype, (101,), count)
    if "prod" in name:
        drawn = [np.sign(host) for host in drawn]
    for size in ((1009,), HUGE):
        hosts = [samples.read_only(np.resize(host, size)) for host in drawn]
        _Seen(t, name).look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {size}")


def _awkward(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """The limits of a dtype, neighbours that only their last bit tells apart, zeros of both signs, infinities, NaN."""
    seen = _Seen(t, name)
    hosts = [samples.awkward(dtype, (7, 8), t.rng) for _ in range(count)]
    if dtype in dt.INEXACT and ("prod" in name or name in ADDING):
        hosts = [_mild(host) for host in hosts]
    seen.look(probe, [t.tensor(host) for host in hosts], hosts, "awkward values", 2)
    seen.settle()


ADDING = ("sum", "mean", "cumulative_sum", "index_add", "logsumexp")
"""Ops whose results depend on the order of what overflows on the way."""


def _mild(host: np.ndarray) -> np.ndarray:
    """The same without finite numbers that are very large or very small; complex numbers lose them in both parts."""
    if host.dtype in dt.COMPLEX:
        mild = np.empty_like(host)
        mild.real, mild.imag = _mild(host.real), _mild(host.imag)
        return samples.read_only(mild)
    far = np.isfinite(host) & ((np.abs(host) > 300) | ((host != 0) & (np.abs(host) < 0.1)))
    return samples.read_only(np.where(far, np.sign(host), host).astype(host.dtype))


def _open(name: str, dtype: np.dtype) -> bool:
    """Whether what an op makes of awkward values is left open, or a matter of other cases."""
    if name == "astype":
        return dtype in dt.FLOATS
    multiplied = "prod" in name or name in ("mean", "logsumexp", "index_add")  # a complex infinity has many forms
    return name in ("softmax", "log_softmax") or (dtype in dt.COMPLEX and multiplied)
