"""The dtype and shape rules of ops, as words: `elementwise`, `reduction`, `like`, …

A rule says two things about an op. ``operands`` maps the dtypes of its arguments to the dtypes in which it is computed;
arguments are converted to these before any backend sees them. ``infer`` maps the shapes and dtypes of those converted
arguments to those of the result, and raises the one sentence that a user sees when they do not fit.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import AxisError, DTypeError, ShapeError

Shape = tuple[int, ...]


class Spec(NamedTuple):
    """The shape and dtype of a value."""

    shape: Shape
    dtype: np.dtype


class Rule(NamedTuple):
    """How an op treats dtypes (``operands``) and shapes (``infer``); ``direct`` are the dtypes it takes unconverted.

    ``family`` is the rule's word, for those who treat all ops of one rule alike; empty for a rule of one op alone.
    """

    operands: Callable[[str, tuple[np.dtype | type, ...]], tuple[np.dtype, ...]]
    infer: Callable[..., Any]
    direct: frozenset[np.dtype] = frozenset()
    family: str = ""


# Axes and shapes -------------------------------------------------------------------------------------------------


def normal_axis(axis: int, ndim: int) -> int:
    """``axis`` counted from 0; raises AxisError when it is outside a tensor of ``ndim`` dimensions."""
    try:
        index = operator.index(axis)
    except TypeError:
        raise TypeError(f"an axis is an integer; got {axis!r}.") from None
    if not -ndim <= index < ndim:
        raise AxisError(
            f"axis {index} is out of range for a tensor of {ndim} dimension{'s' * (ndim != 1)}"
            + (f": expected {-ndim} to {ndim - 1}." if ndim else ": it has no axes.")
        )
    return index + ndim if index < 0 else index


def normal_axes(axis: int | Iterable[int] | None, ndim: int) -> Shape:
    """Every axis that ``axis`` names, counted from 0 (None: all of them); raises AxisError when one is named twice."""
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, (tuple, list)):
        return (normal_axis(axis, ndim),)  # type: ignore[arg-type]
    axes = tuple(normal_axis(one, ndim) for one in axis)
    if len(set(axes)) < len(axes):
        raise AxisError(f"axis={tuple(axis)} names an axis of a {ndim}-dimensional tensor twice.")
    return axes


def broadcast(*shapes: Shape) -> Shape:
    """The common shape of ``shapes`` by broadcasting; raises ShapeError when they do not fit."""
    first = shapes[0] if shapes else ()
    for shape in shapes:
        if shape != first:
            break
    else:
        return first
    result = []
    for sizes in zip(*((1,) * (max(map(len, shapes)) - len(shape)) + tuple(shape) for shape in shapes), strict=True):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            given = ", ".join(map(str, shapes))
            raise ShapeError(
                f"shapes {given} do not broadcast together: sizes {sorted(wide)} meet on one axis. "
                "Expected equal sizes, or 1, counting axes from the last."
            )
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def reduced(shape: Shape, axis: Any, keepdims: bool) -> Shape:
    """The shape left after reducing ``axis``."""
    axes = normal_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axes)


def reshaped(shape: Shape, target: Shape) -> Shape:
    """``target`` with its one -1 worked out; raises ShapeError when the sizes do not multiply to the same count."""
    count = math.prod(shape)
    if math.prod(target) == count and min(target, default=0) >= 0:
        return target
    known = math.prod(size for size in target if size != -1)
    unknown = sum(size == -1 for size in target)
    if unknown > 1 or any(size < -1 for size in target):
        raise ShapeError(f"cannot reshape to {target}: expected sizes of 0 or more, with -1 at most once.")
    if unknown and known and count % known == 0:
        return tuple(count // known if size == -1 else size for size in target)
    if unknown or count != known:
        shown = tuple(shape)
        raise ShapeError(f"cannot reshape {shown}, which holds {count} elements, to {target}: the counts differ.")
    return target


# Domains: the dtypes an op computes in ----------------------------------------------------------------------------


def _numeric(dtype: np.dtype) -> np.dtype:
    return dt.DEFAULT_INT if dtype is dt.bool_ else dtype


def _floating(dtype: np.dtype) -> np.dtype:
    return dtype if dtype in dt.INEXACT else dt.DEFAULT_FLOAT


def _refuse_complex(convert: Callable[[np.dtype], np.dtype]) -> Callable[[np.dtype], np.dtype | None]:
    return lambda dtype: None if dtype in dt.COMPLEX else convert(dtype)


def _single(dtype: np.dtype) -> np.dtype:
    """At least float32: libraries for matrices and transforms know no halves."""
    return dtype if dtype in dt.INEXACT and dtype.itemsize >= 4 else dt.DEFAULT_FLOAT


DOMAINS: dict[str, tuple[str, Callable[[np.dtype], np.dtype | None]]] = {
    "any": ("a dtype", lambda dtype: dtype),
    "numeric": ("numbers", _numeric),
    "real": ("real numbers (complex numbers have no order)", _refuse_complex(_numeric)),
    "ordered": ("real numbers (complex numbers have no order)", _refuse_complex(lambda dtype: dtype)),
    "floating": ("floating or complex numbers", _floating),
    "real floating": ("real floating numbers", _refuse_complex(_floating)),
    "single": ("floating or complex numbers", _single),
    "real single": ("real numbers", _refuse_complex(_single)),
    "complex": ("complex numbers", dt.complex_of),
    "integral": ("integers or booleans", lambda dtype: None if dtype in dt.INEXACT else dtype),
    "integer": ("integers", lambda dtype: None if dtype in dt.INEXACT else _numeric(dtype)),
    "boolean": ("booleans", lambda dtype: dt.bool_),
    "accumulating": ("numbers", lambda dtype: _accumulator(dtype)),
}
"""The kinds of numbers an op is defined on: how an error names it, and the dtype it computes in (None: refused)."""


def _accumulator(dtype: np.dtype) -> np.dtype:
    """Sums and products are taken in the default integer at least (the array API standard's rule)."""
    if dtype is dt.bool_ or dtype in (dt.int8, dt.int16):
        return dt.DEFAULT_INT
    return dt.uint32 if dtype in (dt.uint8, dt.uint16) else dtype


@cache
def direct(domain: str) -> frozenset[np.dtype]:
    """The dtypes that an op on this domain takes as they are."""
    convert = DOMAINS[domain][1]
    return frozenset(dtype for dtype in dt.ALL if convert(dtype) is dtype)


def common(domain: str) -> Callable[[str, tuple[np.dtype | type, ...]], tuple[np.dtype, ...]]:
    """All arguments take one dtype: their common one, moved into ``domain``."""
    words, convert = DOMAINS[domain]

    def operands(name: str, given: tuple[np.dtype | type, ...]) -> tuple[np.dtype, ...]:
        dtype = dt.result_type(*given)
        target = convert(dtype)
        if target is None:
            raise DTypeError(f"{name} is defined on {words}, not on {dtype.name}. Convert with x.astype(...) first.")
        return (target,) * len(given)

    return operands


def leading(domain: str, *others: np.dtype | str) -> Callable[[str, tuple[np.dtype | type, ...]], tuple[np.dtype, ...]]:
    """The first argument is of ``domain``; each of ``others`` says the same of one more: a dtype, or a domain's name.

    The last of ``others`` also serves all arguments after it.
    """

    def operands(name: str, given: tuple[np.dtype | type, ...]) -> tuple[np.dtype, ...]:
        kinds = (domain, *others, *(others[-1:] * (len(given) - len(others) - 1)))[: len(given)]
        return tuple(
            kind if isinstance(kind, np.dtype) else common(kind)(name, (one,))[0]
            for kind, one in zip(kinds, given, strict=True)
        )

    return operands


# Results ----------------------------------------------------------------------------------------------------------


def _same(dtype: np.dtype) -> np.dtype:
    return dtype


RESULTS: dict[str, Callable[[np.dtype], np.dtype]] = {
    "same": _same,
    "bool": lambda dtype: dt.bool_,
    "real": dt.real_of,
    "complex": dt.complex_of,
    "index": lambda dtype: dt.int64,
}
"""The result's dtype from the dtype computed in."""


def elementwise(domain: str = "numeric", result: str = "same") -> Rule:
    """Broadcast, element by element."""
    outcome = RESULTS[result]

    def infer(*specs: Spec, **attrs: Any) -> Spec:
        return Spec(broadcast(*[spec.shape for spec in specs]), outcome(specs[0].dtype))

    return Rule(common(domain), infer, direct(domain), "elementwise")


def reduction(domain: str = "numeric", result: str = "same", *, empty: bool = True, several: bool = True) -> Rule:
    """One value for each slice along ``axis``.

    ``empty=False`` refuses slices without elements, also where there is no slice, ``several=False`` a tuple of axes.
    """
    outcome = RESULTS[result]

    def infer(x: Spec, *, axis: Any = None, keepdims: bool = False, **attrs: Any) -> Spec:
        if not several and isinstance(axis, tuple):
            raise AxisError(f"expected one axis, or None for the flattened tensor; got axis={axis}.")
        shape = reduced(x.shape, axis, keepdims)
        if not empty and 0 in [x.shape[place] for place in normal_axes(axis, len(x.shape))]:
            where = "" if axis is None else f" along axis {axis}"
            raise ValueError(f"a tensor of shape {x.shape} has no elements{where}: this reduction needs at least one.")
        return Spec(shape, outcome(x.dtype))

    return Rule(common(domain), infer, direct(domain), "reduction")


def along(domain: str = "any", result: str = "same", *, several: bool = False) -> Rule:
    """A result of the argument's own shape, computed along ``axis``: cumulative sums, sorting, softmax.

    ``several=True`` takes a tuple of axes too.
    """
    outcome = RESULTS[result]

    def infer(x: Spec, *, axis: Any = -1, **attrs: Any) -> Spec:
        if not several and axis.__class__ is not int:
            raise AxisError(f"expected one axis; got axis={axis}.")
        normal_axes(axis, len(x.shape))
        return Spec(x.shape, outcome(x.dtype))

    return Rule(common(domain), infer, direct(domain), "along")


def shaped(shape: Callable[..., Shape], domain: str = "any") -> Rule:
    """A result of the arguments' dtype whose shape is ``shape(*shapes, **attrs)``."""

    def infer(*specs: Spec, **attrs: Any) -> Spec:
        return Spec(tuple(shape(*(spec.shape for spec in specs), **attrs)), specs[0].dtype)

    return Rule(common(domain), infer, direct(domain))
