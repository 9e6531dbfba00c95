"""PyTorch as a backend: what it does differently is mended in the modules beside this one; here is how it is run.

PyTorch's settings belong to the user. Nothing here changes one, and none of the user's changes a result: tensors are
made with their dtype and device, gradients are recorded in `native_vjp` only, and autocast is off inside kernels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from polyflow import dtypes as dt
from polyflow.backend import Backend, Capabilities
from polyflow.backend.loop import Loop, LoopProgram
from polyflow.halves import rounds_once

from . import devices
from .compiled import CompiledProgram, prepare
from .elementwise import Elementwise
from .forms import OURS, TORCH
from .gradient import pullback
from .indexing import Indexing
from .linalg import Linalg
from .loop import OnDevice
from .order import Order
from .products import Products
from .program import Program
from .random import Random
from .reductions import Reductions
from .shapes import Shapes

_SMALL = 1 << 12
"""Up to so many bytes, a copy costs less than a tensor that shares the memory of a read-only array."""

_WEAK = (torch.float32, torch.float64)
"""The dtypes beside which Python floats may stand."""


class TorchBackend(Elementwise, Reductions, Order, Products, Linalg, Shapes, Indexing, Random, Backend):
    """PyTorch tensors on one device: ``cpu:0`` or ``cuda:1``.

    Args:
        device: what `devices.find` understands; None for PyTorch's current GPU, or the CPU where there is none.
    """

    name = "torch"
    protocol = "1.0"
    weak_scalars = True
    numpy_dtypes = False
    capabilities = Capabilities(compile=True, native_gradient=True, dlpack=True, inplace=True)

    def __init__(self, device: str | None = None) -> None:
        name, self._device = devices.find(device)
        super().__init__(name)
        self._kind = self._device.type
        self.torch_compile = os.environ.get("POLYFLOW_TORCH_COMPILE", "0") not in ("", "0")

    @property
    def torch_compile(self) -> bool:
        """Whether graphs are compiled by ``torch.compile`` from now on; not, unless POLYFLOW_TORCH_COMPILE is 1."""
        return self._torch_compile

    @torch_compile.setter
    def torch_compile(self, on: bool) -> None:
        if on:
            prepare(self._device)
        self._torch_compile = on

    # Arrays --------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> torch.Tensor:
        host = np.asarray(obj)
        target = dt.as_dtype(host.dtype if dtype is None else dtype)
        with np.errstate(all="ignore"):
            private = np.array(host, dtype=target, order="C")
        return self._moved(_shared(private), device)

    def adopt(self, array: np.ndarray) -> torch.Tensor:
        if array.nbytes <= _SMALL or not (array.flags.c_contiguous and array.dtype.isnative):
            return self.asarray(array)
        return self._moved(_shared(array if array.flags.writeable else _writable(array)), None)

    def _moved(self, array: torch.Tensor, device: str | None) -> torch.Tensor:
        target = self._device if device is None else devices.find(device)[1]
        return array if target.type == "cpu" else array.to(target)

    def to_numpy(self, array: torch.Tensor) -> np.ndarray:
        host = array if array.is_cpu else array.cpu()
        if host.dtype is torch.bfloat16:
            result = host.view(torch.int16).numpy().view(dt.bfloat16)
        else:
            result = host.numpy()
        result.flags.writeable = False
        return result

    def from_dlpack(self, obj: Any) -> torch.Tensor:
        """A tensor that shares the memory of an array of any library that has ``__dlpack__``."""
        return torch.from_dlpack(obj).detach()

    def devices(self) -> tuple[str, ...]:
        return devices.listed()

    def synchronize(self) -> None:
        if self._kind == "cuda":
            torch.cuda.synchronize(self._device)

    def dtype_of(self, array: torch.Tensor) -> np.dtype:
        return OURS[array.dtype]

    def device_of(self, array: torch.Tensor) -> str:
        return devices.name_of(array.device)

    # Running -------------------------------------------------------------------------------------------------------

    def kernel(self, op: Any) -> Callable[..., Any]:
        """The op's kernel, which takes Python floats too, untouched by the user's autocast."""
        raw = self._plainly(self.resolve(op))
        if len(op.tensors) == 1 and not op.variadic:
            return raw

        def run(*arrays: Any, **attrs: Any) -> Any:
            if float in map(type, arrays):
                arrays = tuple(self._as_arrays(arrays))
            return raw(*arrays, **attrs)

        return run

    def _plainly(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` untouched by the user's autocast."""
        kind = self._kind

        def run(*arrays: Any, **attrs: Any) -> Any:
            if torch.is_autocast_enabled(kind):
                with torch.autocast(kind, enabled=False):
                    return function(*arrays, **attrs)
            return function(*arrays, **attrs)

        return run

    def _as_arrays(self, operands: Sequence[Any]) -> list[Any]:
        """Python floats as tensors of the dtype of the operand beside them, which is one that takes such numbers."""
        dtype = next(a.dtype for a in operands if a.__class__ is not float and a.dtype in _WEAK)
        return [self._number(a, OURS[dtype]) if a.__class__ is float else a for a in operands]

    def compile(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        """The graph as a straight line of calls; by ``torch.compile``, where `torch_compile` says so."""
        kind = CompiledProgram if self.torch_compile else Program
        return self._plainly(kind(graph, self.resolve, self._number).function())

    def loop(self, loop: Loop) -> LoopProgram:
        return OnDevice(loop, self)

    def fits(self, size: int) -> bool:
        return self._kind == "cpu" or size <= torch.cuda.mem_get_info(self._device)[0] // 2

    def native_vjp(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        return self._plainly(pullback(Program(graph, self.resolve, self._number).function(), graph))

    def _number(self, value: Any, dtype: np.dtype) -> torch.Tensor:
        """A tensor without axes, kept for the next time."""
        return _number(repr(value), value, TORCH[dtype], self._device)

    # Creation and conversion ---------------------------------------------------------------------------------------

    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> torch.Tensor:
        return torch.full(shape, fill_value, dtype=TORCH[dtype], device=self._device)

    def astype(self, x: Any, *, dtype: np.dtype) -> torch.Tensor:
        target = TORCH[dtype]
        if x.dtype.is_complex and not target.is_complex:
            if target is torch.bool:
                return x != 0
            x = torch.real(x)
        if dtype in dt.HALVES and x.dtype is torch.float64:
            fixed = x.detach()
            lost = torch.where(torch.isfinite(fixed), fixed - rounds_once(fixed, torch.int64), 0)
            x = x - lost  # 0.0, which leaves -0.0 as it is
        return x.to(target)

    def stop_gradient(self, x: Any) -> torch.Tensor:
        return x.detach()


@lru_cache(1024)
def _number(text: str, value: Any, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """(-0.0 equals 0.0, and NaN not even itself: numbers are told apart by their text.)"""
    with torch.inference_mode(False):  # what is kept has to do for gradients too
        return torch.full((), value, dtype=dtype, device=device)


def _shared(host: np.ndarray) -> torch.Tensor:
    """A tensor that shares the memory of an array that may be written to."""
    if host.dtype == dt.bfloat16:
        return torch.from_numpy(host.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(host)


class _Writable:
    """The memory of an array, offered to be written to."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def _writable(array: np.ndarray) -> np.ndarray:
    """A read-only array as one that PyTorch takes without a warning; nobody writes to it here either."""
    if array.dtype == dt.bfloat16:
        return _writable(array.view(np.int16)).view(dt.bfloat16)
    return np.asarray(_Writable(array))
