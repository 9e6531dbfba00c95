"""Variable: a named place that holds a tensor, read and assigned through the current interpreter."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import dtypes as dt
from .convert import short
from .errors import DTypeError, ShapeError, TraceError
from .ops import indexing
from .ops.call import interpreter
from .tensor import Operators, Tensor, asarray, check_shape, concrete, here, moved, tensor
from .tensor_shape import TensorShape

_top = interpreter.get


class Variable(Operators):
    """A tensor that can be assigned, of fixed shape and dtype; what models train.

    Its value is ``fixed`` as soon as somebody else may know it. One that is not came out of a program, which may work
    in its memory (`polyflow.models.handover`).

    Args:
        initial_value: anything `tensor` accepts; copied. A function of no arguments is called for it.
        dtype: the dtype (as `tensor`).
        name: a name for messages and saved models.
        trainable: whether tapes watch it by themselves and optimizers change it.
        backend: the backend to place it on; the current one if left out.
        constraint: a function of the value, whose result takes its place after each step of an optimizer.
    """

    __slots__ = ("__weakref__", "_value", "constraint", "name", "path", "trainable")

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        *,
        backend: Any = None,
        constraint: Any = None,
    ) -> None:
        value = initial_value() if callable(initial_value) else initial_value
        self._value = _own(_first(value, dtype, backend))
        self.name = name or "Variable"
        self.path = self.name
        self.trainable = trainable
        self.constraint = constraint
        top = interpreter.get()
        if top is not None:
            top.made(self)

    @property
    def shape(self) -> TensorShape:
        """The size of each axis; it never changes."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype:
        """The elements' dtype; it never changes."""
        return self._value.dtype

    @property
    def backend(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The backend that holds the value."""
        return self._value.backend

    @property
    def device(self) -> str:
        """The device on which the value lies."""
        return self._value.device

    def read(self) -> Tensor:
        """The tensor it holds now; a tape remembers that it was read here."""
        top = _top()
        value = self._value if top is None else top.read(self)
        value.fixed = True
        return value

    @property
    def value(self) -> Tensor:
        """The tensor it holds now."""
        return self.read()

    def read_value(self) -> Tensor:
        """The tensor it holds now (TensorFlow's name)."""
        return self.read()

    def numpy(self) -> np.ndarray:
        """The values on the host."""
        return self.read().numpy()

    def assign(self, value: Any) -> Variable:
        """Hold ``value`` from now on; returns the variable.

        Raises:
            ShapeError: unless the shapes are equal. DTypeError: where converting would lose a kind (float to integer).
        """
        top, held = _top(), self._value
        aside = top is None or (top.below is None and top.live is not None)  # a tape does not record assignments
        if value.__class__ is Tensor and aside and value.backend is held.backend:
            array, old = value.array, held.array
            if array.shape == old.shape and array.dtype is old.dtype:  # the usual one
                value.fixed = True
                self._value = value
                return self
        given = value.read() if isinstance(value, Operators) else None
        if given is None:
            given = tensor(
                value,
                self.dtype if isinstance(value, (bool, int, float, complex, list, tuple)) else None,
                backend=self.backend,
            )
        check_shape(given.shape, self.shape, f"variable {self.name!r}")
        if given.dtype is not self.dtype:
            if dt.kind(given.dtype) > dt.kind(self.dtype):
                raise DTypeError(
                    f"variable {self.name!r} holds {self.dtype.name}; {given.dtype.name} values would lose something. "
                    f"Convert with value.astype({self.dtype.name!r}) if you mean it."
                )
            given = given.astype(self.dtype)
        if top is not None:
            top.assign(self, given)
        else:
            given = given if given.backend is self.backend else moved(given, self.backend)
            given.fixed = True
            self._value = given
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Add ``delta`` to the value; returns the variable."""
        return self.assign(self + delta)

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract ``delta`` from the value; returns the variable."""
        return self.assign(self - delta)

    def __getitem__(self, key: Any) -> Tensor:
        """Elements of the value; ``v[key].assign(values)`` changes them in the variable."""
        found = indexing.getitem(self, key)
        found.origin = self, key
        return found

    def assign_at(self, key: Any, value: Any) -> Variable:
        """Hold other values in the elements that ``key`` selects; returns the variable."""
        return self.assign(indexing.index_set(self.read(), key, value))

    def scatter_nd_update(self, indices: Any, updates: Any) -> Variable:
        """Replace the elements (or slices) at coordinates, as `tensor_scatter_nd_update`; returns the variable."""
        from .composed.gathering import tensor_scatter_nd_update

        return self.assign(tensor_scatter_nd_update(self, indices, updates))

    def scatter_nd_add(self, indices: Any, updates: Any) -> Variable:
        """Add to the elements at coordinates, as `tensor_scatter_nd_add`; returns the variable."""
        from .composed.gathering import tensor_scatter_nd_add

        return self.assign(tensor_scatter_nd_add(self, indices, updates))

    def scatter_nd_sub(self, indices: Any, updates: Any) -> Variable:
        """Subtract from the elements at coordinates, as `tensor_scatter_nd_sub`; returns the variable."""
        from .composed.gathering import tensor_scatter_nd_sub

        return self.assign(tensor_scatter_nd_sub(self, indices, updates))

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Replace slices along the first axis by those of an `IndexedSlices`; returns the variable."""
        return self.assign(indexing.index_set(self.read(), *self._slices(sparse_delta)))

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Add the slices of an `IndexedSlices`, also several to one place; returns the variable."""
        return self.assign(indexing.index_add(self.read(), *self._slices(sparse_delta)))

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Subtract the slices of an `IndexedSlices`, also several from one place; returns the variable."""
        places, values = self._slices(sparse_delta)
        return self.assign(indexing.index_add(self.read(), places, -values))

    def _slices(self, given: Any) -> tuple[Any, Tensor]:
        if not hasattr(given, "indices"):
            raise TypeError(
                f"a variable is changed in places by tf.IndexedSlices(values, indices); got {short(given)}."
            )
        places, values = (asarray(part, backend=self.backend) for part in (given.indices, given.values))
        if values.shape != (*places.shape, *self.shape[1:]):
            raise ShapeError(
                f"variable {self.name!r} of shape {self.shape} takes a slice of shape {self.shape[1:]} for each index; "
                f"got values of shape {values.shape} for indices of shape {places.shape}."
            )
        return places, values.astype(self.dtype, copy=False)

    def copy(self) -> Tensor:
        """The value as a tensor."""
        return self.read().copy()

    def to(self, target: Any) -> Tensor:
        """The value as a tensor on another backend."""
        return self.read().to(target)

    def move_to(self, backend: Any) -> None:
        """Move the variable itself to another backend, value and all."""
        self._value = _own(asarray(self._value.to(backend)))

    def __repr__(self) -> str:
        from .printing import variable_repr

        return variable_repr(self)

    __str__ = __repr__

    def __deepcopy__(self, memo: Any) -> Variable:
        return _restored(self._value, self.trainable, self.name, self.path, self.constraint)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._value, self.trainable, self.name, self.path, self.constraint)


def _restored(value: Tensor, trainable: bool, name: str, path: str, constraint: Any = None) -> Variable:
    variable = Variable(value, trainable, name=name, constraint=constraint)
    variable.path = path
    return variable


_hold = Variable.__dict__["_value"].__set__


def assign_all(variables: Iterable[Variable], values: Iterable[Tensor]) -> None:
    """Give each variable its value, of its own shape, dtype and backend.

    It is one call of C code, which Python does not interrupt: Ctrl-C comes before or after all of them.
    """
    deque(map(_hold, variables, values), maxlen=0)


@contextmanager
def all_or_nothing(variables: Sequence[Variable]) -> Iterator[None]:
    """A block that changes these variables as a whole: an exception or Ctrl-C leaves them as they were before."""
    before = [variable._value for variable in variables]
    try:
        yield
    except BaseException:
        assign_all(variables, before)
        raise


def _own(value: Tensor) -> Tensor:
    """A tensor of the variable's own, whose array others may hold."""
    own = Tensor(value.array, value.backend)
    own.fixed = True
    return own


def _first(value: Any, dtype: Any, backend: Any) -> Tensor:
    """A variable's first value: held, not traced or recorded, so that layers may be built inside a traced function."""
    if backend is None and not isinstance(value, Operators):
        backend = here()
    token = interpreter.set(None)
    try:
        value = value.read() if isinstance(value, Operators) else value
        if isinstance(value, Operators) and not concrete(value):
            value = value.begun()  # type: ignore[attr-defined]
            if value is None:
                raise TraceError(
                    "the first value of a variable made in a traced function is not known yet where it depends on the "
                    "function's arguments or is made in a branch or a loop. Start with another one, e.g. zeros, and "
                    "assign the computed one."
                )
        return tensor(value, dtype, backend=backend)
    finally:
        interpreter.reset(token)
