"""switch_case and case: one of several functions, by a number or by the first condition that holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ... import dtypes as dt
from ... import tree
from ...callables import check_function
from ...convert import integer, short
from ...errors import DTypeError, ShapeError
from ...tensor import Operators, asarray, concrete
from .cond import Labelled, choose, predicate

Pairs = Sequence[tuple[Any, Callable[..., Any]]] | Mapping[Any, Callable[..., Any]]


def switch_case(
    branch_index: Any,
    branch_fns: Sequence[Any] | Mapping[int, Callable[..., Any]],
    default: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """The function with a number, called: of all of them only that one runs, as in `cond`.

    Args:
        branch_index: a Python integer, or an integer tensor without axes.
        branch_fns: functions of no arguments: a sequence (they are numbered from 0), or a dictionary or pairs with
            their numbers.
        default: called for other numbers; if left out, the function with the greatest number is.
        name: accepted as in TensorFlow.

    Raises:
        TypeError, ShapeError, DTypeError: where two of them differ in structure, shapes or dtypes; found in traced
        functions only.
    """
    functions = _numbered(branch_fns)
    for number, function in functions.items():
        check_function("switch_case", f"branch {number}", function, 0)
    if default is not None:
        check_function("switch_case", "default", default, 0)
    if not functions:
        raise ValueError("switch_case needs at least one function; got none.")
    greatest = max(functions)
    other = ("default", default) if default is not None else (f"branch {greatest}", functions[greatest])
    index = (
        branch_index.read()
        if isinstance(branch_index, Operators)
        else integer("switch_case", "branch_index", branch_index)
    )
    if isinstance(index, Operators):
        if index.shape:
            raise ShapeError(f"switch_case chooses by one number; branch_index has shape {index.shape}.")
        if index.dtype not in dt.INTEGERS:
            raise DTypeError(f"switch_case chooses by an integer; branch_index is {index.dtype.name}.")
    if isinstance(index, int) or concrete(index):
        return tree.map(asarray, functions.get(int(index), other[1])())
    labelled = [(index == number, (f"branch {number}", functions[number])) for number in sorted(functions)]
    return _first("switch_case", labelled if default is not None else labelled[:-1], other)


def case(
    pred_fn_pairs: Pairs,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """The first function whose condition holds, called: of all of them only that one runs, as in `cond`.

    Args:
        pred_fn_pairs: pairs of a condition, a boolean without axes, and a function of no arguments.
        default: called where no condition holds; in a traced function it is needed.
        exclusive: whether to raise where two conditions hold; checked where they are known.
        strict, name: accepted as in TensorFlow.

    Raises:
        ValueError: where no condition holds and there is no default; where two hold that should exclude each other.
        TypeError, ShapeError, DTypeError: as `cond`.
    """
    given = _pairs(pred_fn_pairs)
    for i, (_, function) in enumerate(given):
        check_function("case", f"function {i}", function, 0)
    if default is not None:
        check_function("case", "default", default, 0)
    pairs = [(predicate("case", pred), (f"function {i}", function)) for i, (pred, function) in enumerate(given)]
    if exclusive and sum(pred is True for pred, _ in pairs) > 1:
        raise ValueError("case: two conditions hold, and exclusive=True says that at most one does.")
    if default is None and not any(pred is True for pred, _ in pairs):
        if all(pred is False for pred, _ in pairs):
            raise ValueError("case: no condition holds, and there is no default.")
        raise ValueError("case in a traced function needs default=, for no condition may hold.")
    return _first("case", pairs, ("default", default or _never))


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    """Pairs of a condition and a function, from a list or a dict of them."""
    pairs = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(pairs, (list, tuple)) or not all(
        isinstance(one, (list, tuple)) and len(one) == 2 for one in pairs
    ):
        raise TypeError(f"case takes a list of pairs of a condition and a function; got {short(given)}.")
    return list(pairs)


def _never() -> Any:
    raise AssertionError("a condition that holds comes first")


def _first(name: str, pairs: list[tuple[Any, Labelled]], default: Labelled) -> Any:
    """What the first function gives whose condition holds."""
    pairs = [pair for pair in pairs if pair[0] is not False]
    if not pairs:
        return tree.map(asarray, default[1]())
    (pred, one), *rest = pairs
    label = rest[0][1][0] if rest else default[0]
    return choose(name, pred, one, (label, lambda: _first(name, rest, default)))


def _numbered(branches: Any) -> dict[int, Callable[..., Any]]:
    if isinstance(branches, Mapping):
        return {int(number): function for number, function in branches.items()}
    listed = list(branches)
    if all(isinstance(one, (tuple, list)) for one in listed):
        return {int(number): function for number, function in listed}
    return dict(enumerate(listed))
