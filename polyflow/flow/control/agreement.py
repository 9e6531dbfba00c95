"""What branches return, and what bodies of loops hand on, must agree: in structure, shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import dtypes as dt
from ... import tree
from ...errors import DTypeError, ShapeError
from ...ops.rules import Spec
from ...tensor import Operators, asarray


def tensors(container: Any) -> tuple[list[Any], Any]:
    """The leaves of a nested container as tensors, and its structure; variables are read."""
    leaves, structure = tree.flatten(container)
    return [asarray(leaf) for leaf in leaves], structure


def handed_on(name: str, what: str, given: Any, before: Sequence[Any], structure: Any, origin: str) -> list[Any]:
    """What a body returns for what is handed on from one turn of a loop to the next, as tensors.

    Python numbers take the dtypes that they had before.

    Args:
        name: the loop. what: what is handed on. origin: where it came from at first.
        given: what the body returned.
        before: tensors that it was given, in ``structure``.

    Raises:
        TypeError, ShapeError, DTypeError: where structure, shapes or dtypes differ.
    """
    leaves, found = tree.flatten(given)
    check_structure(name, (what, found), (origin, structure))
    leaves = [
        leaf.read() if isinstance(leaf, Operators) else _weak(leaf, old)
        for leaf, old in zip(leaves, before, strict=True)
    ]
    check_specs(name, (what, leaves), (origin, before), structure)
    return leaves


def _weak(leaf: Any, old: Any) -> Any:
    if isinstance(leaf, dt.SCALARS) and dt.kind(dt.default(leaf)) <= dt.kind(old.dtype):
        return asarray(leaf, old.dtype, backend=old.backend)
    return asarray(leaf, backend=old.backend)


def check_structure(name: str, one: tuple[str, Any], other: tuple[str, Any]) -> None:
    """Raise TypeError unless two structures, each with what it is of, are equal."""
    if one[1] != other[1]:
        raise TypeError(
            f"{name}: {one[0]} has the structure {_shown(one[1])}, and {other[0]} has {_shown(other[1])}. "
            "Expected the same containers with as many tensors."
        )


def check_specs(name: str, one: tuple[str, Sequence[Any]], other: tuple[str, Sequence[Any]], structure: Any) -> None:
    """Raise ShapeError or DTypeError at the first place where tensors of one structure differ in shape or dtype."""
    for place, (a, b) in enumerate(zip(one[1], other[1], strict=True)):
        where = _place(structure, place)
        if a.shape != b.shape:
            raise ShapeError(
                f"{name}: {one[0]}{where} has shape {a.shape}, and {other[0]}{where} has shape {b.shape}. "
                "Expected equal shapes."
            )
        if a.dtype is not b.dtype:
            raise DTypeError(
                f"{name}: {one[0]}{where} has dtype {a.dtype.name}, and {other[0]}{where} has dtype {b.dtype.name}. "
                f"Convert one of them, e.g. with .astype({b.dtype.name!r})."
            )


def _place(structure: Any, index: int) -> str:
    """Where a leaf stands in its container: ``['a'][0]``."""
    return "" if structure is None else "".join(f"[{key!r}]" for key in structure.paths()[index])


def _shown(structure: Any) -> str:
    return "of one tensor" if structure is None else tree.shown(structure)


def length_of(name: str, what: str, leaves: Sequence[Any], structure: Any, given: int | None = None) -> int:
    """How many elements tensors have along their first axes, which must be equal (and equal to what was given).

    Args:
        name: who asks. what: what it calls the tensors.
        leaves: the tensors, in ``structure``.
        given: the number that there should be.

    Raises:
        ShapeError: unless all have a first axis, of one size.
    """
    length = given
    for place, leaf in enumerate(leaves):
        where = _place(structure, place)
        if not leaf.shape:
            raise ShapeError(f"{name} goes through the first axis; {what}{where} has none: its shape is ().")
        if length is None:
            length = leaf.shape[0]
        if leaf.shape[0] != length:
            expected = "length" if place == 0 else f"{what}{_place(structure, 0)}"
            raise ShapeError(
                f"{name}: {what}{where} has {leaf.shape[0]} elements, and {expected} {length}. Expected as many."
            )
    if length is None:
        raise ValueError(f"{name} needs tensors to go through, or length=.")
    return length


def elements(leaves: Sequence[Any]) -> tuple[Spec, ...]:
    """The specs of one element of tensors along their first axes."""
    return tuple(Spec(leaf.shape[1:], leaf.dtype) for leaf in leaves)
