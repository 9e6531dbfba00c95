"""The backend protocol, and how backends are found and selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .deviation import Deviation
from .namespace import ArrayNamespaceBackend
from .needs import needs
from .protocol import PROTOCOL, Backend, Capabilities

if TYPE_CHECKING:
    from .hookspecs import BackendDescription, hookimpl

__all__ = [
    "PROTOCOL",
    "ArrayNamespaceBackend",
    "Backend",
    "BackendDescription",
    "Capabilities",
    "Deviation",
    "hookimpl",
    "needs",
]


def __getattr__(name: str) -> object:
    """The two names that plugins take from here; only they need pluggy, so only they import it."""
    if name in ("BackendDescription", "hookimpl"):
        from . import hookspecs

        return getattr(hookspecs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
