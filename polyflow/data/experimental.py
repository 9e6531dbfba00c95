"""Names that older programs look for under ``tf.data.experimental``."""

from __future__ import annotations

from typing import Any

from ..missing import answer
from .arguments import AUTOTUNE
from .dataset import Dataset
from .node import INFINITE as INFINITE_CARDINALITY
from .node import UNKNOWN as UNKNOWN_CARDINALITY

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality"]


def cardinality(dataset: Dataset) -> Any:
    """How many elements a dataset has: what ``dataset.cardinality()`` gives."""
    return dataset.cardinality()


answer(__name__)
