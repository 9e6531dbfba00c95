"""Training or not: a layer called inside another's ``call`` does as the outer one, unless told otherwise."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_outer: ContextVar[bool | None] = ContextVar("training", default=None)


@functools.lru_cache(maxsize=4096)
def own_default(layer_class: type) -> Any:
    """The default of ``training`` in the class's ``call``, ``inspect.Parameter.empty`` where there is no such one."""
    found = inspect.signature(layer_class.call).parameters.get("training")  # type: ignore[attr-defined]
    if found is None:
        return inspect.Parameter.empty
    return False if found.default is inspect.Parameter.empty else found.default


def takes_training(layer_class: type) -> bool:
    """Whether the class's ``call`` has an argument ``training``."""
    return own_default(layer_class) is not inspect.Parameter.empty


def resolve(given: Any, layer_class: type) -> bool:
    """What is asked for, else what the layer around is doing, else the default of ``call``."""
    if given is not None:
        return bool(given)
    outer = _outer.get()
    if outer is not None:
        return outer
    default = own_default(layer_class)
    return default is not inspect.Parameter.empty and bool(default)


def outermost() -> bool:
    """Whether no layer is being called."""
    return _outer.get() is None


@contextmanager
def training_mode(training: bool) -> Iterator[None]:
    """A block in which layers train, or do not, unless told otherwise."""
    token = _outer.set(training)
    try:
        yield
    finally:
        _outer.reset(token)
