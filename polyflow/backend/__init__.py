"""The backend protocol, and how backends are found and selected."""

from .hookspecs import BackendDescription, hookimpl
from .namespace import ArrayNamespaceBackend
from .protocol import PROTOCOL, Backend, Capabilities

__all__ = ["PROTOCOL", "ArrayNamespaceBackend", "Backend", "BackendDescription", "Capabilities", "hookimpl"]
