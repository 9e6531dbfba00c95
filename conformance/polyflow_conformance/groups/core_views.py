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
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import shape

from .. import samples
from ..case import Case, Mismatch, Trial
from ..oracle import FORMULAS
from .core_elementwise import arguments
from .core_probes import ALONG, MOVES, Probe, probes
from .core_reduction import REDUCTIONS

GROUP = "core-1"
RANKS = ((), (1,), (1, 1), (2, 3, 2), (2, 3, 2, 3), (1, 2, 2, 1, 3))
EMPTY = ((0,), (2, 0, 3), (2, 3, 0))
HUGE = (317, 331)
"""More elements than a library's threads share out at a time, and no multiple of any vector's length."""
LINE = (65_621,)
"""A line whose places do not fit into 16 bits."""


# The cases ----------------------------------------------------------------------------------------------------------


def cases() -> Iterator[Case]:
    """Of every op, in the first dtype that it takes, its layouts, ranks and a large array; and awkward values."""
    for name, (held, count, probe) in probes().items():
        dtype = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        for label, check in (("layouts", _layouts), ("ranks", _ranks)):
            run = functools.partial(check, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(
                f"{GROUP}/{name}/{dtype.name}/{label}", run, (dtype,), quick=label == "layouts" and name not in FORMULAS
            )
        if name in FORMULAS:
            continue
        for label, check in (("huge", _huge), ("ends", _ends)):
            run = functools.partial(check, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/{label}", run, (dtype,))
        for dtype in held:
            if _open(name, dtype):
                continue
            run = functools.partial(_awkward, name=name, dtype=dtype, count=count, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/awkward", run, (dtype,))


class Seen:
    """The results of a case so far, which later ones leave as they are."""

    def __init__(self, t: Trial, name: str) -> None:
        self.t, self.name = t, name
        self.kept: list[tuple[Any, np.ndarray, str]] = []

    def look(self, probe: Probe, tensors: list[Any], hosts: list[np.ndarray], what: str, most: int = 99) -> None:
        """Compare what an op gives for these arguments, at ``most`` so many answers, and the arguments afterwards."""
        what = f"{self.name} of {what}"
        for answer in itertools.islice(probe(tensors, hosts), most):
            value = self.silent(answer.value)
            answer.judge(self.t, value, what)
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


def drawn_for(t: Trial, name: str, dtype: np.dtype, size: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Arguments of an op, away from what overflows."""
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
    seen = Seen(t, name)
    rows: list[dict[str, tuple[Any, np.ndarray]]] = []
    for i in range(count):
        rows.append(_views(t, lambda size, i=i: drawn_for(t, name, dtype, size, count)[i]))
    for label in rows[0]:
        tensors, hosts = [row[label][0] for row in rows], [row[label][1] for row in rows]
        seen.look(probe, tensors, hosts, f"a {label} array" if count == 1 else f"{label} arrays")
    if count == 2:
        (x, h), (y, k) = rows[0]["plain"], rows[1]["transposed"]
        seen.look(probe, [x, y], [h, k], "a plain and a transposed array")
        if name not in ("pow", "bitwise_left_shift", "bitwise_right_shift"):
            seen.look(probe, [x, x], [h, h], "an array and itself")
    tensors, hosts = [row["plain"][0] for row in rows], [row["plain"][1] for row in rows]
    elsewhere(t, lambda: seen.look(probe, tensors, hosts, "an array, in another thread"))
    seen.settle()


def elsewhere(t: Trial, work: Callable[[], None]) -> None:
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
    """From no axis at all to five, of which more calls are tried where an op has to do with axes."""
    seen = Seen(t, name)
    sizes = [(size, calls(name, size)) for size in RANKS]
    for size, most in sizes + [(size, 2) for size in EMPTY if name in MOVES or name in ("sort", "argsort")]:
        hosts = drawn_for(t, name, dtype, size, count)
        seen.look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {size}", most)
    if name not in FORMULAS:
        hosts = drawn_for(t, name, dtype, (3, 3), count)  # whose axes no size tells apart
        seen.look(probe, [t.tensor(host).T for host in hosts], [host.T for host in hosts], "a transposed square", 2)
    seen.settle()


def calls(name: str, size: tuple[int, ...]) -> int:
    """How many of a probe's calls are tried on an array of this size."""
    if name in MOVES:
        return 8 if len(size) == 3 else 4
    if len(size) > 4:
        return 1 if name in FORMULAS else 0
    if name in FORMULAS and size == (1, 1):
        return 0
    return 12 if len(size) > 2 else 3 if name in REDUCTIONS else 4


def _huge(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """A thousand elements, and a hundred thousand: a few of them, again and again, so that ties abound."""
    drawn = drawn_for(t, name, dtype, (101,), count)
    if "prod" in name:
        drawn = [np.sign(host) for host in drawn]
    long = [(LINE, 2 if name == "getitem" else 1)] if name in MOVES or name in ALONG else []
    each = 3 if name in REDUCTIONS else 99
    for size, most in (((1009,), each), (HUGE, each), *long):
        hosts = [samples.read_only(np.resize(host, size)) for host in drawn]
        if name in ("argmax", "argmin"):  # the only extreme stands in the end
            hosts[0] = np.array(hosts[0])
            hosts[0].flat[-1] = 1000 if name == "argmax" else -1000
        seen = Seen(t, name)
        seen.look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {size}", most)
        if size == (1009,):
            others = [samples.read_only(host[::-1].copy()) for host in hosts]
            seen.look(probe, [t.tensor(host) for host in others], others, f"shape {size}", most)
            seen.settle()


def _ends(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """Rows and columns of equal numbers but for the last, in numbers that are no multiple of any vector's length."""
    for size in ((6, 71), (263,)):
        host, ending = np.ones(size, np.int64), np.array([0, 3, 1])[np.indices(size).sum(0) % 3]
        host[..., -1] = ending[..., -1]
        host[-1] = ending[-1]
        if name == "any":
            host = host - 1
        hosts = [samples.read_only(np.roll(host, i).astype(dtype)) for i in range(count)]
        Seen(t, name).look(probe, [t.tensor(host) for host in hosts], hosts, f"shape {size}", 3)


def _awkward(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """The limits of a dtype, neighbours that only their last bit tells apart, zeros of both signs, infinities, NaN."""
    seen = Seen(t, name)
    hosts = awkward_for(t, name, dtype, count)
    most = 99 if dtype is dt.float32 and name not in MOVES else 2
    seen.look(probe, [t.tensor(host) for host in hosts], hosts, "awkward values", most)
    turned = [t.tensor(np.ascontiguousarray(host.T)).T for host in hosts]
    seen.look(probe, turned, hosts, "awkward values, turned", 2)
    key = (slice(None, None, -1),) * 2
    backwards = [t.tensor(host[key].copy())[key] for host in hosts]
    seen.look(probe, backwards, hosts, "awkward values, backwards", 2)
    seen.settle()


def awkward_for(t: Trial, name: str, dtype: np.dtype, count: int) -> list[np.ndarray]:
    """Arguments of an op that are easily got wrong, or plain ones where what it makes of those is left open."""
    if _open(name, dtype):
        return drawn_for(t, name, dtype, (7, 8), count)
    hosts = [samples.awkward(dtype, (7, 8), t.rng) for _ in range(count)]
    return [_mild(host) for host in hosts] if dtype in dt.INEXACT and ("prod" in name or name in ADDING) else hosts


ADDING = ("sum", "mean", "cumulative_sum", "index_add", "logsumexp")
"""Ops whose results depend on the order of what overflows on the way."""


def _mild(host: np.ndarray) -> np.ndarray:
    """The same without finite numbers that are very large or very small; complex numbers lose them in both parts."""
    if host.dtype in dt.COMPLEX:
        mild = np.empty_like(host)
        mild.real, mild.imag = _mild(np.real(host)), _mild(np.imag(host))
        return samples.read_only(mild)
    far = np.isfinite(host) & ((np.abs(host) > 300) | ((host != 0) & (np.abs(host) < 0.1)))
    return samples.read_only(np.where(far, np.sign(host), host).astype(host.dtype))


def _open(name: str, dtype: np.dtype) -> bool:
    """Whether what an op makes of awkward values is left open, or a matter of other cases."""
    multiplied = "prod" in name or name in ("mean", "logsumexp", "index_add")  # a complex infinity has many forms
    return name in ("softmax", "log_softmax") or (dtype in dt.COMPLEX and multiplied)
