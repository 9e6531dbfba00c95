"""The passes in their order: ``POLYFLOW_PASSES`` chooses among them, ``POLYFLOW_DUMP_GRAPHS`` shows their work."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

from ...errors import ConfigError, unknown_sentence
from ..graph import Graph, Node
from .algebra import algebra
from .common import common
from .dead import dead
from .fold import fold
from .numbers import numbers
from .transposes import transposes

VARIABLE = "POLYFLOW_PASSES"
"""``none``, or the names of the passes to run, with commas between them; all of them where it is not set."""

DUMP = "POLYFLOW_DUMP_GRAPHS"
"""A folder that gets the text of every compiled graph, as traced and after each pass that changed it."""

PASSES: dict[str, Callable[[Graph], Graph]] = {
    "fold": fold,
    "algebra": algebra,
    "transposes": transposes,
    "common": common,
    "numbers": numbers,
    "dead": dead,
}
"""Every pass by name, in the order in which they run."""

_numbered = itertools.count(1)


def chosen() -> tuple[str, ...]:
    """The names of the passes that run, in their order.

    Raises:
        ConfigError: where ``POLYFLOW_PASSES`` names one that is none; the message lists the nearest.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return tuple(PASSES)
    words = [word.strip() for word in given.split(",") if word.strip()]
    if words == ["none"]:
        return ()
    for word in words:
        if word not in PASSES:
            raise ConfigError(f"{VARIABLE}={given!r}: {unknown_sentence('pass', word, [*PASSES, 'none'])}")
    return tuple(name for name in PASSES if name in words)


def simplified(graph: Graph, *, weak_scalars: bool) -> Graph:
    """The graph after all passes, and so the graphs among its attributes.

    Args:
        graph: any graph.
        weak_scalars: whether kernels of two arguments take a Python float for one of them; else no ``numbers``.
    """
    dump = _Dump()
    dump("traced", graph)
    for name in chosen():
        if name == "numbers" and not weak_scalars:
            continue
        before, graph = graph, PASSES[name](graph)
        if graph is not before:
            dump(name, graph)
    if any(node.op.graphs for node in graph.nodes):
        nodes = [_with_simplified(node, weak_scalars) if node.op.graphs else node for node in graph.nodes]
        graph = Graph(graph.inputs, nodes, graph.outputs)
    return graph


def _with_simplified(node: Node, weak_scalars: bool) -> Node:
    """A node of control flow with its graphs after all passes."""
    inner = {name: simplified(node.attrs[name], weak_scalars=weak_scalars) for name in node.op.graphs}
    return node.instead(node.op, node.inputs, {**node.attrs, **inner}, node.output)


class _Dump:
    """Writes the stages of one graph, if anyone wants them."""

    def __init__(self) -> None:
        self.folder = os.environ.get(DUMP)
        self.text = ""
        if self.folder:
            try:
                os.makedirs(self.folder, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"{DUMP} names {self.folder!r} for graphs, which cannot be made a folder: {error.strerror}. Name "
                    "another folder, or none."
                ) from None
            self.number, self.stage = next(_numbered), 0

    def __call__(self, name: str, graph: Graph) -> None:
        """Write a stage, unless its text is the last one's."""
        if not self.folder:
            return
        text = graph.text(notes=True)
        if text != self.text:
            self.text = text
            file = f"{os.getpid()}-{self.number:04}-{self.stage}-{name}.txt"
            with open(os.path.join(self.folder, file), "w", encoding="utf-8") as stage:
                stage.write(f"{text}\n")
        self.stage += 1
