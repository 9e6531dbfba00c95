"""Passes: from a graph to one that computes the same with less work; and what is known about a graph.

    fold        what is one number everywhere is worked out
    algebra     nodes that change nothing are left out, pairs that undo each other too
    transposes  orders of axes that are undone after elementwise ops are left out
    common      equal nodes are computed once
    numbers     uniform operands become Python numbers, where kernels take them
    dead        what nothing depends on is dropped, in loops and branches too

Each is a function from a graph to a graph in a file of its own. Every rewriting is exact: results keep their bits, and
random draws their keys. `pipeline` runs them in its order, or those that ``POLYFLOW_PASSES`` names. Two analyses
change nothing: `fusion` finds elementwise nodes that one kernel could compute, `lives` how long values live.
"""

from .algebra import algebra
from .common import common
from .dead import dead
from .fold import fold
from .fusion import Group, fusion_groups
from .lives import Lives, peak
from .numbers import numbers
from .pipeline import PASSES, chosen, simplified
from .transposes import transposes

__all__ = [
    "PASSES",
    "Group",
    "Lives",
    "algebra",
    "chosen",
    "common",
    "dead",
    "fold",
    "fusion_groups",
    "numbers",
    "peak",
    "simplified",
    "transposes",
]
