"""The suite as pytest items: ``pytest --pyargs polyflow_conformance --polyflow-backend NAME``.

Without a backend named, NumPy is tried in full and JAX in the quick size: what a plain `pytest` in polyflow's own
repository runs.
"""

from __future__ import annotations

import atexit
import importlib.util
from typing import Any

import pytest

from polyflow_conformance.collecting import tried
from polyflow_conformance.isolation import place_for
from polyflow_conformance.loading import LoadError
from polyflow_conformance.report import LOADS, Result
from polyflow_conformance.runner import select
from polyflow_conformance.subject import Place, Subject
from polyflow_conformance.trying import undeclared
from polyflow_conformance.watching import TIME_LIMIT

DEFAULT = (("numpy", False), ("jax", True))
"""Backends and whether the quick size is enough, where the command line names none."""

DECLARED = "device-1/backend/declarations"

_done: dict[str, dict[str, Result]] = {}
"""What this process found so far, by backend and case."""


_places: dict[str, Place | LoadError] = {}
"""Where the cases of each backend are tried, or why there is no backend."""


def _place(spec: str, option: Any) -> Place:
    """The place for a backend; raises LoadError, the second time without trying again."""
    if spec not in _places:
        seed, limit = option("polyflow_seed") or 0, option("polyflow_time_limit") or TIME_LIMIT
        try:
            place = _places[spec] = place_for(spec, seed, limit, isolate=not option("polyflow_no_isolate"))
        except LoadError as error:
            _places[spec] = error
        else:
            atexit.register(place.close)
    place = _places[spec]
    if isinstance(place, LoadError):
        raise place
    return place


def pytest_generate_tests(metafunc: Any) -> None:
    """One item per backend and case; the id is the case's own."""
    if "conformance_case" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    named = option("polyflow_backend")
    quickly = option("polyflow_quick")
    wanted = [(spec, quickly) for spec in named] if named else [(spec, quickly or small) for spec, small in _default()]
    items = []
    for spec, quick in wanted:
        for case in _ids(spec, option, quick):
            name = case if len(wanted) == 1 else f"{spec}-{case}"
            marks = pytest.mark.polyflow_conformance(stays=True) if case == LOADS else ()
            items.append(pytest.param((spec, case), id=name, marks=marks))
    metafunc.parametrize("conformance_case", items)


def _default() -> list[tuple[str, bool]]:
    """Those of `DEFAULT` whose library is installed: JAX is an extra."""
    return [(name, small) for name, small in DEFAULT if importlib.util.find_spec(name) is not None]


def _ids(spec: str, option: Any, quick: bool) -> list[str]:
    """The ids of the cases to try, of which there is one where the backend cannot be loaded."""
    try:
        subject = _place(spec, option).subject
    except LoadError:
        return [LOADS]
    try:
        found = select(subject.cases, option("polyflow_group"), option("polyflow_op"))
    except ValueError as error:
        raise pytest.Collector.CollectError(f"{spec}: {error}") from None
    chosen = [case.id for case in found if case.quick or not quick]
    return [*chosen, DECLARED] if subject.deviations else chosen


@pytest.mark.polyflow_conformance
def test_case(conformance_case: tuple[str, str], request: pytest.FixtureRequest) -> None:
    """Try one case on one backend."""
    spec, name = conformance_case
    subject, found = _results(spec, name, request.config.getoption)
    request.node.polyflow_tried = tried(spec, subject, found)  # type: ignore[attr-defined]
    for result in found:
        _done.setdefault(spec, {})[result.id] = result
        # by pytest's `record_property` it would warn wherever JUnit XML is written, in its usual form
        request.node.user_properties.append(("polyflow_status", result.status))
    for result in found:
        if result.failed:
            pytest.fail(f"{result.reason}\n{result.reproducer}", pytrace=False)
        if result.status in ("skip", "unsupported", "xfail"):
            pytest.skip(f"{result.status}: {result.reason}")


def _results(spec: str, name: str, option: Any) -> tuple[Subject | None, list[Result]]:
    """What is known of a backend, and what came of a case."""
    try:
        place = _place(spec, option)
    except LoadError as error:
        return None, [Result(LOADS, "error", reason=str(error))]
    if name == DECLARED:
        return place.subject, undeclared(place.subject, _done.get(spec, {})) or [Result(DECLARED, "pass")]
    return place.subject, [place.try_case(name)]
