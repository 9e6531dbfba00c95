"""A graph as Mermaid's text, which Markdown pages of many hosts draw."""

from __future__ import annotations

from html import escape

from ..graph import Graph
from .picture import Box, picture
from .svg import COLOURS


def mermaid(graph: Graph) -> str:
    """The drawing of a graph as a Mermaid flowchart, a subgraph for each cluster."""
    drawn = picture(graph)
    called: dict[Box, str] = {}
    lines = ["flowchart TD"]
    for number, cluster in enumerate(drawn.clusters):
        label = cluster.label or cluster.phase
        if cluster.phase != "forward" and cluster.label:
            label = f"{cluster.phase}: {label}"
        lines.append(f'  subgraph g{number}["{_quoted(label)}"]')
        for box in cluster.boxes:
            called[box] = f"n{len(called)}"
            text = "<br/>".join(
                _quoted(part)
                for part in (f"{box.title} {box.detail}".strip(), box.kind, f"→ {box.name}" * (_named(box)))
                if part
            )
            shape = ('(["', '"])') if box.what == "input" else ('["', '"]')
            lines.append(f"    {called[box]}{shape[0]}{text}{shape[1]}")
        lines += [f"    {called[a]} --> {called[b]}" for a, b in cluster.edges]
        lines.append("  end")
        lines.append(f"  class g{number} {cluster.phase}")
    lines += [f"  {called[link.start]} --> {called[link.end]}" for link in drawn.links]
    for phase in dict.fromkeys(cluster.phase for cluster in drawn.clusters):
        colour, tint = COLOURS[phase]
        lines.append(f"  classDef {phase} fill:{tint},stroke:{colour}")
    return "\n".join(lines) + "\n"


def _named(box: Box) -> bool:
    return box.what != "input" and bool(box.name)


def _quoted(text: str) -> str:
    return escape(text, quote=True).replace("&quot;", "#quot;").replace("&#x27;", "'")
