"""foldl and foldr: a function that takes in one element after the other, from the first on or from the last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import tree
from ...callables import check_function
from ...ops.indexing import getitem
from .agreement import handed_on, length_of, tensors
from .scan import run


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """What is left when ``fn`` has taken in every element along the first axis: ``fn(fn(initializer, x0), x1)``.

    In a traced function ``fn`` is traced once.

    Args:
        fn: ``fn(accumulated, element)`` returns the next ``accumulated``, of its structure, shapes and dtypes.
        elems: a tensor or a nested container of tensors with a first axis of one size.
        initializer: what to begin with; the first element if left out.
        parallel_iterations, back_prop, swap_memory, name: accepted as in TensorFlow.

    Raises:
        ValueError: for no elements and no ``initializer``. ShapeError: where first axes differ in size.
        TypeError, ShapeError, DTypeError: where ``fn`` returns something else than it was given.
    """
    return _fold("foldl", fn, elems, initializer, False)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, from the last element on: ``fn(fn(initializer, x1), x0)``."""
    return _fold("foldr", fn, elems, initializer, True)


def _fold(what: str, fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, backwards: bool) -> Any:
    check_function(what, "fn", fn, 2, "(accumulated, element)")
    leaves, structure = tensors(elems)
    length = length_of(what, "elems", leaves, structure)
    origin = "initializer"
    if initializer is None:
        if not length:
            raise ValueError(f"{what} got no elements, and no initializer to return in their place. Give one.")
        first = length - 1 if backwards else 0
        rest = slice(0, first) if backwards else slice(1, None)
        carry, kept, origin = [getitem(leaf, first) for leaf in leaves], structure, "an element"
        leaves, length = [getitem(leaf, rest) for leaf in leaves], length - 1
    else:
        carry, kept = tensors(initializer)
    if not length:
        return tree.unflatten(kept, carry)

    def step(now: list[Any], x: list[Any]) -> tuple[list[Any], list[Any], Any]:
        returned = fn(tree.unflatten(kept, now), tree.unflatten(structure, x))
        return handed_on(what, "what fn returned", returned, now, kept, origin), [], None

    return tree.unflatten(kept, run(step, carry, leaves, length, backwards)[0])
