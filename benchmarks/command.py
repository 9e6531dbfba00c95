"""The command ``python -m benchmarks``, which is ``polyflow bench`` too: what can be asked for, and how it is done."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from polyflow._cli.output import check_file, check_folder

from . import machine
from .contestants import BACKENDS, PEERS
from .measure import Session, measured, profiled
from .report import Report, write
from .workloads import NAMES, workload

EPILOG = """\
Every contestant of a workload has a process of its own, and they take turns, so that a slow phase of the machine meets
all of them. Figures are medians over the rounds; factors are medians of the factors within each round. All networks
begin with the same weights, and tables show the loss that each one reached: who is fast because it does not train is
found out.

examples:
  python -m benchmarks --quick                              a look at everything, in about two minutes
  python -m benchmarks --workload first mlp --peers numpy jax
  python -m benchmarks --python tensorflow=/path/to/python  TensorFlow from another environment
  python -m benchmarks --report benchmarks/reports          everything, as a dated page with figures and plots

Exit code: 0; 1 with --check if polyflow misses a target.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--workload", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="which (default: all; see --list)"
    )
    parser.add_argument(
        "--backends", nargs="+", default=list(BACKENDS), choices=BACKENDS, metavar="NAME",
        help=f"polyflow's backends: {', '.join(BACKENDS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--peers", nargs="*", default=list(PEERS), choices=PEERS, metavar="NAME",
        help=f"{', '.join(PEERS)} (default: all; without a name: none)",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small problems and three rounds: figures to look at only")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of each contestant (default: 5, quick: 3)")
    parser.add_argument(
        "--python", action="append", default=[], type=_interpreter, metavar="PEER=PATH",
        help="the interpreter of a peer that cannot share this environment; may be given several times",
    )  # fmt: skip
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there; - for standard output")
    parser.add_argument(
        "--plot", metavar="FOLDER", type=Path, help="draw each workload into NAME.svg there (matplotlib)"
    )
    parser.add_argument(
        "--report", metavar="FOLDER", type=Path, help="write a dated page there, with figures and plots"
    )
    parser.add_argument("--list", action="store_true", help="say what is measured, and leave")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 if a target is missed")


def _interpreter(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if name not in PEERS or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not PEER=PATH with a PEER of {', '.join(PEERS)}")
    return name, path


def run(given: argparse.Namespace) -> int:
    """Measure and tell; returns the exit code."""
    out = Console(stderr=given.json == Path("-"))
    if given.list:
        for name in NAMES:
            print(f"{name:12} {workload(name).title}")
        return 0
    if given.json is not None and given.json != Path("-"):
        check_file("--json", given.json)
    for option, folder in (("--plot", given.plot), ("--report", given.report)):
        if folder is not None:
            check_folder(option, folder)
    pythons = dict(given.python)
    asked = [*(BACKENDS[name] for name in given.backends), *(PEERS[name] for name in given.peers)]
    versions = machine.installed(asked, pythons)
    session = Session(
        contestants={one.name: one for one in asked},
        rounds=given.rounds or (3 if given.quick else 5),
        quick=given.quick,
        pythons=pythons,
        missing={name: f"not installed: {', '.join(lacking)}" for name, lacking in machine.missing(versions).items()},
    )
    for name, reason in session.missing.items():
        out.print(f"{session.contestants[name].title} is left out, {reason}. pip install -e '.[bench]' brings most.")
    page = Report(datetime.now(UTC), machine.described(), versions, session)
    started = time.perf_counter()
    try:
        for name in given.workload:
            one = workload(name)
            with progress(out, name, session.ticks(one)) as tick:
                page.tables[name] = measured(one, session, tick)
            out.print(page.table(one))
            for missed in page.missed(name):
                who = session.contestants[missed.target.ours]
                line = next(line for line in one.lines if line.name == missed.line)
                page.profiles[name, missed.line, who.name] = profiled(line, who, session)
    finally:  # of a run that is interrupted, what is complete
        page.machine |= {"load after": machine.load(), "minutes": f"{(time.perf_counter() - started) / 60:.1f}"}
        write(page, given.json, given.plot, given.report)
    return int(given.check and not all(verdict.reached for verdict in page.verdicts()))


@contextlib.contextmanager
def progress(out: Console, name: str, ticks: int) -> Iterator[Callable[[str], None]]:
    """A line that says how far a workload is; where nobody looks, its name."""
    if not out.is_terminal:
        out.print(f"{name} …")
        yield lambda word: None
        return
    columns = TextColumn(f"[bold]{name}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("{task.description}"), console=out, transient=True) as shown:
        task = shown.add_task("", total=ticks)
        yield lambda word: shown.update(task, advance=1, description=word)
