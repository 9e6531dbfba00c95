"""Plans: a graph as one Python function of straight-line NumPy calls that write into arrays made beforehand.

    graph ── lowering ──► ops that NumPy has ── lives ──► when values die ── planner ──► lines ── source ──► function

Everything that does not depend on the arrays of a call is decided once: which call computes a node, where its result
lies, which results may lie in each other's place, and all views of these. `planner` goes through the nodes and asks for
each the emitter of its family (`views`, `numbers`, `products`, `reductions`, `selection`, `elementwise`); a node that
none of them knows becomes a call of its ordinary kernel. In training loops `updates` finds what optimizers do for every
variable, and `sweeps` does it for many at once; `walks` takes many nodes together over arrays that no cache holds. What
a plan gives are the bits of the ops run one by one.

A function owns its arrays, so it serves one call at a time: `pool` keeps those that are idle and makes more where
several threads call at once. What it returns is the caller's: arrays that no other call writes to.
"""

from .loop import PlannedLoop
from .planner import memory, plan

__all__ = ["PlannedLoop", "memory", "plan"]
