"""Steps that remember what came before: unique keeps what it has seen, scan hands a state on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import DTypeError
from .blocks import Block
from .mapping import column, elements, first_element
from .node import UNKNOWN, AnyDataset, Cursor, Node, Over, Start
from .spec import DatasetSpec, Spec, TensorSpec, spec_of
from .structure import Structure, tuple_of
from .user import UserFunction, host_copy

__all__ = ["Scan", "Unique"]


class Unique(Over):
    """The elements that are unlike every one before."""

    def __init__(self, child: Node) -> None:
        super().__init__(child)
        self.cardinality = 0 if child.cardinality == 0 else UNKNOWN

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            seen = set()
            for leaves in elements(cursor, turn):
                key = tuple(_value(leaf) for leaf in leaves)
                if key not in seen:
                    seen.add(key)
                    yield [column(leaf) for leaf in leaves]

        return Cursor(begin)


def _value(leaf: Any) -> tuple[Any, ...]:
    """What is the same for equal leaves: 0.0 and -0.0 are, and so is NaN with itself."""
    if isinstance(leaf, AnyDataset):
        raise TypeError("unique() got elements that are datasets. Expected tensors; use flat_map() first.")
    array = np.asarray(leaf)
    if array.dtype in dt.INEXACT:
        array = array + array.dtype.type(0)
    return array.shape, array.dtype.name, array.tobytes()


class Scan(Over):
    """What a function gives for each element and a state, which it also makes anew.

    Args:
        structure: the structure of the state. state: its first leaves.
        function: from the state and an element to the next state and what the element becomes.
    """

    def __init__(self, child: Node, structure: Structure, state: list[np.ndarray], function: Callable[..., Any]):
        super().__init__(child)
        self.known = False
        self.state_structure, self.state, self.function = structure, state, UserFunction(function, "scan()")

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)

        def begin(turn: int) -> Iterator[Block]:
            state = self.state
            for leaves in elements(cursor, turn):
                state, out = self._step(state, leaves)
                yield [column(leaf) for leaf in out]

        return Cursor(begin)

    def _step(self, state: list[np.ndarray], leaves: list[Any]) -> tuple[list[np.ndarray], list[Any]]:
        given = tuple_of(self.state_structure, self.child.structure)
        result = self.function(given, [*state, *leaves])
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise TypeError(
                f"the function given to scan() returned a {type(result).__name__}. Expected a pair: the next state, "
                "and what the element becomes."
            )
        what = "the state that the function given to scan() returned"
        new = tuple(result[0]) if isinstance(result[0], list) else result[0]
        found = self.state_structure.flatten(new, what)
        state = [_as_before(leaf, old, what) for leaf, old in zip(found, state, strict=True)]
        self._structure, out = self.function.flatten(result[1], self._structure)
        return state, out

    def find_structure(self) -> Structure:
        _ = self.specs  # calls the function, and so tells
        assert self._structure is not None
        return self._structure

    def find_specs(self) -> tuple[Spec, ...]:
        """The specs of the first result; of unknown shapes where those of elements vary."""
        _, out = self._step(self.state, first_element(self.child))
        fixed = all(isinstance(spec, DatasetSpec) or spec.fixed for spec in self.child.specs)
        return tuple(_spec(leaf, fixed) for leaf in out)


def _as_before(leaf: Any, old: np.ndarray, what: str) -> np.ndarray:
    """A leaf of the new state on the host; Python numbers take the dtype that it had."""
    if isinstance(leaf, dt.SCALARS) and dt.kind(dt.default(leaf)) <= dt.kind(old.dtype):
        return np.asarray(leaf, old.dtype)
    array = host_copy(leaf, what)
    if array.dtype is not old.dtype:
        raise DTypeError(f"{what} has dtype {array.dtype.name}; it was {old.dtype.name}. Convert it with tf.cast.")
    return array


def _spec(leaf: Any, fixed: bool) -> Spec:
    if isinstance(leaf, AnyDataset):
        return DatasetSpec(leaf._node.structure.pack(leaf._node.specs))
    return spec_of(leaf) if fixed else TensorSpec(None, leaf.dtype)
