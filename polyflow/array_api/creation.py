"""The functions of the standard that make arrays out of nothing, on a backend of their own choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import discovery
from ..convert import to_host
from ..ops import call, creation
from ..tensor import Operators, Tensor, here, holds_tensors, tensor


class Creation:
    """Creation on one backend, or on the current one.

    Args:
        backend: the backend; None for the one that is current when a function is called.
    """

    def __init__(self, backend: Any = None) -> None:
        self.backend = backend

    def on(self, device: str | None) -> Any:
        """The backend that stands for ``device``: this one's library there, or this one itself where it is None."""
        backend = here() if self.backend is None else self.backend
        if device is None or device == backend.device:
            return backend
        return discovery.get(f"{backend.name}:{device}")

    def arange(
        self, start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: str | None = None
    ) -> Tensor:
        """Numbers from ``start`` up to but without ``stop`` in steps of ``step`` (``arange(stop)`` starts at 0)."""
        return creation.arange(start, stop, step, dtype=dtype, backend=self.on(device))

    def asarray(self, obj: Any, /, *, dtype: Any = None, device: str | None = None, copy: bool | None = None) -> Tensor:
        """``obj`` as an array.

        Args:
            obj: a tensor, a number, a nested list of these, or an array of any library.
            dtype: the dtype; without it arrays keep theirs, Python floats become float32 and integers int32.
            device: the device; without it tensors stay on theirs.
            copy: True for an array of its own. None for ``obj`` itself where it is a tensor of that dtype and device,
                else a copy. False for ``obj`` itself, or an array that shares the memory of ``obj``.

        Raises:
            ValueError: ``copy=False`` where that needs a copy.
        """
        target = None if dtype is None else dt.as_dtype(dtype)
        if isinstance(obj, (list, tuple)) and holds_tensors(obj):
            _refuse_copy(copy, "a list")
            obj = tensor(obj)
        if isinstance(obj, Operators):
            return self._of_tensor(obj, target, device, copy)
        backend = self.on(device)
        host = to_host(obj, target)
        if copy is not False:
            return Tensor(backend.asarray(host), backend)
        if not hasattr(obj, "__array__") and not hasattr(obj, "__dlpack__"):
            _refuse_copy(copy, f"a {type(obj).__name__}")
        array = backend.adopt(host)
        if not np.shares_memory(backend.to_numpy(array), to_host(obj)):
            _refuse_copy(copy, f"a {type(obj).__name__}, for this dtype or backend,")
        return Tensor(array, backend)

    def _of_tensor(self, obj: Any, dtype: Any, device: str | None, copy: bool | None) -> Tensor:
        value = obj.read()
        backend = value.backend if device is None and self.backend is None else self.on(device)
        if backend is not value.backend:
            _refuse_copy(copy, f"a tensor on {value.backend.name!r} ({value.device})")
            value = value.to(backend)
        if dtype is not None and value.dtype is not dtype:
            _refuse_copy(copy, f"a {value.dtype.name} tensor")
            return value.astype(dtype)
        return value.copy() if copy else value

    def empty(self, shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of ``shape`` whose values nobody should rely on (zeros, in float32 unless ``dtype`` is given)."""
        return self.zeros(shape, dtype=dtype, device=device)

    def empty_like(self, x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of the shape and dtype of ``x`` whose values nobody should rely on."""
        return self.zeros_like(x, dtype=dtype, device=device)

    def eye(
        self, n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: str | None = None
    ) -> Tensor:
        """A matrix with ones on its ``k``-th diagonal and zeros elsewhere, of float32 unless ``dtype`` is given."""
        return creation.eye(n_rows, n_cols, k=k, dtype=dtype, backend=self.on(device))

    def from_dlpack(self, x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Tensor:
        """The array of another library (or a tensor) that ``x`` is; see `asarray` for ``copy``."""
        if not hasattr(x, "__dlpack__"):
            raise TypeError(f"from_dlpack needs an array with __dlpack__; got {type(x).__name__}. Use asarray.")
        return self.asarray(x, device=device, copy=copy)

    def full(self, shape: Any, fill_value: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of ``shape`` holding ``fill_value`` everywhere, of its own dtype unless ``dtype`` is given."""
        return creation.full(shape, fill_value, dtype, backend=self.on(device))

    def full_like(self, x: Any, /, fill_value: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of the shape and dtype of ``x`` holding ``fill_value`` everywhere."""
        x = call.operand(x)
        backend = x.backend if device is None else Creation(x.backend).on(device)
        return creation.full(x.shape, fill_value, x.dtype if dtype is None else dtype, backend=backend)

    def linspace(
        self,
        start: Any,
        stop: Any,
        /,
        num: int,
        *,
        dtype: Any = None,
        device: str | None = None,
        endpoint: bool = True,
    ) -> Tensor:
        """``num`` evenly spaced numbers from ``start`` to ``stop``, of float32 unless ``dtype`` is given."""
        return creation.linspace(start, stop, num, dtype=dtype, endpoint=endpoint, backend=self.on(device))

    def ones(self, shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of ones, of float32 unless ``dtype`` is given."""
        return creation.ones(shape, dtype, backend=self.on(device))

    def ones_like(self, x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """Ones of the shape and dtype of ``x``."""
        return self.full_like(x, 1, dtype=dtype, device=device)

    def zeros(self, shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """An array of zeros, of float32 unless ``dtype`` is given."""
        return creation.zeros(shape, dtype, backend=self.on(device))

    def zeros_like(self, x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
        """Zeros of the shape and dtype of ``x``."""
        return self.full_like(x, 0, dtype=dtype, device=device)


class Frequencies(Creation):
    """The functions of the ``fft`` extension that make arrays out of nothing."""

    def fftfreq(self, n: int, /, *, d: float = 1.0, dtype: Any = None, device: str | None = None) -> Tensor:
        """The frequencies of a transform of ``n`` samples taken ``d`` apart: 0, positive, then negative ones."""
        return self._frequencies(np.fft.fftfreq(_count(n), d), dtype, device)

    def rfftfreq(self, n: int, /, *, d: float = 1.0, dtype: Any = None, device: str | None = None) -> Tensor:
        """The frequencies of a transform of ``n`` real samples taken ``d`` apart: 0 and the positive ones."""
        return self._frequencies(np.fft.rfftfreq(_count(n), d), dtype, device)

    def _frequencies(self, values: np.ndarray, dtype: Any, device: str | None) -> Tensor:
        target = dt.DEFAULT_FLOAT if dtype is None else dt.as_dtype(dtype)
        return call.constant(values.astype(target), self.on(device))


def _count(n: int) -> int:
    if n < 1:
        raise ValueError(f"frequencies are those of 1 sample or more; got n={n}.")
    return int(n)


def _refuse_copy(copy: bool | None, what: str) -> None:
    if copy is False:
        raise ValueError(f"{what} cannot become an array here without a copy. Leave out copy=False.")
