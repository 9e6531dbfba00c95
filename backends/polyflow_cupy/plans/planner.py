"""From a graph to a list of steps, and from that to a function: what arrays do not decide is decided once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.keys import library_key
from polyflow.backend.nodes import with_functions
from polyflow.errors import point
from polyflow.flow.passes.lives import VIEWS as SHARING
from polyflow.flow.passes.lives import nbytes

from .. import indexing
from ..settings import captured
from .capture import with_stretches
from .fused import Fused
from .lowering import lowered
from .order import Unit, units
from .steps import Step, described

Run = Callable[..., tuple[Any, ...]]


def plan(graph: Any, backend: Any) -> Run:
    """A function from a graph's input arrays to its output arrays; its attribute ``text`` tells the steps.

    It keeps no arrays of its own between calls but constants, so any number of threads can be in it at once.

    Args:
        graph: a `polyflow.flow.Graph` whose shapes are all known.
        backend: gives the library (``cp``), kernels and arrays of constants.
    """
    steps, values, results = steps_of(graph, backend)
    count = len(graph.inputs)
    if captured():
        constants = {at: value for at, value in enumerate(values) if value is not None}
        steps = with_stretches(steps, results, constants, backend)
    quick = [(step.call, step.sources, step.targets, len(step.targets) == 1, step.ended) for step in steps]

    def run(*arrays: Any) -> tuple[Any, ...]:
        now = values.copy()
        now[:count] = arrays
        at = 0
        try:
            for at, (call, sources, targets, one, ended) in enumerate(quick):  # noqa: B007
                result = call(*[now[i] for i in sources])
                if one:
                    now[targets[0]] = result
                else:
                    for target, array in zip(targets, result, strict=True):
                        now[target] = array
                for i in ended:
                    now[i] = None
        except Exception as error:
            unit = steps[at].unit
            if unit is not None:
                point(error, unit.node)
            raise
        return tuple([now[i] for i in results])

    function: Any = run
    function.text = "\n".join(map(described, steps))
    return function


def steps_of(graph: Any, backend: Any) -> tuple[list[Step], list[Any], list[int]]:
    """A graph's steps, the values that a call starts from by number (inputs first), and the numbers of its results."""
    graph = lowered(graph)
    order, same = units(graph, backend.capabilities.dtypes)
    numbers: dict[Any, int] = {value: number for number, value in enumerate(graph.inputs)}
    values: list[Any] = [None] * len(numbers)

    def number(value: Any) -> int:
        value = same.get(value, value)
        if value not in numbers:
            numbers[value] = len(values)
            values.append(value.scalar)
        return numbers[value]

    drafts = [(unit, tuple(map(number, unit.reads)), tuple(map(number, unit.makes))) for unit in order]
    results = [number(value) if value.scalar is None else _constant(value, values, backend) for value in graph.outputs]
    lasting = {*results, *range(len(graph.inputs)), *(at for at, value in enumerate(values) if value is not None)}
    last = {value: at for at, (_, sources, targets) in enumerate(drafts) for value in (*sources, *targets)}
    steps = []
    for at, (unit, sources, targets) in enumerate(drafts):
        ended = tuple(value for value in dict.fromkeys((*sources, *targets)) if last[value] == at)
        ended = tuple(value for value in ended if value not in lasting)
        steps.append(Step(called(unit, backend), sources, targets, ended, unit))
    return steps, values, results


def memory(graph: Any, backend: Any) -> int:
    """The most bytes that a plan's arrays hold at a time besides its arguments, results included; views hold none."""
    steps, _, results = steps_of(graph, backend)
    origin: dict[int, int] = {}
    sizes: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, step in enumerate(steps):
        unit = step.unit
        for number, value in zip(step.targets, unit.makes if unit else (), strict=False):
            view = unit is not None and unit.fused is None and unit.node.op.name in SHARING and len(step.sources) == 1
            origin[number] = origin.get(step.sources[0], step.sources[0]) if view else number
            sizes[number] = 0 if view else nbytes(value)
        last.update((origin.get(number, number), at) for number in (*step.sources, *step.targets))
    last.update((origin.get(number, number), len(steps)) for number in results)
    ends: dict[int, int] = {}
    for number, at in last.items():
        ends[at] = ends.get(at, 0) + sizes.get(number, 0)
    held = most = 0
    for at, step in enumerate(steps):
        held += sum(sizes[number] for number in step.targets)
        most = max(most, held)
        held -= ends.get(at, 0)
    return most


def _constant(value: Any, values: list[Any], backend: Any) -> int:
    """The number of a constant that a graph returns as it is."""
    values.append(backend.asarray(np.asarray(value.scalar).astype(value.dtype), value.dtype))
    return len(values) - 1


def called(unit: Unit, backend: Any) -> Callable[..., Any]:
    """What a unit's step calls."""
    node = unit.node
    if unit.fused is not None:
        return _kernel(unit.fused, backend)
    if node.op.name in VIEWS and len(node.inputs) == 1 and node.inputs[0].scalar is None:
        return VIEWS[node.op.name](node)
    kernel = unchecked(node, backend) or backend.resolve(node.op)
    attrs = with_functions(node, backend.compile)
    return partial(kernel, **attrs) if attrs else kernel


def _kernel(fused: Fused, backend: Any) -> Callable[..., Any]:
    kernel, numbers, empty = backend.kernels.fused(fused.text), fused.numbers, backend.cp.empty
    if fused.alone and not numbers:
        return kernel
    if fused.alone:
        return lambda *arrays: kernel(*arrays, *numbers)
    made = [(value.shape, value.dtype) for value in fused.outputs]
    return lambda *arrays: kernel(*arrays, *numbers, *[empty(shape, dtype) for shape, dtype in made])


def unchecked(node: Any, backend: Any) -> Callable[..., Any] | None:
    """The kernel of an op that waits for the GPU to look at its arguments when it runs alone: here it does not.

    Indices outside read NaN (the smallest integer, False) and write nothing; integers to a negative power are 1 divided
    by the positive one, rounded towards zero.
    """
    name = node.op.name
    if name in CHECKED:
        return partial(CHECKED[name], backend)
    return backend.cp.power if name == "pow" and node.output.dtype in dt.SIGNED else None


CHECKED = {"getitem": indexing.take, "index_add": indexing.add, "index_set": indexing.put}
"""Ops whose kernels check index arrays."""

VIEWS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "reshape": lambda node: operator.methodcaller("reshape", node.output.shape),
    "permute_dims": lambda node: operator.methodcaller("transpose", *node.attrs["axes"]),
    "getitem": lambda node: operator.itemgetter(library_key(node.attrs["key"], ())),
}
"""Ops that CuPy's arrays do by themselves, without a kernel where that gives a view."""
