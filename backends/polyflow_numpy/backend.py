"""NumPy as a backend: the standard's names, plus what NumPy does faster or has to have mended."""

from __future__ import annotations

from typing import Any

import numpy as np
from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend, Capabilities
from polyflow.errors import UnknownDeviceError
from polyflow.backend.keys import library_key


class NumPyBackend(ArrayNamespaceBackend):
    """NumPy arrays on the host. One device, ``cpu:0``."""

    name = "numpy"
    xp = np
    weak_scalars = True
    capabilities = Capabilities(dlpack=True, inplace=True)

    def __init__(self, device: str | None = None) -> None:
        if device not in (None, "cpu", "cpu:0"):
            raise UnknownDeviceError(f"backend 'numpy' has no device {device!r}. Its only device is 'cpu:0'.")
        super().__init__("cpu:0")

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> np.ndarray:
        return np.array(obj, dtype=dtype, order="C")

    def adopt(self, array: np.ndarray) -> np.ndarray:
        return array

    def resolve(self, op: Any) -> Any:
        """The op's kernel; where NumPy has no function of its name, the op's reference, which is NumPy code already."""
        return super().resolve(op) if self.implements(op) or op.name in self.unsupported else op.reference

    def to_numpy(self, array: Any) -> np.ndarray:
        view = np.asarray(array)[...]
        view.flags.writeable = False
        return view

    def library_dtype(self, dtype: np.dtype) -> np.dtype:
        return dtype

    def dtype_of(self, array: Any) -> np.dtype:
        return dt.as_dtype(array.dtype)

    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> np.ndarray:
        return np.full(shape, fill_value, dtype)

    square = staticmethod(np.square)

    def clip(self, x: np.ndarray, *, min: Any, max: Any) -> np.ndarray:
        return np.clip(x, min, max)  # NumPy 2.0 has no parameters of these names

    def pad(self, x: np.ndarray, *, widths: tuple[tuple[int, int], ...], value: Any) -> np.ndarray:
        return np.pad(x, widths, constant_values=value)

    def index_add(self, x: np.ndarray, updates: np.ndarray, *indices: np.ndarray, key: Any) -> np.ndarray:
        result = np.array(x)
        if indices:
            np.add.at(result, library_key(key, indices), updates)
        else:
            result[library_key(key, ())] += updates
        return result

    def index_set(self, x: np.ndarray, updates: np.ndarray, *indices: np.ndarray, key: Any) -> np.ndarray:
        result = np.array(x)
        result[library_key(key, indices)] = updates
        return result
