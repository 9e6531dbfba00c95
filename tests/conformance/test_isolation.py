"""A backend that ends its process, or never answers, ends one case; the run goes on and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import polyflow_conformance as suite
from polyflow import cli
from polyflow.backend.deviation import Deviation
from polyflow_conformance import isolation
from polyflow_conformance.case import Case
from polyflow_conformance.loading import load
from polyflow_conformance.report import LOADS
from polyflow_conformance.subject import Subject

from .sinh import ONE


@pytest.mark.parametrize(
    ("death", "words"),
    [("os.kill(os.getpid(), 9)", "SIGKILL"), ("os._exit(7)", "exit code 7")],
)
def test_backend_that_kills_its_process_ends_one_case(source, death, words):
    spec = source(f"import os\nclass Mine(NumPyBackend):\n    def sinh(self, x): {death}")
    report = suite.run(spec, cases=[ONE, "core-1/cosh/float32/small", "core-1/sinh/float64/small"], isolate=True)
    found = {result.id: result for result in report.results}
    assert found["core-1/cosh/float32/small"].status == "pass"
    assert found[ONE].status == found["core-1/sinh/float64/small"].status == "error"
    assert words in found[ONE].reason


def test_library_that_ends_the_process_while_it_is_imported_is_one_result(source, capsys):
    spec = source("import os\nos._exit(0)")
    (result,) = suite.run(spec, isolate=True).results
    assert (result.id, result.status) == (LOADS, "error")
    assert result.reason == f"{spec} cannot be loaded: the process ended itself with exit code 0."
    assert cli.main(["conformance", spec]) == 2
    assert "the process ended itself with exit code 0." in capsys.readouterr().err


def test_library_that_hangs_while_it_is_made_is_one_result(source, monkeypatch):
    monkeypatch.setattr(isolation, "LOAD_LIMIT", 0.5)
    spec = source("import time\nclass Mine(NumPyBackend):\n    def __init__(self, device): time.sleep(60)")
    (result,) = suite.run(spec, isolate=True, time_limit=0.1).results
    assert result.reason == f"{spec} cannot be loaded: it did not finish within 0.5 seconds."


def test_the_limit_that_was_reached_is_told(source, monkeypatch):
    monkeypatch.setattr(isolation, "START_LIMIT", 0.01)
    (result,) = suite.run(source("class Mine(NumPyBackend): pass"), isolate=True).results
    assert result.reason.endswith("cannot be loaded: it did not finish within 0.01 seconds.")


def test_half_an_answer_is_the_end_of_a_process(source):
    spec = source(
        "import contextlib, os\nclass Mine(NumPyBackend):\n    def sinh(self, x):\n        for file in range(3, 20):\n"
        "            with contextlib.suppress(OSError): os.write(file, b'{')\n        os._exit(7)"
    )
    (result,) = suite.run(spec, cases=ONE, isolate=True).results
    assert result.reason == "the process ended itself with exit code 7"


def test_what_cannot_be_loaded_again_is_told_case_by_case(source, tmp_path):
    spec = source(
        f"import os, pathlib\nseen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "if seen.exists(): raise OSError('the device is busy')\n"
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        seen.touch()\n        os.abort()"
    )
    report = suite.run(spec, cases=["core-1/sinh/float32/small", "core-1/sinh/float64/small"], isolate=True)
    assert [result.status for result in report.results] == ["error", "error"]
    assert "SIGABRT" in report.results[0].reason
    assert "OSError: the device is busy" in report.results[1].reason


def test_last_words_of_a_process_are_told(source):
    spec = source(
        "import os\nos.write(2, b'loading\\n')\nclass Mine(NumPyBackend):\n"
        "    def sinh(self, x):\n        os.write(2, b'assert failed:\\n  rank <= 4\\n')\n        os.abort()"
    )
    (result,) = suite.run(spec, cases=ONE, isolate=True).results
    assert result.reason == "the process was ended by SIGABRT (its last words: assert failed: rank <= 4)"


def test_reading_and_printing_below_python_reach_nobody(source, capfd):
    spec = source(
        "import os, sys\nclass Mine(NumPyBackend):\n    def sinh(self, x):\n"
        "        assert sys.stdin.read() == '' and os.read(0, 9) == b''\n        os.write(1, b'hello')\n"
        "        return np.sinh(x)"
    )
    report = suite.run(spec, cases=[ONE, "core-1/cosh/float32/small"], isolate=True)
    assert [result.status for result in report.results] == ["pass", "pass"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_that_a_dead_one_leaves_behind_holds_nobody_up(source):
    """It inherits the pipe, whose end is therefore never seen."""
    spec = source(
        "import os, time\nclass Mine(NumPyBackend):\n    def sinh(self, x):\n"
        "        if not os.fork():\n            time.sleep(20)\n            os._exit(0)\n        time.sleep(60)"
    )
    start = time.monotonic()
    report = suite.run(spec, cases=[ONE, "core-1/cosh/float32/small"], isolate=True, time_limit=1.0)
    assert sorted(result.status for result in report.results) == ["error", "pass"]
    assert time.monotonic() - start < 19


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up as Linux shows them")
def test_what_a_dead_process_had_started_ends_with_it(source, tmp_path):
    note = tmp_path / "pid"
    spec = source(
        "import os, pathlib, time\nclass Mine(NumPyBackend):\n    def sinh(self, x):\n        started = os.fork()\n"
        "        if not started:\n            time.sleep(300)\n            os._exit(0)\n"
        f"        pathlib.Path({str(note)!r}).write_text(str(started))\n        os.abort()"
    )
    (result,) = suite.run(spec, cases=[ONE], isolate=True).results
    assert result.reason == "the process was ended by SIGABRT"
    _until(lambda: not _alive(int(note.read_text())))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up as Linux shows them")
def test_a_case_that_lets_no_thread_run_does_not_outlive_the_run_for_long(source, tmp_path):
    note = tmp_path / "pid"
    spec = source(
        "import os, pathlib, re\nclass Mine(NumPyBackend):\n"
        f"    def sinh(self, x):\n        pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "        re.match('(a+)+$', 'a' * 60 + 'b')"
    )
    code = (
        "import polyflow_conformance as c; from polyflow_conformance import isolation as i\n"
        f"i.LOAD_LIMIT = 4.0; c.run({spec!r}, cases={ONE!r}, isolate=True, time_limit=4.0)"
    )
    above = subprocess.Popen([sys.executable, "-c", code])
    try:
        _until(lambda: note.exists() and note.read_text())
    finally:
        above.kill()
        above.wait()
    _until(lambda: not _alive(int(note.read_text())))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up as Linux shows them")
def test_a_case_that_hangs_does_not_outlive_the_run(source, tmp_path):
    note = tmp_path / "pid"
    spec = source(
        "import os, pathlib, time\nclass Mine(NumPyBackend):\n    def sinh(self, x):\n"
        f"        pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n        time.sleep(300)"
    )
    code = f"import polyflow_conformance as c; c.run({spec!r}, cases={ONE!r}, isolate=True)"
    above = subprocess.Popen([sys.executable, "-c", code])
    try:
        _until(lambda: note.exists() and note.read_text())
    finally:
        above.kill()
        above.wait()
    _until(lambda: not _alive(int(note.read_text())))


def _until(holds, seconds=60.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_what_another_process_tells_of_a_backend_is_what_is_known_here():
    known = Subject.of(load("numpy"))
    own = Case("core-1/mine/float32", lambda trial: None, quick=True)
    deviations = {"core-1/sinh/*": Deviation("tolerance", "why", bound=1e300, until="2.0")}
    known = replace(known, cases={**known.cases, own.id: own}, deviations=deviations)
    told = Subject.from_json(json.loads(json.dumps(known.to_json())))
    assert replace(told, cases={}) == replace(known, cases={})
    assert [(case.id, case.quick) for case in told.cases.values()] == [
        (case.id, case.quick) for case in known.cases.values()
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_answers_of_a_process_that_was_forked_are_nobodys(source):
    """A kernel that returns in both processes answers twice: the second answer is not that of the next case."""
    spec = source(
        "import os\nclass Mine(NumPyBackend):\n    forked = False\n    def sinh(self, x):\n"
        "        if not Mine.forked:\n            Mine.forked = True\n            os.fork()\n"
        "        return np.sinh(x)\n    def cosh(self, x): return np.sinh(x)"
    )
    cases = [ONE, ONE.replace("sinh", "cosh"), ONE.replace("sinh", "tanh")]
    report = suite.run(spec, cases=cases, isolate=True)
    assert {result.op: result.status for result in report.results} == {"sinh": "pass", "cosh": "fail", "tanh": "pass"}


def test_a_backend_that_hangs_when_loaded_again_is_not_waited_for_in_every_case(source, tmp_path, monkeypatch):
    def hurry(*_):
        """From the first case on, for the first load takes what it takes."""
        monkeypatch.setattr(isolation, "LOAD_LIMIT", 1.0)

    spec = source(
        f"import os, pathlib, time\nseen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "if seen.exists():\n    time.sleep(60)\n"
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        seen.touch()\n        os.abort()"
    )
    began = time.monotonic()
    report = suite.run(spec, ops="sinh", groups="core-1", isolate=True, time_limit=1.0, progress=hurry)
    assert len(report.results) > 30
    assert {result.status for result in report.results} == {"error"}
    assert "did not finish within 1 seconds" in report.results[-1].reason
    assert time.monotonic() - began < 30


def test_a_process_that_lets_go_of_nothing_is_replaced(source, tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, "MEMORY", 1 << 26)
    spec = source(
        f"import os, pathlib\nseen, kept = pathlib.Path({str(tmp_path / 'seen')!r}), []\n"
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        kept.append(b'0' * (1 << 27))\n"
        "        with seen.open('a') as file: print(os.getpid(), file=file)\n        return np.sinh(x)"
    )
    suite.run(spec, cases=[ONE, "core-1/sinh/float64/small"], isolate=True)
    assert len(set((tmp_path / "seen").read_text().split())) == 2
