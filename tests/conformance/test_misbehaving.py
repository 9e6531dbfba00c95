"""Whatever a backend does in a case, its result says so, and nothing gets out."""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow_conformance.trying import try_case
from polyflow_numpy.backend import NumPyBackend

from .sinh import ONE


@pytest.mark.parametrize("wrong", ["sinh", None, [1.0], (np.ones(3),)])
def test_wrong_type_is_a_result(wrong):
    class Mine(NumPyBackend):
        def sinh(self, x):
            return wrong

    (result,) = suite.run(Mine(), cases=ONE).results
    assert result.status == "fail"
    named = "None" if wrong is None else f"an object of type {type(wrong).__name__}"
    name = Mine.name
    assert result.reason == f"the kernel sinh of backend {name!r} returned {named}, expected an array of the library."


def test_hanging_case_ends_at_its_limit(source):
    spec = source("import time\nclass Mine(NumPyBackend):\n    def sinh(self, x): time.sleep(60)")
    for options in ({}, {"isolate": True}):
        report = suite.run(spec, cases=[ONE, "core-1/cosh/float32/small"], time_limit=3.0, **options)
        assert [(r.op, r.status) for r in report.results] == [("cosh", "pass"), ("sinh", "error")] or [
            (r.op, r.status) for r in report.results
        ] == [("sinh", "error"), ("cosh", "pass")]
        assert "did not finish within 3 seconds" in report.failures[0].reason


def test_a_declared_hang_is_no_failure_and_another_has_its_line(source):
    body = (
        "import time\nfrom polyflow.backend import Deviation\nclass Mine(NumPyBackend):\n"
        "    def sinh(self, x): time.sleep(60)\n    cosh = sinh\n"
        f"    deviations = {{{ONE!r}: Deviation('fails', 'waits for a device')}}"
    )
    for options in ({}, {"isolate": True}):
        report = suite.run(
            source(body), cases=[ONE, ONE.replace("sinh", "cosh")], time_limit=3.0 if options else 0.3, **options
        )
        found = {result.op: result for result in report.results}
        assert found["sinh"].status == "xfail"
        assert "waits for a device" in found["sinh"].reason
        assert "c.reproduce(" in found["cosh"].reproducer


def test_exception_that_is_no_exception_is_a_result():
    """Bindings to other languages have errors of their own that no ``except Exception`` sees."""

    class Panic(BaseException):
        pass

    class Mine(NumPyBackend):
        def sinh(self, x):
            raise Panic("at src/lib.rs")

    report = suite.run(Mine(), cases=[ONE, "core-1/cosh/float32/small"])
    assert {result.op: result.status for result in report.results} == {"sinh": "error", "cosh": "pass"}
    assert report.failures[0].reason.startswith("Panic: at src/lib.rs")


def test_exception_without_a_text_is_a_result():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    class Mine(NumPyBackend):
        def sinh(self, x):
            raise Mute

    (result,) = suite.run(Mine(), cases=ONE).results
    assert result.status == "error"
    assert result.reason.startswith("Mute: (its text cannot be had")


def test_exception_whose_text_ends_the_process_is_a_result():
    class Last(Exception):
        def __str__(self):
            raise SystemExit(3)

    class Mine(NumPyBackend):
        def sinh(self, x):
            raise Last

    (result,) = suite.run(Mine(), cases=ONE).results
    assert result.status == "error"
    assert result.reason.startswith("Last: (its text cannot be had: str() of it raises SystemExit)")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_closing_a_stream_is_a_result(stream):
    class Mine(NumPyBackend):
        def sinh(self, x):
            getattr(sys, stream).close()
            return np.sinh(x)

    report = suite.run(Mine(), cases=[ONE, "core-1/cosh/float32/small"])
    assert {result.op: result.status for result in report.results} == {"sinh": "fail", "cosh": "pass"}
    assert "closed sys.stdout or sys.stderr" in report.failures[0].reason
    assert not getattr(sys, stream).closed


CHANGES = {
    "the state of random": lambda: random.seed(7),
    "the state of np.random": lambda: np.random.seed(7),  # noqa: NPY002
    "the recursion limit": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 50),
    "what a signal does": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "the locale": lambda: locale.setlocale(locale.LC_ALL, "C" if locale.setlocale(locale.LC_ALL) != "C" else "C.UTF-8"),
    "gc.isenabled()": gc.disable,
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_belongs_to_the_user_of_the_process_may_not_change(what):
    """Generators that nobody has drawn from yet are seeded too, which leaves their place as it was."""

    class Mine(NumPyBackend):
        def sinh(self, x):
            CHANGES[what]()
            return np.sinh(x)

    drawn, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    handler, place = signal.getsignal(signal.SIGTERM), locale.setlocale(locale.LC_ALL)
    try:
        random.seed(1), np.random.seed(1)  # noqa: NPY002
        result = try_case(suite.all_cases()[ONE], Mine())
    finally:
        signal.signal(signal.SIGTERM, handler)
        random.setstate(drawn), np.random.set_state(legacy)  # noqa: NPY002
    assert (result.status, result.reason.partition(" is not")[0]) == ("fail", what)
    assert (gc.isenabled(), locale.setlocale(locale.LC_ALL)) == (True, place)


def test_printing_is_a_result_and_does_not_reach_the_streams(capfd, source):
    spec = source(
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        print('hello')\n        return np.sinh(x)"
    )
    (result,) = suite.run(spec, cases=ONE).results
    assert result.status == "fail"
    assert "printed 'hello" in result.reason
    assert suite.run(spec, cases=ONE, isolate=True).results[0].status == "fail"
    assert capfd.readouterr() == ("", "")


def test_what_a_case_changes_of_the_process_is_put_back(tmp_path, monkeypatch):
    """The next case, and whoever stops the run by Ctrl-C, find the folder and the handler that were there."""
    monkeypatch.chdir(tmp_path)

    class Moving(NumPyBackend):
        def sinh(self, x):
            os.chdir("/")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return np.sinh(x)

    before = signal.getsignal(signal.SIGINT)
    result = try_case(suite.all_cases()[ONE], Moving())
    assert result.status == "fail"
    assert "is not what it was before" in result.reason
    assert (Path.cwd(), signal.getsignal(signal.SIGINT)) == (tmp_path, before)
