"""The same public classes under the paths that TensorFlow's users know: ``tf.keras.layers.Dense``, …"""

import sys
from typing import TYPE_CHECKING

from .. import (
    __version__,
    activations,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from ..initializers import Initializer
from ..layers import Input
from ..layers.base import Layer
from ..layers.symbolic import SymbolicTensor as KerasTensor
from ..losses import Loss
from ..metrics import Metric
from ..missing import answer
from ..models import Model, Sequential
from ..optimizers import Optimizer
from ..regularizers import Regularizer
from ..variable import Variable

if TYPE_CHECKING:
    from . import backend, config, ops, preprocessing, random, saving, tree, utils

__all__ = [
    "Initializer",
    "Input",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
]

for _module in (
    *(activations, callbacks, constraints, datasets, initializers, layers),
    *(losses, metrics, models, optimizers, regularizers),
):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module  # from polyflow.keras.layers import …

answer(__name__, later=("backend", "config", "ops", "preprocessing", "random", "saving", "tree", "utils"))
