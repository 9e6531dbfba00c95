"""Functions of an element run on whole blocks of elements, where that is provably the same.

A function that only computes (`purity` tells from its code) is traced once, on symbols of an element's shapes and
dtypes. Its graph is turned into one over many elements (`flow.batching`), which NumPy runs node by node on each block.
That is the same as calling the function for each element, bit for bit, but for the last digits of sums and matrix
products of floats, which may be added up in another order; they stay inside the bounds that polyflow states for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import discovery, selection
from ..backend.keys import Slice
from ..flow.batching import batched
from ..flow.graph import Graph, Value
from ..flow.trace import Traced, trace
from ..ops.rules import Spec as ArraySpec
from ..tensor import Operators
from .blocks import SIZE, Block, integers
from .node import AnyDataset
from .purity import reads
from .spec import Spec, TensorSpec
from .structure import NONE, Structure
from .user import UserFunction, host_copy

__all__ = ["BlockFunction", "Vectorized"]

SHAPES = 8
"""For how many different shapes of elements a function is turned into one of blocks."""


@dataclass(frozen=True)
class BlockFunction:
    """A function of elements that takes many at a time.

    Attributes:
        run: from a column per leaf of the argument to a column per leaf of the result, all of one length.
        structure: the structure of one result.
        specs: the spec of each leaf of one result; every size in them is known.
        limit: how many elements to give it at a time, so that what it computes stays in the processor's caches.
    """

    run: Callable[[Block], Block]
    structure: Structure
    specs: tuple[TensorSpec, ...]
    limit: int = SIZE


class Vectorized:
    """A function of elements as functions of blocks: one for each shape of elements.

    Args:
        function: the user's function.
    """

    def __init__(self, function: UserFunction) -> None:
        self.function = function
        self._reads = reads(function.function)
        self._made: dict[Any, BlockFunction | None] = {}
        self._backend = selection.current()

    def __reduce__(self) -> tuple[Any, ...]:
        return Vectorized, (self.function,)

    @property
    def possible(self) -> bool:
        """Whether there may be a function of blocks at all."""
        return self._reads is not None

    def renew(self) -> None:
        """Forget what was made if something that the function reads may have changed: an iteration begins."""
        if self._reads is None:
            return
        if not self._reads.same():
            self._reads = reads(self.function.function)
            self._made = {}
        if self._backend is not selection.current():
            self._backend, self._made = selection.current(), {}

    def at(self, structure: Structure, specs: Sequence[Spec]) -> BlockFunction | None:
        """The function of blocks for elements of these specs, or None where the function has to be given each element.

        Args:
            structure: the structure of an element.
            specs: the spec of each of its leaves.
        """
        if self._reads is None:
            return None
        arrays = []
        for spec in specs:
            if not isinstance(spec, TensorSpec) or spec.shape is None or None in spec.shape:
                return None
            arrays.append(ArraySpec(tuple(size for size in spec.shape if size is not None), spec.dtype))
        return self._at(structure, tuple(arrays))

    def of(self, structure: Structure, block: Block) -> BlockFunction | None:
        """The function for the elements of a block; for a block of one, only if it is there already."""
        if self._reads is None:
            return None
        columns = [integers(column) for column in block]
        if any(column.dtype == object for column in columns):  # datasets
            return None
        specs = tuple(ArraySpec(column.shape[1:], column.dtype) for column in columns)
        return self._at(structure, specs, len(columns[0]) > 1)

    def _at(self, structure: Structure, specs: tuple[ArraySpec, ...], make: bool = True) -> BlockFunction | None:
        if specs not in self._made:
            if not make or len(self._made) >= SHAPES:
                return None
            self._made[specs] = vectorize(self.function, structure, specs)
        return self._made[specs]


def vectorize(function: UserFunction, structure: Structure, specs: tuple[ArraySpec, ...]) -> BlockFunction | None:
    """``function`` as a function of blocks, or None where it has to be called for each element.

    Args:
        function: does nothing but compute.
        structure: the structure of an element.
        specs: the shape and dtype of each of its leaves.
    """
    found: list[tuple[Structure, list[Any]]] = []

    def tensors(*symbols: Any) -> list[Any]:
        """The tensors among the leaves of the result."""
        result = function.on(structure.pack(symbols))
        if isinstance(result, list):
            result = tuple(result)
        kind = Structure.of(result)
        leaves = kind.flatten(result)
        found.append((kind, [leaf if isinstance(leaf, Operators) else _constant(leaf) for leaf in leaves]))
        return [leaf for leaf in leaves if isinstance(leaf, Operators)]

    try:
        traced = trace(tensors, *specs, backend=selection.current())
    except Exception:  # whatever it is, the element that the function is called with will show it
        return None
    ((kind, leaves),) = found
    if traced.reads or traced.writes or not leaves or kind is NONE:
        return None
    which = [i < len(specs) for i in range(len(traced.graph.inputs))]
    if not _certain(traced.graph, len(specs)) or (wide := batched(traced.graph, which)) is None:
        return None
    program = discovery.get("numpy").compile(wide)
    captured = [np.asarray(traced.backend.to_numpy(tensor.array)) for tensor in traced.captured]
    constants = [None if isinstance(leaf, Operators) else leaf for leaf in leaves]

    def run(block: Block) -> Block:
        length = len(block[0])
        try:
            computed = iter(program(*[integers(column) for column in block], *captured))
        except Exception:  # as an index outside of every element: said as it is for one element
            return _one_by_one(function, structure, kind, block)
        return [next(computed) if c is None else np.broadcast_to(c, (length, *c.shape)) for c in constants]

    outputs = iter(traced.graph.outputs)
    results = [next(outputs) if c is None else c for c in constants]
    return BlockFunction(run, kind, tuple(TensorSpec(r.shape, r.dtype) for r in results), _limit(traced))


def _one_by_one(function: UserFunction, structure: Structure, kind: Structure, block: Block) -> Block:
    """The results for the elements of a block from the function itself."""
    results = []
    for i in range(len(block[0])):
        result = function(structure, [column[i] for column in block])
        results.append(function.flatten(result, kind)[1])
    return [np.stack(leaves) for leaves in zip(*results, strict=True)]


def _constant(leaf: Any) -> np.ndarray:
    """A leaf of the result that is no tensor; it is the same for all elements."""
    if isinstance(leaf, AnyDataset):
        raise TypeError("datasets are made for each element.")
    return host_copy(leaf, "a result")


def _certain(graph: Graph, elements: int) -> bool:
    """Whether every element's result is certain to be what it is alone, and none can fail where others do not.

    Integers raised to powers that differ fail where one is negative; and NumPy has a routine of its own, with other
    last digits, for a power that is one number. So it has for the functions in `_TWO_ROUTINES` where one row is read
    backwards, but not where many are.
    """
    varying: set[Value] = set(graph.inputs[:elements])
    backwards: set[Value] = set()
    for node in graph.nodes:
        name = node.op.name
        if varying.isdisjoint(node.inputs):
            continue
        varying.add(node.output)
        if name == "pow" and (node.inputs[1] in varying or node.inputs[1].shape):
            return False
        if name == "flip" or (name == "getitem" and any(_steps_back(part) for part in node.attrs["key"])):
            backwards.add(node.output)
        elif not backwards.isdisjoint(node.inputs):
            if name in _TWO_ROUTINES:
                return False
            if name in _VIEWS:
                backwards.add(node.output)
    return True


_TWO_ROUTINES = frozenset(
    """
    acos acosh asin asinh atan atan2 atanh cos cosh exp expm1 log log10 log1p log2 pow sin sinh tan tanh
    """.split()  # noqa: SIM905
)

_VIEWS = frozenset(
    "astype broadcast_to conj getitem identity imag permute_dims real reshape stop_gradient".split()  # noqa: SIM905
)
"""Ops whose result may lie in memory as their argument does."""


def _steps_back(part: Any) -> bool:
    return isinstance(part, Slice) and part.step < 0


def _limit(traced: Traced) -> int:
    """How many elements fit into the caches with everything that is computed from them."""
    graph = traced.graph
    values = [*graph.inputs[: len(graph.inputs) - len(traced.captured)], *(node.output for node in graph.nodes)]
    widest = max((math.prod(value.shape) * value.dtype.itemsize for value in values), default=1)
    return max(1, SIZE // max(1, widest))
