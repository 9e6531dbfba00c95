"""Control flow: choosing and repeating, in Python where ops run one by one, and as ops of graphs in traced functions.

`nested` traces the parts of such an op, `op` is their kind, `narrowing` leaves results out, and each has a file
with its gradient.
"""

from .cond import cond
from .folds import foldl, foldr
from .fori_loop import fori_loop
from .map_fn import map_fn
from .scan import scan
from .switch_case import case, switch_case
from .vectorized_map import vectorized_map
from .while_loop import while_loop

__all__ = [
    "case",
    "cond",
    "foldl",
    "foldr",
    "fori_loop",
    "map_fn",
    "scan",
    "switch_case",
    "vectorized_map",
    "while_loop",
]
