"""NumPy's ufuncs on tensors: the operators of NumPy's arrays lead here, other calls are refused in a sentence.

``array + tensor`` is a call of `np.add`, and means the tensor's operator. ``np.exp(tensor)`` would leave the backend
and the gradient in silence, so it raises.
"""

from __future__ import annotations

from typing import Any

import numpy as np

OPERATORS = {
    np.add: "__radd__",
    np.subtract: "__rsub__",
    np.multiply: "__rmul__",
    np.divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__",
    np.remainder: "__rmod__",
    np.power: "__rpow__",
    np.matmul: "__rmatmul__",
    np.bitwise_and: "__rand__",
    np.bitwise_or: "__ror__",
    np.bitwise_xor: "__rxor__",
    np.left_shift: "__rlshift__",
    np.right_shift: "__rrshift__",
    np.equal: "__eq__",
    np.not_equal: "__ne__",
    np.less: "__gt__",
    np.less_equal: "__ge__",
    np.greater: "__lt__",
    np.greater_equal: "__le__",
}
"""NumPy's functions behind its operators, each with the method of the right operand that does the same."""

_HOSTED = (np.ndarray, np.generic)
_NAMES = {"absolute": "abs", "conjugate": "math.conj", "power": "pow", "rint": "round"}
"""Ufuncs that have another name in polyflow."""


def called(value: Any, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What `__array_ufunc__` of a tensor or a variable comes to.

    Raises:
        TypeError: for anything but an operator of an array or a NumPy number on the left.
    """
    first, operator = inputs[0], OPERATORS.get(ufunc) if inputs[-1] is value and method == "__call__" else None
    if operator is not None and not options and (first.__class__ is np.ndarray or isinstance(first, _HOSTED)):
        return getattr(value, operator)(first)
    given = f"{type(value).__name__.lower()} of shape {tuple(value.shape)} and dtype {value.dtype.name}"
    if operator is not None and "out" in options:
        raise TypeError(
            f"np.{ufunc.__name__} cannot write a {given} into an array. "
            "Write the operator out for a tensor, as in a = a + x, or take its values, as in a += x.numpy()."
        )
    instead, host = _instead(ufunc, method), ", ".join("x.numpy()" if one is value else "…" for one in inputs)
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    raise TypeError(
        f"{name} got a {given}, which it would take out of polyflow, without a gradient. "
        f"Use {instead}, or {name}({host}) if an array is what you want."
    )


def _instead(ufunc: np.ufunc, method: str) -> str:
    """What polyflow calls what a ufunc does."""
    import polyflow

    if method != "__call__":
        return "polyflow's ops"

    name = ufunc.__name__.replace("arc", "a", 1)
    name = _NAMES.get(name, name)
    for path in (name, f"math.{name}"):
        found: Any = polyflow
        for part in path.split("."):
            found = getattr(found, part, None) if part else None
        if callable(found):
            return f"pf.{path}"
    return "polyflow's ops"
