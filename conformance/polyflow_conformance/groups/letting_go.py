"""device-1, letting go: what was computed is gone when nobody holds it, however often it is computed.

Counted are the blocks of memory that Python's objects take: an array that a backend keeps, or a key of a cache that
grows, is one at least, in every call. Where calls leave so many behind in one round after another, that is no accident;
what is filled once or now and then is full some time. (What grows inside a library, `device` sees by the size of the
process.) The last of so many calls still gives what the first gave.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import selection
from polyflow.backend.loop import Loop, Part
from polyflow.flow import transforms
from polyflow.flow.passes import simplified
from polyflow.flow.trace import compiled, trace
from polyflow.ops import creation, reduction
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from ..case import Case, Mismatch, Skip, Trial
from ..oracle import FORMULAS
from ..table import functions
from .core_again import OTHERS
from .core_elementwise import arguments
from .core_probes import probes
from .core_views import drawn_for
from .device import together

GROUP = "device-1"
FIRST, ROUNDS, CALLS = 10, 8, 45
"""Calls before anything is counted, rounds at most, and calls in each."""

LEFT = 40
"""So many blocks may be left in a round, and any number in all rounds but one."""

PROGRAMS, KEPT = 24, 16
"""How many programs are made anew and let go, and how many of these may still be there: a backend may keep the last."""


def cases() -> Iterator[Case]:
    """Of every op, of the ways in and out, and of programs and loops, which are run often and made often."""
    for name, (held, count, _) in probes().items():
        dtype = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        check = functools.partial(_op, name=name, dtype=dtype, count=count)
        yield Case(f"{GROUP}/{name}/memory/calls", check, (dtype,))
    for name, one in OTHERS.items():
        check = functools.partial(_other, one=one)
        yield Case(f"{GROUP}/{name}/memory/calls", check, (one.dtype, *one.needed))
    for name, make in WAYS.items():
        yield Case(f"{GROUP}/{name}/memory/calls", functools.partial(_way, make=make), (dt.float32,), True)
    yield Case(f"{GROUP}/compile/memory/programs", _programs, (dt.float32,), True)
    yield Case(f"{GROUP}/loop/memory/programs", _loops, (dt.float32,), True)


# Often --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _settled() -> Iterator[Callable[[], int]]:
    """What counts the blocks that are left when garbage is gone."""
    count = getattr(sys, "getallocatedblocks", None)
    if count is None or not count():
        raise Skip("this Python does not count its objects' memory")
    ours = gc.get_freeze_count() == 0
    gc.freeze()  # what earlier cases left need not be searched for garbage

    def left() -> int:
        gc.collect()
        return count()

    try:
        yield left
    finally:
        if ours:
            gc.unfreeze()


def _often(t: Trial, call: Callable[[], Any]) -> None:
    """Call again and again; `Mismatch` where each call leaves something, or the last gives something else."""
    first = call()
    before = None if first is None else t.host(first).copy()
    del first

    def work(times: int) -> None:
        for _ in range(times):
            call()
        t.backend.synchronize()

    work(FIRST)
    with _settled() as left:
        grown, start = CALLS, left()
        for _ in range(ROUNDS):
            if grown > LEFT:
                work(CALLS)
                start, grown = (now := left()), now - start
    if grown > LEFT:
        raise Mismatch(
            f"each call leaves an object's memory behind, in {ROUNDS} rounds of {CALLS} calls ({grown} in the last); "
            "what nobody holds has to be let go"
        )
    if before is not None:
        together(functools.partial(_still, t, call, before))


def _still(t: Trial, call: Callable[[], Any], before: np.ndarray) -> None:
    """One call more, by a new thread, gives what the first gave."""
    with selection.use_backend(t.backend):
        last = call()
        if t.host(last).tobytes() != before.tobytes():
            t.close(last, before, what=f"{t.case.op}, called many times, and in a new thread", zeros=True)


def _op(t: Trial, *, name: str, dtype: np.dtype, count: int) -> None:
    if name in FORMULAS:
        hosts = list(arguments(name, dtype, ((3, 4),) * count, t.rng))
        _often(t, lambda: functions()[name](*map(t.tensor, hosts)))
        return
    hosts, probe = drawn_for(t, name, dtype, (3, 4), count), probes()[name][2]
    _often(t, lambda: next(probe([t.tensor(host) for host in hosts], hosts)).value())


def _other(t: Trial, *, one: Any) -> None:
    hosts = [np.asarray(t.rng.normal(size=size)).astype(one.dtype) for size in one.sizes]
    _often(t, lambda: one.function(*[t.tensor(host) for host in hosts]))


# The ways in and out, and programs ----------------------------------------------------------------------------------

_HOST = np.arange(12, dtype=np.float32).reshape(3, 4)


def _given(t: Trial, name: str) -> Callable[[], Any]:
    host = _HOST.copy()
    host.flags.writeable = False
    return lambda: Tensor(getattr(t.backend, name)(host), t.backend)


def _out(t: Trial) -> Callable[[], Any]:
    return lambda: t.tensor(t.tensor(_HOST.copy()).numpy() + 1.0)


def _full(t: Trial) -> Callable[[], Any]:
    return lambda: creation.full((3, 4), 2.5, dt.float32, backend=t.backend)


def _drawn(t: Trial) -> Callable[[], Any]:
    return lambda: pf.random.normal((3, 4), seed=5)


def _program(t: Trial) -> Callable[[], Any]:
    graph = trace(lambda x: functions()["exp"](x) * 2.0 + x, Spec((3, 4), dt.float32), backend=t.backend).graph
    run = compiled(graph, t.backend)
    return lambda: Tensor(run(t.tensor(_HOST.copy()).array)[0], t.backend)


def _chosen(t: Trial) -> Callable[[], Any]:
    call = pf.function(lambda p, x: pf.cond(p, lambda: x * 2.0, lambda: x - 1.0))
    return lambda: call(t.tensor(np.array(False)), call(t.tensor(np.array(True)), t.tensor(_HOST.copy())))


def _scanned(t: Trial) -> Callable[[], Any]:
    call = pf.function(lambda x: pf.scan(lambda c, row: (c + row, c * row), x[0], x)[1])
    return lambda: call(t.tensor(_HOST.copy()))


def _taped(t: Trial) -> Callable[[], Any]:
    slope = transforms.grad(lambda x: reduction.sum(functions()["tanh"](x) * x))
    return lambda: slope(t.tensor(_HOST.copy()))


def _native(t: Trial) -> Callable[[], Any]:
    if not t.backend.capabilities.native_gradient:
        raise Skip("the backend has no gradients of its own")
    graph = trace(lambda x: functions()["tanh"](x) * x, Spec((3, 4), dt.float32), backend=t.backend).graph
    vjp = t.native_vjp(graph)
    return lambda: Tensor(vjp([t.tensor(_HOST.copy()).array], [t.tensor(_HOST).array])[0], t.backend)


def _loop(t: Trial) -> Loop:
    def part(function: Callable[..., Any], specs: list[Spec], reads: Any, writes: Any) -> Part:
        traced = trace(function, *specs, backend=t.backend)
        return Part(traced.graph, reads, writes, tuple(value.array for value in traced.captured))

    row, state = Spec((2, 4), dt.float32), Spec((4,), dt.float32)
    return Loop(
        part(lambda: (), [], (), ()),
        part(lambda x, w: (w * 0.5 + reduction.sum(x, axis=0),), [row, state], (0,), (0,)),
        None,
        part(lambda w: (reduction.sum(w),), [state], (0,), ()),
        batches=2,
        batch_size=2,
        capacity=1,
    )


def _epoch(t: Trial, program: Any) -> Any:
    x = np.arange(16, dtype=np.float32).reshape(4, 4)
    state, _ = program([t.tensor(x[0].copy()).array], program.place([x]), np.arange(4)[None], 0, 2)
    return Tensor(state[0], t.backend)


def _looped(t: Trial) -> Callable[[], Any]:
    return functools.partial(_epoch, t, t.backend.loop(_loop(t)))


WAYS: dict[str, Callable[[Trial], Callable[[], Any]]] = {
    "asarray": functools.partial(_given, name="asarray"),
    "adopt": functools.partial(_given, name="adopt"),
    "to_numpy": _out,
    "full": _full,
    "random_bits": _drawn,
    "program": _program,
    "cond": _chosen,
    "scan": _scanned,
    "tape": _taped,
    "native_vjp": _native,
    "loop": _looped,
}
"""What is called often, besides ops of arrays."""


def _way(t: Trial, *, make: Callable[[Trial], Callable[[], Any]]) -> None:
    _often(t, make(t))


# Made anew ----------------------------------------------------------------------------------------------------------


def _let_go(t: Trial, made: list[weakref.ref[Any]], what: str) -> None:
    t.backend.synchronize()
    gc.collect()
    alive = sum(one() is not None for one in made)
    if alive > KEPT:
        raise Mismatch(f"of {len(made)} {what}, none of which anybody holds, {alive} are still there")


def _programs(t: Trial) -> None:
    """Programs of graphs that differ in a number, run once and let go: their graphs, and what these hold, are gone."""
    made = []
    for number in range(PROGRAMS):
        captured = t.tensor(_HOST + np.float32(number))
        function = lambda x, number=number, captured=captured: x * float(number + 2) + captured  # noqa: E731
        traced = trace(function, Spec((3, 4), dt.float32), backend=t.backend)
        graph = simplified(traced.graph, weak_scalars=t.backend.weak_scalars)
        run = t.backend.compile(graph)
        (array,) = run(t.tensor(_HOST).array, *[value.array for value in traced.captured])
        true = _HOST * np.float32(number + 2) + (_HOST + np.float32(number))
        t.exactly(Tensor(array, t.backend), true, what="the program's value")
        made += [weakref.ref(graph), weakref.ref(captured)]
        del captured, function, traced, graph, run, array
    _let_go(t, made[::2], "graphs whose programs ran once")
    _let_go(t, made[1::2], "tensors that programs had captured")


def _loops(t: Trial) -> None:
    """The same of loops."""
    made = []
    for _ in range(PROGRAMS):
        loop = _loop(t)
        program = t.backend.loop(loop)
        _epoch(t, program)
        made.append(weakref.ref(loop))
        del loop, program
    _let_go(t, made, "loops whose programs ran once")
