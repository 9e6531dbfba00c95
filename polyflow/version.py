"""The version under ``tf.version``."""

from . import __version__ as VERSION
from .missing import answer

__all__ = ["VERSION"]

answer(__name__)
