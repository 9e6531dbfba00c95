"""map_fn: a function applied to each element along the first axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import tree
from ...callables import check_function
from .agreement import length_of, tensors
from .scan import run


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """What ``fn`` gives for each element along the first axis of ``elems``, stacked along a new first axis.

    In a traced function ``fn`` is traced once. It may use tensors and variables from outside and assign variables; it
    gets the elements in order.

    Args:
        fn: gets an element, in the structure of ``elems``; returns a tensor or a nested container of tensors.
        elems: a tensor or a nested container of tensors with a first axis of one size.
        dtype: accepted as in TensorFlow, as `fn_output_signature` is; dtypes are those that ``fn`` gives.
        parallel_iterations, back_prop, swap_memory, infer_shape, name: accepted as in TensorFlow.
        fn_output_signature: accepted as in TensorFlow.

    Raises:
        ShapeError: where first axes differ in size.
    """
    check_function("map_fn", "fn", fn, 1, "an element")
    leaves, structure = tensors(elems)
    length = length_of("map_fn", "elems", leaves, structure)

    def step(carry: list[Any], element: list[Any]) -> tuple[list[Any], list[Any], Any]:
        return carry, *tensors(fn(tree.unflatten(structure, element)))

    _, rows, found = run(step, [], leaves, length)
    return tree.unflatten(found, rows)
