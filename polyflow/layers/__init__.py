"""Layers: one family per file."""

from ..missing import answer
from .activation import Activation, ReLU, Softmax
from .base import Input, InputLayer, Layer
from .dense import Dense
from .embedding import Embedding
from .normalization import BatchNormalization, LayerNormalization
from .regularization import Dropout
from .reshaping import Flatten, Rescaling, Reshape

__all__ = [
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
]

answer(__name__)
