"""What is declared as different or missing is counted apart, and checked."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow import dtypes as dt
from polyflow.backend import Capabilities
from polyflow.backend.deviation import Deviation
from polyflow_numpy.backend import NumPyBackend

from .sinh import ONE, Sinh


def test_declared_deviation_is_counted_apart():
    backend = Sinh()
    backend.deviations = {ONE: Deviation("fails", "cancels near 0", url="https://example.org/1")}
    (result,) = suite.run(backend, cases=ONE).results
    assert result.status == "xfail"
    assert "cancels near 0 (https://example.org/1)" in result.reason


@pytest.mark.parametrize("given", [{"reason": 3}, {"url": 3}, {"until": 2.0}, {"kind": ["fails"]}])
def test_what_is_said_of_a_deviation_is_text(given):
    """It is written into reports, long after the class was made."""
    with pytest.raises(ValueError, match=f"the {next(iter(given))} of a deviation is a text; got "):
        Deviation(**{"kind": "fails", "reason": "why", **given})


def test_wider_tolerance_is_bounded():
    (plain,) = suite.run(Sinh(), cases=ONE).results
    assert plain.ulp is not None
    for bound, status in ((2 * plain.ulp, "xfail"), (5.0, "fail")):
        backend = Sinh()
        backend.deviations = {ONE: Deviation("tolerance", "cancels near 0", bound=bound)}
        (result, *rest) = suite.run(backend, cases=ONE).results
        assert (result.status, rest) == (status, [])


def test_a_bound_is_not_far_wider_than_what_needs_it():
    (plain,) = suite.run(Sinh(), cases=ONE).results
    backend = Sinh()
    backend.deviations = {ONE: Deviation("tolerance", "cancels near 0", bound=1000 * (plain.ulp or 0))}
    declared, about = suite.run(backend, cases=ONE).results
    assert declared.status == "xfail"
    assert (about.status, about.id) == ("fail", f"device-1/deviations/{ONE}")
    assert "more than 100 times" in about.reason
    for bound in (float("inf"), float("nan"), 0, -1.0, "wide"):
        with pytest.raises(ValueError, match="bound"):
            Deviation("tolerance", "cancels near 0", bound=bound)  # type: ignore[arg-type]


def test_declarations_are_strict():
    backend = Sinh()
    backend.deviations = {
        "core-1/cosh/float32/small": Deviation("fails", "none really"),
        "core-1/tanh/float32/small": Deviation("tolerance", "none really", bound=100.0),
        "core-1/sinnh/*": Deviation("fails", "a slip of the pen"),
    }
    report = suite.run(backend, cases=["core-1/cosh/float32/small", "core-1/tanh/float32/small"])
    assert {(result.id, result.status) for result in report.results} == {
        ("core-1/cosh/float32/small", "xpass"),
        ("core-1/tanh/float32/small", "pass"),
        ("device-1/deviations/core-1/tanh/float32/small", "xpass"),
        ("device-1/deviations/core-1/sinnh/*", "error"),
    }


def test_a_deviation_says_until_when_and_a_bound_that_is_too_small_is_named():
    backend = Sinh()
    backend.deviations = {
        ONE: Deviation("tolerance", "cancels near 0", bound=5.0),
        "core-1/sinh/float64/small": Deviation("fails", "cancels too", url="https://example.org/1", until="2.0"),
    }
    found = {r.id: r for r in suite.run(backend, cases=[*backend.deviations]).results}
    assert found[ONE].status == "fail"
    assert "4 allowed; not within 5 either, as declared: cancels near 0" in found[ONE].reason
    assert found["core-1/sinh/float64/small"].status == "xfail"
    assert "declared: cancels too (https://example.org/1, until 2.0)" in found["core-1/sinh/float64/small"].reason


def test_deviation_needs_a_kind_a_reason_and_a_bound_where_it_widens():
    for wrong in (("flaky", "why"), ("fails", " "), ("tolerance", "why"), ("fails", "why", 3.0)):
        with pytest.raises(ValueError, match="deviation"):
            Deviation(*wrong)


def test_declared_bounds_may_be_numbers_of_numpy(source):
    spec = source(
        "from polyflow.backend.deviation import Deviation\nclass Mine(NumPyBackend):\n"
        f"    deviations = {{{ONE!r}: Deviation('tolerance', 'why', bound=np.float32(3))}}"
    )
    (result,) = suite.run(spec, cases="core-1/cosh/float32/small", isolate=True).results
    assert result.status == "pass"


def test_missing_dtype_is_unsupported_never_passed():
    class Narrow(NumPyBackend):
        capabilities = Capabilities(dtypes=frozenset(dt.ALL) - {dt.complex64, dt.complex128})

        def asarray(self, obj, dtype=None, device=None):
            host = np.array(obj, dtype=dtype)
            self.require(dt.as_dtype(host.dtype))
            return host

        def astype(self, x, *, dtype):
            return super().astype(x, dtype=self.require(dtype))

        def full(self, *, shape, fill_value, dtype):
            return super().full(shape=shape, fill_value=fill_value, dtype=self.require(dtype))

    report = suite.run(Narrow(), ops=["exp", "dtypes"], quick=False)
    counts = Counter((result.status, "complex" in result.id) for result in report.results)
    assert counts["unsupported", True] > 5
    assert not any(status in ("pass", "fail", "error") and is_complex for status, is_complex in counts)
    assert not report.failures


def test_unsupported_op_is_checked_to_refuse():
    class Without(NumPyBackend):
        unsupported = {"erf": "not in this library"}

    report = suite.run(Without(), ops="erf", groups="core-1")
    statuses = {result.status for result in report.results if not result.id.endswith("/refused")}
    assert statuses == {"unsupported"}
    assert report.ok
