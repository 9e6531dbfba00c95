"""Calls that leave the context as it was: an interrupt may skip the end of a block that stands in it.

Blocks such as `use_backend` or a layer's training mode hold in context variables what is so until they end. Ctrl-C can
come between any two instructions, also between an end and what it sets back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def contained(function: F) -> F:
    """``function``, run in a copy of the context, which ends with the call."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return copy_context().run(function, *args, **kwargs)

    return cast("F", call)
