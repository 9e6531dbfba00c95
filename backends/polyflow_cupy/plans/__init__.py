"""Plans: a graph as a list of steps over CuPy's arrays, with one generated kernel for each group of elementwise nodes.

    graph ── lowering, groups ──► groups ── fused ──► kernels ── order ──► units ── planner, capture ──► function

`lowering` takes composed ops apart, `groups` finds which nodes run together, `formulas` knows each elementwise op as an
expression of CUDA C++, `fused` writes the kernel of a group, `order` finds an order in which everything can run,
`planner` makes steps of it, and `capture`, if asked to, CUDA graphs of stretches of these. What a plan gives are the
bits of the ops run one by one.
"""

from .planner import memory, plan

__all__ = ["memory", "plan"]
