"""What users give to the methods of a Dataset, checked."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..tensor import Tensor
from .node import AnyDataset, Node
from .structure import Structure
from .user import frozen, host_leaf

AUTOTUNE = -1
"""As a number of threads or of elements to prefetch: one chosen for this machine."""


def nodes_of(datasets: Iterable[Any], what: str) -> list[Node]:
    """What is inside of datasets, of which there is at least one."""
    parts = list(datasets)
    for part in parts:
        if not isinstance(part, AnyDataset):
            raise TypeError(f"{what} got a {type(part).__name__}. Expected datasets.")
    if not parts:
        raise ValueError(f"{what} got no datasets to choose from.")
    return [part._node for part in parts]


def arrays_of(tensors: Any, what: str, copy: bool) -> tuple[Structure, list[np.ndarray]]:
    """The structure of what a user gives, and its leaves as host arrays that nobody will change."""
    structure = Structure.of(tensors)
    arrays = []
    for leaf, path in zip(structure.flatten(tensors), structure.paths(), strict=True):
        if isinstance(leaf, AnyDataset):
            raise TypeError(f"{what} got a Dataset{at(path)}. Expected arrays; a dataset needs no conversion.")
        array = host_leaf(leaf, f"{what}{at(path)}")
        safe = isinstance(leaf, (Tensor, list, range, *dt.SCALARS)) or frozen(array)
        arrays.append(array if safe or not copy else np.array(array, order="C"))
    if not arrays:
        raise TypeError(f"{what} got {tensors!r}, which holds no array. Expected an array or a structure of arrays.")
    return structure, arrays


def or_zero(values: Any) -> Any:
    """A structure of values with 0 in the places of None."""
    if isinstance(values, dict):
        return {name: or_zero(one) for name, one in values.items()}
    if isinstance(values, tuple):
        return tuple(or_zero(one) for one in values)
    return 0 if values is None else values


def shapes_of(structure: Structure, shapes: Any) -> list[Any]:
    """Shapes in the structure of the dtypes; a shape is itself a tuple, so they are told apart by the structure."""
    if structure.kind is None:
        return [shapes]
    out: list[Any] = []
    named = structure.keys
    if not named and (not isinstance(shapes, (tuple, list)) or len(shapes) != len(structure.parts)):
        raise TypeError(f"output_shapes {shapes!r} does not have the structure of output_types, {structure}.")
    for i, part in enumerate(structure.parts):
        out += shapes_of(part, shapes[named[i]] if named else shapes[i])
    return out


def integer(value: Any, what: str, name: str, least: int | None = None) -> int:
    """A user's integer (a tensor of one is one too)."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} got {name}={value!r} of type {type(value).__name__}. Expected an integer.") from None
    if least is not None and number < least:
        raise ValueError(f"{what} got {name}={number}. Expected an integer of at least {least}.")
    return number


def threads(num_parallel_calls: Any) -> int:
    """How many threads a user asks for."""
    if num_parallel_calls is None:
        return 1
    number = integer(num_parallel_calls, "map()", "num_parallel_calls")
    if number == AUTOTUNE:
        return min(os.cpu_count() or 1, 16)
    if number < 1:
        raise ValueError(f"map() got num_parallel_calls={number}. Expected at least 1, or AUTOTUNE.")
    return number


def at(path: str) -> str:
    """Where in a structure something is, for messages."""
    return f" at {path}" if path else ""
