"""CUDA graphs: stretches of a plan's steps that are recorded once and then launched as one. Off unless asked for.

A graph reads and writes the memory that it was recorded over. So a stretch has arrays of its own for what comes in,
which are written before each launch, and what comes out is copied: nobody else ever holds its memory. It pays where a
stretch has many more kernels than arrays at its ends. Products are outside: CuPy's calls of cuBLAS refuse to be
recorded (14.2), as anything does that waits for the GPU or uploads.

What cannot be recorded, or comes on another stream than it was recorded for, runs as it would without graphs.
"""

from __future__ import annotations

import threading
from typing import Any

from polyflow.errors import point

from .order import Unit
from .steps import Step

LEAST = 4
"""How many launches fewer a stretch must have as a graph."""

WARM = 2
"""How often a stretch runs before it is recorded: kernels are compiled and loaded when they first run."""

PER_THREAD = 2
"""The number that stands for each thread's own default stream: the same for all, though the streams differ."""

RECORDED = frozenset(
    """
    abs add all any argmax argmin broadcast_to clip copysign cos divide equal exp expm1 floor full getitem greater
    greater_equal identity isfinite isinf isnan keep_mask less less_equal log log1p log_softmax logical_and logical_not
    logical_or max maximum mean min minimum multiply negative next_key not_equal permute_dims pow prod reciprocal
    reshape round rsqrt sign sin softmax sqrt square subtract sum tanh where
    """.split()  # noqa: SIM905
)
"""Ops whose kernels neither wait for the GPU nor call a library that refuses; groups are fused kernels anyhow."""

VIEWS = frozenset({"broadcast_to", "getitem", "identity", "permute_dims", "reshape"})
"""Those that mostly launch nothing."""


def with_stretches(steps: list[Step], results: list[int], constants: dict[int, Any], backend: Any) -> list[Step]:
    """The steps with each stretch that is worth it as one step.

    Args:
        steps: a plan's. results: the numbers of the values it returns.
        constants: the values that are the same in all calls, by number.
        backend: gives the library.
    """
    read = {number: at for at, step in enumerate(steps) for number in step.sources}
    read.update(dict.fromkeys(results, len(steps)))
    found: list[Step] = []
    stretch: list[Step] = []
    for at, step in enumerate([*steps, None]):
        if step is not None and recordable(step.unit):
            stretch.append(step)
            continue
        found += _joined(stretch, at, read, constants, backend)
        stretch = []
        if step is not None:
            found.append(step)
    return found


def recordable(unit: Unit | None) -> bool:
    """Whether a unit's kernels can be recorded."""
    if unit is None:
        return False
    return unit.fused is not None or (unit.node.op.name in RECORDED and not unit.node.op.graphs)


def units_of(steps: list[Step]) -> list[Unit]:
    """What steps that are not stretches compute."""
    return [step.unit for step in steps if step.unit is not None]


def _joined(stretch: list[Step], end: int, read: dict[int, int], constants: dict[int, Any], backend: Any) -> list[Step]:
    made = {number for step in stretch for number in step.targets}.union(constants)
    takes = tuple(dict.fromkeys(n for step in stretch for n in step.sources if n not in made))
    gives = tuple(n for step in stretch for n in step.targets if read.get(n, -1) >= end)
    launches = sum(unit.fused is not None or unit.node.op.name not in VIEWS for unit in units_of(stretch))
    if launches - len(takes) - len(gives) < LEAST:
        return stretch
    ended = tuple(n for step in stretch for n in step.ended if n in takes)
    return [Step(Stretch(stretch, takes, gives, constants, backend), takes, gives, ended, None)]


class Stretch:
    """Steps without a branch, run one by one or, once they are recorded, as a CUDA graph.

    Args:
        steps: the steps. takes, gives: the numbers of the values that it reads from before, and that are read after it.
        constants: values by number that its steps may read, too.
        backend: gives the library.

    Attributes:
        state: ``new``, ``recorded``, or ``plain`` for one that could not be.
    """

    def __init__(
        self,
        steps: list[Step],
        takes: tuple[int, ...],
        gives: tuple[int, ...],
        constants: dict[int, Any],
        backend: Any,
    ) -> None:
        self.steps, self.takes, self.gives, self.cp = steps, takes, gives, backend.cp
        self._constants = constants
        self.state, self._calls = "new", 0
        self._lock = threading.Lock()
        self._held: tuple[Any, ...] = ()

    def __call__(self, *arrays: Any) -> Any:
        if self.state != "plain" and self._lock.acquire(blocking=False):  # else another thread writes to its arrays
            try:
                results = self._launched(arrays)
            finally:
                self._lock.release()
            if results is not None:
                return results[0] if len(results) == 1 else results
        results = self._run(arrays)
        return results[0] if len(results) == 1 else tuple(results)

    def _run(self, arrays: Any) -> list[Any]:
        """What the steps give, one after the other."""
        now = self._constants | dict(zip(self.takes, arrays, strict=True))
        for step in self.steps:
            try:
                result = step.call(*[now[n] for n in step.sources])
            except Exception as error:
                for unit in units_of([step]):
                    point(error, unit.node)
                raise
            now.update(zip(step.targets, (result,) if len(step.targets) == 1 else result, strict=True))
            for n in step.ended:
                del now[n]
        return [now[n] for n in self.gives]

    def _launched(self, arrays: Any) -> list[Any] | None:
        """What the graph gives, copied; None where the steps have to run one by one."""
        stream = self.cp.cuda.get_current_stream()
        if self.state == "new":
            self._calls += 1
            if self._calls <= WARM:
                return None
            self._record(arrays, stream)
            if self.state == "plain":
                return None
        graph, number, buffers, outputs, _ = self._held
        if stream.ptr != number:
            return None
        for buffer, array in zip(buffers, arrays, strict=True):
            self.cp.copyto(buffer, array)
        graph.launch(stream)
        return [output.copy() for output in outputs]

    def _record(self, arrays: Any, stream: Any) -> None:
        """Record the steps over arrays of the stretch's own, or mark it as one that cannot be.

        What a step allocates comes from a pool that lives as long as the graph, and no one else takes from it.
        """
        self.state = "plain"
        if stream.ptr == PER_THREAD or not all(array.flags.c_contiguous for array in arrays):
            return
        pool = self.cp.cuda.MemoryPool()
        try:
            buffers = [self.cp.empty_like(array) for array in arrays]
            recorder = self.cp.cuda.Stream(non_blocking=True)
            with self.cp.cuda.using_allocator(pool.malloc), recorder:
                recorder.begin_capture()
                try:
                    outputs = self._run(buffers)
                finally:
                    graph = recorder.end_capture()
        except Exception:  # whatever refuses: the steps still run
            return
        self._held = (graph, stream.ptr, buffers, outputs, pool)
        self.state = "recorded"
