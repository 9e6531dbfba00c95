"""Where time goes, where polyflow misses a target."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

from benchmarks.contestants import BACKENDS, PEERS
from benchmarks.measure import Figures, Session
from benchmarks.profiles import Share, profile
from benchmarks.report import Report, as_json, markdown, said


def dear():
    time.sleep(0.05)


def cheap():
    return math.sqrt(2.0)


def work():
    dear()
    cheap()
    cheap()


def test_the_dearest_function_comes_first():
    first, *rest = profile(work, 0.0)
    assert "sleep" in first.function
    assert first.own > 0.5
    assert next(share.calls for share in rest if share.function.endswith(" cheap")) == 2
    assert sum(share.own for share in (first, *rest)) <= 1 + 1e-9


def test_a_page_tells_the_profile_of_a_missed_target_alone():
    session = Session({one.name: one for one in (*BACKENDS.values(), *PEERS.values())}, 1, True, {}, {})
    report = Report(datetime.now(UTC), {"cores": "2"}, {}, session)
    row = {"polyflow-numpy": 2.0, "polyflow-jax": 1.0, "numpy": 1.0, "jax": 1.0}
    report.tables["first"] = {"fit": {name: Figures([value], [value]) for name, value in row.items()}}
    assert [(missed.target.ours, missed.target.peer) for missed in report.missed("first")] == [
        ("polyflow-numpy", "numpy")
    ]
    report.profiles["first", "fit", "polyflow-numpy"] = [Share("somewhere.py:1 slow", 0.75, 3.0)]
    page = markdown(report, "page")
    assert "| `somewhere.py:1 slow` | 75.0% | 3 |" in page
    assert (
        "The limit on *fit*: NumPy by hand, which does this and nothing else, takes 1 s, polyflow on NumPy 2 s. "
        "Where 2 × was found, 1 × would be without anything on top." in page
    )
    (found,) = as_json(report)["workloads"]["first"]["profiles"]
    assert found["functions"] == [{"function": "somewhere.py:1 slow", "own": 0.75, "calls": 3.0}]

    report.tables["growth"] = {"growth": {"polyflow-numpy": Figures([1e9], [math.nan])}}
    assert not report.missed("growth")


def test_what_comes_on_top_of_a_peer():
    session = Session({one.name: one for one in (*BACKENDS.values(), *PEERS.values())}, 1, True, {}, {})
    report = Report(datetime.now(UTC), {"cores": "2"}, {}, session)
    row = {"polyflow-numpy": [1.5e-6, 9e-6, 1.0e-6], "numpy": [1.0e-6, 2e-6, 0.9e-6]}
    report.tables["eager"] = {"exp": {name: Figures(values, values) for name, values in row.items()}}
    (verdict,) = report.verdicts("eager")
    assert math.isclose(verdict.value, 0.5e-6)
    assert verdict.reached
    assert said(verdict) == "exp: polyflow on NumPy: at most 700 ns above NumPy by hand. Found: 500 ns"


def test_the_limit_of_what_is_missed_beside_another_library():
    session = Session({one.name: one for one in (*BACKENDS.values(), *PEERS.values())}, 1, True, {}, {})
    report = Report(datetime.now(UTC), {"cores": "2"}, {}, session)
    row = {"polyflow-jax": 2.0, "jax": 1.0, "keras-jax": 40.0}
    report.tables["first"] = {"fit": {name: Figures([value], [value]) for name, value in row.items()}}
    limits = [report.limit(verdict) for verdict in report.verdicts("first") if not verdict.reached]
    assert [limit.partition("Where ")[2] for limit in limits] == [
        "20 × was found, 40 × would be without anything on top.",
        "2 × was found, 1 × would be without anything on top.",
    ]
    del report.tables["first"]["fit"]["jax"]
    assert [report.limit(verdict) for verdict in report.verdicts("first") if not verdict.reached] == [""]
