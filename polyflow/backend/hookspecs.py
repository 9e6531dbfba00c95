"""The hooks of a backend plugin.

A plugin is an importable package with an entry point in the group ``polyflow.backends``; the entry point's name is the
backend's name. Its ``__init__`` holds these hooks, each marked with ``@hookimpl``, and imports nothing heavy: the array
library is imported by the module beside it, from inside ``polyflow_backend``. Only that hook is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from polyflow.backend.protocol import Backend

PROJECT = "polyflow"
GROUP = "polyflow.backends"

hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True)
class BackendDescription:
    """What a listing shows of a backend without importing its library.

    Attributes:
        name: the backend's name.
        summary: what it is, in a few words.
        requires: top-level modules that it imports, e.g. ``("jax", "jaxlib")``; without one the library is missing.
        install: the command that installs them.
        homepage: the library's page.
    """

    name: str
    summary: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""
    homepage: str = ""


@_hookspec(firstresult=True)
def polyflow_backend(device: str | None) -> Backend | None:
    """Make the backend whose default device is ``device`` (None: the library's own choice); required."""


@_hookspec(firstresult=True)
def polyflow_describe() -> BackendDescription | None:
    """Describe the backend for listings, without importing its library."""


@_hookspec
def polyflow_ops(backend: Backend) -> Mapping[str, Callable[..., Any]] | None:
    """Give ``backend`` further kernels by op name: extra ops, or faster ones than its own methods."""


@_hookspec
def polyflow_objects() -> Mapping[str, Any] | None:
    """Give the layers, losses and other objects that a saved model may name, by that name."""


@_hookspec
def polyflow_conformance_cases() -> Iterable[Any] | None:
    """Give conformance cases beyond the suite's own, run whenever this backend is tested."""
