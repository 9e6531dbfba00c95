"""How things are measured: a process for each contestant, who take turns, so that a slow phase meets all of them."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .contestants import Contestant
from .profiles import Share
from .workloads import Line, Workload

ROOT = Path(__file__).parents[1]
SECONDS = 0.05
"""How long a turn lasts at least, where work can be repeated at will."""


class Failed(Exception):
    """What a contestant answered instead of a figure."""


class NoAnswer(Exception):
    """A contestant has nothing for a line of a workload."""


class Worker:
    """The process of a contestant.

    Args:
        contestant: who.
        python: the interpreter.
    """

    def __init__(self, contestant: Contestant, python: str) -> None:
        self.contestant = contestant
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | contestant.environment
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", contestant.module],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def ask(self, *request: Any) -> Any:
        """The answer to a request to `benchmarks.worker.Process`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(request, self.process.stdin, protocol=4)
            self.process.stdin.flush()
            state, result = pickle.load(self.process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace").strip().splitlines()
            raise Failed(f"its process ended: {said[-1] if said else 'without a word'}") from None
        if state == "failed":
            raise Failed(result)
        return result

    def prepare(self, line: Line, quick: bool) -> None:
        """Make it ready to run its answer to a line of a workload."""
        if not self.ask("prepare", line.function, line.problem(quick), self.contestant.options):
            raise NoAnswer


@dataclass
class Figures:
    """What was measured of one contestant on one line.

    Attributes:
        wall, cpu: seconds for a unit in each round, by the clock and of the processors; or bytes.
        loss: the loss in the end, where something was trained.
        error: why there are no figures.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    loss: float | None = None
    error: str | None = None

    def add(self, wall: float, cpu: float = math.nan) -> None:
        """Write down a round."""
        self.wall.append(wall)
        self.cpu.append(cpu)

    @property
    def typical(self) -> float:
        """The median, NaN where there is none."""
        return median(self.wall) if self.wall else math.nan

    def times(self, other: Figures) -> float:
        """How many times another's figure this is: the median over rounds, NaN where one has none."""
        if not self.wall or len(self.wall) != len(other.wall):
            return math.nan
        return median(a / b if b else math.inf for a, b in zip(self.wall, other.wall, strict=True))

    def above(self, other: Figures) -> float:
        """How much more than another's figure this is: the median over rounds, NaN where one has none."""
        if not self.wall or len(self.wall) != len(other.wall):
            return math.nan
        return median(a - b for a, b in zip(self.wall, other.wall, strict=True))


Table = dict[str, dict[str, Figures]]
"""Figures by line and contestant."""

Tick = Callable[[str], None]
Turn = Callable[[Figures], None]
"""Measures once, and writes down what it found."""


@dataclass
class Session:
    """How to measure.

    Attributes:
        contestants: those who are asked for, by name.
        rounds: how many turns each takes.
        quick: whether small problems are taken.
        pythons: interpreters by the name of a contestant.
        missing: what contestants lack, by their names.
    """

    contestants: dict[str, Contestant]
    rounds: int
    quick: bool
    pythons: dict[str, str]
    missing: dict[str, str]

    def of(self, workload: Workload) -> list[Contestant]:
        """Who takes part in a workload."""
        return [self.contestants[name] for name in workload.contestants if name in self.contestants]

    def worker(self, contestant: Contestant) -> Worker:
        """A new process for a contestant."""
        return Worker(contestant, self.pythons.get(contestant.name, sys.executable))

    def ticks(self, workload: Workload) -> int:
        """How many words a workload's `tick` will be told."""
        return len(workload.lines) * len(self.of(workload)) * (self.rounds_of(workload) + 1)

    def rounds_of(self, workload: Workload) -> int:
        """How many turns each takes in a workload."""
        return min(self.rounds, workload.most_rounds)


class Processes(ExitStack):
    """The processes that live through a workload."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.workers: dict[str, Worker] = {}

    def of(self, contestant: Contestant) -> Worker:
        """The process of a contestant."""
        name = contestant.name
        if name not in self.workers:
            self.workers[name] = self.enter_context(self.session.worker(contestant))
        return self.workers[name]

    def forget(self, name: str) -> None:
        """Let a contestant have a new process next time."""
        self.workers.pop(name, None)


def measured(workload: Workload, session: Session, tick: Tick) -> Table:
    """The figures of a workload; ``tick`` is told, a word each time, how far the work has come."""
    with Processes(session) as processes:
        return {line.name: measured_line(line, workload, session, processes, tick) for line in workload.lines}


def measured_line(
    line: Line, workload: Workload, session: Session, processes: Processes, tick: Tick
) -> dict[str, Figures]:
    """Prepare everybody, then let them take turns. Who fails is out, and says why; who has no answer is not listed."""
    found: dict[str, Figures] = {}
    turns: dict[str, Turn] = {}
    for number in range(session.rounds_of(workload) + 1):
        for contestant in session.of(workload):
            name = contestant.name
            tick(f"{line.name}: {contestant.title}")
            if number and name not in turns:
                continue
            try:
                if not number:
                    found[name] = Figures(error=session.missing.get(name))
                    if found[name].error is None:
                        turns[name] = WAYS[workload.way](line, contestant, workload, session, processes)
                else:
                    turns[name](found[name])
            except NoAnswer:
                del found[name]
            except Failed as error:
                turns.pop(name, None)
                processes.forget(name)
                found[name] = Figures(error=str(error))
    return found


def profiled(line: Line, contestant: Contestant, session: Session) -> list[Share]:
    """In which functions a contestant's time goes on a line, in a process of its own; nothing if that fails."""
    try:
        with session.worker(contestant) as worker:
            worker.prepare(line, session.quick)
            return worker.ask("profile", 10 * SECONDS)
    except (Failed, NoAnswer):
        return []


# Ways ---------------------------------------------------------------------------------------------------------------


def by_turns(line: Line, contestant: Contestant, workload: Workload, session: Session, processes: Processes) -> Turn:
    """A process that lives through all rounds, and does the work once before the clock starts."""
    worker = processes.of(contestant)
    worker.prepare(line, session.quick)
    if workload.repeats:
        times = worker.ask("repeats", SECONDS)
    else:
        times = 1
        worker.ask("run")

    def turn(figures: Figures) -> None:
        figures.add(*worker.ask("run", times))
        figures.loss = worker.ask("loss")

    return turn


def from_start(line: Line, contestant: Contestant, workload: Workload, session: Session, processes: Processes) -> Turn:
    """A new process for each round; the clock starts before it does."""

    def turn(figures: Figures) -> None:
        start = time.perf_counter()
        with session.worker(contestant) as worker:
            worker.prepare(line, session.quick)
            worker.ask("run")
            figures.add(time.perf_counter() - start)

    turn(Figures())  # so that files are read into the system's cache
    return turn


def first_less_second(
    line: Line, contestant: Contestant, workload: Workload, session: Session, processes: Processes
) -> Turn:
    """A new process for each round: what the first run takes longer than the second."""

    def turn(figures: Figures) -> None:
        with session.worker(contestant) as worker:
            worker.prepare(line, session.quick)
            first, second = worker.ask("run"), worker.ask("run")
            count = worker.ask("count")
            figures.add(*(count * (a - b) for a, b in zip(first, second, strict=True)))

    return turn


def of_memory(line: Line, contestant: Contestant, workload: Workload, session: Session, processes: Processes) -> Turn:
    """A new process for each round: the peak of its memory, or by how much memory grows over many runs; bytes."""

    def turn(figures: Figures) -> None:
        with session.worker(contestant) as worker:
            if line.name == "peak":
                figures.add(worker.ask("peak", line.function, line.problem(session.quick), contestant.options))
            else:
                worker.prepare(line, session.quick)
                figures.add(worker.ask("growth", 10))

    return turn


WAYS = {"turns": by_turns, "start": from_start, "compile": first_less_second, "memory": of_memory}
