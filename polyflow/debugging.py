"""Checks of values under the names of ``tf.debugging``: each raises, or gives None.

They look at values, so in a traced function they raise a TraceError: check what goes in and what comes out of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes as dt
from .composed.names import is_tensor
from .errors import DTypeError, ShapeError
from .missing import answer
from .ops import elementwise
from .tensor import Tensor, asarray

__all__ = [
    "Assert",
    "assert_all_finite",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_rank",
    "assert_rank_at_least",
    "assert_scalar",
    "assert_shapes",
    "assert_type",
    "check_numerics",
    "is_numeric_tensor",
]


def assert_equal(x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element of ``x`` equals that of ``y``."""
    _compare(elementwise.equal, x, y, "equal to", message)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: Any = None
) -> None:
    """Raise a ValueError if an element of ``x`` equals that of ``y``."""
    _compare(elementwise.not_equal, x, y, "other than", message)


def assert_less(x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element of ``x`` is less than that of ``y``."""
    _compare(elementwise.less, x, y, "less than", message)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: Any = None
) -> None:
    """Raise a ValueError unless every element of ``x`` is at most that of ``y``."""
    _compare(elementwise.less_equal, x, y, "at most", message)


def assert_greater(x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element of ``x`` is greater than that of ``y``."""
    _compare(elementwise.greater, x, y, "greater than", message)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: Any = None
) -> None:
    """Raise a ValueError unless every element of ``x`` is at least that of ``y``."""
    _compare(elementwise.greater_equal, x, y, "at least", message)


def assert_positive(x: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element is greater than 0."""
    _compare(elementwise.greater, x, 0, "greater than", message)


def assert_negative(x: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element is less than 0."""
    _compare(elementwise.less, x, 0, "less than", message)


def assert_non_negative(x: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element is at least 0."""
    _compare(elementwise.greater_equal, x, 0, "at least", message)


def assert_non_positive(x: Any, message: str | None = None, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError unless every element is at most 0."""
    _compare(elementwise.less_equal, x, 0, "at most", message)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: Any = None,
) -> None:
    """Raise a ValueError unless ``|x - y| <= atol + rtol * |y|`` everywhere; both are 10 eps if left out."""
    a, b = asarray(x), asarray(y)
    eps = 10 * dt.finfo(a.dtype).eps if a.dtype in dt.FLOATING else 0.0
    least, share = (eps if one is None else one for one in (atol, rtol))
    _compare(lambda p, q: elementwise.abs(p - q) <= least + share * elementwise.abs(q), a, b, "near", message)


def check_numerics(tensor: Any, message: str, name: Any = None) -> Tensor:
    """``tensor``, if it holds neither NaN nor infinity.

    Raises:
        ValueError: with ``message``, where it does.
    """
    x = asarray(tensor)
    finite = np.asarray(elementwise.isfinite(x).numpy())
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{message}: {x.numpy()[place]} at {list(place)} of a tensor of shape {x.shape}.")
    return x


def assert_all_finite(x: Any, message: str, name: Any = None) -> Tensor:
    """`check_numerics` under another name."""
    return check_numerics(x, message)


def Assert(condition: Any, data: Any, summarize: int | None = None, name: Any = None) -> None:
    """Raise a ValueError that shows ``data`` unless every element of ``condition`` is true."""
    if not np.all(asarray(condition).numpy()):
        raise ValueError(f"the condition does not hold: {[one.tolist() if is_tensor(one) else one for one in data]}.")


def assert_rank(x: Any, rank: int, message: str | None = None, name: Any = None) -> None:
    """Raise a ShapeError unless ``x`` has so many axes."""
    _require_rank(x, len(asarray(x).shape) == int(rank), f"{int(rank)}", message)


def assert_rank_at_least(x: Any, rank: int, message: str | None = None, name: Any = None) -> None:
    """Raise a ShapeError where ``x`` has fewer axes."""
    _require_rank(x, len(asarray(x).shape) >= int(rank), f"at least {int(rank)}", message)


def assert_scalar(tensor: Any, name: Any = None, message: str | None = None) -> None:
    """Raise a ShapeError unless the tensor has no axes."""
    _require_rank(tensor, not asarray(tensor).shape, "0", message)


def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: Any = None
) -> None:
    """Raise a ShapeError unless tensors have these shapes.

    Args:
        shapes: pairs of a tensor and its shape, whose sizes are numbers, None for any, or names: one name is one size.
        data, summarize, name: accepted as in TensorFlow.
        message: what the error starts with.
    """
    named: dict[Any, int] = {}
    for x, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        given = asarray(x).shape
        sizes = tuple(wanted) if isinstance(wanted, (tuple, list, str)) else (wanted,)
        fits = len(sizes) == len(given) and all(
            want in (None, "*") or (named.setdefault(want, have) if isinstance(want, str) else want) == have
            for want, have in zip(sizes, given, strict=True)
        )
        if not fits:
            sofar = f" with {', '.join(f'{k}={v}' for k, v in named.items())}" if named else ""
            raise ShapeError(f"{_start(message)}expected shape {sizes}{sofar}; got {given}.")


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: Any = None) -> None:
    """Raise a DTypeError unless the tensor has this dtype."""
    given, wanted = asarray(tensor).dtype, dt.as_dtype(tf_type)
    if given is not wanted:
        raise DTypeError(f"{_start(message)}expected dtype {wanted.name}; got {given.name}.")


def assert_integer(x: Any, message: str | None = None, name: Any = None) -> None:
    """Raise a DTypeError unless ``x`` holds integers."""
    if asarray(x).dtype not in dt.INTEGERS:
        raise DTypeError(f"{_start(message)}expected integers; got {asarray(x).dtype.name}.")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether this is a tensor of numbers (not of booleans)."""
    return is_tensor(tensor) and tensor.dtype is not dt.bool_


def _compare(test: Any, x: Any, y: Any, words: str, message: str | None) -> None:
    a, b = asarray(x), asarray(y)
    held = np.asarray(test(a, b).numpy())
    if not held.all():
        place = tuple(int(i) for i in np.argwhere(~held)[0])
        one, other = (np.broadcast_to(v.numpy(), held.shape)[place].item() for v in (a, b))
        where = f" at {list(place)}" if place else ""
        raise ValueError(f"{_start(message)}{one}{where} is not {words} {other}.")


def _require_rank(x: Any, fits: bool, wanted: str, message: str | None) -> None:
    if not fits:
        raise ShapeError(f"{_start(message)}expected {wanted} axes; got a tensor of shape {asarray(x).shape}.")


def _start(message: str | None) -> str:
    return f"{message}: " if message else ""


answer(__name__)
