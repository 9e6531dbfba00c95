"""The report of a pytest run: results come along with pytest's own reports, from worker processes too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .report import Report, Result, sizes
from .runner import describe, header
from .subject import About, Subject


def tried(spec: str, subject: Subject | None, results: list[Result]) -> dict[str, Any]:
    """What pytest's report of one test carries, as it can go to another process.

    Args:
        spec: what names the backend.
        subject: what is known of it, unless it could not be loaded.
        results: what came of the test.
    """
    order = subject.order if subject else {}
    return {
        "spec": spec,
        "about": subject and subject.about(),
        "sizes": sizes(order),
        "results": [(order.get(result.id), asdict(result)) for result in results],
    }


@dataclass
class _Backend:
    """What was found of one backend.

    Attributes:
        about: which it is, as a dictionary; None where it could not be loaded.
        sizes: how many cases each group has for it.
        results: each with the place of its case among these; None where it is of none.
    """

    about: dict[str, str] | None
    sizes: dict[str, int]
    results: list[tuple[int | None, Result]]


class Collecting:
    """A pytest plugin that gathers the results of cases and writes the report in the end.

    Args:
        path: the file; with several backends, those after the first have their names added to it.
        seed: what the samples were drawn with.
        quick: whether only a part of the cases was asked for.
    """

    def __init__(self, path: str, seed: int, quick: bool) -> None:
        self.path, self.seed, self.quick = path, seed, quick
        self.backends: dict[str, _Backend] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the results that a test's report carries."""
        if (one := getattr(report, "polyflow_tried", None)) is not None:
            backend = self.backends.setdefault(one["spec"], _Backend(one["about"], one["sizes"], []))
            backend.results += [(place, Result(**result)) for place, result in one["results"]]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write, and say where; or say that there was nothing to write."""
        if not self.backends:
            terminalreporter.write_line(f"polyflow: no conformance case ran, so {self.path} was not written.")
        for number, (spec, backend) in enumerate(self.backends.items()):
            report = self._report(spec, backend)
            path = self.path if not number else f"{self.path.removesuffix('.json')}-{report.backend}.json"
            try:
                report.save(path)
            except OSError as error:
                terminalreporter.write_line(f"polyflow: {path} cannot be written: {error.strerror or error}.", red=True)
            else:
                terminalreporter.write_line(f"polyflow: {path} has {len(report.results)} results of {report.backend}.")

    def _report(self, spec: str, backend: _Backend) -> Report:
        report = header(spec, self.seed, self.quick)
        if backend.about is not None:
            describe(report, About(**backend.about))
            report.tells({result.id for place, result in backend.results if place is not None}, backend.sizes)
        last = sum(backend.sizes.values())
        found = sorted(backend.results, key=lambda one: last if one[0] is None else one[0])
        report.results = [result for _, result in found]
        report.time = sum(result.time for result in report.results)
        return report
