"""``polyflow conformance BACKEND``: what a backend does right, wrong and not at all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PolyflowError
from ..files import write_atomically
from .output import check_file
from .seconds import seconds

if TYPE_CHECKING:
    from polyflow_conformance import Report, Result

SHOWN = 20
"""How many failures are printed in full."""

EPILOG = """\
exit codes: 0 the backend conforms to all that was tried, 1 it does not, 2 the suite could not be run

examples:
  polyflow conformance numpy
  polyflow conformance jax --group grad-1 --json jax.json
  polyflow conformance mine.py:MyBackend --op matmul --fail-fast
  polyflow conformance mine -n 4 --case 'core-1/add/*' --html mine.html
"""


class ConformanceError(PolyflowError):
    """The suite cannot be run as it was asked for."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    parser.epilog = EPILOG
    named = "a backend's name, module:attribute or file.py:attribute, each with or without :DEVICE"
    parser.add_argument("backend", metavar="BACKEND", help=named)
    parser.add_argument(
        "--group", action="append", metavar="GROUP", help="only this group, e.g. core-1 (may be repeated)"
    )
    parser.add_argument("--op", action="append", metavar="OP", help="only this op, e.g. matmul (may be repeated)")
    parser.add_argument("--case", action="append", metavar="ID", help="only this case; * and ? match (may be repeated)")
    parser.add_argument("-n", dest="processes", type=_count, default=1, metavar="N", help="run in so many processes")
    parser.add_argument(
        "--isolate",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run in a process of its own, where a crash ends one case (the default), or in this one",
    )
    parser.add_argument(
        "--time-limit", type=seconds, default=120.0, metavar="SECONDS", help="for one case (default: 120)"
    )
    parser.add_argument("--quick", action="store_true", help="about a fifth of the cases: each op in its main dtypes")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="another seed gives other samples")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report, which `conformance-report` reads")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the report as JUnit XML")
    parser.add_argument("--label", default="", metavar="TEXT", help="what to call the backend in reports")
    parser.add_argument("--list", action="store_true", help="list the ids of the cases and leave")


def run(arguments: argparse.Namespace) -> int:
    """Run the suite, print what it found and write the files asked for."""
    import polyflow_conformance as suite

    files = {kind: path for kind in ("json", "html", "junit") if (path := getattr(arguments, kind)) is not None}
    for kind, path in files.items():
        check_file(f"--{kind}", path)
    if not arguments.isolate and arguments.processes > 1:
        raise ConformanceError(f"--no-isolate stays in this process, and -n {arguments.processes} asks for others.")
    if len({path.resolve() for path in files.values()}) < len(files):
        raise ConformanceError(
            f"{' and '.join(map(str, files.values()))} are one file; each report needs one of its own."
        )
    try:
        if arguments.list:
            return _list(arguments)
        progress = _Progress()
        report = suite.run(
            arguments.backend,
            groups=arguments.group,
            ops=arguments.op,
            cases=arguments.case,
            seed=arguments.seed,
            quick=arguments.quick,
            progress=progress,
            fail_fast=arguments.fail_fast,
            time_limit=arguments.time_limit,
            isolate=arguments.isolate,
            processes=arguments.processes,
        )
    except ValueError as error:
        raise ConformanceError(str(error)) from None
    progress.end()
    report.label = arguments.label
    if report.ran:
        _print(report)
    wrong = [] if report.ran else [report.results[0].reason]
    wrong += _write(report, files)
    if wrong:
        raise ConformanceError("\n".join(wrong))
    return 0 if report.ok else 1


def _list(arguments: argparse.Namespace) -> int:
    """Print the ids of the cases asked for, among them those that the backend's own plugin adds."""
    from polyflow_conformance.isolation import place_for
    from polyflow_conformance.loading import LoadError
    from polyflow_conformance.runner import select

    try:
        place = place_for(arguments.backend, limit=arguments.time_limit, isolate=arguments.isolate)
    except LoadError as error:
        raise ConformanceError(str(error)) from None
    place.close()
    for case in select(place.subject.cases, arguments.group, arguments.op, arguments.case, arguments.quick):
        print(case.id)
    return 0


def _write(report: Report, files: dict[str, Path]) -> list[str]:
    """Write a report's files, each whatever became of the others; sentences about those that could not be."""
    from polyflow_conformance.page import page

    texts = {"json": report.to_json, "html": lambda: page([report]), "junit": report.to_junit}
    sentences = []
    for kind, path in files.items():
        try:
            write_atomically(path, texts[kind]().encode(errors="backslashreplace"))
        except OSError as error:
            sentences.append(f"{path} cannot be written: {error.strerror or error}.")
    return sentences


class _Progress:
    """One line that counts, where somebody is looking; nothing elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._failed = 0

    def __call__(self, result: Result, done: int, total: int) -> None:
        self._failed += result.failed
        if self._live and (done % 10 == 0 or done == total):
            failed = f", {self._failed} failed" if self._failed else ""
            print(f"\r{done} of {total}{failed}  {result.id[:60]:<60}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            print(f"\r{'':<100}\r", end="", file=sys.stderr, flush=True)


def _print(report: Report) -> None:
    from polyflow_conformance.report import STATUSES

    from .tables import printable, show

    for result in report.failures[:SHOWN]:
        print(f"{result.status.upper()} {printable(result.id)}\n  {printable(result.reason)}")
        if result.reproducer:
            print(f'  python -c "{printable(result.reproducer)}"')
    if len(report.failures) > SHOWN:
        print(f"… and {len(report.failures) - SHOWN} more; --json or --html writes them all.")
    if report.failures:
        print()
    used = [status for status in STATUSES if any(counts[status] for counts in report.groups().values())]
    show(
        ("group", "", *used),
        [
            (
                group,
                report.verdict(group),
                *(str(counts[one] or "-") for one in used),
            )
            for group, counts in report.groups().items()
        ],
        numbers=range(2, 2 + len(used)),
    )
    source = f" ({report.distribution} {report.version})" if report.distribution else ""
    some = "" if report.complete else " of the suite's, not all"
    print(
        f"\n{report.backend}{source} on {report.device or 'no device'}: {len(report.results)} cases{some}, "
        f"suite {report.suite}, {report.time:.1f} s."
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes: 1 or more")
    return int(text)


def seed(text: str) -> int:
    """A seed from the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: 0 or a larger number")
    return int(text)
