"""What Keras keeps of its preprocessing functions: sequences; images and texts are prepared before the first tensor."""

from ...missing import answer
from ..timeseries import timeseries_dataset_from_array
from . import sequence

__all__ = ["sequence", "timeseries_dataset_from_array"]

answer(__name__)
