"""Workload, its lines and its targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Line:
    """One thing that is measured of every contestant.

    Attributes:
        name: what it is called in tables.
        function: the peers' function.
        full, small: its problem, and that of a quick run.
        series, x: where lines are points of a curve, what varies, and its value.
    """

    name: str
    function: str
    full: Any
    small: Any
    series: str | None = None
    x: float = 0

    def problem(self, quick: bool) -> Any:
        """What is handed to the function."""
        return self.small if quick else self.full


@dataclass(frozen=True)
class Target:
    """What polyflow sets out to reach: a figure of at most ``most``, or ``most`` times a peer's, or above a peer's.

    Attributes:
        ours: polyflow's contestant.
        most: seconds or bytes, or a factor where there is a peer.
        peer: the other contestant.
        line: the line that is meant; all of them where it is None.
        above: whether ``most`` is what may come on top of the peer's figure.
        floor: the contestant that does only what nobody can do without; the same library by hand, if left out.
    """

    ours: str
    most: float
    peer: str | None = None
    line: str | None = None
    above: bool = False
    floor: str | None = None


@dataclass(frozen=True)
class Workload:
    """What is measured.

    Attributes:
        name: its name on the command line.
        title: one sentence, for tables.
        lines: what is measured.
        contestants: who takes part, the names of polyflow's own among them.
        targets: what polyflow sets out to reach.
        way: "turns", "start", "compile" or "memory": see `benchmarks.measure`.
        repeats: whether a turn may do the work as often as it takes to measure it; not where losses are compared.
        most_rounds: how many turns are enough, where each is a process of its own.
        unit: what the figures are, for tables: "step", "call", … are seconds for one; "bytes" are bytes.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    contestants: tuple[str, ...]
    targets: tuple[Target, ...] = ()
    way: Literal["turns", "start", "compile", "memory"] = "turns"
    repeats: bool = False
    most_rounds: int = 99
    unit: str = "step"


def both(*peers: str) -> tuple[str, ...]:
    """The names of polyflow on NumPy and on JAX, and of these peers."""
    return ("polyflow-numpy", "polyflow-jax", *peers)
