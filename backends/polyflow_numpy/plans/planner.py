"""From a graph to the lines of a plan: node after node, each by the emitter that knows its family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from polyflow.backend.nodes import with_functions
from polyflow.flow.passes.lives import VIEWS, Lives, nbytes
from polyflow.ops.several import PACKED

from ..threads import LEAST_OF_MATRICES, alone, small
from . import elementwise, numbers, products, reductions, selection, views
from .lowering import lowered
from .memory import Memory
from .places import Order, Place, c_order
from .pool import Pool
from .source import OWNER, Source
from .sweeps import Sweep
from .walks import Walk, walks

EMITTERS: dict[str, Callable[[Planner, Any], bool]] = {
    **views.EMITTERS,
    **products.EMITTERS,
    **reductions.EMITTERS,
    **selection.EMITTERS,
}
"""What writes the lines of an op; it returns False for a node that it does not know, and has then written nothing."""

MADE = frozenset(
    """
    all any argmax argmin argsort clamp concat cumulative_prod cumulative_sum erf erfc erfinv floor_divide full
    index_add index_set keep_mask log1p log_softmax logsumexp matmul max mean min pad pow prod random_bits
    random_permutation relu rsqrt searchsorted sigmoid softmax softplus sort sum where
    """.split()  # noqa: SIM905
)
"""Ops, besides NumPy's universal functions, whose kernels give arrays that share no memory with their arguments."""

FOLDED = 1 << 16
"""Values that are known beforehand are worked out when the plan is made, if they have no more bytes than this."""

DROPPED = 1 << 16
"""Larger arrays that kernels give are let go as soon as they have been read."""


Resolve = Callable[[Any], Callable[..., Any]]


class Planner:
    """One graph on its way to a plan.

    Args:
        graph: the graph.
        resolve: maps an op to its ordinary kernel.
        inputs: where each input of the graph lies, or the array that it is in all calls.
        into: the arrays that the last outputs are written into; the outputs before these are returned.
        name: the backend's, for the sentence about a kernel that returns no array.

    Attributes:
        source: the lines. memory: the blocks. lives: the lives of the values. places: where each lies.
        at: the number of the node whose lines are being written.
    """

    def __init__(
        self,
        graph: Any,
        resolve: Resolve,
        inputs: Sequence[Place | np.ndarray],
        into: Sequence[Place] = (),
        name: str = "",
    ) -> None:
        self.graph, self._resolve, self._name = graph, resolve, name
        self._kernels: dict[Any, Callable[..., Any]] = {}
        self.source = Source()
        self.source.constants[OWNER] = name
        self.memory = Memory(self.source)
        count = len(graph.outputs) - len(into)
        self.results = graph.outputs[:count]
        self.lives = Lives(graph, self.results, self._makes)
        self.places: dict[Any, Place] = {
            value: place if isinstance(place, Place) else self._known(place)
            for value, place in zip(graph.inputs, inputs, strict=True)
        }
        self._held = {place.name: value for value, place in self.places.items()}
        self._assigned = list(zip(graph.outputs[count:], into, strict=True))
        self._into = {value: place for value, place in reversed(self._assigned) if value not in self.results}
        self.at = 0
        self._scratch: list[object] = []
        self._arrays: dict[Any, str] = {}
        self._numbers: dict[Any, str] = {}
        self._heirs: dict[Any, Any] = {}
        self._at = {id(node): at for at, node in enumerate(graph.nodes)}
        self._together: dict[int, Sweep | Walk] = {}

    def together(self, way: Sweep | Walk) -> None:
        """Let a group of nodes, which follow each other, be done together."""
        self._together[self.number_of(way.group.nodes[0])] = way

    def run(self) -> list[str]:
        """Write the lines of all nodes; the results to return."""
        ends: dict[int, list[Any]] = {}
        for origin, last in self.lives.last.items():
            ends.setdefault(last, []).append(origin)
        done = 0
        for at, node in enumerate(self.graph.nodes):
            self.at = at
            self.source.node = node
            way = self._together.get(at)
            if way is not None and way.write():
                done = at + len(way.group.nodes)
            if at >= done:
                self._node(node)
            for owner in self._scratch:
                self.memory.free(owner)
            self._scratch.clear()
            for origin in ends.get(at, ()):
                self._end(origin)
        self.source.node = None
        results = [self._returned(value) for value in self.results]
        self._assign()
        return results

    def _node(self, node: Any) -> None:
        if self._folded(node) or (not node.output.shape and numbers.emit(self, node)):
            return
        emit = EMITTERS.get(node.op.name, elementwise.emit)
        if not emit(self, node):
            self._ordinary(node)

    # What emitters build on ------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Write one more line."""
        self.source.line(text)

    def named(self, value: Any) -> str:
        """The name of an object that lines refer to: a function, a dtype, an array that never changes."""
        return self.source.constant(value)

    def kernel(self, op: Any) -> Callable[..., Any]:
        """The ordinary kernel of an op."""
        kernel = self._kernels.get(op)
        if kernel is None:
            kernel = self._kernels[op] = self._resolve(op)
        return kernel

    def place(self, value: Any) -> Place:
        """Where a value lies."""
        place = self.places.get(value)
        if place is None:  # a Python number
            place = self.places[value] = self._known(np.asarray(value.scalar).astype(value.dtype))
        return place

    def array(self, value: Any) -> str:
        """A value as an argument of a universal function: an array, for these make one of a scalar."""
        place = self.place(value)
        if not place.number:
            return place.name
        name = self._arrays.get(value)
        if name is None:
            name = self._arrays[value] = self.source.own(f"empty((), {self.named(value.dtype)})", "z")
            self.line(f"{name}[()] = {place.name}")
        return name

    def number(self, value: Any) -> str:
        """A value without axes as a NumPy scalar, which Python's operators take."""
        place = self.place(value)
        if place.number:
            return place.name
        name = self._numbers.get(value)
        if name is None:
            if place.value is not None:
                name = self.named(place.value[()])
            else:
                name = self.source.name("s")
                self.line(f"{name} = {place.name}[()]")
            self._numbers[value] = name
        return name

    def view(self, place: Place, what: str) -> str:
        """A view of an array, ``{}.transpose(1, 0)`` with a place for its name: made once, if the array is."""
        expression = what.format(place.name)
        return self.source.once(expression, "w") if place.fixed else expression

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Place:
        """An array that is free again after this node."""
        owner = object()
        self._scratch.append(owner)
        order = c_order(shape)
        return Place(self.memory.array(owner, shape, dtype, order), True, order, True)

    def local(self, value: Any, expression: str, **known: Any) -> Place:
        """Put a value into a variable of the call."""
        name = self.source.name("v")
        self.line(f"{name} = {expression}")
        place = self.places[value] = Place(name, **known)
        return place

    def scalar(self, value: Any, expression: str) -> None:
        """Put a value without axes into a variable of the call, as a NumPy scalar."""
        name = self.source.name("s")
        self.line(f"{name} = {expression}")
        self.places[value] = Place(name, number=True)

    def made_by_call(self, value: Any) -> bool:
        """Whether a result is the array that a call makes, not one that the call writes into: it is the caller's."""
        return value in self.lives.returned

    def result(self, node: Any, order: Order | None = None, over: tuple[Any, ...] = ()) -> Place:
        """An array to write a node's output into.

        Args:
            node: the node.
            order: how it is to lie in memory.
            over: inputs that may be overwritten, if this is their end and they are laid out that way.
        """
        value = node.output
        order = c_order(value.shape) if order is None else order
        into = self._into.get(value)
        if into is not None and order == c_order(value.shape) and self._free(into, node, over):
            self.places[value] = into
            return into
        for other in over:
            if self._ends(other, node, order):
                (origin,) = self.lives.origins[other]
                self.memory.hand_on(origin, value)
                self._heirs[origin] = value
                place = self.places[value] = self.places[other]
                return place
        if value in self.lives.returned:
            return self.local(value, f"empty({value.shape}, {self.named(value.dtype)})", order=c_order(value.shape))
        place = self.places[value] = Place(self.memory.array(value, value.shape, value.dtype, order), True, order, True)
        return place

    def call(self, node: Any, function: Any, arguments: tuple[str, ...], *, keyword: bool = False, **how: Any) -> None:
        """Write a call whose result is a node's output: ``function(*arguments, out)``.

        Args:
            node: the node.
            function: the function.
            arguments: what it is called with.
            keyword: whether it takes ``out`` by name alone.
            how: ``order`` and ``over``, as in `result`.
        """
        name, given = self.named(function), ", ".join(arguments)
        if self.made_by_call(node.output):
            self.local(node.output, f"{name}({given})")
        else:
            self.line(f"{name}({given}, {'out=' if keyword else ''}{self.result(node, **how).name})")

    def send(self, value: Any, place: Place) -> None:
        """Let a value that is still to be computed be written to a place, if its node can and it has no other."""
        if value not in self.results:
            self._into.setdefault(value, place)

    def sent(self, value: Any) -> bool:
        """Whether a value that is still to be computed has a place to go to."""
        return value in self._into

    def number_of(self, node: Any) -> int:
        """Where a node stands in the graph."""
        return self._at[id(node)]

    def value_read_later(self, value: Any, nodes: Sequence[Any]) -> bool:
        """Whether anybody after these nodes reads what a value lies in."""
        done = max(map(self.number_of, nodes))
        return any(self.lives.last.get(origin, -1) > done for origin in self.lives.origins[value])

    def read_later(self, place: Place, nodes: Sequence[Any]) -> bool:
        """Whether anybody after these nodes reads what lay in a place when the call began."""
        old = self._held.get(place.name)
        return old is not None and self.value_read_later(old, nodes)

    def apart(self, values: Sequence[Any], places: Sequence[Place]) -> bool:
        """Whether no two of these values share memory, and none shares it with what lay in these places but itself."""
        old = {self._held.get(place.name) for place in places}
        origins = [self.lives.origins[value] for value in values]
        return len(set().union(*origins)) == sum(map(len, origins)) and all(
            found == {value} or not found & old for value, found in zip(values, origins, strict=True)
        )

    # How it is done --------------------------------------------------------------------------------------------------

    def _makes(self, node: Any) -> bool:
        name = node.op.name
        if name == "astype":
            return node.inputs[0].dtype.kind != "c" != node.output.dtype.kind
        if name == "getitem":
            return len(node.inputs) > 1  # by arrays of indices
        if name == "clip":
            return node.attrs != {"min": None, "max": None}
        return name in MADE or (name not in VIEWS and elementwise.function(self.kernel(node.op)) is not None)

    def _known(self, array: Any) -> Place:
        array = np.asarray(array, order="C")
        return Place(self.named(array), True, c_order(array.shape), value=array)

    def _folded(self, node: Any) -> bool:
        """Work out a node now, if everything that it reads is known."""
        if node.output.dtype is PACKED or nbytes(node.output) > FOLDED:
            return False
        inputs = []
        for value in node.inputs:
            known = value.scalar if value.scalar is not None else self.places[value].value
            if known is None:
                return False
            inputs.append(known)
        self.places[node.output] = self._known(self.kernel(node.op)(*inputs, **node.attrs))
        return True

    def _ordinary(self, node: Any) -> None:
        """Call the node's kernel, as running node by node would."""
        kernel = self.kernel(node.op)
        if node.attrs:
            kernel = partial(kernel, **with_functions(node, lambda graph: plan(graph, self._resolve, self._name)))
        arguments = [
            self.named(value.scalar) if value.scalar is not None else self.places[value].name for value in node.inputs
        ]
        name = self.source.constant(kernel, f"{node.op.name}_")
        place = self.local(node.output, f"{name}({', '.join(arguments)})", writable=self._makes(node))
        if node.output.dtype is not PACKED:
            self.source.look(place.name)

    def _ends(self, value: Any, node: Any, order: Order) -> bool:
        """Whether a value may be overwritten by the output of the node that reads it."""
        place, heir = self.place(value), node.output
        if not place.writable or place.number or (value.shape, value.dtype) != (heir.shape, heir.dtype):
            return False
        if place.fixed and (place.order != order or heir in self.lives.returned):
            return False
        origin, *others = self.lives.origins[value]
        return not others and self.lives.last[origin] == self.at and self._alone(place, origin, node)

    def _free(self, into: Place, node: Any, over: tuple[Any, ...]) -> bool:
        """Whether nobody reads any more what lies where an output is to go, but for the node that may overwrite it."""
        old = self._held.get(into.name)
        last = -1 if old is None else self.lives.last.get(old, -1)
        return last < self.at or (last == self.at and old in over and self._alone(into, old, node))

    def _alone(self, place: Place, origin: Any, node: Any) -> bool:
        """Whether a node reads what lies where ``origin`` does under one name alone, element by element."""
        origins = self.lives.origins
        for other in node.inputs:
            if origin in origins.get(other, ()) and self.places[other].name != place.name:
                return False
        return True

    def _end(self, origin: Any) -> None:
        """Nobody reads any more what lies where ``origin`` does."""
        self.memory.free(origin)
        place = self.places.get(origin)
        if place is not None and place.name[0] == "v" and origin not in self._heirs and nbytes(origin) > DROPPED:
            self.line(f"{place.name} = None")

    def _assign(self) -> None:
        """Copy outputs to where they are to go, unless they lie there already."""
        moved = []
        for value, into in self._assigned:
            place = self.place(value)
            if place.name == into.name:
                continue
            name = self.number(value) if not value.shape else place.name
            if value.shape and any(other in self._held.values() for other in self.lives.origins.get(value, ())):
                kept = self.source.name("v")  # what it lies in may be written to before it is read
                self.line(f"{kept} = {name}.copy()")
                name = kept
            moved.append(f"{into.name}[...] = {name}")
        for line in moved:
            self.line(line)

    def _returned(self, value: Any) -> str:
        """A result as what is returned: an array that is the caller's."""
        place = self.place(value)
        if not value.shape:
            return self.number(value)
        if place.value is not None or value in self.lives.copied:
            return f"{place.name}.copy()"
        return place.name


def _planned(graph: Any, resolve: Resolve, name: str = "") -> tuple[Planner, list[str]]:
    """The planner of a graph whose arguments come with each call, done; and what it returns."""
    graph, groups = walks(lowered(graph), resolve)
    planner = Planner(graph, resolve, [Place(f"x{i}") for i in range(len(graph.inputs))], name=name)
    for group in groups:
        planner.together(Walk(planner, group))
    return planner, planner.run()


def plan(graph: Any, resolve: Resolve, name: str = "") -> Callable[..., tuple[Any, ...]]:
    """A function from a graph's input arrays to its output arrays; its attribute ``text`` is what it does.

    Args:
        graph: a `polyflow.flow.Graph`.
        resolve: maps an op to its kernel, which runs the nodes that no emitter knows.
        name: the backend's, for the sentence about a kernel that returns no array.
    """
    planner, results = _planned(graph, resolve, name)
    arguments = [f"x{i}" for i in range(len(graph.inputs))]
    text = planner.source.text([], arguments, results, planner.memory.lines())
    function: Any = Pool(planner.source.function(text), planner.memory.size).function()
    if small([graph], LEAST_OF_MATRICES):
        function = alone(function)
    function.text = text
    return function


def memory(graph: Any, resolve: Resolve) -> int:
    """How many bytes a graph's plan holds: its blocks, and the results that a call returns."""
    planner, _ = _planned(graph, resolve)
    return planner.memory.size + sum(nbytes(value) for value in dict.fromkeys(graph.outputs))
