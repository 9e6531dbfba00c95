"""interop-1: tensors among NumPy arrays, Python numbers and other libraries."""

from __future__ import annotations

import copy
import functools
import gc
import math
import pickle
from collections.abc import Iterator

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery

from ..case import Case, Mismatch, Skip, Trial

GROUP = "interop-1"


def cases() -> Iterator[Case]:
    """Ways in and out of a tensor."""
    tensor = f"{GROUP}/tensor"
    for dtype in dt.ALL:
        yield Case(
            f"{tensor}/numpy/{dtype.name}",
            functools.partial(_numpy, dtype=dtype),
            (dtype,),
            dtype in (dt.float32, dt.bfloat16),
        )
        if dtype is not dt.bfloat16:
            yield Case(
                f"{tensor}/dlpack/{dtype.name}", functools.partial(_dlpack, dtype=dtype), (dtype,), dtype is dt.float32
            )
    yield Case(f"{tensor}/dlpack/views", _dlpack_views, (dt.float32,), True)
    yield Case(f"{tensor}/dlpack/shared", _dlpack_shared, (dt.float32,), True)
    yield Case(f"{tensor}/numpy/read-only", _read_only, (dt.float32,), True)
    yield Case(f"{tensor}/python/numbers", _numbers, (dt.float32, dt.int32), True)
    yield Case(f"{tensor}/python/iteration", _iteration, (dt.float32,), True)
    yield Case(f"{tensor}/python/strangers", _strangers, (dt.float32,), True)
    yield Case(f"{tensor}/python/numpy-scalars", _numpy_scalars, (dt.float32,), True)
    yield Case(f"{tensor}/python/lists", _lists, (dt.float32,), True)
    yield Case(f"{tensor}/python/repr", _repr, (dt.float32,), True)
    yield Case(f"{tensor}/python/truth", _truth, (dt.float32,), True)
    yield Case(f"{tensor}/python/in-place", _in_place, (dt.float32,), True)
    yield Case(f"{tensor}/copies/pickle", _pickle, (dt.float32, dt.bfloat16), True)
    yield Case(f"{tensor}/copies/copy", _copy, (dt.float32,), True)
    yield Case(f"{tensor}/moves/host-and-back", _moves, (dt.float32, dt.int8), True)
    yield Case(f"{GROUP}/variable/assign/values", _variable, (dt.float32,), True)
    yield Case(f"{GROUP}/variable/assign/not-shared", _variable_shared, (dt.float32,), True)


def _host(dtype: np.dtype) -> np.ndarray:
    return np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)


def _numpy(t: Trial, *, dtype: np.dtype) -> None:
    host = _host(dtype)
    x = t.tensor(host)
    views = (lambda x: x), (lambda x: x[::-1]), (lambda x: x[:, ::-1]), (lambda x: x.T), (lambda x: x[0, 0])
    for view in (*views, lambda x: x[1:, 1:], lambda x: x[..., ::2]):
        given, true = view(x).numpy(), view(host)
        t.same((given.dtype, given.shape), (dtype, true.shape), "the host copy")
        t.same(given.tolist(), true.tolist(), "the host copy")
    if t.backend.is_host(x.device):
        t.same(np.asarray(x).tolist(), host.tolist(), "np.asarray(x)")
        t.same(np.array(x, copy=True).flags.writeable, True, "whether np.array(x) may be written to")


def _read_only(t: Trial) -> None:
    """Nothing that is done to the host copy shows in the tensor."""
    held = [one for one in (dt.float64, dt.int32, dt.bool_) if one in t.backend.capabilities.dtypes]
    sizes = [(size, dt.float32) for size in ((3,), (1000,), (2, 3, 2))]
    for size, dtype in (*sizes, *(((4, 2), one) for one in (dt.float32, *held))):
        x = t.tensor(np.ones(size, dtype))
        for value in (x, x[::2], x[0], *((x * 1.0, x.T) if dtype is dt.float32 else ())):
            given = value.numpy()
            try:
                given[...] = 0
            except (ValueError, TypeError):  # read-only, or a number
                pass
            t.exactly(value, np.ones(value.shape, dtype), what="the tensor after its host copy was written to")
        if t.backend.is_host(x.device):
            copied = np.array(x, copy=True)
            copied[...] = 0
            t.exactly(x, np.ones(size, dtype), what="the tensor after np.array(x) was written to")


def _exchanged(t: Trial, host: np.ndarray) -> pf.Tensor:
    """A tensor of these values, of a backend that claims DLPack, in this machine's memory."""
    if not t.backend.capabilities.dlpack:
        raise Skip("the backend does not claim DLPack")
    x = t.tensor(host)
    if not t.backend.is_host(x.device):
        raise Skip("the arrays are not in this machine's memory")
    return x


def _dlpack(t: Trial, *, dtype: np.dtype) -> None:
    host = _host(dtype)
    x = _exchanged(t, host)
    found = np.from_dlpack(x)
    t.same((found.dtype, found.tolist()), (dtype, host.tolist()), "np.from_dlpack(x)")
    t.same(x.__dlpack_device__(), (1, 0), "the device")


def _dlpack_views(t: Trial) -> None:
    """Views, however they lie in memory, a number, and nothing; what went out stays when the tensor is gone."""
    host = np.arange(35, dtype=np.float32).reshape(5, 7)
    x = _exchanged(t, host)
    views = (lambda x: x.T), (lambda x: x[1:, 2:]), (lambda x: x[::-1, ::2]), (lambda x: x[3, 4]), (lambda x: x[:0])
    found = [(np.from_dlpack(view(x)), view(host)) for view in views]
    del x
    gc.collect()
    t.tensor(-host)
    for given, true in found:
        t.same((given.dtype, given.shape, given.tolist()), (true.dtype, true.shape, true.tolist()), "np.from_dlpack(x)")


def _dlpack_shared(t: Trial) -> None:
    """Where no copy is claimed there is none, unless one is asked for."""
    x = _exchanged(t, np.arange(1000, dtype=np.float32))
    one, other, copied = np.from_dlpack(x), np.from_dlpack(x), np.from_dlpack(x, copy=True)
    t.same(np.shares_memory(one, other), True, "whether two arrays by DLPack share the tensor's memory")
    t.same(np.shares_memory(one, copied), False, "whether a copy that was asked for shares it")
    t.same(copied.tolist(), one.tolist(), "the copy")


def _numbers(t: Trial) -> None:
    x = t.tensor(np.float32(2.5))
    t.same((float(x), int(x), bool(x), x.item(), complex(x)), (2.5, 2, True, 2.5, 2.5 + 0j), "a 0-d tensor as numbers")
    t.same([10, 20, 30][t.tensor(np.int32(1))], 20, "an integer tensor as an index of a list")
    t.same(type(t.tensor(np.int32(3)).item()), int, "the type of item()")
    t.same(t.tensor(np.array([[1, 2]], np.int32)).tolist(), [[1, 2]], "tolist()")
    t.same(f"{x:.2f}", "2.50", "formatting")


def _iteration(t: Trial) -> None:
    x = t.tensor(np.arange(6, dtype=np.float32).reshape(3, 2))
    t.same(len(x), 3, "len(x)")
    t.same([row.tolist() for row in x], [[0, 1], [2, 3], [4, 5]], "the rows")
    _, row, _ = x
    t.exactly(row, np.array([2, 3], np.float32), what="an unpacked row")
    t.raises(lambda: len(t.tensor(np.float32(1))), TypeError, "0-d")
    t.raises(lambda: iter(t.tensor(np.float32(1))), TypeError, "0-d")


def _strangers(t: Trial) -> None:
    """Operators leave foreign types alone, so that these may answer themselves."""

    class Other:
        def __radd__(self, other: object) -> str:
            return "mine"

        def __array_priority__(self) -> int:
            return 0

    x = t.tensor(np.ones(2, np.float32))
    t.same(x + Other(), "mine", "a tensor plus a stranger that knows how")
    t.raises(lambda: x + object(), TypeError)
    t.raises(lambda: np.sin(x), TypeError)


def _numpy_scalars(t: Trial) -> None:
    x = t.tensor(np.array([1.0, 2.0], np.float32))
    t.exactly(np.float64(2) * x, np.array([2, 4], np.float32), what="a NumPy scalar times a tensor")
    t.exactly(x + np.int64(1), np.array([2, 3], np.float32), what="a tensor plus a NumPy scalar")
    value = np.array([1.0, 1.0], np.float32) + x
    t.exactly(value, np.array([2, 3], np.float32), what="a NumPy array plus a tensor")


def _lists(t: Trial) -> None:
    x = t.tensor(np.array([1.0, 2.0], np.float32))
    t.exactly(x + [1, 2], np.array([2, 4], np.float32), what="a tensor plus a list")  # noqa: RUF005
    t.exactly(pf.stack([x, x]), np.array([[1, 2], [1, 2]], np.float32), what="stack")
    t.exactly(pf.constant([x, x * 2.0]), np.array([[1, 2], [2, 4]], np.float32), what="a list of tensors")


def _repr(t: Trial) -> None:
    """The same text as on NumPy, but for the backend's name and device."""
    host = np.array([[1.5, math.nan], [math.inf, -0.0]], np.float32)
    x, other = t.tensor(host), pf.constant(host)
    plain = [repr(one).replace(one.device, "D").replace(one.backend.name, "B") for one in (x, other)]
    t.same(plain[0], plain[1], "repr")
    if "1.5" not in repr(x) or "float32" not in repr(x):
        raise Mismatch(f"repr shows neither values nor dtype: {x!r}")


def _truth(t: Trial) -> None:
    t.raises(lambda: bool(t.tensor(np.ones(2, np.float32))), ValueError, "ambiguous")
    t.raises(lambda: hash(t.tensor(np.ones(2, np.float32))), TypeError)
    t.same(bool(t.tensor(np.array([0.0], np.float32))), False, "the truth of one element")


def _in_place(t: Trial) -> None:
    """In-place operators bind a new tensor; the old one, and views of it, stay."""
    host = np.array([1.0, 2.0, 3.0], np.float32)
    x = t.tensor(host)
    y, part = x, x[1:]
    x += 10
    x *= 2.0
    t.exactly(x, (host + 10) * 2, what="the name after += and *=")
    t.exactly(y, host, what="the tensor under its other name")
    t.exactly(part, host[1:], what="the slice taken before")


def _pickle(t: Trial) -> None:
    for dtype in (dt.float32, dt.bfloat16):
        x = t.tensor(_host(dtype))
        loaded = pickle.loads(pickle.dumps(x))
        t.same((loaded.dtype, loaded.numpy().tolist()), (dtype, _host(dtype).tolist()), "a tensor that was pickled")


def _copy(t: Trial) -> None:
    x = t.tensor(np.ones(3, np.float32))
    for value in (copy.copy(x), copy.deepcopy(x), x.copy(), pf.constant(x)):
        t.exactly(value, np.ones(3, np.float32), what="a copy")


def _moves(t: Trial) -> None:
    for dtype in (dt.float32, dt.int8):
        host = _host(dtype)
        away = t.tensor(host).to("numpy")
        t.same(away.numpy().tolist(), host.tolist(), "a tensor moved to NumPy")
        t.same(away.backend is discovery.get("numpy"), True, "whether it lies there")
        back = away.to(t.backend)
        t.exactly(back, host, what="a tensor moved back")


def _variable(t: Trial) -> None:
    v = pf.Variable(np.array([1.0, 2.0], np.float32))
    t.exactly(v.value, np.array([1, 2], np.float32), what="the variable")
    v.assign_add(np.array([1.0, 1.0], np.float32))
    v.assign_sub(t.tensor(np.array([0.5, 0.0], np.float32)))
    t.exactly(v.value, np.array([1.5, 3], np.float32), what="the variable")
    t.exactly(v * 2.0, np.array([3, 6], np.float32), what="a product with it")
    t.raises(lambda: v.assign(np.ones(3, np.float32)), ValueError, "(2,)", "(3,)")


def _variable_shared(t: Trial) -> None:
    """What was read from a variable does not change when the variable does, nor with the array it was made of."""
    host = np.array([1.0, 2.0], np.float32)
    v = pf.Variable(host)
    seen = v.value
    derived = v[0:1]
    host[:] = 9
    v.assign_add(np.ones(2, np.float32))
    t.exactly(seen, np.array([1, 2], np.float32), what="an earlier value")
    t.exactly(derived, np.array([1], np.float32), what="a slice of an earlier value")
    t.exactly(v.value, np.array([2, 3], np.float32), what="the variable")
