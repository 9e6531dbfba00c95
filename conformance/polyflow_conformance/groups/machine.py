"""core-1, random programs: ops, indexing, assignment, in-place operators, gradients and moves against NumPy.

Hypothesis makes the programs and shortens those that fail. Numbers are int32, which wrap, so that every value has to be
exact. After each step all tensors of the program, and what was read from them earlier, are compared with their models:
an alias that shows a later write is found here.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.flow import transforms
from polyflow.ops import indexing, reduction

from ..case import Case, Mismatch, Skip, Trial
from ..table import functions

GROUP = "core-1"
BINARY = ("add", "subtract", "multiply", "maximum", "floor_divide", "remainder")
UNARY = ("negative", "square", "sign", "abs")
SHAPES = ((2, 3), (3,), ())


def cases() -> Iterator[Case]:
    """Random programs, some short, some long."""
    for name, programs, steps in (("short", 40, 6), ("long", 12, 25)):
        check = functools.partial(_programs, programs=programs, steps=steps)
        yield Case(f"{GROUP}/machine/int32/{name}", check, (dt.int32, dt.float32), quick=name == "short")


def _programs(t: Trial, *, programs: int, steps: int) -> None:
    try:
        import hypothesis
        from hypothesis.stateful import run_state_machine_as_test
    except ImportError:
        raise Skip("random programs are made by Hypothesis, which is not installed") from None

    settings = hypothesis.settings(
        max_examples=programs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
        phases=[hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if steps < 10 else [])],  # long ones take long
    )
    lines: list[str] = []
    machine = hypothesis.seed(t.seed)(_machine(t, lines))
    test = functools.partial(run_state_machine_as_test, machine, settings=settings)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where Hypothesis writes the program that fails
            test()
    except Mismatch as wrong:
        raise Mismatch(f"{wrong}, after: {'; '.join(lines)}") from None


def _machine(t: Trial, lines: list[str]) -> type:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

    numbers = st.integers(-9, 9)
    places = st.integers(0, 7)

    class Machine(RuleBasedStateMachine):
        """Tensors beside their models; each rule adds or replaces a pair."""

        def __init__(self) -> None:
            super().__init__()
            self.pairs: list[tuple[Any, np.ndarray]] = []
            self.variable = pf.Variable(np.zeros(3, np.int32))
            self.model = np.zeros(3, np.int32)
            lines.clear()

        def pick(self, place: int) -> tuple[Any, np.ndarray]:
            return self.pairs[place % len(self.pairs)]

        def keep(self, what: str, value: Any, model: Any) -> None:
            lines.append(what)
            self.pairs.append((value, np.asarray(model)))
            self.pairs = self.pairs[-8:]

        @initialize(first=st.lists(numbers, min_size=6, max_size=6))
        def start(self, first: list[int]) -> None:
            host = np.array(first, np.int32)
            for shape in SHAPES:
                part = host[: int(np.prod(shape))].reshape(shape)
                self.keep(f"tensor({part.tolist()})", t.tensor(part), part)

        @rule(name=st.sampled_from(BINARY), a=places, b=places)
        def binary(self, name: str, a: int, b: int) -> None:
            (x, h), (y, k) = self.pick(a), self.pick(b)
            try:
                np.broadcast_shapes(h.shape, k.shape)
            except ValueError:
                return
            with np.errstate(all="ignore"):
                model = getattr(np, name)(h, k).astype(np.int32)
            self.keep(f"{name}({h.tolist()}, {k.tolist()})", functions()[name](x, y), model)

        @rule(name=st.sampled_from(UNARY), a=places)
        def unary(self, name: str, a: int) -> None:
            x, h = self.pick(a)
            with np.errstate(all="ignore"):
                model = getattr(np, name)(h).astype(np.int32)
            self.keep(f"{name}({h.tolist()})", functions()[name](x), model)

        @rule(a=places, number=numbers)
        def in_place(self, a: int, number: int) -> None:
            place = a % len(self.pairs)
            x, h = self.pairs[place]
            x += number
            lines.append(f"x += {number}")
            self.pairs.append((x, (h + np.int32(number)).astype(np.int32)))

        @rule(a=places, key=st.sampled_from([0, -1, slice(None, None, -1), slice(1, None), (..., None), (..., 0)]))
        def read(self, a: int, key: Any) -> None:
            x, h = self.pick(a)
            if h.ndim and (h.shape[0] or not isinstance(key, int)) and (h.size or key != (..., 0)):
                self.keep(f"x[{key}]", x[key], h[key])

        @rule(a=places, index=st.lists(st.integers(-2, 1), min_size=1, max_size=3))
        def gather(self, a: int, index: list[int]) -> None:
            x, h = self.pick(a)
            if h.ndim and h.shape[0] >= 2:
                self.keep(f"x[{index}]", x[np.array(index)], h[index])

        @rule(a=places, number=numbers, name=st.sampled_from(["index_set", "index_add"]))
        def write(self, a: int, number: int, name: str) -> None:
            x, h = self.pick(a)
            if not h.ndim or not h.shape[0]:
                return
            model = h.copy()
            model[0] = number if name == "index_set" else (model[0] + np.int32(number)).astype(np.int32)
            self.keep(f"{name}(x, 0, {number})", getattr(indexing, name)(x, 0, number), model)

        @rule(a=places)
        def transpose(self, a: int) -> None:
            x, h = self.pick(a)
            self.keep("x.T", x.T, h.T)

        @rule(a=places, axis=st.sampled_from([None, 0, -1]))
        def total(self, a: int, axis: int | None) -> None:
            x, h = self.pick(a)
            if h.ndim or axis is None:
                self.keep(f"sum(x, {axis})", reduction.sum(x, axis), h.sum(axis, dtype=np.int32))

        @rule(a=places)
        def order(self, a: int) -> None:
            x, h = self.pick(a)
            if h.ndim:
                self.keep("sort(x)", functions()["sort"](x), np.sort(h))

        @rule(a=places)
        def gradient(self, a: int) -> None:
            x, h = self.pick(a)
            small = (h % 7).astype(np.float32)
            found = transforms.grad(lambda y: reduction.sum(y * y * y))((x % 7).astype("float32"))
            self.keep(
                "the gradient of the sum of (x % 7)**3", found.astype("int32"), (3 * small * small).astype(np.int32)
            )

        @rule(a=places)
        def there_and_back(self, a: int) -> None:
            x, h = self.pick(a)
            self.keep("x.to(numpy).to(backend)", x.to(discovery.get("numpy")).to(t.backend), h)

        @rule(a=places)
        def assign(self, a: int) -> None:
            x, h = self.pick(a)
            if h.shape == (3,):
                lines.append("v.assign(x)")
                self.variable.assign(x)
                self.model = h

        @rule(number=numbers)
        def assign_add(self, number: int) -> None:
            seen = self.variable.value
            before = self.model
            lines.append(f"y = v.value; v.assign_add({number})")
            self.variable.assign_add(np.full(3, number, np.int32))
            self.model = (self.model + np.int32(number)).astype(np.int32)
            self.pairs.append((seen, before))

        @invariant()
        def values_are_their_models(self) -> None:
            for value, model in [*self.pairs, (self.variable.value, self.model)]:
                t.exactly(value, model, dtype=dt.int32, what="a tensor of a random program")

    return Machine
