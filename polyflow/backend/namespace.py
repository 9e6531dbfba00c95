"""A backend made of any namespace that follows the Python array API standard.

`ArrayNamespaceBackend` maps polyflow's ops to the standard's functions and states, once, what polyflow pins where
libraries differ: accumulation dtypes, stable sorting with NaN last, division by zero, the special cases of floor
division. A subclass sets ``xp`` and says what its library does better.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from .keys import library_key
from .protocol import Backend


class ArrayNamespaceBackend(Backend):
    """The whole protocol over an array namespace ``xp``."""

    xp: Any

    # Arrays --------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> Any:
        host = np.asarray(obj)
        dtype = self.require(dt.as_dtype(host.dtype if dtype is None else dtype))
        return self.xp.asarray(np.array(host, dtype=dtype), dtype=self.library_dtype(dtype))

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def devices(self) -> tuple[str, ...]:
        return ("cpu:0",)

    def synchronize(self) -> None:
        return None

    def library_dtype(self, dtype: np.dtype) -> Any:
        """The namespace's own object for a polyflow dtype."""
        return getattr(self.xp, dtype.name)

    def dtype_of(self, array: Any) -> np.dtype:
        dtype = array.dtype
        return dt.as_dtype(dtype if isinstance(dtype, np.dtype) else str(dtype).rpartition(".")[2])

    # Creation and conversion -----------------------------------------------------------------------------------------

    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> Any:
        return self.xp.full(shape, fill_value, dtype=self.library_dtype(self.require(dtype)))

    def astype(self, x: Any, *, dtype: np.dtype) -> Any:
        return self.xp.astype(x, self.library_dtype(self.require(dtype)))

    def identity(self, x: Any) -> Any:
        return x

    # Arithmetic ------------------------------------------------------------------------------------------------------

    def square(self, x: Any) -> Any:
        return x * x

    def floor_divide(self, x1: Any, x2: Any) -> Any:
        xp = self.xp
        if not self._floating(x1):
            zero = x2 == 0
            return xp.where(zero, xp.zeros_like(x1), x1 // xp.where(zero, xp.ones_like(x2), x2))
        return self._float_floor_divide(x1, x2)

    def _float_floor_divide(self, x1: Any, x2: Any) -> Any:
        """The standard's special cases: exact quotients through the remainder, inf and signed zeros kept."""
        xp = self.xp
        remainder = self.remainder(x1, x2)
        quotient = xp.round((x1 - remainder) / x2)
        quotient = xp.where(quotient == 0, xp.copysign(quotient, x1 / x2), quotient)
        infinite = xp.isinf(x2) & xp.isfinite(x1)
        opposite = (xp.signbit(x1) != xp.signbit(x2)) & (x1 != 0)
        signed_zero = xp.copysign(xp.zeros_like(x1 + x2), x1 / x2)
        quotient = xp.where(infinite, xp.where(opposite, -xp.ones_like(signed_zero), signed_zero), quotient)
        return xp.where(xp.isinf(x1) | (x2 == 0), x1 / x2, quotient)

    def remainder(self, x1: Any, x2: Any) -> Any:
        xp = self.xp
        if not self._floating(x1):
            zero = x2 == 0
            return xp.where(zero, xp.zeros_like(x1), x1 % xp.where(zero, xp.ones_like(x2), x2))
        raw = xp.remainder(x1, x2)
        infinite = xp.isinf(x2) & xp.isfinite(x1)
        opposite = (xp.signbit(x1) != xp.signbit(x2)) & (x1 != 0)
        raw = xp.where(infinite, xp.where(opposite, x2 + xp.zeros_like(x1), x1 + xp.zeros_like(x2)), raw)
        return xp.where(raw == 0, xp.copysign(raw, x2), raw)

    def _floating(self, x: Any) -> bool:
        return self.dtype_of(x) in dt.FLOATING

    # Reductions: in the dtype that promotion chose ---------------------------------------------------------------------

    def sum(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self.xp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    def prod(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self.xp.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    def cumulative_sum(self, x: Any, *, axis: int) -> Any:
        return self.xp.cumulative_sum(x, axis=axis, dtype=x.dtype)

    def cumulative_prod(self, x: Any, *, axis: int) -> Any:
        return self.xp.cumulative_prod(x, axis=axis, dtype=x.dtype)

    def argmax(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._index(self.xp.argmax(x, axis=axis, keepdims=keepdims))

    def argmin(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._index(self.xp.argmin(x, axis=axis, keepdims=keepdims))

    def count_nonzero(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self._index(self.xp.sum(self.xp.astype(x != 0, self.xp.int64), axis=axis, keepdims=keepdims))

    def _index(self, x: Any) -> Any:
        return x if x.dtype == self.xp.int64 else self.xp.astype(x, self.xp.int64)

    # Sorting: stable, NaN last ------------------------------------------------------------------------------------------

    def argsort(self, x: Any, *, axis: int, descending: bool) -> Any:
        xp = self.xp
        if not descending:
            return self._index(xp.argsort(x, axis=axis, stable=True))
        size = x.shape[axis]
        order = size - 1 - xp.flip(xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=True), axis=axis)
        if self._floating(x):  # the flip brought NaN to the front: a second stable sort sends it to the end
            behind = xp.take_along_axis(xp.astype(xp.isnan(x), xp.int8), order, axis=axis)
            order = xp.take_along_axis(order, xp.argsort(behind, axis=axis, stable=True), axis=axis)
        return self._index(order)

    def sort(self, x: Any, *, axis: int, descending: bool) -> Any:
        if not descending:
            return self.xp.sort(x, axis=axis, stable=True)
        return self.xp.take_along_axis(x, self.argsort(x, axis=axis, descending=True), axis=axis)

    def searchsorted(self, x1: Any, x2: Any, *, side: str) -> Any:
        return self._index(self.xp.searchsorted(x1, x2, side=side))

    # Indexing: the key's static parts with the index arrays in their places ------------------------------------------

    def getitem(self, x: Any, *indices: Any, key: Any) -> Any:
        return x[library_key(key, indices)]

    # Shapes -----------------------------------------------------------------------------------------------------------

    def reshape(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return self.xp.reshape(x, shape)

    def permute_dims(self, x: Any, *, axes: tuple[int, ...]) -> Any:
        return self.xp.permute_dims(x, axes)

    def broadcast_to(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return self.xp.broadcast_to(x, shape)

    def concat(self, *arrays: Any, axis: int) -> Any:
        return self.xp.concat(arrays, axis=axis)

    def flip(self, x: Any, *, axis: Any) -> Any:
        return self.xp.flip(x, axis=axis)
