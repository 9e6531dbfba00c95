"""From what a user writes to a host array: Python scalars, nested lists, NumPy arrays, with polyflow's default dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes as dt
from .errors import DTypeError, ShapeError


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
    if isinstance(obj, (list, tuple)):
        return _nested(obj, dtype)
    if isinstance(obj, range):
        return _nested(list(obj), dtype)
    if hasattr(obj, "__array__") or hasattr(obj, "__array_interface__") or hasattr(obj, "__buffer__"):
        return _cast(np.asarray(obj), dtype)
    if hasattr(obj, "__dlpack__"):
        return _cast(np.from_dlpack(obj), dtype)
    raise DTypeError(
        f"cannot make a tensor of {type(obj).__name__} {_short(obj)}. Expected a number, a nested list of numbers, or an array."
    )


def _cast(array: np.ndarray, dtype: np.dtype | None) -> np.ndarray:
    if array.dtype == object or array.dtype.kind in "SUMm":
        raise DTypeError(
            f"cannot make a tensor of an array of {array.dtype} values. Expected numbers or booleans: convert them first."
        )
    target = dt.as_dtype(array.dtype) if dtype is None else dtype
    if array.dtype == target:
        return array
    with np.errstate(all="ignore"):
        return array.real.astype(target) if array.dtype.kind == "c" and dt.kind(target) < 3 else array.astype(target)


def _scalar(value: Any, dtype: np.dtype | None) -> np.ndarray:
    if dtype is None:
        return np.asarray(value, dt.default(value))
    if dt.SCALARS.index(type(value)) > max(dt.kind(dtype), 1 if dtype in dt.INTEGERS else 0) and dtype is not dt.bool_:
        raise DTypeError(
            f"cannot store the Python {type(value).__name__} {value!r} in dtype {dtype.name} without losing it."
        )
    if type(value) is int:
        dt.check_fits(value, dtype)
    return np.asarray(value).astype(dtype) if dtype is dt.bool_ else np.asarray(value, dtype)


def _nested(obj: list[Any] | tuple[Any, ...], dtype: np.dtype | None) -> np.ndarray:
    try:
        array = np.asarray(_plain(obj))
    except (ValueError, TypeError):
        array = None
    if array is None or array.dtype == object or array.dtype.kind in "SU":
        _refuse(obj)
        raise DTypeError(f"cannot make a tensor of {_short(obj)}.")
    if not array.size and array.dtype == np.float64:
        return array.astype(dtype or dt.DEFAULT_FLOAT)
    leaf = _leaf(obj)
    if leaf.__class__ not in dt.SCALARS:
        return _cast(array, dtype)
    if dtype is not None:
        if (
            array.dtype.kind in "fc"
            and dt.kind(dtype) < (2 if array.dtype.kind == "f" else 3)
            and dtype is not dt.bool_
        ):
            raise DTypeError(
                f"cannot store {_short(obj)} in dtype {dtype.name} without losing the fractions. "
                "Leave out dtype= and convert with astype if you mean it."
            )
        if array.dtype.kind in "iu" and array.size and dtype in dt.INTEGERS:
            dt.check_fits(int(array.max()), dtype)
            dt.check_fits(int(array.min()), dtype)
        return array.astype(dtype)
    if array.dtype.kind in "iu":
        if not array.size:
            return array.astype(dt.DEFAULT_INT)
        low, high = int(array.min()), int(array.max())
        dt.check_fits(high, dt.int64)
        return array.astype(dt.DEFAULT_INT if low >= -(2**31) and high < 2**31 else dt.int64)
    return array.astype({"f": dt.DEFAULT_FLOAT, "c": dt.DEFAULT_COMPLEX, "b": dt.bool_}[array.dtype.kind])


def _plain(obj: Any) -> Any:
    """Nested lists with every tensor in them as a NumPy array."""
    if isinstance(obj, (list, tuple)):
        return [_plain(one) for one in obj]
    return obj.numpy() if hasattr(obj, "numpy") and hasattr(obj, "backend") else obj


def _leaf(obj: Any) -> Any:
    while isinstance(obj, (list, tuple)):
        if not obj:
            return 0.0
        obj = obj[0]
    return obj


def _refuse(obj: Any, where: str = "") -> tuple[int, ...]:
    """Raise the error that names the position at which a nested list is ragged or holds no number; else its shape."""
    if isinstance(obj, (list, tuple)):
        shapes = [_refuse(one, f"{where}[{i}]") for i, one in enumerate(obj)]
        for i, shape in enumerate(shapes):
            if shape != shapes[0]:
                raise ShapeError(
                    f"ragged nested list: element{where}[{i}] has shape {shape}, but element{where}[0] has shape {shapes[0]}. "
                    "Expected the same shape everywhere; pad the short ones."
                )
        return (len(obj), *(shapes[0] if shapes else ()))
    if isinstance(obj, int) and not isinstance(obj, bool) and not -(2**63) <= obj < 2**64:
        dt.check_fits(obj, dt.int64)
    if isinstance(obj, (*dt.SCALARS, np.number, np.bool_)):
        return ()
    if hasattr(obj, "shape") and not isinstance(obj, type):
        return tuple(obj.shape)
    at = f" at position {where}" if where else ""
    raise DTypeError(
        f"cannot make a tensor: {_short(obj)} ({type(obj).__name__}){at} is no number. Expected numbers or booleans."
    )


def _short(obj: Any) -> str:
    text = repr(obj)
    return text if len(text) <= 60 else text[:57] + "..."
