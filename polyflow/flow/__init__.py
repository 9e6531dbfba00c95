"""What happens to an op: run now, recorded on a tape, or written into a graph; and what is made of these."""

from . import eager  # connects the op table with tensors

__all__ = ["eager"]
