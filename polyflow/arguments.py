"""Numbers that users give to constructors: what they have to be is said, checked and refused here alone.

A range is written as in mathematics: in ``"[0, 1)"`` 0 belongs to it and 1 does not; ``"(-inf, inf)"`` is any finite
number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .convert import short
from .errors import ArgumentError, TraceError

ANY = "(-inf, inf)"


def check_numbers(owner: Any, within: str, optional: bool = False, **given: Any) -> None:
    """Refuse what is no number in a range: an int or a float, of Python or NumPy, or a tensor of one number.

    What is known only in a trace passes. A Fraction or a Decimal does not, for no array holds one.

    Args:
        owner: the object that takes the numbers, or what it is called.
        within: the range.
        optional: whether None may be given.
        **given: the numbers, by the names of their arguments.

    Raises:
        ArgumentError: which names the owner, the argument, the range and what was given.
    """
    _check(owner, "a number", within, optional, given)


def check_integers(owner: Any, within: str, optional: bool = False, **given: Any) -> None:
    """As `check_numbers`, for integers: whatever Python counts with, but no booleans."""
    _check(owner, "an integer", within, optional, given)


def check_ranges(owner: Any, ranges: Mapping[str, str], given: Mapping[str, Any]) -> None:
    """As `check_numbers`, of each of the numbers given that has a range by its name."""
    for name, within in ranges.items():
        if name in given:
            check_numbers(owner, within, **{name: given[name]})


def check_name(owner: Any, name: Any) -> None:
    """Refuse what is no name; None and "" stand for one that is made up."""
    if name is not None and not isinstance(name, str):
        raise ArgumentError(f"{_called(owner)} needs a string as its name; got name={short(name)}.")


def check_list(owner: Any, within: str = ANY, optional: bool = False, **given: Any) -> None:
    """Refuse what is no list of numbers in a range."""
    for name, values in given.items():
        if values is None and optional:
            continue
        if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
            raise ArgumentError(f"{_called(owner)} needs a list of numbers; got {name}={short(values)}.")
        for place, value in enumerate(values):
            check_numbers(owner, within, **{f"{name}[{place}]": value})


def check_axes(owner: Any, optional: bool = False, **given: Any) -> None:
    """Refuse what is no axis, and no list or tuple of axes."""
    for name, axes in given.items():
        several = isinstance(axes, (list, tuple))
        for axis in axes if several else () if axes is None and optional else (axes,):
            _check(owner, "an integer", ANY, False, {name: axis})


def _check(owner: Any, kind: str, within: str, optional: bool, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value is None and optional:
            continue
        try:
            fits = _fits(value, kind, *_bounds(within))
        except TraceError:
            continue
        if not fits:
            wanted = f"{kind}{_words(*_bounds(within))}{', or None' if optional else ''}"
            raise ArgumentError(f"{_called(owner)} needs {wanted}; got {name}={short(value)}.")


def _called(owner: Any) -> str:
    return owner if isinstance(owner, str) else type(owner).__name__


def _fits(value: Any, kind: str, low: float, high: float, closed: tuple[bool, bool]) -> bool:
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    counts = kind == "an integer"
    if isinstance(value, bool) or not (hasattr(value, "__index__") if counts else isinstance(value, (int, float))):
        return False
    try:
        found = value.__index__() if counts else float(value)
    except OverflowError:
        return False
    return (low <= found if closed[0] else low < found) and (found <= high if closed[1] else found < high)


@lru_cache(None)
def _bounds(within: str) -> tuple[float, float, tuple[bool, bool]]:
    low, high = within[1:-1].split(",")
    return float(low), float(high), (within[0] == "[", within[-1] == "]")


def _words(low: float, high: float, closed: tuple[bool, bool]) -> str:
    """The range, as what follows "a number"."""
    if closed == (True, True) and math.isfinite(low) and math.isfinite(high):
        return f" from {low:g} to {high:g}"
    ends = [f"of {low:g} or more" if closed[0] else f"above {low:g}"] if math.isfinite(low) else []
    if math.isfinite(high):
        ends.append(f"of {high:g} or less" if closed[1] else f"below {high:g}")
    return "".join(f" {'and ' if place else ''}{end}" for place, end in enumerate(ends))
