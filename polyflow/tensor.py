"""Tensor: one array of one backend, and the operators and protocols through which other code meets it.

`Operators` is shared by everything that stands for an array: a Tensor, a Variable, and the symbol of a traced function.
It holds the operators and the methods made of ops; what a value *is* (array, shape, host copy) its class says.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from . import dtypes as dt
from . import ufuncs
from .backend import discovery, selection
from .convert import DEEPEST, Nested, host_array, nested, numbers, to_host, too_deep
from .errors import BackendBrokenError, BackendError, DTypeError, ShapeError
from .ops import call, elementwise, indexing, linalg, reduction, shape
from .ops.declare import OPS
from .tensor_shape import TensorShape

if TYPE_CHECKING:
    from .backend.protocol import Backend

OPERANDS = (bool, int, float, complex, np.generic, np.ndarray, list, tuple)
"""Types besides tensors that an operator accepts; any other is left to its own class (NotImplemented)."""


_ASTYPE, _CASTS = OPS["astype"].fixed, elementwise.CASTS


def _accepts(other: Any) -> bool:
    return isinstance(other, (Operators, *OPERANDS))


def _operator(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return call.binary(function.op, _accepts)  # type: ignore[attr-defined]


def _reflected(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return call.reflected(function.op, _accepts)  # type: ignore[attr-defined]


class Operators:
    """Operators, and the methods that are an op under another name."""

    __slots__ = ()
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    if TYPE_CHECKING:
        backend: Backend

        @property
        def shape(self) -> TensorShape: ...
        @property
        def dtype(self) -> np.dtype: ...
        @property
        def device(self) -> str: ...
        def numpy(self) -> np.ndarray: ...
        def copy(self) -> Tensor: ...
        def to(self, target: Any) -> Tensor: ...

    def get_shape(self) -> TensorShape:
        """The size of each axis (TensorFlow's name for ``shape``)."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Claim sizes of axes, None for one that is not known, as TensorFlow's users do in a ``Dataset.map``.

        Raises:
            ShapeError: if the tensor has others.
        """
        if shape is not None and not self.shape.is_compatible_with(shape):
            raise ShapeError(f"set_shape got {tuple(shape)}, and the tensor has the shape {tuple(self.shape)}.")

    def read(self) -> Tensor:
        """The value itself: for a Variable, the tensor it holds now."""
        return self  # type: ignore[return-value]

    __add__ = _operator(elementwise.add)
    __sub__ = _operator(elementwise.subtract)
    __mul__ = _operator(elementwise.multiply)
    __truediv__ = _operator(elementwise.divide)
    __floordiv__ = _operator(elementwise.floor_divide)
    __mod__ = _operator(elementwise.remainder)
    __pow__ = _operator(elementwise.pow)
    __matmul__ = _operator(linalg.matmul)
    __and__ = _operator(elementwise.bitwise_and)
    __or__ = _operator(elementwise.bitwise_or)
    __xor__ = _operator(elementwise.bitwise_xor)
    __lshift__ = _operator(elementwise.bitwise_left_shift)
    __rshift__ = _operator(elementwise.bitwise_right_shift)
    __radd__ = _reflected(elementwise.add)
    __rsub__ = _reflected(elementwise.subtract)
    __rmul__ = _reflected(elementwise.multiply)
    __rtruediv__ = _reflected(elementwise.divide)
    __rfloordiv__ = _reflected(elementwise.floor_divide)
    __rmod__ = _reflected(elementwise.remainder)
    __rpow__ = _reflected(elementwise.pow)
    __rmatmul__ = _reflected(linalg.matmul)
    __rand__ = _reflected(elementwise.bitwise_and)
    __ror__ = _reflected(elementwise.bitwise_or)
    __rxor__ = _reflected(elementwise.bitwise_xor)
    __rlshift__ = _reflected(elementwise.bitwise_left_shift)
    __rrshift__ = _reflected(elementwise.bitwise_right_shift)
    __lt__ = _operator(elementwise.less)
    __le__ = _operator(elementwise.less_equal)
    __gt__ = _operator(elementwise.greater)
    __ge__ = _operator(elementwise.greater_equal)
    __eq__ = _operator(elementwise.equal)
    __ne__ = _operator(elementwise.not_equal)

    def __neg__(self) -> Tensor:
        return elementwise.negative(self)

    def __pos__(self) -> Tensor:
        return elementwise.positive(self)

    def __abs__(self) -> Tensor:
        return elementwise.abs(self)

    def __invert__(self) -> Tensor:
        return elementwise.bitwise_invert(self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return ufuncs.called(self, ufunc, method, inputs, options)

    __getitem__ = indexing.getitem

    def __setitem__(self, key: Any, value: Any) -> None:
        from .flow.assignment import assign

        assign(self, key, value)

    # Shape ---------------------------------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix (all axes reversed, for other ranks)."""
        return shape.transpose(self)

    @property
    def mT(self) -> Tensor:
        """The transpose of each matrix in the last two axes."""
        return shape.matrix_transpose(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor: it has no axes. Use .item() for its value.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("cannot iterate over a 0-d tensor: it has no axes. Use .item() for its value.")
        return (self[i] for i in range(self.shape[0]))

    def reshape(self, *shape_: Any) -> Tensor:
        """The same elements in another shape; one size may be -1."""
        return shape.reshape(self, *shape_) if len(shape_) == 1 else shape.reshape(self, shape_)

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order (reversed if none are given)."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return shape.transpose(self, order or None)

    def ravel(self) -> Tensor:
        """All elements on one axis."""
        return shape.reshape(self, (-1,))

    def squeeze(self, axis: Any = None) -> Tensor:
        """Without the axes of size 1 (or without those that ``axis`` names)."""
        return shape.squeeze(self, axis)

    # Values --------------------------------------------------------------------------------------------------------

    def conj(self) -> Tensor:
        """The complex conjugate of each element; real numbers as they are."""
        return elementwise.conj(self)

    def astype(self, dtype: Any, *, copy: bool = True, saturate: bool = False) -> Tensor:
        """The values converted to ``dtype``.

        Args:
            dtype: the dtype.
            copy: False for this very tensor when it has that dtype.
            saturate: whether numbers outside an integer dtype's range become its nearest limit, and NaN 0. Otherwise
                what they become is not specified.
        """
        if copy and not saturate:
            return _ASTYPE(self, _CASTS[dt.as_dtype(dtype)])
        target = dt.as_dtype(dtype)
        if saturate:
            return elementwise.saturate_cast(self, target)
        return self.read() if not copy and self.dtype is target else _ASTYPE(self, _CASTS[target])

    # NumPy's functions call these methods, with ``out`` (and ``dtype`` or ``ddof``): np.mean(x) is x.mean().

    def sum(self, axis: Any = None, *, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
        """The sum over ``axis``."""
        _no_place(out)
        return reduction.sum(self, axis, dtype=dtype, keepdims=keepdims)

    def prod(self, axis: Any = None, *, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
        """The product over ``axis``."""
        _no_place(out)
        return reduction.prod(self, axis, dtype=dtype, keepdims=keepdims)

    def mean(self, axis: Any = None, *, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
        """The mean over ``axis``."""
        _no_place(out)
        return reduction.mean(self if dtype is None else self.astype(dtype), axis, keepdims)

    def std(
        self,
        axis: Any = None,
        *,
        correction: float = 0,
        keepdims: bool = False,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
    ) -> Tensor:
        """The standard deviation over ``axis``; ``ddof`` is NumPy's name for ``correction``."""
        _no_place(out)
        x = self if dtype is None else self.astype(dtype)
        return reduction.std(x, axis, correction=correction or ddof, keepdims=keepdims)

    def var(
        self,
        axis: Any = None,
        *,
        correction: float = 0,
        keepdims: bool = False,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
    ) -> Tensor:
        """The variance over ``axis``; ``ddof`` is NumPy's name for ``correction``."""
        _no_place(out)
        x = self if dtype is None else self.astype(dtype)
        return reduction.var(x, axis, correction=correction or ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, out: None = None, keepdims: bool = False) -> Tensor:
        """The largest element over ``axis``."""
        _no_place(out)
        return reduction.max(self, axis, keepdims)

    def min(self, axis: Any = None, *, out: None = None, keepdims: bool = False) -> Tensor:
        """The smallest element over ``axis``."""
        _no_place(out)
        return reduction.min(self, axis, keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """The index of the largest element along ``axis``."""
        return reduction.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """The index of the smallest element along ``axis``."""
        return reduction.argmin(self, axis, keepdims)

    def any(self, axis: Any = None, *, out: None = None, keepdims: bool = False) -> Tensor:
        """Whether any element over ``axis`` is true."""
        _no_place(out)
        return reduction.any(self, axis, keepdims)

    def all(self, axis: Any = None, *, out: None = None, keepdims: bool = False) -> Tensor:
        """Whether all elements over ``axis`` are true."""
        _no_place(out)
        return reduction.all(self, axis, keepdims)

    def item(self) -> Any:
        """The one element as a Python number."""
        return self._one("item")

    def tolist(self) -> Any:
        """The values as nested Python lists (a Python number for a 0-d tensor)."""
        return self.numpy().tolist()

    def _one(self, what: str) -> Any:
        if self.shape and self.size != 1:
            raise ValueError(
                f"{what}() of a tensor of shape {self.shape} is ambiguous: it has {self.size} elements. "
                "Reduce it first, e.g. with .all(), .any() or .sum()."
            )
        return self.numpy().item()

    def __bool__(self) -> builtins.bool:
        return builtins.bool(self._one("bool"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __float__(self) -> float:
        return float(self._one("float"))

    def __complex__(self) -> complex:
        return complex(self._one("complex"))

    def __index__(self) -> int:
        if self.dtype not in dt.INTEGERS:
            raise DTypeError(f"only an integer tensor of one element can be an index; this one is {self.dtype.name}.")
        if self.shape:
            raise TypeError(f"only a 0-d integer tensor can be an index; this one has shape {self.shape}.")
        return int(self._one("index"))

    def __format__(self, spec: str) -> str:
        return formatted(self.item() if spec and not self.shape else str(self), spec, self.shape)

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        from .array_api import namespace

        return namespace.of(self.backend) if api_version is None else namespace.of_version(self.backend, api_version)

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> np.ndarray:
        if not self.backend.is_host(self.device):
            raise TypeError(
                f"a tensor on {self.device} is not an array of this machine's memory. Write x.numpy() to copy it there."
            )
        host = self.numpy()
        if copy is False and dtype is not None and np.dtype(dtype) != host.dtype:
            raise ValueError(f"a {self.dtype.name} tensor cannot be a {np.dtype(dtype)} array without a copy.")
        return np.array(host, dtype, copy=True if copy else None)


def _no_array(array: Any, backend: Backend) -> BackendBrokenError:
    from .backend.contract import a  # here, so that importing polyflow does not take the time for it

    return BackendBrokenError(f"a kernel of backend {backend.name!r} returned {a(array)}, expected an array.")


def _no_place(out: Any) -> None:
    if out is not None:
        raise TypeError("a tensor's result is a new tensor, so there is nothing for out= to be: leave it out.")


def assign_to_origin(part: Any) -> Callable[[Any], Any]:
    """What ``variable[key].assign`` is, for a part of a variable."""
    origin = getattr(part, "origin", None)
    if origin is None:
        raise AttributeError(
            "a tensor has no 'assign'; a variable has, and v[key] of one. Change a tensor with x[key] = values.",
            name="assign",
        )
    variable, key = origin
    return lambda value: variable.assign_at(key, value)


def concrete(x: Any) -> TypeGuard[Tensor]:
    """Whether ``x`` is a tensor that has values, on a backend."""
    return issubclass(x.__class__, Tensor)


def is_spec(x: Any) -> bool:
    """Whether ``x`` describes tensors, as a `TensorSpec` does."""
    return hasattr(x, "accepts") and hasattr(x, "fixed")


class Symbolic(Operators):
    """A tensor of a traced function, which has no values yet."""

    __slots__ = ()


class _TensorType(type):
    """Tensors of traced functions are instances of `Tensor` too, as users expect; `concrete` tells them apart."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return issubclass(instance.__class__, (cls, Symbolic) if cls is Tensor else cls)


class Tensor(Operators, metaclass=_TensorType):
    """An array of numbers on one backend, a value: ``x[key] = y`` changes ``x`` and nothing that was made of it.

    Tensors come from `tensor`, from creation functions and from ops. ``array`` is the library's own array: polyflow
    never writes to it, and neither should you.
    """

    __slots__ = ("__weakref__", "array", "backend", "fixed", "mask", "origin")

    array: Any
    backend: Backend

    def __init__(self, array: Any, backend: Backend) -> None:
        self.array = array
        self.backend = backend

    @property
    def shape(self) -> TensorShape:
        """The size of each axis."""
        try:
            return TensorShape(self.array.shape)
        except AttributeError:
            raise _no_array(self.array, self.backend) from None

    @property
    def dtype(self) -> np.dtype:
        """The elements' dtype."""
        try:
            return self.backend.dtype_of(self.array)
        except AttributeError:
            if hasattr(self.array, "dtype"):
                raise
            raise _no_array(self.array, self.backend) from None

    @property
    def device(self) -> str:
        """The device on which the array lies, e.g. ``"cpu:0"``."""
        return self.backend.device_of(self.array)

    @property
    def assign(self) -> Callable[[Any], Any]:
        """A function that gives elements of a variable other values, for a tensor that is ``variable[key]``.

        Raises:
            AttributeError: for any other tensor.
        """
        return assign_to_origin(self)

    def numpy(self) -> np.ndarray:
        """The values on the host: a read-only view where the library allows, else a copy; a scalar without axes."""
        array = self.array
        if not hasattr(array, "dtype"):
            raise _no_array(array, self.backend)
        host = self.backend.to_numpy(array)
        return host if host.shape else host[()]

    def _one(self, what: str) -> Any:
        array = self.array
        if isinstance(array, (np.generic, np.ndarray)) and array.size == 1:
            return array.item()
        return super()._one(what)

    def copy(self) -> Tensor:
        """A tensor of the same values. (It may share their memory: assigning to one does not change the other.)"""
        return elementwise.identity(self)

    def to(self, target: Any) -> Tensor:
        """The same values on another backend or device: ``x.to("jax")``, ``x.to("cupy:1")``. Gradients move back."""
        backend = discovery.get(target)
        if backend is self.backend:
            return self
        top = call.interpreter.get()
        return moved(self, backend) if top is None else top.move(self, backend)

    def to_device(self, device: str, /, *, stream: Any = None) -> Tensor:
        """The same values on another device of the same library (array API standard)."""
        if device == self.device:
            return self
        return self.to(f"{self.backend.name}:{device}")

    def __format__(self, spec: str) -> str:
        """The values as NumPy prints them, without the rest of `str`: ``f"loss {loss:.3f}"``, ``f"loss {loss}"``."""
        values = self.numpy()
        return formatted(values[()] if spec and not self.shape else str(values[()]), spec, self.shape)

    def __repr__(self) -> str:
        from .printing import tensor_repr

        return tensor_repr(self)

    def __str__(self) -> str:
        from .printing import tensor_str

        return tensor_str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.numpy(), self.backend.name, self.backend.device)

    def __copy__(self) -> Tensor:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.copy()

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: builtins.bool | None = None,
    ) -> Any:
        array = _as_array(self.backend.asarray(self.numpy()) if copy else self.array)
        if isinstance(array, np.ndarray) and max_version is not None and max_version >= (1, 0) and not copy:
            array = array[...]  # the first version that can say so: other libraries may not write to a tensor
            array.flags.writeable = False
        version = max_version if max_version is not None and max_version >= (1, 0) else None  # older ones have no flags
        given = {"stream": stream, "max_version": version, "dl_device": dl_device}
        return array.__dlpack__(**{name: value for name, value in given.items() if value is not None})

    def __dlpack_device__(self) -> tuple[int, int]:
        return _as_array(self.array).__dlpack_device__()


def _as_array(array: Any) -> Any:
    """A NumPy scalar, which some kernels return, as a 0-d array; other arrays as they are."""
    return np.asarray(array) if isinstance(array, np.generic) else array


def moved(value: Tensor, backend: Backend) -> Tensor:
    """A tensor's values as a tensor of ``backend``: through the host, always a copy; no interpreter sees it."""
    return Tensor(backend.asarray(value.numpy(), value.dtype), backend)


def _unpickle(array: np.ndarray, name: str, device: str) -> Tensor:
    try:
        backend = discovery.get(f"{name}:{device}")
    except BackendError:
        backend = selection.current()
    return Tensor(backend.asarray(array), backend)


def tensor(obj: Any, dtype: Any = None, *, backend: Any = None) -> Tensor:
    """A new tensor holding ``obj``, copied.

    Args:
        obj: a number, a nested list of numbers, an array of any library, or a tensor.
        dtype: the dtype; without it NumPy values keep theirs, Python floats become float32, integers int32
            (int64 if they do not fit), complex numbers complex64.
        backend: a backend or its name; the current one if left out.

    Raises:
        ShapeError: for ragged lists. DTypeError: for values that are no numbers. OverflowError: for integers too large.
    """
    target = here() if backend is None else discovery.get(backend)
    wanted = None if dtype is None else dt.as_dtype(dtype)
    if wanted is None:  # the usual ones first
        kind = obj.__class__
        if kind is float:
            return Tensor(target.adopt(host_array(obj, dt.DEFAULT_FLOAT)), target)
        if kind is list:
            found = numbers(obj)
            if found is not None:
                return Tensor(target.adopt(found), target)
        if kind is np.ndarray and obj.dtype in dt.HELD:
            return Tensor(target.asarray(obj), target)
    if obj.__class__ in dt.SCALARS:
        return Tensor(target.adopt(to_host(obj, wanted)), target)
    if isinstance(obj, (list, tuple)):
        if not holds_tensors(obj):
            return Tensor(target.adopt(to_host(obj, wanted)), target)  # a new array, which nobody else holds
        obj = packed(obj)
    if isinstance(obj, Operators):
        value = obj.read() if wanted is None else obj.astype(wanted)
        return value.to(target) if backend is not None else value.copy()
    return Tensor(target.asarray(to_host(obj, wanted)), target)


def asarray(obj: Any, dtype: Any = None, *, backend: Any = None) -> Tensor:
    """``obj`` as a tensor: itself where it is one already (of that dtype and backend), else a new one."""
    if obj.__class__ is Tensor and dtype is None and backend is None:
        return obj
    if isinstance(obj, Operators) and backend is None:
        return obj.read() if dtype is None else obj.astype(dtype, copy=False)
    return tensor(obj, dtype, backend=backend)


def beside(obj: Any, value: Any) -> Tensor:
    """``obj`` as a tensor of the dtype of ``value``; what is no tensor yet is made on its backend."""
    return asarray(obj, value.dtype, backend=None if isinstance(obj, Operators) else value.backend)


def here() -> Backend:
    """The backend of tensors made here: that of the function being traced, else the current one."""
    top = call.interpreter.get()
    return (None if top is None else top.backend) or selection.current()


def formatted(value: Any, spec: str, shape: tuple[int, ...]) -> str:
    """A number, or the text of all values of a tensor with axes, in a format.

    Raises:
        ValueError: for a tensor with axes and a format that is for numbers.
    """
    try:
        return format(value, spec)
    except ValueError:
        if not shape:
            raise
        raise ValueError(
            f"the format {spec!r} is for one number; this tensor has shape {shape}. "
            "Print x.numpy().round(2), or format each of its numbers."
        ) from None


def holds_tensors(obj: Any, depth: int = 0) -> builtins.bool:
    """Whether a nested list, itself so deep in another, holds a tensor, a variable or a traced value."""
    if depth > DEEPEST:
        raise too_deep()
    for kind in {*map(type, obj)}:
        if issubclass(kind, Operators):
            return True
        if issubclass(kind, (list, tuple)):
            inner = (one for one in obj if type(one) is kind)
            if builtins.any(holds_tensors(one, depth + 1) for one in inner):
                return True
    return False


def packed(obj: list[Any] | tuple[Any, ...]) -> Tensor:
    """A nested list with tensors in it, stacked to one tensor; numbers and lists of numbers beside them are weak.

    Raises:
        ShapeError: where shapes differ. MixedBackendsError: where backends do.
    """
    found = list(_tensors_in(obj))
    return _stacked(obj, dt.result_type(*[value.dtype for value in found]), found[0].backend)


def _tensors_in(obj: Any) -> Iterator[Operators]:
    for one in obj:
        if isinstance(one, Operators):
            yield one
        elif isinstance(one, (list, tuple)):
            yield from _tensors_in(one)


def _stacked(obj: Any, dtype: np.dtype, backend: Backend) -> Any:
    if isinstance(obj, Operators):
        return obj.read()
    if isinstance(obj, (list, tuple)) and holds_tensors(obj):
        return shape.stack([_stacked(one, dtype, backend) for one in obj])
    weak = nested(obj) if isinstance(obj, (list, tuple)) else obj
    kind = weak.kind if isinstance(weak, Nested) else type(weak)
    return tensor(obj, dt.result_type(dtype, kind) if kind in dt.SCALARS else None, backend=backend)


def check_shape(given: tuple[int, ...], expected: tuple[int, ...], what: str) -> None:
    """Raise ShapeError unless two shapes are equal."""
    if tuple(given) != tuple(expected):
        raise ShapeError(f"{what} has shape {tuple(expected)}; got a value of shape {tuple(given)}.")
