"""A backend made of any namespace that follows the Python array API standard.

`ArrayNamespaceBackend` maps polyflow's ops to the standard's functions and states, once, what polyflow pins where
libraries differ or the standard leaves things open: accumulation dtypes, stable sorting with NaN last, division by
zero, the special cases of floor division, booleans in an order, index arrays. A subclass sets ``xp`` and says what its
library does better.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import IncompleteBackendError
from . import flat, quiet, slips, sums
from .checks import check_indices, check_power, places
from .keys import Key, library_key
from .names import standard_names
from .needs import among, needs, needs_of
from .protocol import Backend, Capabilities

_complex = among(dt.COMPLEX)
_booleans = needs(kernels="astype", when=among({dt.bool_}))  # they are put in order as bytes
_halves = needs(kernels="astype", when=among(dt.HALVES))  # they are added in float32
_SCATTER = ("argsort", "broadcast_to", "reshape", "searchsorted", "take", "where")


def _with_index_arrays(backend: Any, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> bool:
    return len(arrays) > 1


class ArrayNamespaceBackend(Backend):
    """The whole protocol over an array namespace ``xp``.

    The namespace must have ``asarray`` and dtypes, its arrays the operators and slices of the standard. Each kernel
    declares which functions it calls; where one is missing, the op falls back. Functions may have the names that they
    had before the standard.

    Where a subclass does not set ``capabilities``, it holds the dtypes that its namespace names. Where it does not set
    a device, that is the first of ``devices()``.
    """

    xp: Any

    warns: bool | None = None
    """Whether the library's functions warn as NumPy's do; found out by a logarithm of 0, where nothing is said."""

    adds_in_turn: bool | None = None
    """Whether its sums lose digits over many rows; found out by one of them, where nothing is said."""

    takes_roots: frozenset[np.dtype] | None = None
    """The dtypes whose power by 0.5 is a square root, which differs at -inf; found out, where nothing is said."""

    loses_digits: bool | None = None
    """Whether its log1p of complex numbers loses digits near 0; found out by one, where nothing is said."""

    keeps_zero: bool | None = None
    """Whether its nextafter of 0.0 and -0.0 as float16 is 0.0; found out by that, where nothing is said."""

    def __init__(self, device: str | None = None) -> None:
        super().__init__(device or next(iter(self.devices()), None))
        if self.xp is None or (type(self).asarray is ArrayNamespaceBackend.asarray and not hasattr(self.xp, "asarray")):
            raise IncompleteBackendError(
                f"{type(self).__name__} has no array namespace. Expected xp = a module with asarray, dtypes and "
                f"functions of the array API standard; got {self.xp!r}."
            )
        self.xp = standard_names(self.xp)
        if type(self).capabilities is Backend.capabilities:
            held = frozenset(dtype for dtype in dt.ALL if hasattr(self.xp, dtype.name))
            self.capabilities = Capabilities(dtypes=held)
        try:
            np.dtype(self.library_dtype(dt.float32))
        except (AttributeError, TypeError):  # AttributeError: it has none
            self.numpy_dtypes = False

    # Arrays --------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> Any:
        host = np.asarray(obj)
        dtype = self.require(dt.as_dtype(host.dtype if dtype is None else dtype))
        return self.xp.asarray(np.array(host, dtype=dtype), dtype=self.library_dtype(dtype), **self._placed(device))

    def to_numpy(self, array: Any) -> np.ndarray:
        host = np.asarray(array)[...]
        host.flags.writeable = False
        return host

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

    def library_device(self, device: str) -> Any:
        """The namespace's own object for one of ``devices()``; None where it has one device and takes no such keyword.

        Whatever makes arrays passes it on.
        """
        return None

    def device_of(self, array: Any) -> str:
        if self.library_device(self.device) is None:
            return self.device
        found = array.device
        return next((name for name in (self.device, *self.devices()) if self.library_device(name) == found), str(found))

    def _placed(self, device: str | None = None) -> dict[str, Any]:
        """The keyword that puts a new array on a device, the backend's own if none is named."""
        place = self.library_device(device or self.device)
        return {} if place is None else {"device": place}

    def _own(self, op: Any) -> Callable[..., Any] | None:
        if self.warns is None:
            self.warns = quiet.warns(self)
        own = super()._own(op)
        if own is None or not self.warns:
            return own
        silent: Any = quiet.quiet(own)
        silent.polyflow_needs = needs_of(own)
        return silent

    def _is(self, x: Any, kinds: Any) -> bool:
        """Whether the array's dtype is among ``kinds``."""
        return self.dtype_of(x) in kinds

    def _pair(self, x1: Any, x2: Any) -> tuple[Any, Any]:
        """Two operands as arrays: where ``weak_scalars`` says so, one of them may be a Python float."""
        if x1.__class__ is float:
            return self.asarray(x1, self.dtype_of(x2)), x2
        return (x1, self.asarray(x2, self.dtype_of(x1))) if x2.__class__ is float else (x1, x2)

    # Creation and conversion ---------------------------------------------------------------------------------------

    @needs("full")
    def full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> Any:
        value = np.full((), fill_value, self.require(dtype)).item()
        return self.xp.full(shape, value, dtype=self.library_dtype(dtype), **self._placed())

    @needs("astype")
    @needs("real", when=_complex)
    def astype(self, x: Any, *, dtype: np.dtype) -> Any:
        target = self.library_dtype(self.require(dtype))
        if dt.kind(dtype) < 3 and self._is(x, dt.COMPLEX):
            if dtype is dt.bool_:
                return x != 0
            x = self.xp.real(x)
        return self.xp.astype(x, target)

    def identity(self, x: Any) -> Any:
        return x

    def stop_gradient(self, x: Any) -> Any:
        return x

    # Arithmetic ----------------------------------------------------------------------------------------------------

    def square(self, x: Any) -> Any:
        return x * x

    def reciprocal(self, x: Any) -> Any:
        return 1.0 / x

    @needs("pow")
    @needs("where", when=among(dt.FLOATS))
    def pow(self, x1: Any, x2: Any) -> Any:
        if x2.__class__ is not float and self._is(x2, dt.SIGNED):
            check_power(x1, self.to_numpy(x2))
        dtype = self.dtype_of(x2 if x1.__class__ is float else x1)
        if dtype not in dt.FLOATING:
            return self.xp.pow(x1, x2)
        if self.takes_roots is None:
            self.takes_roots = slips.takes_roots(self)
        return slips.powers(self.xp, *self._pair(x1, x2)) if dtype in self.takes_roots else self.xp.pow(x1, x2)

    @needs("log1p")
    @needs("abs", "astype", "atan2", "imag", "real", "where", when=_complex)
    def log1p(self, x: Any) -> Any:
        if not self._is(x, dt.COMPLEX):
            return self.xp.log1p(x)
        if self.loses_digits is None:
            self.loses_digits = slips.loses_digits(self, self.dtype_of(x))
        return slips.log1p(self.xp, x) if self.loses_digits else self.xp.log1p(x)

    @needs("nextafter")
    @needs("where", when=among((dt.float16,)))
    def nextafter(self, x1: Any, x2: Any) -> Any:
        if self.dtype_of(x2 if x1.__class__ is float else x1) is not dt.float16:
            return self.xp.nextafter(x1, x2)
        if self.keeps_zero is None:
            self.keeps_zero = slips.keeps_zero(self, dt.float16)
        return slips.nextafter(self.xp, *self._pair(x1, x2)) if self.keeps_zero else self.xp.nextafter(x1, x2)

    @needs("where", "ones_like", "zeros_like")
    @needs("copysign", "floor", "isinf", "remainder", "signbit", when=among(dt.FLOATS))
    @_halves
    def floor_divide(self, x1: Any, x2: Any) -> Any:
        xp = self.xp
        x1, x2 = self._pair(x1, x2)
        if not self._is(x1, dt.FLOATING):
            zero = x2 == 0
            return xp.where(zero, xp.zeros_like(x1), x1 // xp.where(zero, xp.ones_like(x2), x2))
        given, x1, x2 = x1, self._wide(x1), self._wide(x2)
        # as Python does it: the quotient of what is left without the remainder is whole but for its rounding
        part = xp.copysign(xp.remainder(abs(x1), abs(x2)), x1)
        exact = (x1 - part) / x2
        exact = xp.where((part != 0) & (xp.signbit(x1) != xp.signbit(x2)), exact - 1.0, exact)
        quotient = xp.floor(exact)
        quotient = xp.where(exact - quotient > 0.5, quotient + 1.0, quotient)
        plain = x1 / x2
        quotient = xp.where(quotient == 0, xp.copysign(quotient, plain), quotient)
        return self._narrow(xp.where(xp.isinf(x1) | xp.isinf(x2) | (x2 == 0), plain, quotient), given)

    @needs("bitwise_left_shift", "where", "zeros_like")
    def bitwise_left_shift(self, x1: Any, x2: Any) -> Any:
        """By any count: one of the width and more, or a negative one, leaves 0."""
        xp = self.xp
        x1, x2 = self._pair(x1, x2)
        inside = (x2 >= 0) & (x2 < np.iinfo(self.dtype_of(x1)).bits)
        return xp.where(inside, xp.bitwise_left_shift(x1, xp.where(inside, x2, xp.zeros_like(x2))), xp.zeros_like(x1))

    @needs("bitwise_right_shift", "where", "zeros_like")
    def bitwise_right_shift(self, x1: Any, x2: Any) -> Any:
        """By any count: one of the width and more, or a negative one, leaves 0, or -1 of a negative number."""
        xp = self.xp
        x1, x2 = self._pair(x1, x2)
        inside = (x2 >= 0) & (x2 < np.iinfo(self.dtype_of(x1)).bits)
        zero = xp.zeros_like(x1)
        rest = zero if self._is(x1, dt.UNSIGNED) else xp.where(x1 < 0, zero - 1, zero)
        return xp.where(inside, xp.bitwise_right_shift(x1, xp.where(inside, x2, xp.zeros_like(x2))), rest)

    @needs("where", "ones_like", "zeros_like")
    @needs("copysign", "isfinite", "isinf", "remainder", "signbit", when=among(dt.FLOATS))
    def remainder(self, x1: Any, x2: Any) -> Any:
        xp = self.xp
        x1, x2 = self._pair(x1, x2)
        if not self._is(x1, dt.FLOATING):
            zero = x2 == 0
            return xp.where(zero, xp.zeros_like(x1), x1 % xp.where(zero, xp.ones_like(x2), x2))
        raw = xp.remainder(x1, x2)
        endless = xp.where(_apart(xp, x1, x2), x2 + xp.zeros_like(x1), x1 + xp.zeros_like(x2))
        raw = xp.where(xp.isinf(x2) & xp.isfinite(x1), endless, raw)
        return xp.where(raw == 0, xp.copysign(raw, x2), raw)

    @needs("maximum", "minimum", kernels="full")
    def clip(self, x: Any, *, min: Any, max: Any) -> Any:
        dtype = self.dtype_of(x)
        x = x if min is None else self.xp.maximum(x, self.full(shape=(), fill_value=min, dtype=dtype))
        return x if max is None else self.xp.minimum(x, self.full(shape=(), fill_value=max, dtype=dtype))

    @needs("floor")
    def floor(self, x: Any) -> Any:
        return x if self._is(x, dt.INTEGERS) else self.xp.floor(x)

    @needs("ceil")
    def ceil(self, x: Any) -> Any:
        return x if self._is(x, dt.INTEGERS) else self.xp.ceil(x)

    @needs("trunc")
    def trunc(self, x: Any) -> Any:
        return x if self._is(x, dt.INTEGERS) else self.xp.trunc(x)

    @needs("round")
    def round(self, x: Any) -> Any:
        return x if self._is(x, dt.INTEGERS) else self.xp.round(x)

    # Complex numbers: for real ones the standard does not define these ---------------------------------------------

    @needs("conj", when=_complex)
    def conj(self, x: Any) -> Any:
        return self.xp.conj(x) if self._is(x, dt.COMPLEX) else x

    @needs("real", when=_complex)
    def real(self, x: Any) -> Any:
        return self.xp.real(x) if self._is(x, dt.COMPLEX) else x

    @needs("zeros_like")
    @needs("imag", when=_complex)
    def imag(self, x: Any) -> Any:
        return self.xp.imag(x) if self._is(x, dt.COMPLEX) else self.xp.zeros_like(x)

    # Order: booleans too, False first ------------------------------------------------------------------------------

    @_booleans
    @needs("less")
    def less(self, x1: Any, x2: Any) -> Any:
        return self.xp.less(self._ordered(x1), self._ordered(x2))

    @_booleans
    @needs("less_equal")
    def less_equal(self, x1: Any, x2: Any) -> Any:
        return self.xp.less_equal(self._ordered(x1), self._ordered(x2))

    @_booleans
    @needs("greater")
    def greater(self, x1: Any, x2: Any) -> Any:
        return self.xp.greater(self._ordered(x1), self._ordered(x2))

    @_booleans
    @needs("greater_equal")
    def greater_equal(self, x1: Any, x2: Any) -> Any:
        return self.xp.greater_equal(self._ordered(x1), self._ordered(x2))

    def _ordered(self, x: Any) -> Any:
        return self.astype(x, dtype=dt.uint8) if x.__class__ is not float and self._is(x, (dt.bool_,)) else x

    def _back(self, result: Any, x: Any) -> Any:
        """A result of `_ordered` values in the dtype of ``x``."""
        return self.astype(result, dtype=dt.bool_) if self._is(x, (dt.bool_,)) else result

    @_booleans
    @needs("max")
    def max(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self._back(self.xp.max(self._ordered(x), axis=axis, keepdims=keepdims), x)

    @_booleans
    @needs("min")
    def min(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return self._back(self.xp.min(self._ordered(x), axis=axis, keepdims=keepdims), x)

    @needs("argmax", kernels="astype")
    def argmax(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._counted(self.xp.argmax(self._ordered(x), axis=axis, keepdims=keepdims))

    @needs("argmin", kernels="astype")
    def argmin(self, x: Any, *, axis: int | None, keepdims: bool) -> Any:
        return self._counted(self.xp.argmin(self._ordered(x), axis=axis, keepdims=keepdims))

    def _counted(self, x: Any) -> Any:
        return x if self._is(x, (dt.int64,)) else self.astype(x, dtype=dt.int64)

    # Sums: in the dtype that promotion chose, the halves in float32 ------------------------------------------------

    @_halves
    @needs("sum")
    def sum(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        wide = self._wide(x)
        parts = [wide]
        inexact = self._is(wide, dt.INEXACT)
        if inexact and self.adds_in_turn is None:
            self.adds_in_turn = sums.adds_in_turn(self, self.dtype_of(wide))
        if inexact and self.adds_in_turn:
            axes = range(len(x.shape)) if axis is None else axis if axis.__class__ is tuple else (axis,)
            parts = sums.halved(wide, [one % len(x.shape) for one in axes])
        first, *rest = (self.xp.sum(part, axis=axis, keepdims=keepdims, dtype=wide.dtype) for part in parts)
        for part in rest:
            first = first + part
        return self._narrow(first, x)

    @_halves
    @needs("prod")
    def prod(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        wide = self._wide(x)
        return self._narrow(self.xp.prod(wide, axis=axis, keepdims=keepdims, dtype=wide.dtype), x)

    @_halves
    @needs(kernels=("sum", "full"))
    def mean(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        wide = self._wide(x)
        total = self.sum(wide, axis=axis, keepdims=keepdims)
        count = math.prod(x.shape) // max(math.prod(total.shape), 1)
        if not count:
            return self.full(shape=tuple(total.shape), fill_value=float("nan"), dtype=self.dtype_of(x))
        return self._narrow(total / float(count), x)

    @_halves
    @needs("cumulative_sum")
    def cumulative_sum(self, x: Any, *, axis: int) -> Any:
        wide = self._wide(x)
        return self._narrow(self.xp.cumulative_sum(wide, axis=axis, dtype=wide.dtype), x)

    @_halves
    @needs("cumulative_prod")
    def cumulative_prod(self, x: Any, *, axis: int) -> Any:
        wide = self._wide(x)
        return self._narrow(self.xp.cumulative_prod(wide, axis=axis, dtype=wide.dtype), x)

    def _wide(self, x: Any) -> Any:
        return self.astype(x, dtype=dt.float32) if self._is(x, dt.HALVES) else x

    def _narrow(self, result: Any, x: Any) -> Any:
        return self.astype(result, dtype=self.dtype_of(x)) if self._is(x, dt.HALVES) else result

    # Sorting: stable, NaN last -------------------------------------------------------------------------------------

    @needs("argsort", kernels="astype")
    def argsort(self, x: Any, *, axis: int, descending: bool) -> Any:
        return self._counted(self.xp.argsort(self._key(x, descending), axis=axis, stable=True))

    @_booleans
    @needs("sort")
    def sort(self, x: Any, *, axis: int, descending: bool) -> Any:
        in_order = self.xp.sort(self._key(x, descending), axis=axis, stable=True)
        return self._back(self._reversed(in_order) if descending else in_order, x)

    def _key(self, x: Any, descending: bool) -> Any:
        """Values whose ascending order is the order wanted: ties stay ties, and NaN stays NaN."""
        return self._reversed(self._ordered(x)) if descending else self._ordered(x)

    def _reversed(self, x: Any) -> Any:
        return -x if self._is(x, dt.FLOATING) else ~x

    @needs("searchsorted", kernels="astype")
    def searchsorted(self, x1: Any, x2: Any, *, side: str) -> Any:
        return self._counted(self.xp.searchsorted(self._ordered(x1), self._ordered(x2), side=side))

    # Indexing ------------------------------------------------------------------------------------------------------

    @needs("reshape", "take", "where", kernels="astype", when=_with_index_arrays)
    def getitem(self, x: Any, *indices: Any, key: Key) -> Any:
        if not indices:
            return x[library_key(key, ())]
        self._check(x, key, indices)
        return flat.getitem(self, x, indices, key)

    @needs("concat", "permute_dims", *_SCATTER, kernels="astype")
    def index_add(self, x: Any, updates: Any, *indices: Any, key: Key) -> Any:
        self._check(x, key, indices)
        return flat.index_add(self, x, self._pair(x, updates)[1], indices, key)

    @needs(*_SCATTER, kernels="astype")
    def index_set(self, x: Any, updates: Any, *indices: Any, key: Key) -> Any:
        self._check(x, key, indices)
        return flat.index_set(self, x, self._pair(x, updates)[1], indices, key)

    def _check(self, x: Any, key: Key, indices: tuple[Any, ...]) -> None:
        if indices:
            check_indices(tuple(x.shape), key, [self.to_numpy(index) for index in indices])

    # Shapes --------------------------------------------------------------------------------------------------------

    @needs("reshape")
    def reshape(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return self.xp.reshape(x, shape)

    @needs("permute_dims")
    def permute_dims(self, x: Any, *, axes: tuple[int, ...]) -> Any:
        return self.xp.permute_dims(x, places(axes, len(axes)))

    @needs("broadcast_to")
    def broadcast_to(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return self.xp.broadcast_to(x, shape)

    @needs("concat")
    def concat(self, *arrays: Any, axis: int) -> Any:
        return self.xp.concat(arrays, axis=axis)

    @needs("flip")
    def flip(self, x: Any, *, axis: Any) -> Any:
        if axis is not None:
            places(axis if axis.__class__ is tuple else (axis,), len(x.shape))  # some take axis 0 of an array of none
        return self.xp.flip(x, axis=axis)

    @needs("concat", kernels="full")
    def pad(self, x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        dtype = self.dtype_of(x)
        for axis, ends in enumerate(widths):
            before, after = (
                self.full(shape=(*x.shape[:axis], size, *x.shape[axis + 1 :]), fill_value=value, dtype=dtype)
                for size in ends
            )
            x = self.xp.concat([before, x, after], axis=axis)
        return x


def _apart(xp: Any, x1: Any, x2: Any) -> Any:
    """Where a number other than 0 and an infinity have different signs."""
    return (xp.signbit(x1) != xp.signbit(x2)) & (x1 != 0)
