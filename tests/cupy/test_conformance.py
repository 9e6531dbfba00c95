"""The conformance suite on the CuPy backend over the stand-in (which is not CuPy: see its docstring)."""

from __future__ import annotations

import pytest
from cpu_kernels import compiler

import polyflow_conformance
from polyflow_cupy.settings import PLAN

pytestmark = [
    pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


def test_no_case_fails_that_numpy_passes(registered, standin, monkeypatch):
    """Whatever the suite asks of a backend, the logic over the stand-in gives; NumPy's own failures are not CuPy's.

    Without plans, for each of which a C++ compiler would run here.
    """
    monkeypatch.setenv(PLAN, "none")
    report = polyflow_conformance.run(registered, quick=standin.__version__ != "14.2.0")
    failed = {result.id: result.reason for result in report.results if result.failed}
    if failed:
        numpy = polyflow_conformance.run("numpy", cases=list(failed))
        failed = {id: failed[id] for id in failed if id not in {r.id for r in numpy.results if r.failed}}
    assert not failed, "\n".join(f"{id}: {reason}" for id, reason in list(failed.items())[:20])
    assert sum(result.status == "pass" for result in report.results) > 1000


@pytest.mark.parametrize("standin", ["14.2.0"], indirect=True)
def test_plans_pass_every_case_of_compiled_programs(registered):
    report = polyflow_conformance.run(registered, groups="compile-1")
    failed = [f"{result.id}: {result.reason}" for result in report.results if result.failed]
    assert not failed, "\n".join(failed[:20])
    assert sum(result.status == "pass" for result in report.results) > 100
