"""Control flow: choosing and repeating, in Python where ops run one by one, and as ops of graphs in traced functions.

`nested` traces the parts of such an op, `op` is their kind, and each construct has a file with its gradient.
"""

from .cond import cond
from .scan import scan
from .while_loop import while_loop

__all__ = ["cond", "scan", "while_loop"]
