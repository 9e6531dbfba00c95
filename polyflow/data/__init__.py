"""Datasets: pipelines of elements for training, with the semantics of tf.data and block gathers beneath."""

from __future__ import annotations

from ..missing import answer
from .arguments import AUTOTUNE
from .dataset import Dataset
from .node import INFINITE as INFINITE_CARDINALITY
from .node import UNKNOWN as UNKNOWN_CARDINALITY
from .options import Options
from .spec import DatasetSpec, TensorSpec

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "DatasetSpec", "Options", "TensorSpec"]

answer(__name__, later=("experimental",))
