"""Which backend the next operation runs on, and why.

Strongest first: ``with use_backend(...)`` · :func:`set_backend` · ``POLYFLOW_BACKEND`` · ``[tool.polyflow] backend`` in
the nearest pyproject.toml · the user's config file · numpy. The ``with`` form belongs to its context, so threads and
tasks do not disturb each other; everything else holds for the process and is looked up once, when first needed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..errors import BackendError
from . import discovery, settings

if TYPE_CHECKING:
    from .protocol import Backend

VARIABLE = "POLYFLOW_BACKEND"
DEFAULT = "numpy"

_F = TypeVar("_F", bound=Callable[..., Any])


class Selection(NamedTuple):
    """What is selected, and why.

    Attributes:
        spec: the backend as it was named, e.g. ``"jax:cpu:0"``.
        source: ``"with"``, ``"set_backend"``, ``"environment"``, ``"pyproject"``, ``"user config"`` or ``"default"``.
        reason: the same for people, e.g. ``"POLYFLOW_BACKEND=jax"``.
    """

    spec: str
    source: str
    reason: str


_inner: ContextVar[Backend | None] = ContextVar("polyflow_backend", default=None)
_outer: ContextVar[tuple[tuple[use_backend, Backend | None], ...]] = ContextVar("polyflow_outer_backends", default=())
_chosen: Backend | None = None  # by set_backend
_process: Backend | None = None  # what holds outside every `with`, once it is known

_setting = threading.Lock()

_get_inner = _inner.get


def current() -> Backend:
    """The backend that new tensors are made on.

    Raises:
        BackendError: what is selected cannot be used; the message says what selected it.
        ConfigError: a configuration file holds something unreadable.
    """
    found = _get_inner()
    if found is None:
        found = _process
        if found is None:
            return _resolve()
    return found


def selected() -> Selection:
    """What is selected and why, without loading anything.

    Raises:
        ConfigError: a configuration file holds something unreadable.
    """
    inner = _inner.get()
    if inner is not None:
        return Selection(_spec(inner), "with", f"with use_backend({inner.name!r})")
    if _chosen is not None:
        return Selection(_spec(_chosen), "set_backend", f"set_backend({_chosen.name!r})")
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Selection(named, "environment", f"{VARIABLE}={named}")
    for source, setting in (("pyproject", settings.project_setting), ("user config", settings.user_setting)):
        found = setting("backend")
        if found is not None:
            spec, path = found
            return Selection(spec, source, f"backend = {spec!r} in {path}")
    return Selection(DEFAULT, "default", "the default")


def set_backend(spec: str | Backend | None) -> None:
    """Select a backend for the whole process, from now on; it is loaded at once.

    Args:
        spec: ``"name"``, ``"name:device"``, a backend object, or None to go back to what the environment and the
            configuration files say.

    Raises:
        BackendError: the backend cannot be used. What was selected before stays so.
    """
    global _chosen, _process
    backend = None if spec is None else discovery.get(spec)
    with _setting:
        _chosen = _process = backend


class use_backend:
    """Select a backend inside a ``with`` block, or inside a function by decorating it.

    Only the context that enters the block sees it: other threads and tasks keep theirs. One object can be entered any
    number of times, also while it is entered already. The backend is loaded on entering, and given to ``as``.

    Args:
        spec: ``"name"``, ``"name:device"``, or a backend object.

    Raises:
        TypeError: ``spec`` is none of these.
        BackendError: on entering, when the backend cannot be used.
    """

    def __init__(self, spec: str | Backend) -> None:
        from .protocol import Backend

        if not isinstance(spec, Backend):
            discovery.split(spec)
        self._spec = spec

    def __enter__(self) -> Backend:
        backend = discovery.get(self._spec)
        _outer.set((*_outer.get(), (self, _inner.get())))
        _inner.set(backend)
        return backend

    def __exit__(self, *error: object) -> None:
        outer = _outer.get()
        places = [i for i, (block, _) in enumerate(outer) if block is self]
        if places:  # unless a generator goes on in another context; an interrupt may have left others after it
            _inner.set(outer[places[-1]][1])
            _outer.set(outer[: places[-1]])

    def __call__(self, function: _F) -> _F:
        import inspect

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"use_backend cannot decorate the generator {function.__name__}(): its caller runs between its steps. "
                "Write `with use_backend(...):` inside it."
            )
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return called  # type: ignore[return-value]


def _resolve() -> Backend:
    global _process
    selection = selected()
    try:
        backend = discovery.get(selection.spec)
    except BackendError as error:
        if selection.source != "default":
            error.args = (f"{error} (Selected by {selection.reason}.)",)
        raise
    with _setting:
        if _chosen is not None:  # by another thread meanwhile: set_backend wins
            return _chosen
        _process = backend
    return backend


def _spec(backend: Backend) -> str:
    return f"{backend.name}:{backend.device}"
