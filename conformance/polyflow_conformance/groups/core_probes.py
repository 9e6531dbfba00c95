"""What each op has to give for tensors of any layout, rank and size: its calls, and the true values of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, indexing, shape

from ..case import Trial
from ..measure import WIDE
from ..oracle import DOMAINS, FORMULAS
from ..table import functions, ops
from .core_elementwise import arity, cancelling, tolerance_of, truth
from .core_reduction import REDUCTIONS, expected_reduction, expected_running, expected_softmax, order_along


class Answer(NamedTuple):
    """A result, and what it has to be within how much."""

    value: Callable[[], Any]
    true: Any
    dtype: np.dtype
    tolerance: float = 0.0
    scale: Any = None
    zeros: bool = False

    def judge(self, t: Trial, value: Any, what: str) -> None:
        """Raise `Mismatch` unless ``value`` is what it has to be."""
        t.close(value, self.true, self.tolerance, dtype=self.dtype, scale=self.scale, zeros=self.zeros, what=what)


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
        kept = (0 if host.ndim % 2 else -1, True)
        every = 0 if host.ndim > 1 and host.shape[0] == 1 else None
        axes: list[tuple[Any, bool]] = [(-1, False), (every, False), kept] if host.ndim else [(None, False)]
        if REDUCTIONS[name].several and host.ndim > 1:
            axes += [((0, -1), False), (tuple(range(host.ndim)), False)]
        if REDUCTIONS[name].several and host.ndim > 3:
            axes += [((0, 2), True), ((1, 2), False), ((-1, 1), False), ((0, 1, 3), True)]
        axes += [(0 if every is None else None, False)] if host.ndim and host.shape[0] == 1 else []
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
        fewer = mask[0] if h.ndim > 1 and h.shape[0] else mask[:1]
        yield _same(lambda: elementwise.where(fewer, x[:1], y), np.where(fewer, h[:1], k), h)


def _reshape(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for size in (*([()] if h.size == 1 else []), (-1,), h.shape[::-1], (1, *h.shape), (h.size, 1)):
        yield _same(lambda size=size: shape.reshape(x, size), h.reshape(size), h)


def _permute_dims(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for axes in (tuple(range(h.ndim))[::-1], (*range(1, h.ndim), *([0] if h.ndim else []))):
        yield _same(lambda axes=axes: shape.permute_dims(x, axes), h.transpose(axes), h)
        back = np.argsort(axes).tolist()
        yield _same(lambda axes=axes, back=back: shape.permute_dims(shape.permute_dims(x, axes), tuple(back)), h, h)


def _broadcast_to(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for size in (
        (2, *h.shape),
        (2, 1, *h.shape),
        *([(2, 3, 2)] if not h.ndim else []),
        *([(2, *[3 if n == 1 else n for n in h.shape])] if 1 in h.shape else []),
    ):
        yield _same(lambda size=size: shape.broadcast_to(x, size), np.broadcast_to(h, size), h)


def _concat(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    for axis in (*range(-1, h.ndim - 1), *([-2] if h.ndim == 3 else [])):
        yield _same(lambda axis=axis: shape.concat([x, y], axis=axis), np.concatenate([h, k], axis), h)
    if h.ndim:
        yield _same(lambda: shape.concat([y[:0], x, x[:0]], axis=0), h, h)
        yield _same(lambda: shape.concat([x], axis=0), h, h)
        yield _same(lambda: shape.concat([x, y, x] * 5, axis=-1), np.concatenate([h, k, h] * 5, -1), h)
        parts = [(x, h), (y[1:], k[1:]), (x[:2], h[:2])]
        joined = np.concatenate([part for _, part in parts])
        yield _same(lambda: shape.concat([part for part, _ in parts], axis=0), joined, h)


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
    if h.ndim and not h.shape[0]:
        keys += [slice(None, None, -1), np.zeros(0, np.int64), slice(1, None)]
    elif h.ndim and not h.size:
        keys += [-1, slice(None, None, -1), np.zeros(0, np.int64)]
    elif h.ndim:
        n = h.shape[0]
        keys = [slice(None, None, -1), np.arange(3 * n) % n, (..., -1), (..., slice(None, None, -2)), np.array(n - 1)]
        keys += [(..., np.array([-1, 0], np.int8)), np.array([[[0], [min(n, 256) - 1]]], np.uint8), -1]
        keys += [np.arange(n) % 2 == 0, (..., np.arange(h.shape[-1]) % 3 != 1), slice(1, None), (None, ...)]
        keys += [np.arange(h[..., 0].size).reshape(h.shape[:-1]) % 5 != 1] if h.ndim > 1 and h.shape[-1] else []
    for key in keys:
        yield _same(lambda key=key: x[key], h[key], h)


def _index_set(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    keys: tuple[Any, ...] = (slice(None, None, -2), np.array([-1]), (..., -1), 0, (..., slice(0, 1)))
    if not h.ndim or not h.size:
        keys = (...,), *([slice(None, None, -1)] if h.ndim else [])
    elif h.shape[0] > 255:
        keys = (*keys, np.array([3, 200], np.uint8))
    for key in keys:
        true = np.array(h)
        true[key] = k[key]
        yield _same(lambda key=key: indexing.index_set(x, key, y[key]), true, h)
    if x is y and h.ndim:
        turned, true = np.array([*range(1, h.shape[0]), 0]), np.array(h)
        true[turned] = h
        yield _same(lambda: indexing.index_set(x, turned, x), true, h)


def _index_add(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y), (h, k) = tensors, hosts
    n = h.shape[0] if h.ndim and h.size else 0
    keys: tuple[Any, ...] = (np.array([-1, 0, -n]), slice(None, None, -1), (..., -1), 0) if n else ((...,),)
    for key in keys:
        inexact = h.dtype in dt.INEXACT
        wide = h.astype(np.clongdouble if h.dtype in dt.COMPLEX else WIDE) if inexact else np.array(h)
        scale = np.asarray(np.abs(wide))
        with np.errstate(all="ignore"):
            np.add.at(wide, key, k[key].astype(wide.dtype))
            np.add.at(scale, key, np.abs(k[key].astype(wide.dtype)).astype(scale.dtype))
        scale = np.where(np.isfinite(scale), scale, 1) if inexact else None
        call = functools.partial(indexing.index_add, x, key, y[key])
        yield Answer(call, wide, dt.as_dtype(h.dtype), 3.0 if inexact else 0.0, scale)
    if x is y:  # one tensor in both places
        with np.errstate(all="ignore"):
            yield Answer(lambda: indexing.index_add(x, ..., x), h + h, dt.as_dtype(h.dtype))


def _clip(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x,), (h,) = tensors, hosts
    for low, high in ((1, 5), (None, 2), (3, None)):
        with np.errstate(all="ignore"):
            true = np.array(h) if low is None else np.where(h < low, np.asarray(low).astype(h.dtype), h)
            true = true if high is None else np.where(true > high, np.asarray(high).astype(h.dtype), true)
        yield Answer(lambda low=low, high=high: elementwise.clip(x, low, high), true, dt.as_dtype(h.dtype))


def _clamp(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    (x, y, z), (h, k, m) = tensors, hosts
    with np.errstate(all="ignore"):
        yield Answer(lambda: elementwise.clip(x, y, z), np.minimum(np.maximum(h, k), m), dt.as_dtype(h.dtype))
        yield Answer(lambda: elementwise.clip(x, None, z), np.minimum(h, m), dt.as_dtype(h.dtype))


def _astype(tensors: list[Any], hosts: list[np.ndarray]) -> Iterator[Answer]:
    """To the main dtypes; what an integer does not hold is left open."""
    (x,), (h,) = tensors, hosts
    for target in (dt.float32, dt.int32, dt.bool_):
        if target is dt.int32 and h.dtype in dt.FLOATS and not (np.abs(h) < 2.0**31).all():
            continue
        with np.errstate(all="ignore"):
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
    "clamp": (DOMAINS["real"], 3, _clamp),
    "astype": (tuple(one for one in dt.ALL if one not in dt.COMPLEX), 1, _astype),
}
