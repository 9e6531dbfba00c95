"""64 bits for one thread while a call lasts.

`jax.enable_x64(True)` is a context manager of two Python calls around setting one value of the thread's, and back: 2 µs
for a call of 8. So that value is set here at once, where JAX has it as it is known; otherwise its own way is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import jax


def known(state: Any) -> bool:
    """Whether `jax.enable_x64` does nothing but to set and reset the value of the thread that ``get_local`` gives."""
    try:
        if state._update_thread_local_hook is not None:
            return False
        before, value = state.get_local(), state.value
        with state(True):
            inside = state.get_local()
        if inside is not True or state.get_local() is not before:
            return False
        try:
            state.set_local(True)
            wide = state.value is True
        finally:
            state.set_local(before)
        return wide and state.get_local() is before and state.value is value
    except Exception:  # other names, or other arguments
        return False


def in_64_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, run in 64 bits."""
    state: Any = jax.enable_x64
    if not known(state):
        return with_context(function)
    get_local, set_local = state.get_local, state.set_local

    @wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        before = get_local()
        try:  # whatever Ctrl-C interrupts, the value is set back
            set_local(True)
            return function(*args, **named)
        finally:
            set_local(before)

    return run


def arrays_in_64_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `in_64_bits`, of a function that gets nothing by name: a quarter of a microsecond less."""
    state: Any = jax.enable_x64
    if not known(state):
        return with_context(function)
    get_local, set_local = state.get_local, state.set_local

    @wraps(function)
    def run(*args: Any) -> Any:
        before = get_local()
        try:
            set_local(True)
            return function(*args)
        finally:
            set_local(before)

    return run


def with_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `in_64_bits`, by the context manager that JAX documents."""

    @wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        with jax.enable_x64(True):
            return function(*args, **named)

    return run
