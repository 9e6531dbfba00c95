"""The suite finds every mutant, by a case that names the op."""

from __future__ import annotations

import pytest

import polyflow_conformance as suite
from polyflow_conformance.trying import try_case
from polyflow_numpy.backend import NumPyBackend

from .mutants import MUTANTS
from .mutants.backends import Placed
from .mutants.promises import Donating, looping_with
from .mutants.table import documented, killer

FOUND_BY = documented()


@pytest.mark.parametrize("one", MUTANTS, ids=[f"{one.op}: {one.fault}" for one in MUTANTS])
def test_mutant_is_killed(one):
    """Some case that names the op fails, and says why; it does not on the backend that the mutants are made of."""
    found = killer(one, FOUND_BY.get((one.fault, one.op), ""))  # what is known already saves most of the time
    assert found is not None, f"no case of {one.op!r} notices: {one.fault}"
    assert found.reason
    assert found.reproducer
    sound = try_case(suite.all_cases()[found.id], NumPyBackend())
    assert not sound.failed, sound.reason


def test_a_library_of_several_devices_passes():
    """On whichever of them it stands; that every op runs on the last one is asked from the first one."""
    elsewhere = "device-1/backend/ops-on-another-device"
    ids = [case.id for case in suite.all_cases().values() if case.op in ("backend", "full", "pad", "clip")]
    for device, cases in ((None, ids), ("device1", [id for id in ids if id != elsewhere])):
        report = suite.run(Placed(device), cases=cases)
        assert [(result.id, result.reason) for result in report.failures] == []
        assert device or {result.id: result.status for result in report.results}[elsewhere] == "pass"


def test_a_library_that_takes_the_memory_of_its_state_passes():
    """What the mutants of donation are made of."""
    report = suite.run(looping_with(Donating), cases=["train-1/donation/*", "train-1/loop/*"])
    assert {(result.id, result.status, result.reason) for result in report.results if result.status != "pass"} == set()


def test_documentation_lists_every_mutant():
    """The table in docs/conformance.md is the one that `python -m tests.conformance.mutants.table` writes."""
    assert list(FOUND_BY) == [(one.fault, one.op) for one in MUTANTS]
    assert len(MUTANTS) >= 40
