"""Functions of the bits of integers under the names of ``tf.bitwise``."""

from .missing import answer
from .ops.elementwise import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
)

invert, left_shift, right_shift = bitwise_invert, bitwise_left_shift, bitwise_right_shift

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

answer(__name__)
