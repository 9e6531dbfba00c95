"""ProgbarLogger: the progress bar as a callback."""

from __future__ import annotations

from .base import Callback


class ProgbarLogger(Callback):
    """Shows how far training has come, and its logs, as ``verbose`` of `fit`, `evaluate` and `predict` says.

    They do that without it too; so in a list of callbacks it changes nothing, as in Keras.
    """
