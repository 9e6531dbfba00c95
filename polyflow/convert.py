"""From what a user writes to a host array: Python scalars, nested lists and arrays, with polyflow's default dtypes."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from . import dtypes as dt
from .backend.quiet import quiet
from .errors import DTypeError, ShapeError

host_array = quiet(np.array)
"""`np.array` without a warning where a number becomes infinite."""

converted = quiet(np.ndarray.astype)
"""An array's numbers in another dtype, without such a warning either."""


class Nested(NamedTuple):
    """A nested list of Python numbers, not yet in a dtype: weak, as a single number is.

    ``values`` are in NumPy's widest dtype of their kind, ``kind`` is the Python type that holds them all.
    """

    values: np.ndarray
    kind: type

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest of integers."""
        return (int(self.values.min()), int(self.values.max())) if self.values.size else (0, 0)

    def fitting(self, dtype: np.dtype) -> np.ndarray:
        """The values, which are known to fit ``dtype``; raises OverflowError for integers outside its range."""
        if self.kind is int:
            for limit in self.limits:
                dt.check_fits(limit, dtype)
        return self.values


_HOST = 1  # DLPack's number for the memory of the processor


def to_host(obj: Any, dtype: np.dtype | None = None) -> np.ndarray:
    """A NumPy array of ``obj``: NumPy values keep their dtype, Python ones take polyflow's defaults.

    The result may alias ``obj`` when that is an array: copy it before keeping it.

    Args:
        obj: a scalar, a nested list or tuple of scalars or arrays, an array, or anything with ``__array__``.
        dtype: the dtype to convert to, if any.

    Raises:
        ShapeError: for ragged lists, naming the position.
        DTypeError: for strings and objects, and for Python floats where an integer dtype is asked for.
        OverflowError: for Python integers that do not fit.
    """
    if isinstance(obj, np.ndarray):
        return _cast(obj, dtype)
    if obj.__class__ in dt.SCALARS:
        return _scalar(obj, dtype)
    if isinstance(obj, np.generic):
        return _cast(np.asarray(obj), dtype)
    if isinstance(obj, (list, tuple, range)):
        found = nested(obj)
        return _cast(found, dtype) if isinstance(found, np.ndarray) else _weak(found, dtype)
    if isinstance(obj, dt.SCALARS):  # subclasses, such as IntEnum
        return _scalar(plain(obj), dtype)
    if hasattr(obj, "__dlpack_device__") and obj.__dlpack_device__()[0] != _HOST:
        return _cast(np.from_dlpack(obj, device="cpu", copy=True), dtype)
    if hasattr(obj, "__array__") or hasattr(obj, "__array_interface__") or isinstance(obj, memoryview):
        return _cast(np.asarray(obj), dtype)
    if hasattr(obj, "__dlpack__"):
        return _cast(np.from_dlpack(obj), dtype)
    raise DTypeError(
        f"cannot make a tensor of {type(obj).__name__} {short(obj)}. "
        "Expected a number, a nested list of numbers, or an array."
    )


LARGEST = float(np.finfo(np.float32).max)
"""The largest finite number of float32."""


def held(value: Any, dtype: np.dtype) -> Any:
    """A Python number as ``dtype`` holds it: infinite where that has none so large. Raises what `to_host` raises."""
    host = to_host(value, dtype)
    return value if dtype in dt.INTEGERS or dtype is dt.bool_ or np.isfinite(host) else host.item()


def fitting(obj: Any, dtype: np.dtype) -> np.ndarray:
    """`to_host` that refuses NumPy values as it refuses Python ones: where ``dtype`` holds no such numbers.

    Raises:
        DTypeError: for floats where it is one of integers, complex numbers where it is a real one.
        OverflowError: for integers outside its range.
    """
    if obj.__class__ in dt.SCALARS:
        return _scalar(obj, dtype)
    host = nested(obj) if isinstance(obj, (list, tuple, range)) else to_host(obj)
    if isinstance(host, Nested):
        return _weak(host, dtype)
    given = dt.as_dtype(host.dtype)
    if dt.kind(given) > max(dt.kind(dtype), 1) and dtype is not dt.bool_:
        raise DTypeError(
            f"cannot store {given.name} values in dtype {dtype.name} without losing part of them. "
            "Convert them first if you mean it."
        )
    if given is not dtype and given in dt.INTEGERS and host.size:
        for limit in (host.min(), host.max()):
            dt.check_fits(int(limit), dtype, given.name)
    return _cast(host, dtype)


def numbers(obj: list[Any]) -> np.ndarray | None:
    """A list of Python floats or integers alone, or of lists of them, in their default dtype; None for any other."""
    kinds = {*map(type, obj)}
    try:
        if kinds == _FLOATS or (kinds == _LISTS and all(map(_only_floats, obj))):
            return host_array(obj, dt.DEFAULT_FLOAT)
        if kinds == _INTEGERS:
            return np.array(obj, dt.int32 if min(obj) >= -_FAR and max(obj) < _FAR else dt.int64)
    except (ValueError, OverflowError):  # ragged, or too large: what is wrong is said elsewhere
        pass
    return None


_FLOATS, _INTEGERS, _LISTS, _FAR = {float}, {int}, {list}, 2**31


def nested(obj: Any) -> Nested | np.ndarray:
    """A nested list: weak where its first element is a Python number, an array where that is an array's.

    Raises:
        ShapeError: for ragged lists, naming the position. DTypeError: for elements that are no numbers.
        OverflowError: for integers that no dtype holds.
    """
    try:
        array = np.asarray(obj)
    except (ValueError, TypeError):
        array = None
    if array is None or array.dtype.kind not in "biufcV":
        _refuse(obj)
        raise DTypeError(f"cannot make a tensor of {short(obj)}. Expected numbers or booleans.")
    if _leaf(obj).__class__ not in dt.SCALARS:
        return array
    if array.dtype.kind in "uf" and not _only_floats(obj) and array.size and np.abs(array).max() >= 2**63:
        _refuse(obj)  # integers too large for int64 became uint64 or float64
    return Nested(array, {"b": bool, "i": int, "u": int, "f": float, "c": complex}[array.dtype.kind])


def _only_floats(obj: Any) -> bool:
    """Whether all elements of a nested list are Python floats."""
    kinds = {*map(type, obj)}
    return kinds <= {float} or (kinds == {list} and all(map(_only_floats, obj)))


def _weak(found: Nested, dtype: np.dtype | None) -> np.ndarray:
    """A list of Python numbers in ``dtype``, or in their default."""
    if dtype is None:
        if found.kind is int:
            low, high = found.limits
            return found.values.astype(dt.promote(dt.default(low), dt.default(high)))
        return converted(found.values, dt.as_dtype(found.kind))
    if (
        found.values.size
        and found.kind in (float, complex)
        and dt.kind(dtype) < dt.SCALARS.index(found.kind)
        and dtype is not dt.bool_
    ):
        raise DTypeError(
            f"cannot store {short(found.values.tolist())} in dtype {dtype.name} without losing part of the numbers. "
            "Leave out dtype= and convert with astype if you mean it."
        )
    return converted(found.fitting(dtype), dtype)


def _cast(array: np.ndarray, dtype: np.dtype | None) -> np.ndarray:
    if dtype is None and array.dtype in dt.HELD:
        return array
    if array.dtype == object or array.dtype.kind in "SUMm":
        raise DTypeError(
            f"cannot make a tensor of an array of {array.dtype} values. "
            "Expected numbers or booleans: convert them first."
        )
    target = dt.as_dtype(array.dtype) if dtype is None else dtype
    if array.dtype == target:
        return array
    real = array.dtype.kind == "c" and target not in dt.COMPLEX and target is not dt.bool_
    return converted(np.real(array) if real else array, target)


def _scalar(value: Any, dtype: np.dtype | None) -> np.ndarray:
    if dtype is None:
        return host_array(value, dt.default(value))
    if dt.SCALARS.index(type(value)) > max(dt.kind(dtype), 1 if dtype in dt.INTEGERS else 0) and dtype is not dt.bool_:
        raise DTypeError(
            f"cannot store the Python {type(value).__name__} {value!r} in dtype {dtype.name} "
            "without losing part of it. Leave out dtype= and convert with astype if you mean it."
        )
    if type(value) is int:
        dt.check_fits(value, dtype)
    return np.asarray(value).astype(dtype) if dtype is dt.bool_ else host_array(value, dtype)


def _leaf(obj: Any) -> Any:
    while isinstance(obj, (list, tuple, range)):
        if not obj:
            return 0.0
        obj = obj[0]
    return obj


DEEPEST = 64
"""How deep lists of numbers may be nested, as in NumPy."""


def too_deep() -> ShapeError:
    """The error for a list that is nested deeper, as one that holds itself is."""
    return ShapeError(f"a list is nested deeper than {DEEPEST} levels: does it hold itself? Expected lists of numbers.")


@contextmanager
def unless_endless() -> Iterator[None]:
    """A block that goes through containers in containers to their ends, which those that hold themselves have not."""
    try:
        yield
    except RecursionError:
        raise ShapeError("a container is nested too deeply: does it hold itself?") from None


def _refuse(obj: Any, where: str = "") -> tuple[int, ...]:
    """Raise the error that names the position at which a nested list is ragged or holds no number; else its shape."""
    if isinstance(obj, (list, tuple)):
        if where.count("[") > DEEPEST:
            raise too_deep()
        shapes = [_refuse(one, f"{where}[{i}]") for i, one in enumerate(obj)]
        for i, shape in enumerate(shapes):
            if shape != shapes[0]:
                raise ShapeError(
                    f"ragged nested list: element{where}[{i}] has shape {shape}, "
                    f"but element{where}[0] has shape {shapes[0]}. Expected the same shape everywhere; "
                    "pad the short ones."
                )
        return (len(obj), *(shapes[0] if shapes else ()))
    if isinstance(obj, int):
        dt.check_fits(obj, dt.int64)
    if isinstance(obj, (*dt.SCALARS, np.number, np.bool_)):
        return ()
    if hasattr(obj, "shape") and not isinstance(obj, type):
        return tuple(obj.shape)
    at = f" at position {where}" if where else ""
    raise DTypeError(
        f"cannot make a tensor: {short(obj)} ({type(obj).__name__}){at} is no number. Expected numbers or booleans."
    )


def plain(obj: Any) -> Any:
    """An instance of a subclass of a Python number type, such as an IntEnum's member, as that type's own."""
    kind: Any = next((base for base in (int, float, complex) if isinstance(obj, base)), None)
    return obj if kind is None else kind(obj)


def number(what: str, value: Any) -> Any:
    """A number that a user gives, or a tensor of one, as a Python number."""
    found = value.item() if hasattr(value, "item") else value
    if not isinstance(found, dt.SCALARS):
        raise DTypeError(f"{what} needs a number; got {short(value)} ({type(value).__name__}).")
    return found


def integer(what: str, name: str, value: Any) -> int:
    """An integer that a user gives as the argument ``name``, or a tensor of one."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"{what} needs an integer as {name}; got {short(value)} ({type(value).__name__}).")
    return operator.index(value)


def short(obj: Any) -> str:
    """How an object is shown in an error: its repr, cut."""
    text = repr(obj)
    return text if len(text) <= 60 else text[:57] + "..."
