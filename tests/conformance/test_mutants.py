"""The suite finds every mutant, by a case that names the op."""

from __future__ import annotations

import pytest

import polyflow_conformance as suite
from polyflow_numpy.backend import NumPyBackend

from .mutants import MUTANTS
from .mutants.backends import Placed
from .mutants.table import documented, killer


@pytest.mark.parametrize("one", MUTANTS, ids=[f"{one.op}: {one.fault}" for one in MUTANTS])
def test_mutant_is_killed(one):
    """Some case that names the op fails, and says why."""
    found = killer(one)
    assert found is not None, f"no case of {one.op!r} notices: {one.fault}"
    assert found.reason
    assert found.reproducer


def test_ops_without_a_fault_pass():
    """The cases that kill mutants do not fail on the backend that the mutants are made of."""
    ops = {one.op for one in MUTANTS}
    report = suite.run(NumPyBackend(), ops=ops)
    assert [(result.id, result.reason) for result in report.failures] == []
    assert len(MUTANTS) >= 40


def test_a_library_of_several_devices_passes():
    """On whichever of them it stands."""
    for device in (None, "device1"):
        report = suite.run(Placed(device), ops=("backend", "full", "pad", "clip"))
        assert [(result.id, result.reason) for result in report.failures] == []
        tried = {result.id: result.status for result in report.results}
        assert tried["device-1/backend/ops-on-another-device"] == "pass"


def test_documentation_lists_every_mutant():
    """The table in docs/conformance.md is the one that `python -m tests.conformance.mutants.table` writes."""
    assert documented() == [one.fault for one in MUTANTS]
