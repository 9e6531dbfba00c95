"""Many steps of training, and many epochs, as one compiled program with the data on the device.

Where it starts and stops, and the order of rows, are arguments: no other number of epochs compiles again. Large arrays
of the state are donated to it: new values lie in the memory of the old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow.backend.loop import Loop, Part
from polyflow.errors import StateLostError
from polyflow.flow.identity import identity
from polyflow.flow.passes.lives import nbytes

from .sharing import Programs
from .wide import in_64_bits

State = tuple[Any, ...]

_SMALL = 1 << 20
"""Data of fewer bytes stay on the host: a call takes them with it sooner than they are placed once."""

_LARGE = 1 << 16
"""Arrays of so many bytes are donated, where"""

_WORTH = 1 << 20
"""so many are in all."""

_TEXT = 1 << 12
"""Captured arrays of so many bytes at most are compared, to see whether another loop computes the same."""


class Program:
    """A loop as one program.

    Args:
        loop: what to run.
        runnable: makes a function of JAX values of a graph.
        stage: makes an array on the device of one on the host.
        donates: whether it may take arrays of the state.
        programs: where a loop that computes the same finds its program.

    Attributes:
        donated: the places of those.
    """

    def __init__(
        self,
        loop: Loop,
        runnable: Callable[[Any], Callable[..., Any]],
        stage: Callable[[np.ndarray], Any],
        donates: bool,
        programs: Programs,
    ) -> None:
        self.loop, self.runnable, self.stage = loop, runnable, stage
        self.donated = _large(loop) if donates else ()
        self.program = programs.of(_identity(loop, self.donated), lambda: jax.jit(self._run, donate_argnums=0))
        self._call = in_64_bits(lambda *arguments, into: into.extend(map(self.program, *zip(arguments))))

    def place(self, arrays: Sequence[np.ndarray]) -> tuple[Any, ...]:
        return tuple(array if array.nbytes < _SMALL else self.stage(array) for array in arrays)

    def __call__(
        self, state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        into: list[Any] = []
        self._extend(into, self._copied(state), data, orders, start, stop)
        (changed, reports), result = into[0], list(state)
        for place, array in zip(self.loop.writes, changed, strict=True):
            result[place] = array
        return result, [np.asarray(report) for report in reports]

    def donating(
        self, state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int, into: list[Any]
    ) -> None:
        try:
            self._extend(into, state, data, orders, start, stop)
        except Exception as error:
            if into:
                raise
            if any(state[place].is_deleted() for place in self.donated):
                raise StateLostError(
                    f"a training step failed ({type(error).__name__}) when the memory of the model's weights had been "
                    "given to it, so their values are lost. Load weights that were saved before, or a checkpoint."
                ) from error
            self._extend(into, self._copied(state), data, orders, start, stop)  # JAX would not have one of them donated

    def _copied(self, state: Sequence[Any]) -> list[Any]:
        """The state with copies of what is donated."""
        given = list(state)
        for place in self.donated:
            given[place] = _copy(given[place])
        return given

    def _extend(
        self, into: list[Any], state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int
    ) -> None:
        """Append what a call gives, a pair of the changed state and the reports."""
        padded = np.zeros((self.loop.capacity, orders.shape[1]), np.int32 if orders.shape[1] < 1 << 31 else np.int64)
        padded[: len(orders)] = orders
        donated = tuple(state[place] for place in self.donated)
        kept = tuple(None if place in self.donated else array for place, array in enumerate(state))
        self._call(donated, kept, data, padded, np.int32(start), np.int32(stop), into=into)

    def _run(self, donated: State, kept: State, data: Any, orders: Any, start: Any, stop: Any) -> tuple[State, State]:
        whole = list(kept)
        for place, array in zip(self.donated, donated, strict=True):
            whole[place] = array
        state = tuple(whole)
        loop = self.loop
        begin, step, end = (self._part(part, state) for part in (loop.begin, loop.step, loop.end))
        rest = None if loop.rest is None else self._part(loop.rest, state)
        steps, size = loop.steps, loop.batch_size
        left = max(orders.shape[1] - loop.batches * size, 0)

        def batch(order: Any, at: Any, count: int) -> list[Any]:
            rows = lax.dynamic_slice(order, (at * size,), (count,))
            return [array.at[rows].get(mode="promise_in_bounds") for array in data]

        def epoch(number: Any, carry: tuple[State, State]) -> tuple[State, State]:
            now, reports = carry
            order = orders[number]
            first = jnp.maximum(start - number * steps, 0)
            last = jnp.minimum(stop - number * steps, steps)
            now = lax.cond(first == 0, lambda s: begin(s)[0], lambda s: s, now)
            now = lax.fori_loop(
                first, jnp.minimum(last, loop.batches), lambda at, s: step(s, *batch(order, at, size))[0], now
            )

            def finish(now: State, reports: State) -> tuple[State, State]:
                if rest is not None:
                    now, _ = rest(now, *batch(order, loop.batches, left))
                now, report = end(now)
                return now, tuple(
                    lax.dynamic_update_index_in_dim(held, one.astype(held.dtype), number, 0)
                    for held, one in zip(reports, report, strict=True)
                )

            return lax.cond(last == steps, finish, lambda *unfinished: unfinished, now, reports)

        changing = tuple(state[place] for place in loop.writes)
        reports = tuple(
            jnp.zeros((loop.capacity, *value.shape), value.dtype) for value in jax.eval_shape(end, changing)[1]
        )
        return lax.fori_loop(start // steps, (stop + steps - 1) // steps, epoch, (changing, reports))

    def _part(self, part: Part, state: State) -> Callable[..., tuple[State, tuple[Any, ...]]]:
        """A part as a function of what changes of the state, and a batch, to what that becomes, and results."""
        run = part.bound(self.runnable(part.graph))
        places = self.loop.writes

        def pure(changing: State, *arguments: Any) -> tuple[State, tuple[Any, ...]]:
            now = list(state)
            for place, value in zip(places, changing, strict=True):
                now[place] = value
            results = run(now, *arguments)
            return tuple(
                lax.convert_element_type(now[place], value.dtype) for place, value in zip(places, changing, strict=True)
            ), results

        return pure


def _identity(loop: Loop, donated: tuple[int, ...]) -> Hashable | None:
    """What a loop computes, as a key; None for one that captured large arrays, which its program holds."""
    parts: list[Hashable] = []
    for part in (loop.begin, loop.step, loop.rest, loop.end):
        if part is None:
            parts.append(None)
            continue
        graph = identity(part.graph)
        if graph is None or sum(array.nbytes for array in part.captured) > _TEXT:
            return None
        captured = tuple((array.dtype, array.shape, np.asarray(array).tobytes()) for array in part.captured)
        parts.append((graph, part.reads, part.writes, captured))
    return *parts, loop.batches, loop.batch_size, loop.capacity, donated


def _large(loop: Loop) -> tuple[int, ...]:
    """The places of large arrays among those that a loop writes; none where they are small together."""
    sizes: dict[int, int] = {}
    for part in (loop.begin, loop.step, loop.rest, loop.end):
        if part is not None and part.writes:
            sizes.update(zip(part.writes, map(nbytes, part.graph.outputs[-len(part.writes) :]), strict=True))
    large = [place for place in loop.writes if sizes[place] >= _LARGE]
    return tuple(large) if sum(sizes[place] for place in large) >= _WORTH else ()


_copy = in_64_bits(partial(jax.device_put, may_alias=False))
