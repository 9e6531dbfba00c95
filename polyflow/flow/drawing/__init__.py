"""Drawings of graphs: SVG, one HTML file that pans, zooms and folds, or Mermaid's text.

    graph ── picture ──► clusters of boxes ── layers ──► each laid out ── lanes ──► all placed ── svg, html

No program is called: the layout is worked out here. Nodes stand in clusters by their scope and phase; forward,
backward and update are columns side by side, so that a layer's derivative stands beside it and its update beside both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import unknown_name
from ...files import path_of

if TYPE_CHECKING:
    from ..graph import Graph


def _svg(graph: Graph, title: str) -> str:
    from .svg import svg

    return svg(graph, title)


def _html(graph: Graph, title: str) -> str:
    from .html import html

    return html(graph, title)


def _mermaid(graph: Graph, title: str) -> str:
    from .mermaid import mermaid

    return mermaid(graph)


FORMATS: dict[str, Callable[[Graph, str], str]] = {".svg": _svg, ".html": _html, ".mmd": _mermaid}
"""What draws a graph as a file's text, by the ending of the file's name."""


def draw(graph: Graph, file: Any, title: str = "") -> str:
    """Write a drawing of ``graph`` to ``file``; returns the file's name."""
    name = path_of(file)
    ending = os.path.splitext(name)[1].lower()
    if ending not in FORMATS:
        raise unknown_name("kind of drawing", ending or name, FORMATS)
    text = FORMATS[ending](graph, title)
    with open(name, "w", encoding="utf-8") as target:
        target.write(text)
    return name
