"""Functions of Python's in the middle of a program: ``tf.py_function`` and ``tf.numpy_function``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import dtypes as dt
from .callables import check_function
from .convert import short
from .errors import DTypeError
from .ops import elementwise
from .tensor import Tensor, asarray


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """What ``func`` gives for the tensors in ``inp``, as tensors; gradients flow through its ops.

    Args:
        func: takes as many tensors as there are in ``inp``. inp: a list of them, or of what becomes some.
        Tout: the dtype of the result, to which it is converted; a list of dtypes for a list of results.

    Raises:
        TypeError: for another number of results. TraceError: where ``func`` asks for values in a compiled function.
    """
    tensors = _given("py_function", func, inp)
    return _results("py_function", func(*tensors), Tout, lambda found, dtype: elementwise.astype(asarray(found), dtype))


def numpy_function(
    func: Callable[..., Any],
    inp: Any,
    Tout: Any,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """What ``func`` gives for NumPy arrays of what is in ``inp``, as tensors; no gradient flows through it.

    Args:
        func: takes as many arrays as there are in ``inp``. inp: a list of tensors, or of what becomes some.
        Tout: the dtype that the result has; a list of dtypes for a list of results.
        stateful: accepted as in TensorFlow; ``func`` is called every time.

    Raises:
        DTypeError: for a result of another dtype. TypeError: for another number of results. TraceError: in a compiled
            function, where there are no values.
    """
    arrays = [one.numpy() for one in _given("numpy_function", func, inp)]
    return _results("numpy_function", func(*arrays), Tout, _of_dtype)


def _given(owner: str, func: Any, inp: Any) -> list[Tensor]:
    values = list(inp) if isinstance(inp, (list, tuple)) else [inp]
    check_function(owner, "func", func, len(values), "of what is in inp")
    return [asarray(value) for value in values]


def _results(owner: str, found: Any, wanted: Any, convert: Callable[[Any, Any], Tensor]) -> Any:
    if not isinstance(wanted, (list, tuple)):
        return convert(found, dt.as_dtype(wanted))
    several = list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]
    if len(several) != len(wanted):
        raise TypeError(f"{owner} was told of {len(wanted)} results in Tout; its function gave {len(several)}.")
    return [convert(one, dt.as_dtype(dtype)) for one, dtype in zip(several, wanted, strict=True)]


def _of_dtype(found: Any, dtype: Any) -> Tensor:
    result = asarray(found)
    weak = isinstance(found, (bool, int, float))
    if result.dtype is not dtype and not weak:
        raise DTypeError(
            f"numpy_function was told that its function gives {dtype.name}; it gave {result.dtype.name}: "
            f"{short(found)}. Convert the result in the function, or name its dtype in Tout."
        )
    return elementwise.astype(result, dtype)
