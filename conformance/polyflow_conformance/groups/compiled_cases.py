"""compile-1, what other cases ask of an op alone, asked of programs: every dtype, limits, infinities, NaN, stacks.

Cases of other groups are tried as they are, in a trial whose ops go into a graph and whose comparisons wait until the
program has run. There is one program for each op, since libraries take long to compile; the arguments of an elementwise
op are laid one behind the other, so that its program has one node for each dtype. Cases that look at what an op gave
before they go on get a program for each node.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow.interpreter import Interpreter, inside
from polyflow.flow.trace import Compiled, Traced, Tracer, trace
from polyflow.ops.several import PACKED

from ..case import Case, Skip, Trial
from ..catalog import all_cases
from ..oracle import FORMULAS
from ..table import functions, ops
from ..trying import deviation_for
from .core_matrices import CHECKS

GROUP = "compile-1"

ELEMENTWISE = (
    *("*/small", "*/wrap", "*/special", "*/signs", "*/zeros", "*/parts", "*/cuts", "*/beyond-the-width"),
    *("*/near-multiples", "*/near-zero", "*/magnitudes", "*/tails", "*/every"),
)
"""The cases of elementwise ops that programs repeat, by the ends of their ids."""

_BY_NUMBERS = ("float32/scalar-right-special", "float32/scalar-left", "int32/scalar-*")

NUMBERS = {"divide": _BY_NUMBERS, "floor_divide": _BY_NUMBERS, "remainder": _BY_NUMBERS, "pow": _BY_NUMBERS}
"""Those with a Python number, for which a compiler may know a shorter way."""

_STACKS = ("matrix-stack", "stack-matrix", "vector-stack", "stack-vector", "batched", "one-stack", "one-of-two", "deep")
_MATRICES = ("row", "column", "outer", "number", "empty", "special", "transposed")

OTHERS: dict[str, tuple[str, ...]] = {
    "matmul": (*(f"float32/{label}" for label in _STACKS + _MATRICES), "*/matrices", "*/wrap", "float??/forms"),
    "clip": ("*/numbers-kept", "*/unknown"),
    "pad": ("*/numbers-kept",),
    "clamp": ("float32/unknown",),
    "searchsorted": ("float32/nan", "float32/sides", "int64/sides", "uint8/sides"),
    "astype": ("float32/to-all", "int32/to-all", "float32/rounding", "float32/signs"),
    "saturate_cast": ("float32/limits",),
    "full": ("*/shapes", "*/special", "*/negative-zero"),
    "take_along_axis": ("*/last",),
    "where": ("float32/scalars", "*/numbers-kept"),
    "getitem": ("float32/arrays*", "float32/array-and-*", "float32/mask*"),
    "max": ("float32/ties",),
    "min": ("float32/ties",),
    "argmax": ("float32/ties",),
    "argmin": ("float32/ties",),
    "sort": ("float32/special",),
    "argsort": ("float32/special",),
    "softmax": ("float32/overflow", "float32/infinite", "float16/axes", "bfloat16/axes"),
    "log_softmax": ("float32/overflow", "float32/infinite", "float16/axes", "bfloat16/axes"),
    "sum": ("*/accumulated-wide", "float32/none", "float32/pair"),
    "random_bits": ("uint64/key-1",),
}
"""Those of other ops."""

MATRICES = {
    name: ("float32/tall" if kind == "any" else "float32/square", "complex64/stack")
    for name, (kind, _) in CHECKS.items()
    if name != "part"  # which looks into programs itself
}
"""Those of linear algebra and Fourier transforms."""


class Asked(NamedTuple):
    """A comparison that waits: what `Trial.close` was given, and whether a Python number is among the arguments."""

    value: Any
    expected: np.ndarray
    tolerance: float
    dtype: np.dtype | None
    options: dict[str, Any]
    by_number: bool

    def judge(self, t: Trial, value: Any) -> None:
        """Compare."""
        t.close(value, self.expected, self.tolerance, dtype=self.dtype, **self.options)


class Inside(Trial):
    """A trial in a trace: what ops give has no values yet, so its comparisons are kept for later."""

    def __init__(self, t: Trial, case: Case) -> None:
        super().__init__(t.backend, case, t.seed)
        self.asked: list[Asked] = []

    def close(
        self, value: Any, expected: Any, tolerance: float = 0.0, *, dtype: np.dtype | None = None, **options: Any
    ) -> None:
        """Keep a comparison."""
        options["what"] = f"{options.get('what', 'the result')} in a program, as {self.case.id} has it,"
        by_number = "/scalar-" in self.case.id
        self.asked.append(Asked(value, np.asarray(expected), tolerance, dtype, options, by_number))


class Singly(Interpreter):
    """Each op by a program of its own."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    @property
    def backend(self) -> Any:
        """Where the programs run."""
        return self._backend

    def run(self, op: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Compile an op and run it; one of several results goes on to the op that takes one of them."""
        tracer = next((arg.tracer for arg in args if hasattr(arg, "tracer")), None) or Tracer(self.backend)
        symbol = tracer.run(op, args, attrs)
        return symbol if symbol.dtype is PACKED else Compiled(Traced(tracer, (), symbol)).tensors(())

    def create(self, op: Any, attrs: dict[str, Any], backend: Any) -> Any:
        """The same for an op without arguments."""
        return self.run(op, (), attrs)

    def read(self, variable: Any) -> Any:
        """The value of a variable, of which these cases have none."""
        raise NotImplementedError

    def assign(self, variable: Any, value: Any) -> None:
        """Nor do they assign any."""
        raise NotImplementedError


def cases() -> Iterator[Case]:
    """One for each op."""
    for names, check in ((FORMULAS, _elementwise), (OTHERS, _other), (MATRICES, _matrices)):
        for name in names:
            if name in ops() or name not in FORMULAS:
                quick = name in ("add", "exp", "floor_divide", "clamp", "matmul")
                yield Case(f"{GROUP}/{name}/every-dtype/cases", functools.partial(check, name=name), quick=quick)


def _repeated(t: Trial, name: str, ends: tuple[str, ...]) -> list[Case]:
    """The cases of an op with such ids that are about dtypes which the backend holds, but for declared deviations."""
    found = [
        case
        for case in all_cases().values()
        if case.op == name
        and case.group in ("core-1", "ieee-1", "random-1")
        and any(fnmatchcase(case.id.split("/", 2)[2], end) for end in ends)
        and set(case.dtypes) <= set(t.held)
        and deviation_for(case.id, t.backend) is None
    ]
    if not found:
        raise Skip("the backend has none of the dtypes, or declares deviations of all that would be repeated")
    return found


def _asked(t: Trial, name: str, ends: tuple[str, ...]) -> list[Asked]:
    """What the cases of an op ask, whose ops go into the graph that is traced."""
    trials = [Inside(t, case) for case in _repeated(t, name, ends)]
    for one in trials:
        one.case.check(one)
    return [asked for one in trials for asked in one.asked]


def _compiled(t: Trial, function: Callable[[], list[Any]]) -> list[Any]:
    """What a function gives in a program that has all arrays as arguments."""
    return Compiled(trace(function, backend=t.backend)).tensors(())


def _elementwise(t: Trial, *, name: str) -> None:
    apart: list[Asked] = []
    groups: dict[np.dtype, list[Asked]] = {}

    def program() -> list[Any]:
        for one in _asked(t, name, ELEMENTWISE + NUMBERS.get(name, ())):
            dtype = dt.as_dtype(one.options["inputs"][0].dtype)
            (apart if one.by_number else groups.setdefault(dtype, [])).append(one)
        for group in groups.values():
            group.append(group.pop(0))  # plain numbers come last, where what is wrong at the end of a line shows
        lines = [_joined([one.options["inputs"] for one in group]) for group in groups.values()]
        return [*(functions()[name](*map(t.tensor, line)) for line in lines), *(one.value for one in apart)]

    values = iter(_compiled(t, program))
    for group, value in zip(groups.values(), values, strict=False):
        sizes = [one.expected.size for one in group]
        host = t.spec(value, (sum(sizes),), group[0].dtype or value.dtype, f"{name} in a program")
        for part, one in zip(np.split(host, np.cumsum(sizes)[:-1]), group, strict=True):
            t.judge(part.reshape(one.expected.shape), one.expected, one.tolerance, **one.options)
    for one, value in zip(apart, values, strict=True):
        one.judge(t, value)


def _joined(calls: list[tuple[np.ndarray, ...]]) -> list[np.ndarray]:
    """The arguments of many calls as those of one."""
    return [np.concatenate([np.ravel(arg) for arg in args]) for args in zip(*calls, strict=True)]


def _other(t: Trial, *, name: str) -> None:
    asked: list[Asked] = []

    def program() -> list[Any]:
        asked[:] = _asked(t, name, OTHERS[name])
        return [one.value for one in asked]

    for value, one in zip(_compiled(t, program), asked, strict=True):
        one.judge(t, value)


def _matrices(t: Trial, *, name: str) -> None:
    for case in _repeated(t, name, MATRICES[name]):
        trial = Trial(t.backend, case, t.seed)
        with inside(Singly(t.backend)):
            case.check(trial)
        t.ulp, t.tolerance = trial.ulp, trial.tolerance
