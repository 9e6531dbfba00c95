"""Control flow inside compiled programs, as XLA has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

Part = Callable[..., tuple[Any, ...]]


def cond(pred: Any, *operands: Any, then: Part, otherwise: Part) -> tuple[Any, ...]:
    """One of two branches."""

    def typed(branch: Part) -> Part:
        return lambda *held: tuple(lax.convert_element_type(one, jnp.result_type(one)) for one in branch(*held))

    return lax.cond(pred, typed(then), typed(otherwise), *operands)


def while_loop(*arrays: Any, test: Part, body: Part, consts: int, maximum_iterations: int | None) -> tuple[Any, ...]:
    """A loop that counts its steps."""
    fixed, init = arrays[:consts], arrays[consts:]

    def going(state: tuple[Any, ...]) -> Any:
        asked = test(*fixed, *state[1:])[0]
        return asked if maximum_iterations is None else jnp.logical_and(state[0] < maximum_iterations, asked)

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        return (state[0] + 1, *_like(init, body(*fixed, *state[1:])))

    return lax.while_loop(going, step, (jnp.zeros((), jnp.int64), *init))[1:]


def scan(
    *arrays: Any, body: Part, consts: int, carries: int, length: int, reverse: bool, history: bool
) -> tuple[Any, ...]:
    """A scan whose steps may give what they began with, besides."""
    fixed, init, xs = arrays[:consts], arrays[consts : consts + carries], arrays[consts + carries :]

    def step(now: tuple[Any, ...], row: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        results = body(*fixed, *now, *row)
        return _like(init, results[:carries]), (*results[carries:], *(now if history else ()))

    last, rows = lax.scan(step, init, xs, length=length, reverse=reverse)
    return (*last, *rows)


def _like(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """Carries as JAX wants them: of the very types that they had, weak ones being another type to it."""
    return tuple(lax.convert_element_type(one, before.dtype) for one, before in zip(new, old, strict=True))
