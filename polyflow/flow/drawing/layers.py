"""The layout of one cluster: boxes in layers, readers below what they read, with few crossings and short edges.

The usual four steps: layers by longest paths, edges through several layers cut into pieces, an order within each layer
by the middle of neighbours, and places as near to the neighbours' as the order allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from .picture import Box, Cluster

BESIDE, BETWEEN, MARGIN, HEADER = 14.0, 24.0, 14.0, 26.0
"""Space between boxes of a layer, between layers, around all of them, and for a cluster's label."""

ROUNDS, MANY = 8, 3000
"""How often layers are gone through, and from how many boxes and bends on less often."""


@dataclass(eq=False)
class _Place:
    """A box in its layer, or the bend of an edge that goes through one."""

    box: Box | None
    layer: int
    width: float
    x: float = 0.0
    above: list[_Place] = field(default_factory=list)
    below: list[_Place] = field(default_factory=list)


def lay_out(cluster: Cluster, entering: Sequence[Box] = (), leaving: Sequence[Box] = ()) -> None:
    """Give the boxes of a cluster their sizes and places, the cluster its size, and its edges their curves.

    Args:
        cluster: what to lay out.
        entering: boxes that are read to from above the cluster; leaving: those that are read below it.
    """
    for box in cluster.boxes:
        _measure(box)
    layer = _layers(cluster)
    places = {box: _Place(box, layer[box], box.width) for box in cluster.boxes}
    rows: list[list[_Place]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for place in places.values():
        rows[place.layer].append(place)
    chains = [_chain(places[a], places[b], rows) for a, b in cluster.edges]
    ways_in = {box: _way(places[box], range(places[box].layer), rows, True) for box in entering}
    ways_out = {box: _way(places[box], range(places[box].layer + 1, len(rows)), rows, False) for box in leaving}
    rounds = max(2, min(ROUNDS, ROUNDS * MANY // max(sum(map(len, rows)), 1)))
    _order(rows, rounds)
    _spread(rows, 2 * rounds)
    heights = [max((place.box.height for place in row if place.box is not None), default=10.0) for row in rows]
    up = cluster.phase == "backward"
    top, tops = HEADER + MARGIN, [0.0] * len(rows)
    for number in range(len(rows) - 1, -1, -1) if up else range(len(rows)):
        tops[number] = top
        top += heights[number] + BETWEEN
    left = min((place.x - place.width / 2 for row in rows for place in row), default=0.0)
    right = max((place.x + place.width / 2 for row in rows for place in row), default=0.0)
    for row in rows:
        for place in row:
            place.x += MARGIN - left
            if place.box is not None:
                place.box.x = place.x - place.width / 2
                place.box.y = tops[place.layer] + (heights[place.layer] - place.box.height) / 2
    label = 7.2 * len(cluster.label) + 40
    cluster.width = max(right - left + 2 * MARGIN, label)
    cluster.height = top - BETWEEN + MARGIN
    shift = (cluster.width - (right - left + 2 * MARGIN)) / 2
    for row in rows:
        for place in row:
            place.x += shift
            if place.box is not None:
                place.box.x += shift
    ends = (cluster.height, HEADER) if up else (HEADER, cluster.height)

    def points(way: list[_Place]) -> list[tuple[float, float]]:
        return [(place.x, tops[place.layer] + heights[place.layer] / 2) for place in way]

    cluster.enters = {box: [(way[0].x, ends[0]), *points(way)] for box, way in ways_in.items() if way}
    cluster.leaves = {box: [*points(way), (way[-1].x, ends[1])] for box, way in ways_out.items() if way}
    cluster.curves = [_curve(chain, tops, heights, up) for chain in chains]


def _measure(box: Box) -> None:
    title = 6.9 * len(box.title) + (6.2 * (len(box.detail) + 1) if box.detail else 0)
    lines = [title, 5.9 * len(box.kind)]
    if box.what != "input" and box.name:
        lines.append(6.2 * (len(box.name) + 2))
    box.width = max(lines) + 20
    box.height = 36.0 if len(lines) == 2 else 51.0


def _layers(cluster: Cluster) -> dict[Box, int]:
    """The layer of each box: below all it reads; what reads nothing stands right above its first reader."""
    above: dict[Box, list[Box]] = {box: [] for box in cluster.boxes}
    below: dict[Box, list[Box]] = {box: [] for box in cluster.boxes}
    for a, b in cluster.edges:
        above[b].append(a)
        below[a].append(b)
    layer: dict[Box, int] = {}
    for box in cluster.boxes:  # every box stands after what it reads
        layer[box] = max((layer[other] + 1 for other in above[box]), default=0)
    for box in reversed(cluster.boxes):
        if not above[box] and below[box]:
            layer[box] = min(layer[other] for other in below[box]) - 1
    first = min(layer.values(), default=0)
    return {box: number - first for box, number in layer.items()}


def _chain(start: _Place, end: _Place, rows: list[list[_Place]]) -> list[_Place]:
    """The places that an edge goes through, with a new one in each layer between."""
    chain = [start]
    for number in range(start.layer + 1, end.layer):
        bend = _Place(None, number, 6.0)
        rows[number].append(bend)
        chain.append(bend)
    chain.append(end)
    for a, b in itertools.pairwise(chain):
        a.below.append(b)
        b.above.append(a)
    return chain


def _way(place: _Place, layers: range, rows: list[list[_Place]], above: bool) -> list[_Place]:
    """Bends through layers, for what comes to a box from above all of them, or goes from it below all of them."""
    way = [_Place(None, number, 6.0) for number in layers]
    for bend in way:
        rows[bend.layer].append(bend)
    chain = [*way, place] if above else [place, *way]
    for a, b in itertools.pairwise(chain):
        a.below.append(b)
        b.above.append(a)
    return way


def _order(rows: list[list[_Place]], rounds: int) -> None:
    """Sort each layer by the middle of its neighbours in the one before, down and up again."""
    for round_ in range(rounds):
        down = round_ % 2 == 0
        numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in numbers:
            at = {place: i for i, place in enumerate(rows[number + (-1 if down else 1)])}
            row = rows[number]
            middle = {}
            for i, place in enumerate(row):
                near = [at[one] for one in (place.above if down else place.below) if one in at]
                middle[place] = sum(near) / len(near) if near else i
            row.sort(key=middle.__getitem__)


def _spread(rows: list[list[_Place]], rounds: int) -> None:
    """Give all places their x: near their neighbours, in order, without touching."""
    for row in rows:
        x = 0.0
        for place in row:
            place.x = x + place.width / 2
            x += place.width + BESIDE
    for round_ in range(rounds):
        for row in rows if round_ % 2 == 0 else reversed(rows):
            wanted = []
            for place in row:
                near = place.above + place.below
                wanted.append(sum(one.x for one in near) / len(near) if near else place.x)
            apart = [(a.width + b.width) / 2 + BESIDE for a, b in itertools.pairwise(row)]
            for place, x in zip(row, nearest(wanted, apart), strict=True):
                place.x = x


def nearest(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, by squares, of which each is at least so far beyond the one before."""
    offset = [0.0]
    for space in apart:
        offset.append(offset[-1] + space)
    blocks: list[list[float]] = []  # sum and count of neighbours that have to move together
    for x, shift in zip(wanted, offset, strict=False):
        blocks.append([x - shift, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    flat = [total / count for total, count in blocks for _ in range(int(count))]
    return [x + shift for x, shift in zip(flat, offset, strict=False)]


def _curve(chain: list[_Place], tops: list[float], heights: list[float], up: bool) -> str:
    """An edge as a path, from the side of its start that looks to the reader."""

    def y(place: _Place, leaving: bool) -> float:
        if place.box is None:
            return tops[place.layer] + heights[place.layer] / 2
        return place.box.y + (0 if leaving == up else place.box.height)

    points = [(chain[0].x, y(chain[0], True)), *((p.x, y(p, True)) for p in chain[1:-1])]
    points.append((chain[-1].x, y(chain[-1], False)))
    return smooth(points)


def smooth(points: Sequence[tuple[float, float]]) -> str:
    """A path through points that leaves and reaches each of them vertically."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        path += f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    return path
