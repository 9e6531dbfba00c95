"""``tf.keras.config``: settings that polyflow has one value of."""

from ..floatx import floatx, set_floatx
from ..missing import answer
from .backend import epsilon

__all__ = ["backend", "epsilon", "floatx", "image_data_format", "set_floatx"]


def backend() -> str:
    """The name of the backend that is selected."""
    from ..backend.selection import current

    return current().name


def image_data_format() -> str:
    """Where Keras's layers for images expect the channels."""
    return "channels_last"


answer(__name__)
