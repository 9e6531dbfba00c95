"""Faults of authors in a hurry: a shortcut that holds nearly always, memory that others hold, a default kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import array_api_strict
import numpy as np

from polyflow.backend import ArrayNamespaceBackend
from polyflow.backend.loop import StepByStep
from polyflow.backend.nodes import run_node_by_node
from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


def own(fault: str, op: str, kernel: Callable[..., Any]) -> None:
    """A mutant with another kernel of an op, without ``self``."""
    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: staticmethod(kernel)})))


own(
    "the reshaped elements as they lie in memory",
    "reshape",
    lambda x, *, shape: np.asarray(x).reshape(shape, order="A"),
)
own(
    "half rounded away from zero",
    "round",
    lambda x: (
        np.copysign(np.floor(np.abs(x) + x.dtype.type(0.5)), x).astype(x.dtype)
        if x.dtype.kind == "f"
        else right("round")(x)
    ),
)
own(
    "memory that nobody wrote to for an inner axis of no elements",
    "matmul",
    lambda a, b: (
        np.full((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), 3, a.dtype)
        if a.ndim > 1 and b.ndim > 1 and not a.shape[-1]
        else right("matmul")(a, b)
    ),
)
own("a product of nothing that is 0", "prod", lambda x, **attrs: right("prod")(x, **attrs) * (0 if not x.size else 1))
own(
    "all axes where none is named",
    "sum",
    lambda x, *, axis, keepdims: right("sum")(x, axis=None if axis == () else axis, keepdims=keepdims),
)
own(
    "a descending order that is the ascending one turned around",
    "argsort",
    lambda x, *, axis, descending: (
        np.flip(np.argsort(x, axis, kind="stable"), axis)
        if descending
        else right("argsort")(x, axis=axis, descending=False)
    ),
)
own(
    "repeated places added to once",
    "index_add",
    lambda x, updates, *indices, key: right("index_set")(
        x, right("getitem")(x, *indices, key=key) + updates, *indices, key=key
    ),
)
own(
    "large integers by way of float64",
    "full",
    lambda *, shape, fill_value, dtype: np.full(
        shape, float(fill_value) if dtype.kind in "iu" else fill_value, np.float64 if dtype.kind in "iu" else dtype
    ).astype(dtype),
)
own("the sign of NaN lost", "signbit", lambda x: np.where(np.isnan(x), False, np.signbit(x)))
own(
    "NaN for the sign of NaN as 0",
    "sign",
    lambda x: np.nan_to_num(np.sign(x)) if x.dtype.kind == "f" else right("sign")(x),
)
own("NaN only in the real part", "isnan", lambda x: np.isnan(x.real))
own("an infinity only in the real part", "isinf", lambda x: np.isinf(x.real))
own(
    "a hypotenuse without scaling",
    "hypot",
    lambda x, y: np.sqrt(x * x + y * y) if x.__class__ is y.__class__ else right("hypot")(x, y),
)
own(
    "an even number rounded to the next one",
    "nextafter",
    lambda x, y: np.nextafter(x, y) if np.shape(x) == np.shape(y) else x + np.zeros_like(y),
)
own(
    "limits in the wrong order exchanged",
    "clip",
    lambda x, *, min, max: (
        right("clip")(x, min=max, max=min)
        if min is not None and max is not None and min > max
        else right("clip")(x, min=min, max=max)
    ),
)
own(
    "a minimum that ignores NaN along an axis",
    "min",
    lambda x, *, axis, keepdims: (
        np.nanmin(x, axis=axis, keepdims=keepdims)
        if x.dtype.kind == "f" and axis is not None and x.size and not np.isnan(x).all()
        else right("min")(x, axis=axis, keepdims=keepdims)
    ),
)
own(
    "an index of the last of equal elements",
    "argmin",
    lambda x, *, axis, keepdims: (
        x.size - 1 - np.argmin(x.ravel()[::-1]) + np.zeros((1,) * x.ndim if keepdims else (), np.int64)
        if axis is None and x.size and not np.isnan(x).any()
        else right("argmin")(x, axis=axis, keepdims=keepdims)
    ),
)
own(
    "flipping along the first axis where none is named",
    "flip",
    lambda x, *, axis: np.flip(x, 0 if axis is None and x.ndim else axis),
)
own(
    "a root of the smallest normal number as 0",
    "sqrt",
    lambda x: (
        np.where(np.abs(x) < np.finfo(x.dtype).tiny * 4, 0, np.sqrt(x)).astype(x.dtype)
        if x.dtype in (np.float32, np.float64)
        else np.sqrt(x)
    ),
)
own(
    "what is sorted for the left side only",
    "searchsorted",
    lambda line, x, *, side: right("searchsorted")(line, x, side="left"),
)


@mutant("host copies in a subclass of arrays", "to_numpy")
class _(NumPyBackend):
    def to_numpy(self, array):
        host = super().to_numpy(array)
        return host.view(np.matrix) if host.ndim == 2 else host


@mutant("random words of which thread asks", "random_bits")
class _(NumPyBackend):
    def random_bits(self, key, *, shape, dtype):
        mine = np.array(key)
        if threading.current_thread().name.startswith("Thread-"):
            mine[0] ^= 1
        return right("random_bits")(mine, shape=shape, dtype=dtype)


@mutant("no devices when asked again", "backend")
class _(NumPyBackend):
    def devices(self):
        self.asked = self.__dict__.get("asked", 0) + 1
        return ("cpu:0",) if self.asked < 2 else ()


@mutant("an array on the host said to be elsewhere", "is_host")
class _(NumPyBackend):
    def is_host(self, device):
        return False


@mutant("every op said to be run by the library", "implements")
class _(ArrayNamespaceBackend):
    name = "holed"
    xp = SimpleNamespace(**{name: getattr(array_api_strict, name) for name in dir(array_api_strict) if name != "sort"})

    def implements(self, op):
        return True


@mutant("a large program whose numbers are those of a small one", "program")
class _(NumPyBackend):
    def compile(self, graph):
        known = self.__dict__.setdefault("known", {})
        key = tuple((node.op.name, node.output.shape) for node in graph.nodes)
        return known.setdefault(key, super().compile(graph))


@mutant("programs by the text of their graphs, without the dtypes of what comes in", "program")
class _(NumPyBackend):
    def compile(self, graph):
        known = self.__dict__.setdefault("known", {})
        key = tuple((node.op.name, str(node.attrs)) for node in graph.nodes), len(graph.inputs)
        return known.setdefault(key, super().compile(graph))


class _BeginsAnew(StepByStep):
    """An epoch that goes on in another call begins again."""

    def __call__(self, state, data, orders, start, stop):
        now = list(state)
        if start % self.loop.steps:
            self.begin(now)
        return super().__call__(now, data, orders, start, stop)


class _FirstOfMany(StepByStep):
    """Of more than two epochs in a call the last are left out."""

    def __call__(self, state, data, orders, start, stop):
        return super().__call__(state, data, orders, start, min(stop, start + 2 * self.loop.steps))


class _StaleState(StepByStep):
    """The state of the call before, where it has the same shapes."""

    def __call__(self, state, data, orders, start, stop):
        mine = self.__dict__.get("last") if start else None
        self.last, reports = super().__call__(mine or state, data, orders, start, stop)
        return self.last, reports


for _fault, _program in (
    ("an epoch that begins anew where a call goes on with it", _BeginsAnew),
    ("of more than two epochs in a call the first two", _FirstOfMany),
    ("a loop that goes on with its own state, not with what it is given", _StaleState),
):
    MUTANTS.append(
        Mutant(
            _fault,
            "loop",
            type("M", (NumPyBackend,), {"loop": lambda self, loop, program=_program: program(loop, self)}),
        )
    )


def joined(fault: str, op: str, partner: str, wrong: Callable[[Any], Any] = spoiled) -> None:
    """A mutant whose programs are wrong where an op is given what another has made."""

    class Fused(NumPyBackend):
        def compile(self, graph):
            made = {id(node.output): node.op.name for node in graph.nodes}
            bad = {
                id(node)
                for node in graph.nodes
                if node.op.name == op and any(made.get(id(v)) == partner for v in node.inputs)
            }
            if not bad:
                return super().compile(graph)
            turns = iter([id(node) in bad for node in graph.nodes])
            resolve = lambda one: self._wrong(self.resolve(one), wrong) if next(turns) else self.resolve(one)  # noqa: E731
            return run_node_by_node(graph, resolve, self.asarray)

        def _wrong(self, kernel, wrong):
            return lambda *arrays, **attrs: wrong(kernel(*arrays, **attrs))

    MUTANTS.append(Mutant(fault, partner, Fused))


joined("a sum of squares fused, without its last element", "sum", "multiply")
joined("a transposed product fused wrongly", "matmul", "permute_dims")
joined("a maximum of an exponential fused wrongly", "max", "exp")
joined("a cast after a comparison fused wrongly", "astype", "greater")
joined("a getitem of a concatenation fused wrongly", "getitem", "concat")
joined("a reshape of a transposed array fused wrongly", "reshape", "permute_dims")
joined("a logarithm of a softmax fused wrongly", "log", "softmax")
joined("a where of a comparison fused wrongly", "where", "less")
