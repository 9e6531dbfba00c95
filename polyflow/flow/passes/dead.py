"""Dead code: nodes that no output depends on are dropped, and identities."""

from __future__ import annotations

from ..graph import Graph


def dead(graph: Graph) -> Graph:
    """The graph without nodes that no output depends on, and without identities."""
    return graph.pruned()
