"""A graph as SVG text."""

from __future__ import annotations

from html import escape

from ..graph import Graph
from .lanes import EDGE, place, routes
from .layers import HEADER
from .picture import Box, Cluster, Picture, picture

COLOURS = {
    "forward": ("#2563eb", "#eff5ff"),
    "backward": ("#d9590b", "#fff5ec"),
    "update": ("#0b8a5f", "#edfaf3"),
    "metrics": ("#7c3aed", "#f6f1ff"),
}
"""The colour of each phase, and its tint."""

STYLE = """
text{font:600 12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1b2430}
.detail{font-weight:400;font-size:11px;fill:#5a6675}
.kind{font:400 9.8px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#6b7785}
.name{font-weight:600;font-size:10.5px}
.box{fill:#fff;stroke:#c3ccd6}
.input{fill:#f3f5f7;stroke:#aab4bf}
.label{font-size:12.5px}
.edge,.link{fill:none;stroke-width:1.3}
.edge{stroke:#94a0ad}
.link{stroke-opacity:.62}
.title{font-size:16px}
.counts{font-weight:400;font-size:12px;fill:#5a6675}
"""


def svg(graph: Graph, title: str = "") -> str:
    """The drawing of a graph as a whole SVG file."""
    drawn = picture(graph)
    width, height = place(drawn)
    width = max(width, 620.0)
    body = [*legend(drawn, title), *drawing(drawn)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n<style>{STYLE}</style>\n{markers()}\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def markers() -> str:
    """The heads of arrows."""
    heads = {"edge": "#94a0ad", **{phase: colour for phase, (colour, _) in COLOURS.items()}}
    return (
        "<defs>"
        + "".join(
            f'<marker id="to-{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
            f'orient="auto">'
            f'<path d="M0 .8 7.4 4 0 7.2Z" fill="{colour}"/></marker>'
            for name, colour in heads.items()
        )
        + "</defs>"
    )


def drawing(drawn: Picture) -> list[str]:
    """The clusters, the links above them, and the boxes above those."""
    lines = [frame(cluster, number) for number, cluster in enumerate(drawn.clusters)]
    for number, (link, path) in enumerate(zip(drawn.links, routes(drawn), strict=True)):
        phase = link.source.phase
        lines.append(
            f'<path class="link" id="l{number}" d="{path}" stroke="{COLOURS[phase][0]}" marker-end="url(#to-{phase})"/>'
        )
    return [*lines, *(contents(cluster, number) for number, cluster in enumerate(drawn.clusters))]


def frame(cluster: Cluster, number: int) -> str:
    """The background of a cluster."""
    colour, tint = COLOURS[cluster.phase]
    return (
        f'<g class="frame" id="f{number}" transform="translate({cluster.x:.1f} {cluster.y:.1f})">'
        f'<rect class="back" width="{cluster.width:.1f}" height="{cluster.height:.1f}" rx="9" fill="{tint}" '
        f'stroke="{colour}" stroke-opacity=".45"/></g>'
    )


def contents(cluster: Cluster, number: int) -> str:
    """The label, the edges and the boxes of a cluster."""
    colour = COLOURS[cluster.phase][0]
    lines = [
        f'<g class="contents" id="c{number}" transform="translate({cluster.x:.1f} {cluster.y:.1f})">'
        f'<circle class="dot" cx="15" cy="{HEADER / 2 + 3}" r="4.5" fill="{colour}"/>'
        f'<text class="label" x="25" y="{HEADER / 2 + 7}" style="fill:{colour}">'
        f"{escape(cluster.label or cluster.phase)}</text>"
    ]
    lines += [f'<path class="edge" d="{curve}" marker-end="url(#to-edge)"/>' for curve in cluster.curves]
    lines += [box_text(box, colour) for box in cluster.boxes]
    return "".join([*lines, "</g>"])


def box_text(box: Box, colour: str) -> str:
    """One box."""
    middle = box.x + box.width / 2
    round_ = 17 if box.what == "input" else 6
    kind = "input" if box.what == "input" else "box"
    stroke = f' style="stroke:{colour};stroke-width:2"' if box.what == "result" else ""
    detail = f'<tspan class="detail" dx="4">{escape(box.detail)}</tspan>' if box.detail else ""
    lines = [
        f"<g><title>{escape(box.about)}</title>",
        f'<rect class="{kind}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{round_}"{stroke}/>',
        f'<text x="{middle:.1f}" y="{box.y + 15:.1f}" text-anchor="middle">{escape(box.title)}{detail}</text>',
        f'<text class="kind" x="{middle:.1f}" y="{box.y + 28:.1f}" text-anchor="middle">{escape(box.kind)}</text>',
    ]
    if box.what != "input" and box.name:
        lines.append(
            f'<text class="name" x="{middle:.1f}" y="{box.y + 43:.1f}" text-anchor="middle" style="fill:{colour}">'
            f"→ {escape(box.name)}</text>"
        )
    return "".join([*lines, "</g>"])


def legend(drawn: Picture, title: str) -> list[str]:
    """The title, and what the colours and shapes mean."""
    lines = [
        f'<text class="title" x="{EDGE}" y="34">{escape(title or "graph")}'
        f'<tspan class="counts" dx="10">{escape(drawn.counts)}</tspan></text>'
    ]
    x = EDGE
    phases = [phase for phase in COLOURS if any(cluster.phase == phase for cluster in drawn.clusters)]
    for phase in phases:
        colour, tint = COLOURS[phase]
        lines.append(
            f'<rect x="{x}" y="50" width="18" height="14" rx="4" fill="{tint}" stroke="{colour}"/>'
            f'<text class="counts" x="{x + 24}" y="61">{phase}</text>'
        )
        x += 44 + 7 * len(phase)
    lines.append(
        f'<rect class="input" x="{x}" y="50" width="26" height="14" rx="7"/>'
        f'<text class="counts" x="{x + 32}" y="61">argument or variable</text>'
    )
    x += 176
    lines.append(
        f'<rect class="box" x="{x}" y="50" width="22" height="14" rx="4" style="stroke-width:2;stroke:#5a6675"/>'
        f'<text class="counts" x="{x + 28}" y="61">result</text>'
    )
    return lines
