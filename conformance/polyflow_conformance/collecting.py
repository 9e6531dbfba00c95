"""The report of a pytest run: results come along with pytest's own reports, from worker processes too."""

from __future__ import annotations

from typing import Any

from .isolation import place_for
from .loading import LoadError
from .report import LOADS, Report, Result
from .runner import describe, header
from .subject import Subject


class Collecting:
    """A pytest plugin that gathers the results of cases and writes the report in the end.

    Args:
        path: the file; with several backends, those after the first have their names added to it.
        seed: what the samples were drawn with.
        quick: whether only a part of the cases was asked for.
    """

    def __init__(self, path: str, seed: int, quick: bool) -> None:
        self.path, self.seed, self.quick = path, seed, quick
        self.results: dict[str, list[Result]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the results that a test's report carries."""
        for spec, result in getattr(report, "polyflow_results", ()):
            self.results.setdefault(spec, []).append(Result(**result))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write, and say where; or say that there was nothing to write."""
        if not self.results:
            terminalreporter.write_line(f"polyflow: no conformance case ran, so {self.path} was not written.")
        for place, spec in enumerate(self.results):
            report = self._report(spec)
            path = self.path if not place else f"{self.path.removesuffix('.json')}-{report.backend}.json"
            try:
                report.save(path)
            except OSError as error:
                terminalreporter.write_line(f"polyflow: {path} cannot be written: {error.strerror or error}.", red=True)
            else:
                terminalreporter.write_line(f"polyflow: {path} has {len(report.results)} results of {report.backend}.")

    def _report(self, spec: str) -> Report:
        report, order = header(spec, self.seed, self.quick), {}
        subject = self._subject(spec)
        if subject is not None:
            describe(report, subject)
            order = {name: at for at, name in enumerate(subject.cases)}
            report.tells((result.id for result in self.results[spec]), subject.cases)
        report.results = sorted(self.results[spec], key=lambda result: order.get(result.id, len(order)))
        report.time = sum(result.time for result in report.results)
        return report

    def _subject(self, spec: str) -> Subject | None:
        """What is known of a backend, unless it could not be loaded: it is not asked again, which may take its time."""
        if any(result.id == LOADS for result in self.results[spec]):
            return None
        try:
            place = place_for(spec)
        except LoadError:
            return None
        place.close()
        return place.subject
