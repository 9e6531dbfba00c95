"""Sets: the different values of a tensor. How many there are is data, so these ops are not for traced functions."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import dtypes as dt
from . import call
from .creation import alike, full, zeros_like
from .elementwise import astype, equal, imag, logical_not, minimum, not_equal, real
from .indexing import getitem, index_set, nonzero
from .reduction import any, argsort, cumulative_sum, searchsorted, sort
from .shape import concat, reshape


class UniqueAll(NamedTuple):
    """What `unique_all` gives."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` gives."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` gives."""

    values: Any
    inverse_indices: Any


def unique_all(x: Any, /) -> UniqueAll:
    """The different values of ``x`` in order, and where and how often they occur.

    Every NaN is a value of its own; 0.0 and -0.0 are one.

    Returns:
        the values; where each first occurs in the flattened ``x``; which one each element of ``x`` is; how often each
        occurs. All indices and counts are int64.
    """
    x = call.operand(x)
    order, places, values = _runs(x)
    count = order.shape[0]
    number = astype(cumulative_sum(_starts(getitem(reshape(x, (-1,)), order)), axis=0), dt.int64) - 1
    inverse = index_set(zeros_like(order), order, number) if count else order
    ends = concat([getitem(places, slice(1, None)), full((1,), count, dt.int64, backend=x.backend)], axis=0)
    counts = ends - places if count else places
    return UniqueAll(values, getitem(order, places), reshape(inverse, x.shape), counts)


def unique_counts(x: Any, /) -> UniqueCounts:
    """The different values in order, and how often each occurs."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The different values in order, and which one each element of ``x`` is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Any:
    """The different values in order."""
    return _runs(call.operand(x))[2]


def _runs(x: Any) -> tuple[Any, Any, Any]:
    """The order that sorts the flattened ``x``, where in it each different value begins, and these values."""
    flat = reshape(x, (-1,))
    order = _order(flat)
    in_order = getitem(flat, order)
    (places,) = nonzero(_starts(in_order))
    return order, places, getitem(in_order, places)


def _order(flat: Any) -> Any:
    """A stable order in which equal values are neighbours; complex numbers by their real, then imaginary parts."""
    if flat.dtype not in dt.COMPLEX:
        return argsort(flat)
    inner = argsort(imag(flat))
    return getitem(inner, argsort(getitem(real(flat), inner)))


def _starts(in_order: Any) -> Any:
    """Where an element differs from the one before it."""
    first = full((min(in_order.shape[0], 1),), True, dt.bool_, backend=in_order.backend)
    return concat([first, not_equal(getitem(in_order, slice(1, None)), getitem(in_order, slice(None, -1)))], axis=0)


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Any:
    """Whether each element of ``x1`` is one of ``x2``'s (``invert``: whether it is none of them). NaN never is."""
    x1, x2 = alike(x1, x2)
    line = reshape(x2, (-1,))
    if not line.shape[0]:
        found = zeros_like(x1, dt.bool_)
    elif line.dtype in dt.COMPLEX:
        found = any(equal(reshape(x1, (*x1.shape, 1)), line), -1)
    else:
        line = sort(line)
        place = minimum(searchsorted(line, x1), line.shape[0] - 1)
        found = equal(getitem(line, place), x1)
    return logical_not(found) if invert else found
