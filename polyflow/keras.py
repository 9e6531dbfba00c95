"""The same public classes under the paths that TensorFlow's users know: ``tf.keras.layers.Dense``, …"""

from . import activations, callbacks, datasets, initializers, layers, losses, metrics, models, optimizers
from .layers import Input
from .layers.base import Layer, clear_session
from .models import Model, Sequential
from .random import set_seed as _set_seed


class utils:
    """Keras's utilities that polyflow has."""

    @staticmethod
    def set_random_seed(seed: int) -> None:
        """Set the global seed."""
        _set_seed(seed)

    @staticmethod
    def to_categorical(x, num_classes=None):
        """Integer classes as one-hot rows of float32, a NumPy array."""
        import numpy as np

        labels = np.asarray(x).astype(np.int64)
        if labels.ndim > 1 and labels.shape[-1] == 1:
            labels = labels[..., 0]
        return np.eye(int(num_classes or labels.max() + 1), dtype=np.float32)[labels]


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
    "utils",
]
