"""Functions of an element run on whole blocks of elements, where that is provably the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .blocks import Block
from .spec import Spec
from .structure import Structure

__all__ = ["BlockFunction", "vectorize"]


@dataclass(frozen=True)
class BlockFunction:
    """A function of elements that takes many at a time.

    Attributes:
        run: from a column per leaf of the argument to a column per leaf of the result, all of one length.
        structure: the structure of one result.
        specs: the spec of each leaf of one result; every size in them is known.
    """

    run: Callable[[Block], Block]
    structure: Structure
    specs: tuple[Spec, ...]


def vectorize(function: Callable[..., Any], structure: Structure, specs: tuple[Spec, ...]) -> BlockFunction | None:
    """``function`` as a function of blocks, or None where it has to be called for each element.

    Args:
        function: takes an element (a tuple's items as its arguments) and has no effect but its result.
        structure: the structure of an element.
        specs: the spec of each of its leaves.
    """
    return None  # calling the function for each element is always right; nothing is known yet to be the same in blocks
