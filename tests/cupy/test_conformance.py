"""The conformance suite on the CuPy backend over the stand-in (which is not CuPy: see its docstring)."""

from __future__ import annotations

import pytest
from cpu_kernels import compiler

import polyflow_conformance


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_case_fails_that_numpy_passes(registered, standin):
    """Whatever the suite asks of a backend, the logic over the stand-in gives; NumPy's own failures are not CuPy's."""
    report = polyflow_conformance.run(registered, quick=standin.__version__ != "14.2.0")
    failed = {result.id: result.reason for result in report.results if result.failed}
    if failed:
        numpy = polyflow_conformance.run("numpy", cases=list(failed))
        failed = {id: failed[id] for id in failed if id not in {r.id for r in numpy.results if r.failed}}
    assert not failed, "\n".join(f"{id}: {reason}" for id, reason in list(failed.items())[:20])
    assert sum(result.status == "pass" for result in report.results) > 1000
