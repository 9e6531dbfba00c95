"""Models: layers that are trained together."""

from .model import Model
from .sequential import Sequential

__all__ = ["Model", "Sequential"]
