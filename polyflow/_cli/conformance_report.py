"""``polyflow conformance-report a.json b.json -o site/``: one page of ops and backends from the suite's reports."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import PolyflowError
from ..files import write_atomically
from .output import check_file, check_folder


class ReportFilesError(PolyflowError):
    """Report files that cannot be read, or a page that cannot be written."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    parser.add_argument(
        "reports", nargs="+", type=Path, metavar="REPORT", help="a file that `conformance --json` wrote"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("conformance.html"),
        metavar="PLACE",
        help="a folder (index.html) or a .html file",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="TEXT",
        help="what to call a report, in their order (may be repeated)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read the reports and write the page."""
    from polyflow_conformance.page import page
    from polyflow_conformance.report import Report, ReportError

    target: Path = arguments.output
    if target.suffix == ".html":
        check_file("-o", target)
    else:
        check_folder("-o", target)
        target = target / "index.html"
    try:
        reports = [Report.load(path) for path in arguments.reports]
    except ReportError as error:
        raise ReportFilesError(str(error)) from None
    if len(arguments.label) > len(reports):
        raise ReportFilesError(f"there are {len(arguments.label)} labels for {len(reports)} reports.")
    for report, label in zip(reports, arguments.label, strict=False):
        report.label = label
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, page(reports).encode(errors="backslashreplace"))
    except OSError as error:
        raise ReportFilesError(f"{target} cannot be written: {error.strerror or error}.") from None
    print(f"{target}: {len(reports)} report{'s' * (len(reports) != 1)}")
    return 0
