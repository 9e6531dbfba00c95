"""Universal functions: one call, into the place of an argument that nobody reads again if there is one."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .places import Order, c_order, size

FUNCTIONS: dict[Any, np.ufunc] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.neg: np.negative,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
}
"""The universal functions behind Python's operators, which are kernels too."""

KEYWORD = frozenset({np.maximum, np.minimum})
"""Functions that take the array for their result by name alone."""

WIDE = 64
"""Rows of so many elements are worth the loop that NumPy sets up for each when an argument is repeated."""


def function(kernel: Any) -> np.ufunc | None:
    """The universal function that a kernel is."""
    return kernel if isinstance(kernel, np.ufunc) else FUNCTIONS.get(kernel)


def emit(p: Any, node: Any) -> bool:
    """Write a node whose kernel is a universal function."""
    ufunc = function(p.kernel(node.op))
    out = node.output
    if ufunc is None or not out.shape:
        return False
    order, keyword = _order(p, node), ufunc in KEYWORD
    whole = any(value.shape == out.shape for value in node.inputs)
    arguments = [argument(p, value, out) if whole else p.array(value) for value in node.inputs]
    copied = repeated(p, node) if order == c_order(out.shape) else None
    if copied is None:
        p.call(node, ufunc, tuple(arguments), keyword=keyword, over=node.inputs, order=order)
        return True
    name = p.result(node).name
    p.line(f"{name}[...] = {arguments[copied]}")
    arguments[copied] = name
    p.line(f"{p.named(ufunc)}({', '.join(arguments)}, {'out=' if keyword else ''}{name})")
    return True


def _order(p: Any, node: Any) -> Order:
    """The axes of the result as NumPy would lay them: as those of all arguments of its shape, if they agree."""
    shape = node.output.shape
    found = {p.place(value).order for value in node.inputs if value.scalar is None and value.shape == shape}
    (order,) = found if len(found) == 1 else (None,)
    return c_order(shape) if order is None else order


def argument(p: Any, value: Any, out: Any) -> str:
    """A value as an argument; one element without its axes, which is how it costs least to repeat it."""
    if value.shape and size(value) == 1 < size(out):
        return p.view(p.place(value), "{}.reshape(())")
    return p.array(value)


def repeated(p: Any, node: Any) -> int | None:
    """Which of two arguments is repeated for narrow rows: it is quicker to copy it into all of them beforehand."""
    out = node.output
    if len(node.inputs) != 2 or out in p.lives.returned or out.shape[-1] >= WIDE:
        return None
    for i, value in enumerate(node.inputs):
        whole = node.inputs[1 - i].shape == out.shape
        if whole and value.dtype is out.dtype and 1 < size(value) < size(out):
            return i
    return None
