"""CuPy as a backend: what CuPy does differently from the standard, mended; everything else is the standard's way.

Nothing here waits for the GPU but what has to: reading values (`to_numpy`), the check of index arrays and of integer
exponents (one wait each), and `synchronize`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow import threefry
from polyflow.backend import ArrayNamespaceBackend, Capabilities, mended
from polyflow.backend.checks import negative_power
from polyflow.backend.keys import library_key
from polyflow.backend.loop import Loop, LoopProgram
from polyflow.errors import unknown_device
from polyflow.halves import rounds_once

from . import indexing
from .indexing import in_a_row
from .kernels import Kernels
from .library import device_count, explained, load, no_device
from .loop import DeviceLoop
from .names import namespace
from .plans import memory, plan
from .settings import planned

HALVES = frozenset({dt.float16, dt.bfloat16})
TF32 = 7
"""CuPy's number for products computed in TensorFloat-32, which have 11 bits."""


class CuPyBackend(ArrayNamespaceBackend):
    """CuPy arrays on one NVIDIA GPU: ``cuda:0`` unless another is named.

    Args:
        device: ``"1"``, ``"cuda:1"`` or ``"gpu:1"``; None for CuPy's current device.
        cupy: the module to use in CuPy's place.

    Raises:
        BackendUnavailableError: CuPy is missing or too old, or no GPU answers.
        UnknownDeviceError: there are GPUs, but not this one.
    """

    name = "cupy"
    warns = adds_in_turn = False

    def __init__(self, device: str | None = None, cupy: Any = None) -> None:
        self.cp = cp = load() if cupy is None else cupy
        if not device_count(cp):
            raise no_device(cp)
        self._number = self._device_index(device)
        self.xp = namespace(cp)
        super().__init__(f"cuda:{self._number}")
        self._version = tuple(int(part) for part in re.findall(r"\d+", cp.__version__)[:2])
        self._device = cp.cuda.Device(self._number)
        self._current_device = cp.cuda.runtime.getDevice
        self.kernels = Kernels(cp)
        self.weak_scalars = self._version >= (14, 0)  # CuPy 13 lets the value of a Python float decide the dtype
        held = dt.ALL if self._version >= (14, 0) else tuple(d for d in dt.ALL if d is not dt.bfloat16)
        self.capabilities = Capabilities(dtypes=frozenset(held), compile=True, dlpack=True, inplace=True)

    # Devices ------------------------------------------------------------------------------------------------------

    def devices(self) -> tuple[str, ...]:
        return tuple(f"cuda:{i}" for i in range(device_count(self.cp)))

    def device_of(self, array: Any) -> str:
        return f"cuda:{array.device.id}"

    def synchronize(self) -> None:
        self.here(self.cp.cuda.runtime.deviceSynchronize)()

    def _device_index(self, device: str | None) -> int:
        if device is None:
            return int(self.cp.cuda.runtime.getDevice())
        found = re.fullmatch(r"(?:(?:cuda|gpu):?)?(\d*)", device.strip().lower())
        index = int(found[1] or 0) if found else -1
        if not 0 <= index < device_count(self.cp):
            raise unknown_device(self.name, device, self.devices())
        return index

    def here(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` run with this backend's GPU as the current device, and its errors explained."""
        current, number, device = self._current_device, self._number, self._device

        def run(*args: Any, **named: Any) -> Any:
            try:
                if current() == number:
                    return function(*args, **named)
                with device:
                    return function(*args, **named)
            except Exception as error:
                reason = explained(error)
                if reason is error:
                    raise
                raise reason from error

        return run

    def kernel(self, op: Any) -> Callable[..., Any]:
        return self.here(self.resolve(op))

    def compile(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        if not self._plans(graph):
            return self.here(super().compile(graph))
        run = self.here(plan)(graph, self)
        program: Any = self.here(run)
        program.text = run.text
        return program

    def memory_of(self, graph: Any) -> int | None:
        return self.here(memory)(graph, self) if self._plans(graph) else None

    def _plans(self, graph: Any) -> bool:
        """Whether a graph becomes a plan: not where some sizes come with a call."""
        return planned() and all(-1 not in value.shape for value in graph.values())

    def loop(self, loop: Loop) -> LoopProgram:
        return DeviceLoop(loop, self)

    def fits(self, size: int) -> bool:
        free, _ = self.here(self.cp.cuda.runtime.memGetInfo)()
        return size <= (free + self.here(self.cp.get_default_memory_pool().free_bytes)()) // 2

    # Arrays -------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> Any:
        host = np.asarray(obj)
        target = self.require(dt.as_dtype(host.dtype if dtype is None else dtype))
        with np.errstate(all="ignore"):
            host = host.astype(target, copy=False)
        host = host if host.dtype is target else host.view(target)  # long long is int64 too, but another dtype object
        if device is not None and (number := self._device_index(device)) != self._number:
            with self.cp.cuda.Device(number):
                return self._upload(host)
        return self.here(self._upload)(host)

    def _upload(self, host: np.ndarray) -> Any:
        if self._may_be_shared(host):
            host = host.copy()
        if host.ndim:
            return self.cp.asarray(host)
        if host.dtype is dt.bfloat16 or (host == 0 and _signed_zero(host)):
            return self.cp.asarray(host.reshape(1)).reshape(())  # CuPy fills 0-d arrays, which loses the sign of zero
        return self.cp.asarray(host)

    def _may_be_shared(self, host: np.ndarray) -> bool:
        """Whether the GPU may read this very memory after the call: pinned memory, or memory it shares with the CPU."""
        if os.environ.get("CUPY_ENABLE_UMP", "0") != "0":
            return True
        pinned = getattr(getattr(self.cp.cuda, "pinned_memory", None), "is_memory_pinned", None)
        return pinned is not None and host.nbytes > 0 and bool(pinned(host.ctypes.data))

    def to_numpy(self, array: Any) -> np.ndarray:
        host = self.here(array.get)()
        host.flags.writeable = False
        return host

    def from_dlpack(self, obj: Any) -> Any:
        """An array that shares the memory of another library's array on this GPU (any object with ``__dlpack__``)."""
        return self.here(self.cp.from_dlpack)(obj)

    def library_dtype(self, dtype: np.dtype) -> np.dtype:
        return dtype

    def dtype_of(self, array: Any) -> np.dtype:
        return dt.as_dtype(array.dtype)

    # Creation and conversion --------------------------------------------------------------------------------------

    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> Any:
        cp, value = self.cp, np.asarray(fill_value).astype(self.require(dtype))
        if value == 0 and not _signed_zero(value):
            return cp.zeros(shape, dtype)
        if dtype is dt.bfloat16 or value == 0:  # CuPy writes -0.0 as +0.0
            return cp.broadcast_to(self._upload(value), shape).copy()
        return cp.full(shape, value[()], dtype=dtype)

    def astype(self, x: Any, *, dtype: np.dtype) -> Any:
        self.require(dtype)
        if x.dtype == dtype:
            return x
        if x.dtype.kind == "c" and dtype not in dt.COMPLEX and dtype is not dt.bool_:
            x = x.real
        if dtype is dt.bfloat16 and x.dtype == dt.float64:
            x = rounds_once(x, self.cp.int64)
        if dt.bfloat16 in (x.dtype, dtype) and dt.float32 not in (x.dtype, dtype):  # all others go through float32
            x = x.astype(dt.float32)
        return x.astype(dtype)

    # Arithmetic ---------------------------------------------------------------------------------------------------

    def floor_divide(self, x1: Any, x2: Any) -> Any:
        dtype = _dtype(x1, x2)
        if dtype in dt.INTEGERS:
            return self.cp.floor_divide(x1, x2)
        return self.kernels("floor_divide", dtype)(x1, x2)

    def remainder(self, x1: Any, x2: Any) -> Any:
        dtype = _dtype(x1, x2)
        if dtype in dt.INTEGERS:
            return self.cp.remainder(x1, x2)
        return self.kernels("remainder", dtype)(x1, x2)

    def pow(self, x1: Any, x2: Any) -> Any:
        if _dtype(x1, x2) in dt.SIGNED and bool((x2 < 0).any()):
            raise negative_power()
        return self.cp.power(x1, x2)

    def log1p(self, x: Any) -> Any:
        return mended.log1p(x, self.cp)

    def nextafter(self, x1: Any, x2: Any) -> Any:
        return mended.nextafter(x1, x2, self.cp)

    def reciprocal(self, x: Any) -> Any:
        return self.cp.reciprocal(x)

    def less(self, x1: Any, x2: Any) -> Any:
        return self.cp.less(x1, x2)

    def less_equal(self, x1: Any, x2: Any) -> Any:
        return self.cp.less_equal(x1, x2)

    def greater(self, x1: Any, x2: Any) -> Any:
        return self.cp.greater(x1, x2)

    def greater_equal(self, x1: Any, x2: Any) -> Any:
        return self.cp.greater_equal(x1, x2)

    def sign(self, x: Any) -> Any:
        cp = self.cp
        if self._version >= (14, 2) or x.dtype in dt.INTEGERS:
            return cp.sign(x)
        if x.dtype in dt.COMPLEX:  # CuPy 13 orders complex numbers
            size = cp.abs(x)
            return cp.where(size == 0, cp.zeros_like(x), x / cp.where(size == 0, cp.ones_like(size), size))
        return self.where(cp.isnan(x), x, cp.sign(x))  # older releases give 0 for NaN

    def floor(self, x: Any) -> Any:
        return x if x.dtype in dt.INTEGERS else self.cp.floor(x)

    def ceil(self, x: Any) -> Any:
        return x if x.dtype in dt.INTEGERS else self.cp.ceil(x)

    def trunc(self, x: Any) -> Any:
        return x if x.dtype in dt.INTEGERS else self.cp.trunc(x)

    def round(self, x: Any) -> Any:
        if x.dtype in dt.INTEGERS:
            return x
        return self.cp.round(x) if x.dtype in dt.COMPLEX else self.cp.rint(x)

    def imag(self, x: Any) -> Any:
        return x.imag if x.dtype in dt.COMPLEX else self.cp.zeros_like(x)

    def isnan(self, x: Any) -> Any:
        return self.cp.zeros(x.shape, dt.bool_) if x.dtype in dt.INTEGERS else self.cp.isnan(x)

    def isinf(self, x: Any) -> Any:
        return self.cp.zeros(x.shape, dt.bool_) if x.dtype in dt.INTEGERS else self.cp.isinf(x)

    def isfinite(self, x: Any) -> Any:
        return self.cp.ones(x.shape, dt.bool_) if x.dtype in dt.INTEGERS else self.cp.isfinite(x)

    def where(self, condition: Any, x1: Any, x2: Any) -> Any:
        cp = self.cp
        if _dtype(x1, x2) is dt.bfloat16:  # cupy.where has no loop for it: choose between the bits
            return cp.where(condition, x1.view(dt.uint16), x2.view(dt.uint16)).view(dt.bfloat16)
        return cp.where(condition, x1, x2)

    def clip(self, x: Any, *, min: Any, max: Any) -> Any:
        """By maximum and minimum: cupy.clip turns NaN into a number where the limits cross, and lacks bfloat16."""
        wide = x.astype(dt.float32) if x.dtype is dt.bfloat16 else x
        if min is not None:
            wide = self.cp.maximum(wide, wide.dtype.type(min))
        if max is not None:
            wide = self.cp.minimum(wide, wide.dtype.type(max))
        return self.astype(wide, dtype=dt.as_dtype(x.dtype))

    # Functions of one number, each one kernel ---------------------------------------------------------------------

    def erf(self, x: Any) -> Any:
        return self._formula("erf", x)

    def erfc(self, x: Any) -> Any:
        return self._formula("erfc", x)

    def erfinv(self, x: Any) -> Any:
        return self._formula("erfinv", x)

    def relu(self, x: Any) -> Any:
        return self.cp.maximum(x, x.dtype.type(0)) if x.dtype in dt.INTEGERS else self._formula("relu", x)

    def sigmoid(self, x: Any) -> Any:
        return self._formula("sigmoid", x)

    def softplus(self, x: Any) -> Any:
        return self._formula("softplus", x)

    def _formula(self, name: str, x: Any) -> Any:
        return self.kernels(name, dt.as_dtype(x.dtype))(x)

    def softmax(self, x: Any, *, axis: Any) -> Any:
        parts = self.cp.exp(self._shifted(x, axis))
        return self.astype(parts / self.cp.sum(parts, axis=axis, keepdims=True), dtype=dt.as_dtype(x.dtype))

    def log_softmax(self, x: Any, *, axis: Any) -> Any:
        shifted = self._shifted(x, axis)
        total = self.cp.sum(self.cp.exp(shifted), axis=axis, keepdims=True)
        return self.astype(shifted - self.cp.log(total), dtype=dt.as_dtype(x.dtype))

    def _shifted(self, x: Any, axis: Any) -> Any:
        """``x`` less its largest element along ``axis``, so that no exponential overflows; the halves in float32."""
        wide = x.astype(dt.float32) if x.dtype in HALVES else x
        return wide - self.cp.max(wide, axis=axis, keepdims=True) if wide.size else wide

    # Products: never in TF32, which has 11 bits -------------------------------------------------------------------

    def matmul(self, x1: Any, x2: Any) -> Any:
        dtype = x1.dtype
        if dtype in HALVES and (x1.ndim > 2 or x2.ndim > 2 or x1.ndim == x2.ndim == 1):
            # batches of bfloat16 would run on a kernel for integers; a dot product would round every product
            return self._product(x1.astype(dt.float32), x2.astype(dt.float32)).astype(dtype)
        return self._product(x1, x2)

    def _product(self, x1: Any, x2: Any) -> Any:
        types = getattr(self.cp._core, "_routines_linalg", None)
        if types is None or types.get_compute_type(dt.float32) != TF32:
            return self.cp.matmul(x1, x2)
        types.set_compute_type(dt.float32, types.COMPUTE_TYPE_DEFAULT)
        try:
            return self.cp.matmul(x1, x2)
        finally:
            types.set_compute_type(dt.float32, TF32)

    # Reductions ---------------------------------------------------------------------------------------------------

    def sum(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.sum(x, axis=axis, dtype=x.dtype, keepdims=keepdims)

    def prod(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.prod(x, axis=axis, dtype=x.dtype, keepdims=keepdims)

    def mean(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        if not x.size:
            empty = self.sum(x, axis=axis, keepdims=keepdims)
            return self.full(shape=empty.shape, fill_value=float("nan"), dtype=dt.as_dtype(x.dtype))
        return x if axis == () else self.cp.mean(x, axis=axis, keepdims=keepdims)

    def bitwise_left_shift(self, x1: Any, x2: Any) -> Any:
        return self.cp.left_shift(x1, x2)  # as GPUs shift: beyond the width every bit is out

    def bitwise_right_shift(self, x1: Any, x2: Any) -> Any:
        return self.cp.right_shift(x1, x2)

    def max(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.max(x, axis=axis, keepdims=keepdims)

    def min(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.min(x, axis=axis, keepdims=keepdims)

    def any(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.any(x, axis=axis, keepdims=keepdims)

    def all(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return x if axis == () else self.cp.all(x, axis=axis, keepdims=keepdims)

    def argmax(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._first(x, self.cp.max, self.cp.argmax, axis, keepdims)

    def argmin(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._first(x, self.cp.min, self.cp.argmin, axis, keepdims)

    def _first(self, x: Any, extreme: Any, search: Any, axis: int | None, keepdims: bool) -> Any:
        """The first index of the extreme, or of NaN: CuPy finds any of several NaNs, and nothing in bfloat16."""
        if x.dtype in dt.FLOATING:
            x, search = (x == extreme(x, axis=axis, keepdims=True)) | (x != x), self.cp.argmax
        return _canonical(search(x, axis=axis, keepdims=keepdims))

    def cumulative_sum(self, x: Any, *, axis: int) -> Any:
        return self._scan(self.cp.cumsum, x, axis)

    def cumulative_prod(self, x: Any, *, axis: int) -> Any:
        return self._scan(self.cp.cumprod, x, axis)

    def _scan(self, scan: Any, x: Any, axis: int) -> Any:
        """Along a named axis CuPy scans in fixed blocks; without one it takes a scan that differs from run to run."""
        if not x.size:
            return x
        if x.dtype in HALVES:
            return scan(x.astype(dt.float32), axis=axis, dtype=dt.float32).astype(x.dtype)
        return scan(x, axis=axis, dtype=x.dtype)

    # Sorting: stable, NaN last, in both directions ----------------------------------------------------------------

    def argsort(self, x: Any, *, axis: int, descending: bool) -> Any:
        return _canonical(self.cp.argsort(self._keys(x, descending), axis=axis))

    def sort(self, x: Any, *, axis: int, descending: bool) -> Any:
        in_order = self.cp.sort(self._keys(x, descending), axis=axis)
        return (self._reversed(in_order) if descending else in_order).astype(x.dtype, copy=False)

    def searchsorted(self, x1: Any, x2: Any, *, side: str) -> Any:
        return _canonical(self.cp.searchsorted(_sortable(x1), _sortable(x2), side=side))

    def _keys(self, x: Any, descending: bool) -> Any:
        """Keys whose ascending order is the order wanted: ties stay ties and NaN stays NaN."""
        if not x.ndim:
            raise ValueError("a 0-d array has no order")
        return self._reversed(_sortable(x)) if descending else _sortable(x)

    def _reversed(self, x: Any) -> Any:
        return self.cp.negative(x) if x.dtype in dt.FLOATING else self.cp.invert(x)

    # Indexing: CuPy wraps index arrays around and lets any of several assignments win -----------------------------

    def getitem(self, x: Any, *indices: Any, key: Any) -> Any:
        indexing.check(self, x, key, indices)
        return x[library_key(key, indices)]

    def index_add(self, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
        indexing.check(self, x, key, indices)
        return indexing.add(self, x, updates, *indices, key=key)

    def index_set(self, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
        indexing.check(self, x, key, indices)
        return indexing.put(self, x, updates, *indices, key=key)

    # Random bits: each op one kernel, none with a host step -------------------------------------------------------

    def random_bits(self, key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        count = math.prod(shape)
        key = in_a_row(self.cp, key)
        if dtype is dt.uint64:
            return self.kernels("random_words64")(key, size=count).reshape(shape)
        words = self.cp.empty(count, dt.uint32)
        self.kernels("random_words")(key, count, words, size=(count + 1) // 2)
        return words.reshape(shape)

    def threefry2x32(self, key: Any, low: Any, *, high: int) -> Any:
        pairs = self.cp.empty((*low.shape, 2), dt.uint32)
        self.kernels("encrypt")(in_a_row(self.cp, key), low, high, pairs)
        return pairs

    def next_key(self, state: Any) -> Any:
        fresh = self.cp.empty(2, dt.uint32)
        self.kernels("next_key")(in_a_row(self.cp, state), fresh, size=1)
        return fresh

    def random_permutation(self, key: Any, *, n: int) -> Any:
        if not n:
            return self.cp.empty(0, dt.int64)
        bits = threefry.index_bits(n)
        places = self.cp.sort(self.kernels("random_places")(in_a_row(self.cp, key), bits, size=n))
        return self.cp.bitwise_and(places, np.uint64((1 << bits) - 1)).view(dt.int64)

    def keep_mask(self, key: Any, *, shape: tuple[int, ...], rate: float) -> Any:
        count = math.prod(shape)
        kept = self.cp.empty(count, dt.bool_)
        threshold = threefry.drop_threshold(rate)
        self.kernels("keep_mask")(in_a_row(self.cp, key), threshold, count, kept, size=(count + 3) // 4)
        return kept.reshape(shape)

    # Shapes -------------------------------------------------------------------------------------------------------

    def pad(self, x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        shape = tuple(low + size + high for size, (low, high) in zip(x.shape, widths, strict=True))
        result = self.full(shape=shape, fill_value=value, dtype=dt.as_dtype(x.dtype))
        result[tuple(slice(low, low + size) for size, (low, _) in zip(x.shape, widths, strict=True))] = x
        return result


def _dtype(*operands: Any) -> np.dtype:
    """The dtype of the arrays among the operands (Python floats stand beside an array of their dtype)."""
    return next(dt.as_dtype(operand.dtype) for operand in operands if not isinstance(operand, dt.SCALARS))


def _canonical(indices: Any) -> Any:
    """Indices as int64 proper: CuPy gives long long, which is equal to it but another dtype object."""
    return indices if indices.dtype is dt.int64 else indices.astype(dt.int64, copy=False).view(dt.int64)


def _sortable(x: Any) -> Any:
    """``x`` in a dtype that CuPy sorts: bfloat16 as float32, which keeps its order."""
    return x.astype(dt.float32) if x.dtype == dt.bfloat16 else x


def _signed_zero(value: np.ndarray) -> bool:
    """Whether a zero has a sign bit in any of its parts."""
    parts = (np.real(value), np.imag(value)) if value.dtype.kind == "c" else (value,)
    return any(bool(np.signbit(part)) for part in parts) if value.dtype in dt.INEXACT else False
