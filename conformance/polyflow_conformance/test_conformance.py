"""The suite as pytest items: ``pytest --pyargs polyflow_conformance --polyflow-backend NAME``.

Without a backend named, NumPy is tried in full and JAX in the quick size: what a plain `pytest` in polyflow's own
repository runs.
"""

from __future__ import annotations

import functools
from dataclasses import asdict
from typing import Any

import pytest

from polyflow_conformance.loading import Loaded, LoadError, load
from polyflow_conformance.report import LOADS, Result
from polyflow_conformance.runner import cases_for, select
from polyflow_conformance.trying import undeclared
from polyflow_conformance.watching import TIME_LIMIT, Watcher

DEFAULT = (("numpy", False), ("jax", True))
"""Backends and whether the quick size is enough, where the command line names none."""

DECLARED = "device-1/backend/declarations"

_done: dict[str, dict[str, Result]] = {}
"""What this process found so far, by backend and case."""


_watcher = Watcher()


@functools.cache
def _load(spec: str) -> Loaded:
    return load(spec)


def pytest_generate_tests(metafunc: Any) -> None:
    """One item per backend and case; the id is the case's own."""
    if "conformance_case" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    named = option("polyflow_backend")
    wanted = [(spec, option("polyflow_quick")) for spec in named] if named else _default(option("polyflow_quick"))
    items, ids = [], []
    for spec, quick in wanted:
        for case in _ids(spec, option("polyflow_group"), option("polyflow_op"), quick):
            items.append((spec, case))
            ids.append(case if len(wanted) == 1 else f"{spec}-{case}")
    metafunc.parametrize("conformance_case", items, ids=ids)


def _default(quick: bool) -> list[tuple[str, bool]]:
    from polyflow.backend import discovery
    from polyflow.errors import BackendError

    found = []
    for name, small in DEFAULT:
        try:
            discovery.get(name)
        except BackendError:  # JAX is an extra: where it is not installed there is nothing to try
            continue
        found.append((name, quick or small))
    return found


def _ids(spec: str, groups: Any, ops: Any, quick: bool) -> list[str]:
    try:
        loaded = _load(spec)
        table = cases_for(loaded)
    except LoadError:
        return [LOADS]
    try:
        chosen = [case.id for case in select(table, groups, ops) if case.quick or not quick]
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    return [*chosen, DECLARED] if getattr(loaded.backend, "deviations", {}) else chosen


@pytest.mark.polyflow_conformance
def test_case(conformance_case: tuple[str, str], request: pytest.FixtureRequest, record_property: Any) -> None:
    """Try one case on one backend."""
    spec, name = conformance_case
    _watcher.limit = request.config.getoption("polyflow_time_limit") or TIME_LIMIT
    found = _results(spec, name, int(request.config.getoption("polyflow_seed") or 0))
    request.node.polyflow_results = [(spec, asdict(result)) for result in found]  # type: ignore[attr-defined]
    for result in found:
        _done.setdefault(spec, {})[result.id] = result
        record_property("polyflow_status", result.status)
    for result in found:
        if result.failed:
            pytest.fail(f"{result.reason}\n{result.reproducer}", pytrace=False)
        if result.status in ("skip", "unsupported", "xfail"):
            pytest.skip(f"{result.status}: {result.reason}")


def _results(spec: str, name: str, seed: int) -> list[Result]:
    try:
        loaded = _load(spec)
        table = cases_for(loaded)
    except LoadError as error:
        return [Result(LOADS, "error", reason=str(error))]
    if name == DECLARED:
        return undeclared(loaded.backend, list(table), _done.get(spec, {})) or [Result(DECLARED, "pass")]
    return [_watcher.try_case(table[name], loaded.backend, seed, spec)]
