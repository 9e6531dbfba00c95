"""What a drawing shows: boxes for nodes and for what they read from outside, in clusters by scope and phase."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...errors import shown_line
from ..graph import Graph, Node, Value
from ..notes import FORWARD
from ..text import literal, names, typed

NEAR = 24
"""A value from outside is drawn once more where it is read again after so many boxes."""

SHORT = 26
"""Attributes of more letters are shown by the tooltip alone."""


@dataclass(eq=False)
class Box:
    """One thing in a cluster: a node (``op``), or a value from outside that nodes there read (``input``).

    Attributes:
        title, detail, kind: the lines of its text: the op, what it is told besides tensors, and the result's type.
        name: what the value is called outside the graph, if it is a result or a named one.
        about: all of it, for a tooltip.
        x, y, width, height: where it lies in its cluster.
    """

    what: str
    title: str
    detail: str = ""
    kind: str = ""
    name: str = ""
    about: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(eq=False)
class Cluster:
    """Nodes of one scope and phase, of which no path leads out and back in.

    Attributes:
        edges: pairs of its boxes, from a value to its reader; curves: their paths.
        enters, leaves: the points by which links from before come to a box, and links to what follows go from it.
        inner: whether it is a graph inside a node of another cluster.
        lane, row: its place among all clusters. x, y, width, height: as of a box.
    """

    scope: str
    phase: str
    label: str = ""
    boxes: list[Box] = field(default_factory=list)
    edges: list[tuple[Box, Box]] = field(default_factory=list)
    curves: list[str] = field(default_factory=list)
    enters: dict[Box, list[tuple[float, float]]] = field(default_factory=dict)
    leaves: dict[Box, list[tuple[float, float]]] = field(default_factory=dict)
    inner: bool = False
    lane: int = 0
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(eq=False)
class Link:
    """An edge from a box of one cluster to a box of another."""

    source: Cluster
    start: Box
    target: Cluster
    end: Box


@dataclass(eq=False)
class Picture:
    """All that is drawn of a graph."""

    clusters: list[Cluster]
    links: list[Link]
    counts: str


def picture(graph: Graph) -> Picture:
    """The clusters of a graph and the links between them; graphs inside nodes are clusters of their own."""
    drawn = Picture([], [], "")
    _draw(graph, drawn, None)
    _label(drawn.clusters)
    parts = {"op": len(graph.nodes), "input": len(graph.inputs), "result": len(graph.outputs)}
    drawn.counts = ", ".join(f"{many} {what}{'s' * (many != 1)}" for what, many in parts.items())
    return drawn


def _draw(graph: Graph, drawn: Picture, inside: Cluster | None) -> None:
    """Add a graph to a picture, all of it to one cluster if it stands inside a node of another."""
    called = names(graph)
    results = set(graph.outputs)
    readers = Counter(value for node in graph.nodes for value in node.inputs)
    numbers = {
        node.output: _brief(node.attrs["fill_value"])
        for node in graph.nodes
        if node.op.name == "full" and node.output not in results and readers[node.output]
    }
    given = set(graph.inputs)
    home: dict[Value, tuple[Cluster, Box]] = {}
    inner: list[tuple[Graph, Cluster]] = []
    for node, found in _clustered(graph, numbers):
        cluster = inside or found
        if cluster not in drawn.clusters:
            drawn.clusters.append(cluster)
        box = _op(node, numbers, called, node.output in results, cluster)
        for value in dict.fromkeys(node.inputs):
            if value in given:
                stub = next(
                    (one for one in cluster.boxes[-NEAR:] if one.what == "input" and one.name == called[value]), None
                )
                if stub is None:
                    stub = _input(value, called[value], cluster)
                    cluster.boxes.append(stub)
                cluster.edges.append((stub, box))
            elif value in home:
                source, start = home[value]
                if source is cluster:
                    cluster.edges.append((start, box))
                else:
                    drawn.links.append(Link(source, start, cluster, box))
        cluster.boxes.append(box)
        home[node.output] = cluster, box
        for name in node.op.graphs:
            scope = f"{node.scope}/{node.op.name} {name}".strip("/")
            inner.append((node.attrs[name], Cluster(scope, node.phase, inner=True)))
    _returned(graph, called, drawn, inside)
    for part, cluster in inner:
        _draw(part, drawn, cluster)


def _clustered(graph: Graph, numbers: dict[Value, str]) -> list[tuple[Node, Cluster]]:
    """Each node that is drawn, with its cluster: the last of its scope and phase, where that stays closed."""
    upstream: dict[Value, int] = {}
    bits: dict[Cluster, int] = {}
    last: dict[tuple[str, str], Cluster] = {}
    home: dict[Value, Cluster] = {}
    found = []
    for i, node in enumerate(graph.nodes):
        above = 0
        for value in node.inputs:
            above |= upstream.get(value, 0)
        upstream[node.output] = above | 1 << i
        if node.output in numbers:
            continue
        key = (node.phase, node.scope)
        cluster = last.get(key)
        if cluster is not None:
            outside = 0
            for value in node.inputs:
                outside |= upstream.get(value, 0) if home.get(value) is not cluster else 0
            if outside & bits[cluster]:
                cluster = None
        if cluster is None:
            cluster = last[key] = Cluster(node.scope, node.phase)
            bits[cluster] = 0
        bits[cluster] |= 1 << i
        home[node.output] = cluster
        found.append((node, cluster))
    return found


def _op(node: Node, numbers: dict[Value, str], called: dict[Value, str], result: bool, cluster: Cluster) -> Box:
    shown = [_brief(v.scalar) if v.scalar is not None else numbers.get(v, "·") for v in node.inputs]
    told = [f"({', '.join(shown)})"] if any(one != "·" for one in shown) else []
    for name, value in node.attrs.items():
        text = f"{name}={literal(value)}"
        usual = node.op.defaults.get(name)
        plain = value == usual if isinstance(value, (int, str, bool, type(None))) else False
        if name not in node.op.graphs and len(text) <= SHORT and name not in ("dtype", "shape", "key") and not plain:
            told.append(text)
    if node.op.name == "full":
        told = [literal(node.attrs["fill_value"])]
    named = result or node.output.name
    name = _short(called[node.output], cluster.scope) if named else ""
    if name.isdigit():
        name = f"%{name}"
    about = [f"%{called[node.output]}: {typed(node.output)} = {node.op.name}(…)"]
    about += [f"{key} = {literal(value)}"[:200] for key, value in node.attrs.items() if key not in node.op.graphs]
    about += [shown_line(node.line)] * (node.line is not None)
    mark = "result" if result else "op"
    return Box(mark, node.op.name, " ".join(told), typed(node.output), name, "\n".join(about))


def _brief(number: object) -> str:
    return f"{number:.6g}" if isinstance(number, float) else literal(number)


def _input(value: Value, name: str, cluster: Cluster) -> Box:
    title = _short(name, cluster.scope)
    return Box("input", f"%{title}" if title.isdigit() else title, "", typed(value), name, f"%{name}: {typed(value)}")


def _short(name: str, scope: str) -> str:
    """A name without what its cluster says already."""
    if scope and name.startswith(f"{scope}/"):
        return name[len(scope) + 1 :]
    return name if name.count("/") < 2 else "/".join(name.split("/")[-2:])


def _returned(graph: Graph, called: dict[Value, str], drawn: Picture, inside: Cluster | None) -> None:
    """Results that no node computes, in a cluster of their own."""
    given = [value for value in graph.outputs if value.scalar is not None or value in set(graph.inputs)]
    if given:
        cluster = inside or Cluster("returned as given", FORWARD)
        if cluster not in drawn.clusters:
            drawn.clusters.append(cluster)
        for value in given:
            name = literal(value.scalar) if value.scalar is not None else called[value]
            cluster.boxes.append(Box("input", f"→ {name}", "", typed(value), name, name))


def _label(clusters: list[Cluster]) -> None:
    """Each cluster's label: its scope, without what all layers begin with."""
    forward = [cluster.scope for cluster in clusters if cluster.phase == "forward" and "/" in cluster.scope]
    roots = {scope.split("/")[0] for scope in forward}
    root = f"{roots.pop()}/" if len(roots) == 1 else ""
    seen: Counter[tuple[str, str]] = Counter()
    for cluster in clusters:
        name = cluster.scope
        if root and name.startswith(root):
            name = name[len(root) :]
        elif root and f"/{root}" in name:
            name = name.replace(f"/{root}", " · ", 1)
        seen[cluster.phase, name] += 1
        count = seen[cluster.phase, name]
        cluster.label = f"{name} ({count})" if count > 1 and name else name
