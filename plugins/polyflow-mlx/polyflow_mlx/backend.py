"""MLX as a backend: ops run at once in the order in which they are asked for, programs as one lazy graph each.

MLX builds a graph of what it is asked for and computes it when somebody looks. A lazy array belongs to the thread that
made it, and holds all that it is made of; so an op that runs now is started at once (`mx.async_eval`), after which its
array may go anywhere. In a program nothing is started before its outputs are known.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import numpy as np

from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend, Capabilities, sums
from polyflow.backend.checks import check_power, places
from polyflow.backend.keys import Key
from polyflow.backend.nodes import run_node_by_node
from polyflow.errors import UnsupportedError, unknown_device
from polyflow.halves import rounds_once
from polyflow.ops.rules import normal_axes, reduced

from . import accurate, indexing
from .products import whole_matmul

HELD = frozenset(dt.ALL) - {dt.complex128}

_THEIRS = {dtype: mx.bool_ if dtype is dt.bool_ else getattr(mx, dtype.name) for dtype in HELD}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


class MLXBackend(ArrayNamespaceBackend):
    """MLX arrays on one device: ``cpu:0``, or ``gpu:0`` of a Mac, which has no float64.

    Methods named after ops are kernels as they stand in programs; `kernel` makes of them what runs now.
    """

    name = "mlx"
    warns = False
    xp = SimpleNamespace(
        **{name: value for name, value in vars(mx).items() if name not in ("linalg", "fft")},  # not the standard's
        copysign=accurate.copysign,
        signbit=accurate.signbit,
    )

    def __init__(self, device: str | None = None) -> None:
        names = _devices()
        wanted = next(iter(names)) if device is None else device if ":" in device else f"{device}:0"
        if wanted not in names:
            raise unknown_device(self.name, device, names)
        self._device = names[wanted]
        super().__init__(wanted)
        on_cpu = self._device.type == mx.cpu
        self.capabilities = Capabilities(
            dtypes=HELD if on_cpu else HELD - {dt.float64}, compile=True, native_gradient=True, dlpack=on_cpu
        )
        self._is_wide = on_cpu
        self._pinned = self._device != mx.default_device()
        self._here = _Here()

    # Arrays --------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> Any:
        host = np.asarray(obj)
        dtype = self.require(dt.as_dtype(host.dtype if dtype is None else dtype))
        host = np.array(host, dtype=dtype, order="C")  # MLX takes no negative strides
        if dtype is dt.bfloat16:
            return mx.view(mx.array(host.view(np.uint16)), mx.bfloat16)
        return mx.array(host, dtype=_THEIRS[dtype])

    def to_numpy(self, array: Any) -> np.ndarray:
        if array.dtype == mx.bfloat16:  # which NumPy does not know
            host = np.asarray(mx.view(array, mx.uint16)).view(dt.bfloat16)
        else:
            host = np.asarray(array)[...]
        host.flags.writeable = False
        return host

    def devices(self) -> tuple[str, ...]:
        return tuple(_devices())

    def synchronize(self) -> None:
        mx.synchronize(self._device)

    def library_dtype(self, dtype: np.dtype) -> Any:
        return _THEIRS[dtype]

    def dtype_of(self, array: Any) -> np.dtype:
        return _OURS[array.dtype]

    # Running -------------------------------------------------------------------------------------------------------

    def kernel(self, op: Any) -> Callable[..., Any]:
        """What runs ``op`` now; inside a program, which may be made of ops that run other ops, the same as there."""
        raw = self.resolve(op)
        check = getattr(self, f"_check_{op.name}", None)
        here = self._here

        def run(*arrays: Any, **attrs: Any) -> Any:
            if here.lazy:
                return raw(*arrays, **attrs)
            if check is not None:
                check(*arrays, **attrs)
            result = self._on_device(raw, arrays, attrs)
            mx.async_eval(result)
            return result

        return run

    def compile(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        """The whole graph handed to MLX before anything of it is computed."""
        run = run_node_by_node(graph, self.resolve, self.asarray)

        def program(*arrays: Any) -> tuple[Any, ...]:
            with self._here:
                results = self._on_device(run, arrays, {})
            mx.async_eval(results)
            return results

        return program

    def native_vjp(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        for node in graph.nodes:
            if not self.implements(node.op) and node.op.decomposition is None:
                raise UnsupportedError(
                    f"MLX's own gradient does not reach {node.op.name}, which runs on the host. polyflow's rules do."
                )
        run = run_node_by_node(graph, self.resolve, self.asarray)
        inputs = [i for i, value in enumerate(graph.inputs) if value.dtype in dt.INEXACT]
        outputs = [i for i, value in enumerate(graph.outputs) if value.dtype in dt.INEXACT]

        def vjp(arrays: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
            def floating(*varied: Any) -> list[Any]:
                full = list(arrays)
                for i, array in zip(inputs, varied, strict=True):
                    full[i] = array
                results = run(*full)
                return [results[i] for i in outputs]

            with self._here:
                _, found = mx.vjp(floating, [arrays[i] for i in inputs], [cotangents[i] for i in outputs])
            mx.async_eval(found)
            result: list[Any] = [None] * len(graph.inputs)
            for i, cotangent in zip(inputs, found, strict=True):
                result[i] = cotangent
            return tuple(result)

        return vjp

    def _on_device(self, function: Callable[..., Any], arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        if not self._pinned:
            return function(*arrays, **attrs)
        with mx.stream(self._device):
            return function(*arrays, **attrs)

    # Elementwise ---------------------------------------------------------------------------------------------------

    exp = staticmethod(accurate.exp)
    expm1 = staticmethod(accurate.expm1)
    logaddexp = staticmethod(accurate.logaddexp)
    log2 = staticmethod(accurate.log2)
    log10 = staticmethod(accurate.log10)
    tan = staticmethod(accurate.tan)
    hypot = staticmethod(accurate.hypot)
    signbit = staticmethod(accurate.signbit)
    copysign = staticmethod(accurate.copysign)
    sign = staticmethod(accurate.sign)

    def sin(self, x: Any, /) -> Any:
        return accurate.sin(x, wide=self._is_wide)

    def cos(self, x: Any, /) -> Any:
        return accurate.cos(x, wide=self._is_wide)

    def astype(self, x: Any, *, dtype: np.dtype) -> Any:
        if dtype in dt.HALVES and x.dtype == mx.float64:
            lost = mx.where(mx.isfinite(x), x - rounds_once(x, mx.int64), mx.zeros_like(x))  # -0.0 less 0.0 is -0.0
            x = x - mx.stop_gradient(lost)  # not the integers: they have no derivative
        return super().astype(x, dtype=dtype)

    def floor_divide(self, x1: Any, x2: Any) -> Any:
        if self._is(x1, dt.FLOATING):
            return super().floor_divide(x1, x2)
        whole = mx.where(_risky(x2), mx.ones_like(x2), x2)  # the processor itself traps on x // 0 and on min // -1
        return mx.where(x2 == 0, mx.zeros_like(x1), mx.where(x2 == whole, x1 // whole, -x1))

    def remainder(self, x1: Any, x2: Any) -> Any:
        if self._is(x1, dt.FLOATING):
            return super().remainder(x1, x2)
        whole = mx.where(_risky(x2), mx.ones_like(x2), x2)
        return mx.where(x2 == whole, x1 % whole, mx.zeros_like(x1))

    def pow(self, x1: Any, x2: Any) -> Any:
        if not self._is(x2, dt.SIGNED):
            return mx.power(x1, x2)
        turning = mx.where((x1 == -1) & (x2 % 2 != 0), -1, 1).astype(x1.dtype)
        inverse = mx.where(mx.abs(x1) == 1, turning, mx.zeros_like(x1))  # rounded towards 0; ops that run now refuse
        return mx.where(x2 < 0, inverse, mx.power(x1, mx.maximum(x2, mx.zeros_like(x2))))

    def _check_pow(self, x1: Any, x2: Any) -> None:
        if self._is(x2, dt.SIGNED):
            check_power(x1, self.to_numpy(x2))

    def matmul(self, x1: Any, x2: Any) -> Any:
        return mx.matmul(x1, x2) if self._is(x1, dt.INEXACT) else whole_matmul(x1, x2)

    # Creation ------------------------------------------------------------------------------------------------------

    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> Any:
        return mx.broadcast_to(self.asarray(fill_value, dtype), shape)

    # Reductions: MLX chooses a dtype of its own, where arrays come in the one that is wanted; and over arrays without
    # elements its loops may never end, so that these are answered here

    def sum(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        if not x.size:
            return _of_nothing(x, axis, keepdims, 0)
        if not self._is(x, dt.INEXACT):
            return mx.sum(x, axis, keepdims).astype(x.dtype)
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        parts = [mx.sum(part, axis, keepdims) for part in sums.halved(self._wide(x), [one % x.ndim for one in axes])]
        return functools.reduce(mx.add, parts).astype(x.dtype)

    def prod(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return mx.prod(self._wide(x), axis, keepdims).astype(x.dtype) if x.size else _of_nothing(x, axis, keepdims, 1)

    def all(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return mx.all(x, axis, keepdims) if x.size else _of_nothing(x, axis, keepdims, True).astype(mx.bool_)

    def any(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return mx.any(x, axis, keepdims) if x.size else _of_nothing(x, axis, keepdims, False).astype(mx.bool_)

    def max(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return super().max(x, axis=axis, keepdims=keepdims) if x.size else _of_nothing(x, axis, keepdims, None)

    def min(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return super().min(x, axis=axis, keepdims=keepdims) if x.size else _of_nothing(x, axis, keepdims, None)

    def cumulative_sum(self, x: Any, *, axis: int) -> Any:
        return mx.cumsum(self._wide(x), axis).astype(x.dtype)

    def cumulative_prod(self, x: Any, *, axis: int) -> Any:
        return mx.cumprod(self._wide(x), axis).astype(x.dtype)

    def argmax(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._place(mx.argmax, x, axis, keepdims)

    def argmin(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._place(mx.argmin, x, axis, keepdims)

    def _place(self, function: Callable[..., Any], x: Any, axis: int | None, keepdims: bool) -> Any:
        if not x.size:
            return _of_nothing(x, axis, keepdims, None).astype(mx.int64)
        keepdims = keepdims and x.ndim > 0  # MLX fails to keep the axes of an array that has none
        return function(self._ordered(x), axis, keepdims).astype(mx.int64)

    # Sorting -------------------------------------------------------------------------------------------------------

    def argsort(self, x: Any, *, axis: int, descending: bool) -> Any:
        return self._counted(mx.argsort(self._key(x, descending), axis))

    def sort(self, x: Any, *, axis: int, descending: bool) -> Any:
        in_order = mx.sort(self._key(x, descending), axis)
        return self._back(self._reversed(in_order) if descending else in_order, x)

    # Indexing ------------------------------------------------------------------------------------------------------

    def getitem(self, x: Any, *indices: Any, key: Key) -> Any:
        return indexing.getitem(self, x, indices, key)

    def index_add(self, x: Any, updates: Any, *indices: Any, key: Key) -> Any:
        return indexing.index_add(self, x, updates, indices, key)

    def index_set(self, x: Any, updates: Any, *indices: Any, key: Key) -> Any:
        return indexing.index_set(self, x, updates, indices, key)

    def _check_getitem(self, x: Any, *indices: Any, key: Key) -> None:
        self._check(x, key, indices)

    def _check_index_add(self, x: Any, updates: Any, *indices: Any, key: Key) -> None:
        self._check(x, key, indices)

    _check_index_set = _check_index_add

    # Shapes --------------------------------------------------------------------------------------------------------

    def flip(self, x: Any, *, axis: Any) -> Any:
        normal_axes(axis, x.ndim)  # MLX takes an axis that is named twice for one
        return super().flip(x, axis=axis)

    def concat(self, *arrays: Any, axis: int) -> Any:
        return mx.concatenate(list(arrays), *places((axis,), arrays[0].ndim))  # which looks at no axis of a single one


def _of_nothing(x: Any, axis: Any, keepdims: bool, value: Any) -> Any:
    """A reduction of an array without elements: ``value`` wherever the result has one (None: nothing has none)."""
    shape = reduced(tuple(x.shape), axis, keepdims)
    if value is None and 0 in [x.shape[place] for place in normal_axes(axis, x.ndim)]:
        raise ValueError(f"nothing to choose from along axis {axis} of an array of shape {x.shape}")
    return mx.full(shape, value or 0, x.dtype)


class _Here(threading.local):
    """Whether this thread is inside a program, whose ops are only asked for."""

    lazy = 0

    def __enter__(self) -> None:
        self.lazy += 1

    def __exit__(self, *error: object) -> None:
        self.lazy -= 1


def _devices() -> dict[str, Any]:
    """MLX's devices by name, its default one first."""
    kinds = [kind for kind in (mx.gpu, mx.cpu) if mx.is_available(kind)]
    found = {f"{kind.name}:{i}": mx.Device(kind, i) for kind in kinds for i in range(mx.device_count(kind))}
    default = mx.default_device()
    return dict(sorted(found.items(), key=lambda item: item[1] != default))


def _risky(x: Any) -> Any:
    return (x == 0) | (x == -1) if x.dtype in (mx.int8, mx.int16, mx.int32, mx.int64) else x == 0
