"""``tf.keras.preprocessing.sequence``: another path to `utils.pad_sequences`."""

from ...missing import answer
from ..utils import pad_sequences

__all__ = ["pad_sequences"]

answer(__name__)
