"""Which cases are run, in which order, with which samples."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow.backend import discovery
from polyflow_numpy.backend import NumPyBackend

from .sinh import ONE


def test_fail_fast_stops_at_the_first_failure():
    class Mine(NumPyBackend):
        def sinh(self, x):
            return np.cosh(x)

    report = suite.run(Mine(), fail_fast=True)
    assert len(report.failures) == 1
    assert report.results[-1].failed
    assert not report.complete


def test_names_that_stand_for_nothing_are_mistakes():
    for wrong in ({"groups": "core-9"}, {"ops": "sinn"}, {"cases": "core-1/sinh/float31/*"}):
        with pytest.raises(ValueError, match="Did you mean|no case"):
            suite.run("numpy", **wrong)
    for apart in ({"groups": "core-1", "ops": "sgd"}, {"groups": "grad-1", "cases": "core-1/add/*"}):
        with pytest.raises(ValueError, match="no case is left of group"):
            suite.run("numpy", **apart)


def test_seed_changes_samples_and_only_they_count():
    one, again, other = (
        suite.run("numpy", cases="core-1/exp/float32/large", seed=seed).results[0] for seed in (1, 1, 2)
    )
    assert one.ulp == again.ulp
    assert one.ulp != other.ulp
    assert {one.status, other.status} == {"pass"}


def test_progress_sees_every_case():
    seen = []
    suite.run(
        "numpy", ops="sinh", quick=True, progress=lambda result, done, total: seen.append((result.id, done, total))
    )
    assert [done for _, done, _ in seen] == list(range(1, seen[-1][2] + 1))


def test_processes_find_what_one_process_finds():
    chosen = {"ops": ["sinh", "matmul", "argmax"], "quick": True}
    here, apart = suite.run("numpy", **chosen), suite.run("numpy", processes=2, **chosen)
    assert [(r.id, r.status, r.ulp) for r in here.results] == [(r.id, r.status, r.ulp) for r in apart.results]


def test_a_backend_that_only_this_process_knows_cannot_run_in_others(registered_sinh):
    with pytest.raises(ValueError, match="was registered in this process"):
        suite.run(registered_sinh, cases=ONE, isolate=True)
    assert suite.run(registered_sinh, cases=ONE).ok


@pytest.fixture
def registered_sinh():
    class Mine(NumPyBackend):
        name = "mine"

    discovery.register("mine", Mine)
    yield "mine"
    discovery.unregister("mine")


def test_objects_cannot_run_in_other_processes():
    with pytest.raises(ValueError, match="by name"):
        suite.run(NumPyBackend(), cases=ONE, isolate=True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"processes": 0}, "0 is no number of processes"),
        ({"time_limit": 0}, "0 is no time limit"),
        ({"time_limit": -1}, "-1"),
    ],
)
def test_no_processes_and_no_time_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        suite.run("numpy", cases="core-1/sinh/float32/small", **wrong)
