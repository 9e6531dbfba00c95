"""A graph as one HTML file that needs nothing else: it pans, zooms, and folds clusters."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

from ..graph import Graph
from . import lanes
from .layers import HEADER
from .picture import Box, Picture, picture
from .svg import COLOURS, STYLE, drawing, markers

PAGE = """
html,body{margin:0;height:100%;overflow:hidden;background:#fff;color:#1b2430}
body{display:flex;flex-direction:column;font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;padding:9px 16px;border-bottom:1px solid #e3e7ec}
header b{font-size:15px}header span{color:#5a6675}
header i{display:inline-block;width:15px;height:11px;border-radius:4px;border:1px solid;margin-right:6px}
header button{font:inherit;padding:3px 10px;border:1px solid #c3ccd6;border-radius:6px;background:#fff;cursor:pointer}
header button:hover{background:#f3f5f7}nav{margin-left:auto;display:flex;gap:6px}
svg{flex:1;width:100%;min-height:0;cursor:grab;touch-action:none;user-select:none}svg:active{cursor:grabbing}
.frame,.label{cursor:pointer}.folded>:not(.label):not(.dot){display:none}
"""


def html(graph: Graph, title: str = "") -> str:
    """The drawing of a graph as a whole HTML file."""
    drawn = picture(graph)
    lanes.place(drawn)
    name = escape(title or "graph")
    script = files("polyflow.flow.drawing").joinpath("viewer.js").read_text(encoding="utf-8")
    data = json.dumps(_data(drawn)).replace("</", "<\\/")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><style>{PAGE}{STYLE}</style></head><body>
<header><b>{name}</b><span>{escape(drawn.counts)}</span>{_legend(drawn)}
<nav><button id="fold">Fold all</button><button id="open">Open all</button><button id="fit">Fit</button></nav></header>
<svg xmlns="http://www.w3.org/2000/svg">{markers()}<g id="scene">
{chr(10).join(drawing(drawn))}
</g></svg>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body></html>
"""


def _legend(drawn: Picture) -> str:
    phases = [phase for phase in COLOURS if any(cluster.phase == phase for cluster in drawn.clusters)]
    return "".join(
        f'<span><i style="background:{COLOURS[phase][1]};border-color:{COLOURS[phase][0]}"></i>{phase}</span>'
        for phase in phases
    )


def _data(drawn: Picture) -> dict[str, object]:
    """What the viewer has to know to place the clusters and route the links anew."""
    number = {cluster: i for i, cluster in enumerate(drawn.clusters)}
    starts: dict[Box, int] = {}
    return {
        "clusters": [
            {
                "lane": one.lane,
                "row": one.row,
                "phase": one.phase,
                "width": round(one.width, 1),
                "height": round(one.height, 1),
                "folded": round(7.4 * len(one.label or one.phase) + 42, 1),
            }
            for one in drawn.clusters
        ],
        "links": [
            {
                "a": number[link.source],
                "b": number[link.target],
                "start": starts.setdefault(link.start, len(starts)),
                "from": _rectangle(link.start),
                "to": _rectangle(link.end),
                "leave": _points(link.source.leaves.get(link.start, [])),
                "enter": _points(link.target.enters.get(link.end, [])),
            }
            for link in drawn.links
        ],
        "space": {
            "apart": lanes.APART,
            "down": lanes.DOWN,
            "edge": lanes.EDGE,
            "gutter": lanes.GUTTER,
            "track": lanes.TRACK,
            "corner": lanes.CORNER,
            "header": HEADER,
        },
    }


def _points(way: list[tuple[float, float]]) -> list[list[float]]:
    return [[round(x, 1), round(y, 1)] for x, y in way]


def _rectangle(box: Box) -> list[float]:
    return [round(one, 1) for one in (box.x, box.y, box.width, box.height)]
