"""The same public classes under the paths that TensorFlow's users know: ``tf.keras.layers.Dense``, …"""

import sys

from .. import activations, callbacks, datasets, initializers, layers, losses, metrics, models, optimizers, regularizers
from ..layers import Input
from ..layers.base import Layer
from ..missing import answer
from ..models import Model, Sequential
from . import backend, preprocessing, saving, utils

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
    "preprocessing",
    "regularizers",
    "saving",
    "utils",
]

for _module in (
    *(activations, callbacks, datasets, initializers, layers),
    *(losses, metrics, models, optimizers, regularizers),
):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module  # from polyflow.keras.layers import …

answer(__name__)
