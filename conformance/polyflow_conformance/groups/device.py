"""device-1: what a backend says of itself, devices, dtypes held, threads, memory, and the rules of plugins."""

from __future__ import annotations

import functools
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import PROTOCOL, Capabilities, discovery
from polyflow.errors import BackendError, BackendUnavailableError, UnsupportedError
from polyflow.ops import creation, elementwise, indexing, reduction, shape

from .. import samples
from ..case import Case, Mismatch, Skip, Trial
from ..table import functions, ops

GROUP = "device-1"


def cases() -> Iterator[Case]:
    """The backend object, its arrays and its plugin."""
    backend = f"{GROUP}/backend"
    yield Case(f"{backend}/describes-itself", _describes, quick=True)
    yield Case(f"{backend}/devices", _devices, quick=True)
    yield Case(f"{backend}/device-of-results", _device_of, (dt.float32,), True)
    yield Case(f"{backend}/other-devices", _others, (dt.float32,))
    yield Case(f"{backend}/ops-on-another-device", _elsewhere, (dt.float32,))
    yield Case(f"{backend}/synchronize", _synchronize, (dt.float32,), True)
    yield Case(f"{backend}/claims-compile", _claims, (dt.float32,), True)
    yield Case(f"{backend}/claims-gradients", _claims_gradients, (), True)
    yield Case(f"{backend}/gradients-of-graphs", _native_graphs, (dt.float32, dt.int32))
    yield Case(f"{backend}/unknown-device", _unknown_device)
    yield Case(f"{backend}/unsupported-ops", _unsupported, quick=True)
    yield Case(f"{backend}/prints-nothing", _prints, (dt.float32,), True)
    yield Case(f"{backend}/warns-nothing", _warns, (dt.float32,), True)
    yield Case(f"{backend}/memory", _memory, (dt.float32,))
    for name, work in KEPT.items():
        yield Case(f"{GROUP}/{name}/memory/let-go", functools.partial(_let_go, work=work), (dt.float32,))
    yield Case(f"{backend}/settings-untouched", _settings, (dt.float32, dt.float64), True)
    for dtype in dt.ALL:
        check = functools.partial(_dtype, dtype=dtype)
        yield Case(f"{GROUP}/dtypes/{dtype.name}/held-or-refused", check, (), True)
    yield Case(f"{GROUP}/threads/ops/each-its-own", _threads, (dt.float32,), True)
    yield Case(f"{GROUP}/threads/ops/new-thread", _new_thread, (dt.float32, dt.float64), True)
    yield Case(f"{GROUP}/threads/random/each-its-own", _threads_random, (dt.uint32,))
    yield Case(f"{GROUP}/plugin/imports/nothing-heavy", _imports)
    yield Case(f"{GROUP}/plugin/description/complete", _description, quick=True)
    yield Case(f"{GROUP}/plugin/object/one-for-each-device", _one_object, quick=True)


def _describes(t: Trial) -> None:
    """A name, a protocol version of ours, a device and capabilities of the right types."""
    b = t.backend
    if not isinstance(b.name, str) or (not b.name.isidentifier() and not b.name.replace("-", "_").isidentifier()):
        raise Mismatch(f"the name is {b.name!r}, expected a word")
    t.same(str(b.protocol).partition(".")[0], PROTOCOL.partition(".")[0], "the major version of the protocol")
    if not isinstance(b.capabilities, Capabilities):
        raise Mismatch(f"capabilities is {type(b.capabilities).__name__}, expected polyflow.backend.Capabilities")
    for dtype in b.capabilities.dtypes:
        if dt.as_dtype(dtype) is not dtype:
            raise Mismatch(f"capabilities name a dtype {dtype!r} that is not polyflow's own object")
    for name in b.unsupported:
        if not str(b.unsupported[name]).strip():
            raise Mismatch(f"{name!r} is unsupported without a reason")
    for flag in ("compile", "native_gradient", "dlpack", "inplace"):
        if not isinstance(getattr(b.capabilities, flag), bool):
            raise Mismatch(f"capabilities.{flag} is {getattr(b.capabilities, flag)!r}, expected True or False")


def _devices(t: Trial) -> None:
    found = t.backend.devices()
    if not isinstance(found, tuple) or not found or not all(isinstance(one, str) for one in found):
        raise Mismatch(f"devices() gave {found!r}, expected a tuple of names")
    if t.backend.device not in found:
        raise Mismatch(f"the backend's own device {t.backend.device!r} is not among {found}")


def _device_of(t: Trial) -> None:
    x = t.tensor(np.ones((2, 3), np.float32))
    values = [
        x,
        x + x,
        x @ x.T,
        x[0],
        reduction.sum(x),
        x.astype("int32"),
        pf.zeros((2,)),
        pf.random.uniform((2,), seed=0),
    ]
    for value in values:
        t.same(value.device, t.backend.device, "the device of a result")
        if value.backend is not t.backend:
            raise Mismatch("a result is of another backend")


def _others(t: Trial) -> None:
    """Every device that is listed can be had by name, and tensors move there and back."""
    host = np.arange(6, dtype=np.float32).reshape(2, 3)
    for device in t.backend.devices():
        other = _on(t.backend, device)
        t.same(other.device, device, "the device of the backend asked for by name")
        moved = t.tensor(host).to(other)
        t.same(moved.device, device, "the device of a tensor that was moved")
        t.same((moved + moved).numpy().tolist(), (host + host).tolist(), f"values on {device}")


def _unknown_device(t: Trial) -> None:
    """A device that nobody has is refused when the backend is asked for, with its name."""
    _plugin(t)
    t.raises(lambda: discovery.get(f"{t.backend.name}:nowhere:7"), BackendError, "nowhere")


def _elsewhere(t: Trial) -> None:
    """On the last of its devices every op does what it does on the first, and what it makes lies there too."""
    from ..catalog import all_cases
    from ..trying import try_case

    device = t.backend.devices()[-1]
    if len(t.backend.devices()) == 1:
        raise Skip("the backend has one device")
    other = _on(t.backend, device)
    for case in all_cases().values():
        if case.quick and case.group in ("core-1", "random-1"):
            result = try_case(case, other, t.seed)
            if result.failed and not try_case(case, t.backend, t.seed).failed:
                raise Mismatch(f"{case.id} on {device}: {result.reason}")


def _on(backend: Any, device: str) -> Any:
    """The backend of the same library on another device."""
    if device == backend.device:
        return backend
    if backend.name in {info.name for info in discovery.installed()}:
        return discovery.get(f"{backend.name}:{device}")
    return type(backend)(device)


def _synchronize(t: Trial) -> None:
    x = t.tensor(np.ones(1000, np.float32))
    for _ in range(10):
        x = x * 1.5
    t.same(t.backend.synchronize(), None, "what synchronize() returns")


def _claims(t: Trial) -> None:
    """Compile gives a program whether or not it does better than node by node."""
    call = pf.function(lambda x: x * 2.0 + 1.0)
    t.exactly(call(t.tensor(np.array([1.0], np.float32))), np.array([3.0], np.float32), what="a compiled function")


def _claims_gradients(t: Trial) -> None:
    """native_vjp is there where it is claimed, and raises UnsupportedError where it is not."""
    from polyflow.flow.trace import trace
    from polyflow.ops.rules import Spec
    from polyflow.tensor import Tensor

    graph = trace(lambda x: x * x, Spec((2,), dt.float32), backend=t.backend).graph
    if not t.backend.capabilities.native_gradient:
        t.raises(lambda: t.native_vjp(graph), UnsupportedError)
        return
    x, g = (t.tensor(np.array(values, np.float32)) for values in ([1.0, 3.0], [1.0, 1.0]))
    (found,) = t.native_vjp(graph)([x.array], [g.array])
    t.exactly(Tensor(found, t.backend), np.array([2.0, 6.0], np.float32), what="the library's gradient of x * x")


def _native_graphs(t: Trial) -> None:
    """The library's gradient of a graph with several results, an integer argument and one that is not used; twice."""
    from polyflow.flow.trace import trace
    from polyflow.ops.rules import Spec
    from polyflow.tensor import Tensor

    if not t.backend.capabilities.native_gradient:
        raise Skip("the backend has no gradients of its own")
    specs = [Spec((2,), dt.float32), Spec((2,), dt.int32), Spec((3,), dt.float32), Spec((2,), dt.float32)]
    specs += [Spec((), dt.float32), Spec((2,), dt.bool_), Spec((0, 2), dt.float32)]

    def function(x: Any, n: Any, unused: Any, y: Any, single: Any, mask: Any, none: Any) -> Any:
        return x * y, n + 1, x * 3.0, elementwise.where(mask, x, single), none * 2.0, functions()["logical_not"](mask)

    graph = trace(function, *specs, backend=t.backend).graph
    vjp = t.native_vjp(graph)
    for factor in (1.0, 2.0):
        x, y, g, h = (np.array(v, np.float32) * np.float32(factor) for v in ([1, 3], [5, -2], [1, 2], [4, 8]))
        mask, none = np.array([factor == 1, True]), np.zeros((0, 2), np.float32)
        hosts = [x, np.array([1, 2], np.int32), np.ones(3, np.float32), y, np.array(7, np.float32), mask, none]
        cotangents = [g, np.array([5, -9], np.int32), h, h, none, np.array([True, False])]  # of integers any value
        tensors = [t.tensor(host) for host in (*hosts, *cotangents)]
        given = [tensor.array for tensor in tensors]
        found = vjp(given[: len(hosts)], given[len(hosts) :])
        t.same(len(found), len(hosts), "how many gradients there are")
        for i, kind in ((1, "an integer"), (5, "a boolean")):
            t.same(found[i], None, f"the gradient of {kind} argument")
        of_x, single = g * y + 3 * h + h * mask, np.asarray((h * ~mask).sum(), np.float32)
        for i, true in ((0, of_x), (2, np.zeros(3, np.float32)), (3, g * x), (4, single), (6, none)):
            t.exactly(Tensor(found[i], t.backend), true, what=f"the library's gradient of argument {i}")
        for tensor, host in zip(tensors, (*hosts, *cotangents), strict=True):
            t.exactly(tensor, host, what="an argument or a cotangent, after the library's gradient")


def _unsupported(t: Trial) -> None:
    """Every op that is declared unsupported, or to have gaps, exists; asking for an unsupported one says why."""
    for name in t.backend.gaps:
        if name != "*" and name not in ops():
            raise Mismatch(f"{name!r} is declared to have gaps, but there is no such op")
    for name, reason in t.backend.unsupported.items():
        if name not in ops():
            raise Mismatch(f"{name!r} is declared unsupported, but there is no such op")
        kernel = t.backend.kernel(ops()[name])
        t.raises(lambda kernel=kernel: kernel(), UnsupportedError, name, str(reason))


def _prints(t: Trial) -> None:
    """Ops leave standard output and error alone, also at the level of the process's files."""
    x = t.tensor(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    with tempfile.TemporaryFile() as caught:
        kept = [os.dup(1), os.dup(2)]
        try:
            for stream in (1, 2):
                os.dup2(caught.fileno(), stream)
            for name in ("exp", "log", "sqrt", "sum", "max", "sort", "softmax", "argsort", "argmax", "cumulative_sum"):
                if name not in t.backend.unsupported:
                    functions()[name](x)
            indexing.index_add(x, np.array([0, 2, 0]), x[np.array([2, 1, 0])])
            indexing.index_set(x, 0, 1.0)
            shape.concat([x, x.astype("int32").astype("float32")], axis=0)
            pf.function(lambda x: elementwise.where(x > 0, x, 0.0) * 2.0)(x).numpy()
            functions()["matmul"](x, x.T)
            pf.random.normal((5,), seed=1)
            t.backend.synchronize()
        finally:
            for stream, old in zip((1, 2), kept, strict=True):
                os.dup2(old, stream)
                os.close(old)
        caught.seek(0)
        text = caught.read()
    if text:
        raise Mismatch(f"ops wrote {text[:120]!r} to the process's output")


def _warns(t: Trial) -> None:
    """Ops and programs on zeros, infinities and NaN give values, not warnings."""
    host = np.array([0.0, -1.0, np.inf, -np.inf, np.nan, 1e30], np.float32)
    x = t.tensor(host)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in (
            "log",
            "sqrt",
            "exp",
            "sin",
            "reciprocal",
            "square",
            "floor",
            "asin",
            "logsumexp",
            "softmax",
            "mean",
        ):
            if name not in t.backend.unsupported:
                functions()[name](x)
        for name in ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "pow"):
            functions()[name](x, x)
        functions()["mean"](t.tensor(np.zeros((0,), np.float32)))
        if dt.complex64 in t.backend.capabilities.dtypes:
            t.tensor(np.array([1 + 2j], np.complex64)).astype("float32")
        _ = x.astype("int32"), x.astype("float16")
        pf.function(lambda x: functions()["log"](x) / x)(x)
        t.backend.synchronize()
    if caught:
        raise Mismatch(f"{len(caught)} warnings, the first: {caught[0].category.__name__}: {caught[0].message}")


def _memory(t: Trial) -> None:
    """300 results of a megabyte, none of them kept: the process does not grow by 100 megabytes."""
    x = t.tensor(np.ones(250_000, np.float32))
    t.within(_growth(t, lambda: (x + x) * 2.0, 20, 300), 100.0, "megabytes that the process grew by")


def _compiled_exp(t: Trial) -> Callable[[Any], Any]:
    call = pf.function(lambda x: functions()["exp"](x) * 2.0)
    return lambda x: call(x)


def _gradient(t: Trial) -> Callable[[Any], Any]:
    from polyflow.flow import transforms

    return transforms.grad(lambda x: reduction.sum(x * x))


KEPT: dict[str, Callable[[Trial], Callable[[Any], Any]]] = {
    **{name: lambda t, name=name: lambda x: functions()[name](x) for name in ("exp", "sigmoid", "negative")},
    "astype": lambda t: lambda x: x.astype("int32"),
    "matmul": lambda t: lambda x: x[:, :16] @ x[:16],
    "getitem": lambda t: lambda x: x[np.arange(999, -1, -1)],
    "concat": lambda t: lambda x: shape.concat([x[:250], x[250:]], axis=0),
    "cumulative_sum": lambda t: lambda x: reduction.cumulative_sum(x, axis=0),
    "index_add": lambda t: lambda x: indexing.index_add(x, 0, 1.0),
    "index_set": lambda t: lambda x: indexing.index_set(x, 0, 1.0),
    "full": lambda t: lambda x: creation.full((1000, 1000), 1.0, backend=t.backend),
    **{name: lambda t, name=name: lambda x: functions()[name](x + 1.0) for name in ("sum", "argmax", "isnan")},
    "asarray": lambda t: lambda x: t.tensor(np.ones((1000, 1000), np.float32)),
    "tensor": lambda t: lambda x: (x + 1.0).numpy(),
    "program": _compiled_exp,
    "tape": _gradient,
}
"""What gives four megabytes each time."""


def _let_go(t: Trial, *, work: Callable[[Trial], Callable[[Any], Any]]) -> None:
    """Forty results of four megabytes, none of them kept: the process does not grow by half of them."""
    x, call = t.tensor(np.ones((1000, 1000), np.float32)), work(t)
    t.within(_growth(t, lambda: call(x), 5, 40), 80.0, "megabytes that the process grew by")


def _growth(t: Trial, work: Callable[[], Any], first: int, calls: int) -> float:
    """By how many megabytes the process grows during so many calls, after the first ones."""

    def settled(calls: int) -> int | None:
        for _ in range(calls):
            work()
        t.backend.synchronize()
        gc.collect()
        return _resident()

    ours = gc.get_freeze_count() == 0
    gc.freeze()  # what earlier cases left need not be searched for garbage
    try:
        before = settled(first)
        if before is None:
            raise Skip("the size of the process cannot be read on this system")
        return max(((settled(calls) or 0) - before) / 2**20, 0.0)
    finally:
        if ours:
            gc.unfreeze()


def _resident() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None


def _settings(t: Trial) -> None:
    """Error handling, print options, random states, warning filters and JAX's 64-bit switch are the user's own."""

    def state() -> tuple[Any, ...]:
        jax = sys.modules.get("jax")
        drawn = random.getstate()[1][:3], np.random.get_state()[1][:3].tolist()  # type: ignore[index]  # noqa: NPY002
        wide = jax.config.jax_enable_x64 if jax else None
        return np.geterr(), np.get_printoptions(), drawn, len(warnings.filters), dict(os.environ), wide

    with np.errstate(divide="ignore", over="warn", under="ignore", invalid="ignore"):
        before = state()
        x = t.tensor(np.array([1.0, 0.0], np.float64))
        _ = functions()["log"](x), x / x, pf.function(lambda x: x * 2.0)(x)
        _ = x[:, None] @ x[None], functions()["sort"](x), reduction.sum(x), x[np.array([1, 0])], x.astype("float32")
        t.same(state(), before, "settings of the process after some ops")


def _dtype(t: Trial, *, dtype: np.dtype) -> None:
    """A dtype that is held keeps every value; one that is not is refused, never narrowed."""
    host = samples.extremes(dtype) if dtype in dt.INTEGERS else samples.values("any", dtype, (6,), t.rng)
    if dtype is dt.float64:
        host = np.array([np.pi, 1e300, 5e-300, 1 + 2.0**-52])
    if dtype in t.backend.capabilities.dtypes:
        t.exactly(t.tensor(host), host, what=f"a {dtype.name} tensor")
        t.exactly(t.tensor(host).astype(dtype), host, what=f"a {dtype.name} tensor")
        return
    t.raises(lambda: t.backend.asarray(host), UnsupportedError, dtype.name)
    t.raises(lambda: pf.zeros((2,), dtype), UnsupportedError, dtype.name)
    raise UnsupportedError(f"backend {t.backend.name!r} has no dtype {dtype.name}.")


def _threads(t: Trial) -> None:
    """Four threads with numbers of their own, none of whose results shows another's."""

    def work(number: int) -> None:
        host = np.full((8, 8), number + 1, np.float32)
        x = t.tensor(host)
        for _ in range(40):
            value = functions()["square"](x) + functions()["matmul"](x, x) - reduction.sum(x, axis=0)
            true = host * host + host @ host - host.sum(0)
            if not np.array_equal(t.host(value), true):
                raise Mismatch("results of several threads get mixed up")

    together(*[functools.partial(work, number) for number in range(4)])


def _new_thread(t: Trial) -> None:
    """A thread started later computes the same, float64 and defaults included."""

    def work() -> None:
        with pf.use_backend(t.backend):
            x = pf.constant(np.array([1 + 2.0**-50]))
            t.exactly(x * 1.0, np.array([1 + 2.0**-50]), what="a float64 result of another thread")
            t.exactly(pf.constant(1.5), np.array(1.5, np.float32), what="a Python float in another thread")
            t.exactly(functions()["exp"](pf.constant([0.0])), np.ones(1, np.float32), what="exp in another thread")

    together(work)


def _threads_random(t: Trial) -> None:
    """Draws with explicit keys are pure: threads, each with a key of its own, do not change each other's."""
    keys = [t.tensor(np.array([number, 2], np.uint32)) for number in (1, 2, 3)]

    def drawn(key: Any) -> np.ndarray:
        return t.host(functions()["random_bits"](key, (64,), dt.uint32)).copy()

    def work(key: Any, true: np.ndarray) -> None:
        for _ in range(20):
            if not np.array_equal(drawn(key), true):
                raise Mismatch("random bits change with other threads drawing")

    together(*[functools.partial(work, key, drawn(key)) for key in keys])


def together(*work: Callable[[], None]) -> None:
    """Each function in a thread of its own; what the first to fail raises comes out here."""
    raised: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


# The plugin ----------------------------------------------------------------------------------------------------------


def _plugin(t: Trial) -> Any:
    for info in discovery.installed():
        if info.name == t.backend.name and info.distribution is not None:
            return discovery.plugin(info.name)
    raise Skip("the backend is no installed plugin")


def _imports(t: Trial) -> None:
    """Importing the plugin imports none of the libraries that it needs."""
    plugin = _plugin(t)
    module = plugin.info.target.partition(":")[0]
    heavy = [name for name in plugin.describe().requires if name != "numpy"]
    code = f"import sys, json, {module}; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    if done.returncode:
        raise Mismatch(f"importing {module} alone fails: {done.stderr.strip()[-200:]}")
    t.same(json.loads(done.stdout.splitlines()[-1]), [], f"libraries imported by `import {module}`")


def _description(t: Trial) -> None:
    described = _plugin(t).describe()
    t.same(described.name, t.backend.name, "the described name")
    for field in ("summary", "requires", "install", "homepage"):
        if not getattr(described, field):
            raise Mismatch(f"the plugin's description has no {field}")


def _one_object(t: Trial) -> None:
    """Asking for a device by name, or for the default one where there is one, gives the same object every time."""
    _plugin(t)
    own = f"{t.backend.name}:{t.backend.device}"
    if discovery.get(own) is not discovery.get(own):
        raise Mismatch(f"asking twice for {own!r} gives two objects")
    try:
        default = discovery.get(t.backend.name)
    except BackendUnavailableError:  # a plugin for many libraries has to be told which
        return
    if discovery.get(f"{default.name}:{default.device}") is not default:
        raise Mismatch(f"asking for {default.name!r} and for its device {default.device!r} gives two objects")
