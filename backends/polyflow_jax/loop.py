"""Many steps of training, and many epochs, as one compiled program with the data on the device.

Where it starts and stops, and the order of rows, are arguments: no other number of epochs compiles again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow.backend.loop import Loop, Part

from .wide import in_64_bits

State = tuple[Any, ...]

_SMALL = 1 << 20
"""Data of fewer bytes stay on the host: a call takes them with it sooner than they are placed once."""


class Program:
    """A loop as one program.

    Args:
        loop: what to run.
        runnable: makes a function of JAX values of a graph.
        stage: makes an array on the device of one on the host.
    """

    def __init__(
        self, loop: Loop, runnable: Callable[[Any], Callable[..., Any]], stage: Callable[[np.ndarray], Any]
    ) -> None:
        self.loop, self.runnable, self.stage = loop, runnable, stage
        self.program = jax.jit(self._run)
        self._call = in_64_bits(self.program)

    def place(self, arrays: Sequence[np.ndarray]) -> tuple[Any, ...]:
        return tuple(array if array.nbytes < _SMALL else self.stage(array) for array in arrays)

    def __call__(
        self, state: Sequence[Any], data: Any, orders: np.ndarray, start: int, stop: int
    ) -> tuple[list[Any], list[np.ndarray]]:
        padded = np.zeros((self.loop.capacity, orders.shape[1]), np.int32 if orders.shape[1] < 1 << 31 else np.int64)
        padded[: len(orders)] = orders
        changed, reports = self._call(tuple(state), data, padded, np.int32(start), np.int32(stop))
        result = list(state)
        for place, array in zip(self.loop.writes, changed, strict=True):
            result[place] = array
        return result, [np.asarray(report) for report in reports]

    def _run(self, state: State, data: Any, orders: Any, start: Any, stop: Any) -> tuple[State, State]:
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
