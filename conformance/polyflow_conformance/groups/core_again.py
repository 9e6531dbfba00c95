"""core-1, every op again and again: the hundredth call gives what the first gave, in every thread.

Arrays come and go between the calls, so that others stand at their addresses; of the values that take turns two differ
in one element only. What a library keeps from call to call (kernels, constants, scratch memory, results by identity or
by a few elements) shows here, and so does what goes wrong now and then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend import selection
from polyflow.ops import factorizations, fft, linalg, matrices, reduction

from .. import samples
from ..case import Case, Mismatch, Trial
from ..measure import widened
from ..oracle import FORMULAS
from ..table import functions
from .core_elementwise import arguments
from .core_probes import Probe, probes
from .device import together

GROUP = "core-1"
CALLS, THREADS = 45, 2
"""How often a thread calls, and how many do so at once."""


def cases() -> Iterator[Case]:
    """Of every op, in the first dtype that it takes."""
    for name, (held, count, probe) in probes().items():
        dtype = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        check = functools.partial(_probed, name=name, dtype=dtype, count=count, probe=probe)
        yield Case(f"{GROUP}/{name}/{dtype.name}/again", check, (dtype,))
    for name, one in OTHERS.items():
        check = functools.partial(_other, one=one)
        yield Case(f"{GROUP}/{name}/{one.dtype.name}/again", check, (one.dtype, *one.needed))


def _altered(host: np.ndarray) -> np.ndarray:
    """The same array but for one element, which is another element's neighbour or twice as large."""
    other = np.array(host)
    place = 2 * other.size // 3
    other.flat[place] = ~other.flat[place] if other.dtype == bool else other.flat[place] / 2 + other.flat[0] / 2
    return samples.read_only(other)


def _probed(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    def drawn() -> list[np.ndarray]:
        if name in FORMULAS:
            return list(arguments(name, dtype, ((3, 4),) * count, t.rng))
        return [samples.values("nonzero" if "prod" in name else "any", dtype, (3, 4), t.rng) for _ in range(count)]

    first = drawn()
    turns = [first, [_altered(first[0]), *first[1:]], drawn()]
    makers: list[Callable[[], Any]] = []
    for hosts in turns:
        answer = next(probe([t.tensor(host) for host in hosts], hosts))
        answer.judge(t, answer.value(), name)
        makers.append(lambda hosts=hosts: next(probe([t.tensor(host) for host in hosts], hosts)).value())
    _repeat(t, name, makers)


def _repeat(t: Trial, name: str, makers: list[Callable[[], Any]]) -> None:
    """The same bits each time, in threads that take turns with the values."""
    first = [t.host(make()).copy() for make in makers]

    def work() -> None:
        with selection.use_backend(t.backend):
            for number in range(CALLS):
                value = makers[number % len(makers)]()
                if t.host(value).tobytes() != first[number % len(makers)].tobytes():
                    t.close(value, first[number % len(makers)], what=f"{name}, called again", zeros=True)

    together(*[work] * THREADS)


class Other(NamedTuple):
    """An op without a probe: its arguments, and the same in NumPy, of longdouble arrays where it is of floats."""

    function: Callable[..., Any]
    oracle: Callable[..., Any]
    sizes: tuple[tuple[int, ...], ...]
    dtype: np.dtype = dt.float32
    needed: tuple[np.dtype, ...] = ()


def _firm(x: Any) -> Any:
    """A matrix far from singular."""
    return x * 0.05 + np.diag(np.arange(3.0, 3.0 + x.shape[-1])).astype(np.float32)


def _product(x: Any) -> Any:
    return x @ (x.mT if hasattr(x, "mT") else np.swapaxes(x, -1, -2))


def _eye(h: Any) -> Any:
    return np.eye(h.shape[-1])


_KEY = np.array([3, 5], np.uint32)

OTHERS: dict[str, Other] = {
    "matmul": Other(linalg.matmul, np.matmul, ((3, 4), (4, 5))),
    "searchsorted": Other(
        lambda line, x: reduction.searchsorted(reduction.sort(line), x),
        lambda line, x: np.searchsorted(np.sort(line), x),
        ((9,), (4, 3)),
    ),
    "inv": Other(lambda x: matrices.inv(_firm(x)) @ _firm(x), _eye, ((3, 3),)),
    "solve": Other(lambda x: matrices.solve(_firm(x), _firm(x)), _eye, ((3, 3),)),
    "pinv": Other(lambda x: matrices.pinv(_firm(x)) @ _firm(x), _eye, ((3, 3),)),
    "det": Other(lambda x: matrices.det(_firm(x)), lambda h: np.linalg.det(_firm(h).astype(float)), ((3, 3),)),
    "slogdet": Other(
        lambda x: matrices.slogdet(_firm(x))[1], lambda h: np.linalg.slogdet(_firm(h).astype(float))[1], ((3, 3),)
    ),
    "cholesky": Other(
        lambda x: _product(factorizations.cholesky(_product(_firm(x)))), lambda h: _product(_firm(h)), ((3, 3),)
    ),
    "qr": Other(lambda x: linalg.matmul(*factorizations.qr(x)), lambda h: h, ((5, 3),)),
    "svd": Other(
        lambda x: (lambda u, s, vh: (u * s) @ vh)(*factorizations.svd(x, full_matrices=False)), lambda h: h, ((5, 3),)
    ),
    "svdvals": Other(
        lambda x: reduction.sum(factorizations.svdvals(x) ** 2.0), lambda h: (h.astype(float) ** 2).sum(), ((5, 3),)
    ),
    "eigh": Other(
        lambda x: (lambda w, v: (v * w) @ v.mT)(*factorizations.eigh(_product(x))), lambda h: _product(h), ((3, 3),)
    ),
    "eigvalsh": Other(
        lambda x: reduction.sum(factorizations.eigvalsh(_product(x))), lambda h: np.trace(_product(h)), ((3, 3),)
    ),
    "eigvals": Other(
        lambda x: functions()["real"](reduction.sum(factorizations.eigvals(_firm(x)))),
        lambda h: np.trace(_firm(h)),
        ((3, 3),),
        needed=(dt.complex64,),
    ),
    "eig": Other(
        lambda x: functions()["real"](reduction.sum(factorizations.eig(_firm(x))[0])),
        lambda h: np.trace(_firm(h)),
        ((3, 3),),
        needed=(dt.complex64,),
    ),
    "fft": Other(lambda x: functions()["real"](fft.fft(x)), lambda h: np.fft.fft(h).real, ((3, 8),), dt.complex64),
    "ifft": Other(lambda x: functions()["real"](fft.ifft(x)), lambda h: np.fft.ifft(h).real, ((3, 8),), dt.complex64),
    "rfft": Other(
        lambda x: functions()["real"](fft.rfft(x)), lambda h: np.fft.rfft(h).real, ((3, 8),), needed=(dt.complex64,)
    ),
    "irfft": Other(lambda x: fft.irfft(x, n=8), lambda h: np.fft.irfft(h, 8), ((3, 5),), dt.complex64),
}
"""Linear algebra by what its results mean: factors multiplied together are the matrix again."""


def _other(t: Trial, *, one: Other) -> None:
    first = [samples.values("any", one.dtype, size, t.rng) for size in one.sizes]
    turns = [first, [_altered(first[0]), *first[1:]], [samples.read_only(host[::-1].copy()) for host in first]]
    makers: list[Callable[[], Any]] = []
    for hosts in turns:
        makers.append(lambda hosts=hosts: one.function(*[t.tensor(host) for host in hosts]))
        value, true = makers[-1](), np.asarray(one.oracle(*hosts))
        if true.dtype.kind in "iu":
            t.exactly(value, true.astype(np.int64), what=t.case.op)
            continue
        host = t.host(value)
        t.same(host.shape, true.shape, "the shape")
        error = np.abs(widened(host) - true).max() / max(float(np.abs(true).max()), 1.0)
        if not error < 1e-4:
            raise Mismatch(f"{t.case.op} is off by {float(error):.3g} of its largest element")
    _repeat(t, t.case.op, makers)
