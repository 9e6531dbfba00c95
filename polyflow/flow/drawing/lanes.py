"""The layout of a whole graph: clusters in lanes side by side, a lane for each phase, and rows across them.

A backward cluster stands in the row of the forward cluster of its scope, an update in the row of the gradient that it
reads. Links between neighbouring rows are curves; others go out to the gutter beside a lane, along it, and in again.
"""

from __future__ import annotations

from .layers import lay_out, smooth
from .picture import Box, Cluster, Link, Picture

LANES = {"forward": 0, "metrics": 0, "backward": 1, "update": 2}
SHARED = 3
"""The lane of what all updates read, such as the size of a step."""

APART, DOWN, EDGE, TOP = 22.0, 34.0, 24.0, 64.0
"""Space between clusters of a row, between rows, around everything, and for the title and the legend."""

GUTTER, TRACK = 40.0, 5.0
"""The least width of a gutter, and how far apart its tracks are."""

CORNER = 7.0


def place(drawn: Picture) -> tuple[float, float]:
    """Lay out every cluster, and place all; returns the width and height of the whole."""
    _rows(drawn)
    entering: dict[Cluster, dict[Box, None]] = {}
    leaving: dict[Cluster, dict[Box, None]] = {}
    for link in filter(direct, drawn.links):
        leaving.setdefault(link.source, {})[link.start] = None
        entering.setdefault(link.target, {})[link.end] = None
    for cluster in drawn.clusters:
        lay_out(cluster, list(entering.get(cluster, ())), list(leaving.get(cluster, ())))
    cells: dict[tuple[int, int], list[Cluster]] = {}
    for cluster in drawn.clusters:
        cells.setdefault((cluster.row, cluster.lane), []).append(cluster)
    lanes = sorted({cluster.lane for cluster in drawn.clusters})
    rows = sorted({cluster.row for cluster in drawn.clusters})
    widths = {
        lane: max(
            sum(one.width for one in cell) + APART * (len(cell) - 1) for (_, at), cell in cells.items() if at == lane
        )
        for lane in lanes
    }
    gutters = {lane: GUTTER + TRACK * min(tracks, 24) for lane, tracks in _tracks(drawn).items()}
    x, lefts = EDGE, {}
    for lane in lanes:
        x += gutters.get(lane - 1, GUTTER) if lane else gutters.get(-1, 0.0)
        lefts[lane] = x
        x += widths[lane]
    y = TOP + EDGE
    for row in rows:
        height = max(one.height for (at, _), cell in cells.items() if at == row for one in cell)
        for lane in lanes:
            cell = cells.get((row, lane), [])
            used = sum(one.width for one in cell) + APART * (len(cell) - 1)
            left = lefts[lane] + (widths[lane] - used) / 2
            for one in cell:
                one.x, one.y = left, y + (height - one.height) / 2
                left += one.width + APART
        y += height + DOWN
    return x + EDGE + gutters.get(lanes[-1] if lanes else 0, 0.0), y - DOWN + EDGE


def _rows(drawn: Picture) -> None:
    """Choose each cluster's lane and row."""
    before: dict[Cluster, list[Cluster]] = {one: [] for one in drawn.clusters}
    after: dict[Cluster, list[Cluster]] = {one: [] for one in drawn.clusters}
    for link in drawn.links:
        before[link.target].append(link.source)
        after[link.source].append(link.target)
    forward = [one for one in drawn.clusters if one.phase == "forward" and not one.inner]
    known: dict[str, int] = {}
    placed: set[Cluster] = set()
    for one in forward:
        one.row = max((other.row + 1 for other in before[one] if other in placed), default=0)
        known.setdefault(one.scope, one.row)
        placed.add(one)
    last = max((one.row for one in forward), default=-1)
    for one in drawn.clusters:
        one.lane = LANES.get(one.phase, 0)
        if one.phase == "metrics":
            one.row = last + 1
    for one in drawn.clusters:
        if one.inner:
            one.row = last + 2
    backward = [one for one in drawn.clusters if one.phase == "backward" and not one.inner]
    for one in backward:
        near = [known[other.scope] for other in after[one] + before[one] if other.scope in known]
        one.row = known.get(one.scope, max(near, default=max(last, 0)))
    for one in drawn.clusters:
        if one.phase != "update" or one.inner:
            continue
        sources = [other.row for other in before[one] if other.phase == "backward"]
        if not sources and any(other.phase == "update" for other in after[one]):
            one.lane = SHARED if forward or backward else 2
        one.row = max(sources, default=min((other.row for other in after[one]), default=0))
    if not forward and not backward:  # an update alone
        for one in drawn.clusters:
            one.row = max((other.row + 1 for other in before[one]), default=0)


def direct(link: Link) -> bool:
    """Whether a link is a curve from one row to the next of its lane, in the direction in which that goes."""
    a, b = link.source, link.target
    step = b.row - a.row
    return a.lane == b.lane and step == (-1 if a.phase == b.phase == "backward" else 1)


def _tracks(drawn: Picture) -> dict[int, int]:
    """How many tracks the gutter to the right of each lane has; that to the left of the first is of lane -1."""
    found: dict[int, set[Box]] = {}
    for link in drawn.links:
        if not direct(link):
            found.setdefault(gutter(link), set()).add(link.start)
    return {lane: len(boxes) for lane, boxes in found.items()}


def gutter(link: Link) -> int:
    """The gutter that a link goes along: that to the right of this lane."""
    a, b = link.source.lane, link.target.lane
    return b - 1 if b > a else b if b < a else a - 1


def routes(drawn: Picture) -> list[str]:
    """The path of each link."""
    used: dict[int, dict[Box, int]] = {}
    right = {}
    for cluster in drawn.clusters:
        right[cluster.lane] = max(right.get(cluster.lane, 0.0), cluster.x + cluster.width)
    return [_route(link, used, right) for link in drawn.links]


def _route(link: Link, used: dict[int, dict[Box, int]], right: dict[int, float]) -> str:
    a, b, start, end = link.source, link.target, link.start, link.end
    if direct(link):
        up = b.row < a.row
        y0 = a.y + start.y + (0 if up else start.height)
        y1 = b.y + end.y + (end.height if up else 0)
        out = [(a.x + x, a.y + y) for x, y in a.leaves.get(start, [])]
        come = [(b.x + x, b.y + y) for x, y in b.enters.get(end, [])]
        return smooth([(a.x + start.x + start.width / 2, y0), *out, *come, (b.x + end.x + end.width / 2, y1)])
    lane = gutter(link)
    tracks = used.setdefault(lane, {})
    track = tracks.setdefault(start, len(tracks)) % 24
    edge = right.get(lane, EDGE) if lane >= 0 else EDGE
    x = edge + GUTTER / 2 - 6 + TRACK * track
    to_right, from_right = b.lane <= lane, a.lane <= lane
    x0 = a.x + start.x + (start.width if from_right else 0)
    x1 = b.x + end.x + (end.width if to_right else 0)
    return bent(x0, a.y + start.y + start.height / 2, x, x1, b.y + end.y + end.height / 2)


def bent(x0: float, y0: float, x: float, x1: float, y1: float) -> str:
    """A path across to ``x``, along it, and across again, with round corners."""
    r = min(CORNER, abs(y1 - y0) / 2, abs(x - x0), abs(x1 - x))
    down = 1 if y1 > y0 else -1
    one, two = (1 if x > x0 else -1), (1 if x1 > x else -1)
    return (
        f"M{x0:.1f} {y0:.1f}H{x - one * r:.1f}Q{x:.1f} {y0:.1f} {x:.1f} {y0 + down * r:.1f}"
        f"V{y1 - down * r:.1f}Q{x:.1f} {y1:.1f} {x + two * r:.1f} {y1:.1f}H{x1:.1f}"
    )
