"""device-1, promises: what a backend says of itself and no op shows, each put to the test where it is claimed.

Memory that is taken or counted, arrays that may be written to, host arrays that are taken as they are, dtypes and
numbers as the library has them, and the ways in and out, each of which leaves what went before as it was.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow.passes import simplified
from polyflow.flow.trace import compiled, trace
from polyflow.ops import reduction
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from .. import samples
from ..case import Case, Mismatch, Skip, Trial
from ..oracle import DOMAINS, FORMULAS, result_dtype
from ..table import functions, ops
from .core_elementwise import arguments, arity, cancelling, tolerance_of, truth
from .core_probes import probes

GROUP = "device-1"


def cases() -> Iterator[Case]:
    """One or two for each thing that is said."""
    yield Case(f"{GROUP}/inplace/claimed/written-to", _written_to, (dt.float32,), True)
    yield Case(f"{GROUP}/memory_of/graphs/bytes", _memory_of, (dt.float32,), True)
    yield Case(f"{GROUP}/fits/bytes/answers", _fits, quick=True)
    yield Case(f"{GROUP}/numpy_dtypes/every-dtype/claimed", _numpy_dtypes, quick=True)
    yield Case(f"{GROUP}/host_arguments/claimed/programs", _host_arguments, (dt.float32,), True)
    yield Case(f"{GROUP}/implements/every-op/answers", _implements, (dt.float32,))
    yield Case(f"{GROUP}/is_host/devices/answers", _is_host, quick=True)
    for name in ("asarray", "adopt"):
        check = functools.partial(_ways_in, name=name)
        yield Case(f"{GROUP}/{name}/every-dtype/layouts", check, quick=True)
    yield Case(f"{GROUP}/to_numpy/every-dtype/kept", _way_out, quick=True)
    for name in FORMULAS:
        if name in ops() and arity(name) == 2 and dt.float32 in DOMAINS[FORMULAS[name].domain]:
            yield Case(f"core-1/{name}/float32/number-ranks", functools.partial(_numbers, name=name), (dt.float32,))


# Memory -------------------------------------------------------------------------------------------------------------


def _written_to(t: Trial) -> None:
    """Where arrays can be written to, what is written shows in them, and in no other array."""
    if not t.backend.capabilities.inplace:
        raise Skip("the backend does not claim that arrays can be written to")
    host, other = (np.arange(12, dtype=np.float32).reshape(3, 4) * size for size in (1, -2))
    known = t.tensor(host)
    graph = trace(lambda x: x * 2.0 + x, Spec((3, 4), dt.float32), backend=t.backend).graph
    made: dict[str, Callable[[], Any]] = {
        "asarray makes": lambda: t.backend.asarray(host),
        "an op makes": lambda: (known * 3.0).array,
        "a program makes": lambda: compiled(graph, t.backend)(known.array)[0],
    }
    for what, make in made.items():
        array, true = make(), host * np.float32(1 if what == "asarray makes" else 3)
        for key in (1, (slice(None), slice(1, 3)), ...):
            try:
                array[key] = t.backend.asarray(other)[key]
            except Exception as error:
                raise Mismatch(f"inplace is claimed, but writing to what {what} raised {error!r}") from None
            true = np.array(true)
            true[key] = other[key]
            t.exactly(Tensor(array, t.backend), true, what=f"what {what}, after it was written to")
    t.exactly(known, host, what="an array that nobody wrote to")


def _memory_of(t: Trial) -> None:
    """Bytes besides the arguments, results included: at least the results', and no multiple of what that takes."""
    size, megabyte = 250_000, 1_000_000
    graphs: list[tuple[Callable[[Any], Any], int, int, int]] = [
        (lambda x: reduction.sum(x), size, 4, megabyte),
        (lambda x: functions()["exp"](x) * 2.0 + x, size, megabyte, 16 * megabyte),
        (lambda x: (functions()["exp"](x), x * x), size, 2 * megabyte, 16 * megabyte),
        (lambda x: functions()["exp"](x) * 2.0 + x, 4 * size, 4 * megabyte, 64 * megabyte),
        (lambda x: x > 0.0, size, megabyte // 4, 16 * megabyte),
    ]
    unknown = 0
    for function, size, least, most in graphs:
        graph = trace(function, Spec((size,), dt.float32), backend=t.backend).graph
        graph = simplified(graph, weak_scalars=t.backend.weak_scalars)
        found = t.backend.memory_of(graph)
        if found is None:
            unknown += 1
            continue
        if not isinstance(found, int) or isinstance(found, bool):
            raise Mismatch(f"memory_of gave {found!r}, expected a number of bytes or None")
        if not least <= found <= most:
            raise Mismatch(
                f"memory_of says {found} bytes of a graph whose argument has {4 * size} bytes and whose results have "
                f"{least}; expected these and what it needs besides, without the argument"
            )
    if unknown == len(graphs):
        raise Skip("the backend does not know beforehand")


def _fits(t: Trial) -> None:
    """True or False; a byte fits, and where so many bytes fit, fewer do."""
    found = [t.backend.fits(1 << power) for power in range(0, 61, 4)]
    for one in found:
        if not isinstance(one, bool):
            raise Mismatch(f"fits() gave {one!r}, expected True or False")
    t.same(found[0], True, "whether a byte fits")
    t.same(found, sorted(found, reverse=True), "whether 16 times as many bytes fit, each time")


# Arrays -------------------------------------------------------------------------------------------------------------


def _drawn(dtype: np.dtype, shape: tuple[int, ...], number: int) -> np.ndarray:
    count = int(np.prod(shape))
    host = (np.arange(count) * 7 + number * 3) % (2 if dtype is dt.bool_ else 100)
    return host.astype(dtype).reshape(shape)


def _layouts(dtype: np.dtype, number: int) -> list[np.ndarray]:
    """Host arrays that lie in memory in every way."""
    wide = _drawn(dtype, (6, 8), number)
    found = [wide, wide.T, wide[::2, 1::3], wide[::-1], wide[:, ::-1], np.asfortranarray(wide), wide[1:, 2:]]
    found += [wide[0, 0], wide[:0], wide[:, :0].T, wide[:1, :1], wide[0], wide[:, 3], wide[0, :1]]
    found += [wide.reshape(2, 3, 8).transpose(2, 0, 1), np.broadcast_to(wide[0], (3, 8))]
    return [np.array(found[7]), *(one for at, one in enumerate(found) if at != 7)]


class _Own(np.ndarray):
    """A kind of array of somebody's own."""


def _strange(dtype: np.dtype) -> list[np.ndarray]:
    """Host arrays that are not aligned, of a class of their own, of many axes, and windows that overlap."""
    wide = _drawn(dtype, (6, 8), 1)
    bytes_ = np.frombuffer(b"-" + wide.tobytes(), np.uint8)[1:]
    windows = np.lib.stride_tricks.sliding_window_view(wide[0], 3)
    return [np.ndarray(wide.shape, dtype, bytes_), wide.view(_Own), wide.reshape(1, 2, 3, 1, 2, 2, 1, 2), windows]


def _ways_in(t: Trial, *, name: str) -> None:
    """Values, shapes and dtypes come in from any layout, and stay when others come and when the host's are gone."""
    take = getattr(t.backend, name)
    kept: list[tuple[Any, np.ndarray]] = []
    for dtype in t.held:
        for number in range(2):
            hosts = list(map(samples.read_only, _layouts(dtype, number)))
            kept += [(take(host), np.array(host)) for host in hosts]
            del hosts
        kept += [(take(samples.read_only(host)), np.array(host)) for host in _strange(dtype)]
        large = _drawn(dtype, (70_000,), 1)
        large.flags.writeable = False
        kept.append((take(large), np.array(large)))
        del large
    gc.collect()
    for array, true in kept:
        what = f"{name} of a host array of shape {true.shape}"
        t.exactly(Tensor(array, t.backend), true, dtype=dt.as_dtype(true.dtype), what=what)


def _way_out(t: Trial) -> None:
    """Host copies are arrays of their own: they stay when others are made, and when the library's array is gone."""
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for dtype in t.held:
        for shape in ((), (3,), (2, 5), (0, 2), (30_000,)):
            for number in range(3):
                true = _drawn(dtype, shape, number)
                kept.append((t.backend.to_numpy(t.backend.asarray(true)), true))
        for number in range(3):
            true = _drawn(dtype, (4, 6), number)
            for view in (lambda x: x[::-1], lambda x: x.T, lambda x: x[1:, ::2]):
                kept.append((t.host(view(t.tensor(true.copy()))), view(true)))
    gc.collect()
    for host, true in kept:
        if type(host) is not np.ndarray:
            raise Mismatch(f"to_numpy gave an object of type {type(host).__name__}, expected a plain NumPy array")
        if (host.dtype, host.shape, host.tolist()) != (true.dtype, true.shape, true.tolist()):
            raise Mismatch(
                f"to_numpy of {true.dtype.name} {list(true.shape)}: after others were made, the host's copy is "
                f"{host.dtype.name} {list(host.shape)} {host.ravel()[:4].tolist()} …, expected "
                f"{true.ravel()[:4].tolist()} …"
            )


def _numpy_dtypes(t: Trial) -> None:
    """Where arrays' dtypes are said to be NumPy's they are, of what comes in, of results and of programs' results."""
    if not t.backend.numpy_dtypes:
        raise Skip("the backend says that its arrays have dtypes of its own")
    for dtype in t.held:
        x = t.tensor(_drawn(dtype, (2, 3), 1))
        graph = trace(lambda x: (x[1:], x == x), Spec((2, 3), dtype), backend=t.backend).graph
        results = compiled(graph, t.backend)(x.array)
        for array in (x.array, x[0].array, functions()["equal"](x, x).array, *results):
            if not isinstance(array.dtype, np.dtype):
                raise Mismatch(f"an array's dtype is {array.dtype!r}, though numpy_dtypes says that it is NumPy's")
            t.same(t.backend.dtype_of(array), array.dtype, "dtype_of(array), beside array.dtype,")


def _host_arguments(t: Trial) -> None:
    """Programs take host arrays for any of their arguments, in every dtype and layout, and leave them as they are."""
    if not t.backend.capabilities.host_arguments:
        raise Skip("the backend does not claim that programs take host arrays")
    for dtype in t.held:
        firsts = _layouts(dtype, 1)
        trues = [np.array(one) for one in firsts]
        seconds = [np.array(one[..., ::-1] if one.ndim else one) for one in trues]
        others = [one.copy() for one in seconds]
        for one in (*firsts, *seconds):
            one.flags.writeable = False
        count = len(firsts)

        def program(*given: Any, count: int = count) -> list[Any]:
            pairs = list(zip(given[:count], given[count:], strict=True))
            return [*(functions()["where"](x == y, x, y) for x, y in pairs), *given[:count]]

        specs = [Spec(one.shape, dtype) for one in (*firsts, *seconds)]
        run = compiled(trace(program, *specs, backend=t.backend).graph, t.backend)
        for alternating in (range(1), range(0, 2 * count, 2)):
            given: list[Any] = [*firsts, *seconds]
            for place in alternating:  # arrays of the library between them
                given[place] = t.backend.asarray(given[place])
            results = [Tensor(array, t.backend) for array in run(*given)]
            for value, true in zip(results, (*others, *trues), strict=True):
                t.exactly(value, true, dtype=dtype, what="a program's value of host arrays")
        if not all(map(np.array_equal, (*firsts, *seconds), (*trues, *others))):
            raise Mismatch("a program wrote to host arrays that it was given")


def _is_host(t: Trial) -> None:
    """Of each device True or False, and True of the CPU, whose memory is this machine's own."""
    for device in t.backend.devices():
        found = t.backend.is_host(device)
        if not isinstance(found, bool):
            raise Mismatch(f"is_host({device!r}) gave {found!r}, expected True or False")
        if device.partition(":")[0] == "cpu" and not found:
            raise Mismatch(f"is_host({device!r}) is False; what lies on the CPU lies in this machine's memory")


# Ops ----------------------------------------------------------------------------------------------------------------


def _implements(t: Trial) -> None:
    """True or False of every op; one that the library is said to run is not counted as run on the host."""
    for name, op in OPS.items():
        if not isinstance(t.backend.implements(op), bool):
            raise Mismatch(f"implements({name}) is {t.backend.implements(op)!r}, expected True or False")
        if name in t.backend.unsupported and t.backend.implements(op):
            raise Mismatch(f"implements({name}) is True, but {name!r} is declared unsupported")
    for name, (held, count, probe) in probes().items():
        op = OPS.get(name)
        if dt.float32 not in held or op is None or not t.backend.implements(op):
            continue
        if name in t.backend.gaps or "*" in t.backend.gaps:
            continue
        hosts = [np.ones((3, 4), np.float32) * np.float32(0.5) for _ in range(count)]
        before = t.backend.host_fallbacks.get(name, 0)
        next(probe([t.tensor(host) for host in hosts], hosts)).value()
        t.same(t.backend.host_fallbacks.get(name, 0), before, f"how often {name} ran on the host, though implemented,")


def _numbers(t: Trial, *, name: str) -> None:
    """A Python float on either side of arrays of every rank leaves dtype and shape as they are, and is that number."""
    if name in t.backend.unsupported:
        functions()[name](t.tensor(np.ones(2, np.float32)), 1.0)
    formula, result = FORMULAS[name], result_dtype(FORMULAS[name], dt.float32)
    for shape in ((), (0, 2), (2, 1, 3)):
        for left in (False, True):
            args = arguments(name, dt.float32, ((), shape) if left else (shape, ()), t.rng)
            given = [float(host) if (at == 0) is left else t.tensor(host) for at, host in enumerate(args)]
            t.close(
                functions()[name](*given),
                truth(name, args, dt.float32),
                tolerance_of(formula, dt.float32),
                dtype=result,
                scale=cancelling(name, args),
                what=f"{name} of an array of shape {shape} and a number",
            )
