"""The same public classes under the paths that TensorFlow's users know: ``tf.keras.layers.Dense``, …"""

import sys

from . import activations, callbacks, datasets, initializers, layers, losses, metrics, models, optimizers, regularizers
from .errors import LabelError
from .layers import Input
from .layers.base import Layer, clear_session
from .missing import answer
from .models import Model, Sequential
from .random import set_seed as _set_seed


class utils:
    """Keras's utilities that polyflow has."""

    @staticmethod
    def set_random_seed(seed: int) -> None:
        """Set the global seed."""
        _set_seed(seed)

    @staticmethod
    def normalize(x, axis=-1, order=2):
        """``x``, a NumPy array or what becomes one, divided by its norms of ``order`` along ``axis``; zeros stay."""
        import numpy as np

        values = np.asarray(x)
        norms = np.linalg.norm(values, order, axis, keepdims=True)
        return values / np.where(norms == 0, 1, norms)

    @staticmethod
    def to_categorical(x, num_classes=None):
        """Integer classes as one-hot rows of float32, a NumPy array."""
        import numpy as np

        labels = np.asarray(x).astype(np.int64)
        if labels.ndim > 1 and labels.shape[-1] == 1:
            labels = labels[..., 0]
        count = int(num_classes or labels.max(initial=-1) + 1)
        outside = labels[(labels < 0) | (labels >= count)]
        if outside.size:
            raise LabelError(
                f"to_categorical got the label {outside.flat[0]}; expected whole numbers from 0 to {count - 1}."
            )
        return np.eye(count, dtype=np.float32)[labels]


class backend:
    """Keras's backend functions that polyflow has."""

    clear_session = staticmethod(clear_session)


__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "backend",
    "callbacks",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]

for _module in (
    *(activations, callbacks, datasets, initializers, layers),
    *(losses, metrics, models, optimizers, regularizers),
):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module  # from polyflow.keras.layers import …
sys.modules[f"{__name__}.utils"] = utils  # type: ignore[assignment]

answer(__name__)
