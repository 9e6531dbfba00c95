"""The suite that every backend is held to; `polyflow conformance torch` runs all of it."""

from __future__ import annotations

import polyflow_conformance


def test_conforms_with_nothing_to_declare(backend):
    report = polyflow_conformance.run("torch:cpu", quick=True)

    assert [(result.id, result.reason) for result in report.failures] == []
    assert len(report.results) > 1000
    assert {result.status for result in report.results} <= {"pass", "skip"}
    assert dict(backend.deviations) == {}


def test_nothing_runs_on_the_host_by_way_of_references(backend):
    """Every op has a kernel of its own here."""
    from polyflow import random  # noqa: F401  (it declares the ops that draw)
    from polyflow.ops.declare import OPS

    without = [name for name, op in OPS.items() if not backend.implements(op)]
    assert [name for name in without if OPS[name].decomposition is None] == []
