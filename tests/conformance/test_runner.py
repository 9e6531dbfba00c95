"""Whatever a backend does, a run of the suite ends with a report that says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow import cli
from polyflow import dtypes as dt
from polyflow.backend import Capabilities, discovery
from polyflow.backend.deviation import Deviation
from polyflow.backend.plugin import Plugin
from polyflow.errors import BackendBrokenError
from polyflow_conformance import isolation
from polyflow_conformance.catalog import GROUPS
from polyflow_conformance.loading import LoadError, load
from polyflow_conformance.page import page
from polyflow_conformance.report import LOADS, SCHEMA, STATUSES, Report, ReportError, Result
from polyflow_conformance.runner import select
from polyflow_conformance.subject import Subject
from polyflow_conformance.table import ops
from polyflow_conformance.trying import try_case
from polyflow_numpy.backend import NumPyBackend

ROOT = Path(__file__).parents[2]
ONE = "core-1/sinh/float32/small"


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Writes a backend file and returns what names it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(tmp_path)])))

    def write(body, name="mine.py", attribute="Mine"):
        path = tmp_path / name
        path.write_text(
            f"import numpy as np\nfrom polyflow_numpy.backend import NumPyBackend\n{body}\n", encoding="utf-8"
        )
        return f"{path}:{attribute}"

    return write


# ---- backends that cannot be made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise OSError('no such library')", "OSError: no such library"),
        ("import not_there", "No module named 'not_there'"),
        ("class Mine(", "SyntaxError"),
        ("Other = 1", "has no attribute 'Mine'"),
        ("Mine = 3", "is an object of type int, expected a Backend"),
        ("Mine = lambda device: 'a backend'", "returned an object of type str, expected"),
        (
            "class Mine(NumPyBackend):\n    def __init__(self, device): raise RuntimeError('no driver')",
            "RuntimeError: no driver",
        ),
        ("class Mine(NumPyBackend):\n    name = ''", "whose name is ''"),
        (
            "from polyflow.backend import Backend\nclass Mine(Backend):\n    name = 'mine'",
            "Mine has no asarray(), devices()",
        ),
        ("class Mine(NumPyBackend):\n    capabilities = {'compile': True}", "expected a polyflow.backend.Capabilities"),
        (
            "class Mine(NumPyBackend):\n    deviations = {'core-1/*': 'why'}",
            "type str for 'core-1/*', expected a Deviation",
        ),
        ("class Mine(NumPyBackend):\n    protocol = '9.0'", "for version 9.0 of the backend protocol"),
        ("class Mine(NumPyBackend):\n    protocol = 1", "protocol version is 1, expected a string such as '1.0'"),
        (
            "class Mine(NumPyBackend):\n    def devices(self): return 'cpu:0'",
            "devices() returned the string 'cpu:0', expected a list of names",
        ),
        ("class Mine(NumPyBackend):\n    def asarray(self, *given): return [1]", "asarray of a NumPy array"),
        (
            "class Mine(NumPyBackend):\n    @property\n    def deviations(self): raise OSError('no file of them')",
            "asking what its backend declares raised OSError: no file of them.",
        ),
        (
            "class Mine(NumPyBackend):\n    @property\n    def protocol(self): raise OSError('no protocol')",
            "asking what its backend declares raised OSError: no protocol.",
        ),
        ("raise SystemExit(3)", "SystemExit"),
        ("class Panic(BaseException): pass\nraise Panic('at src/lib.rs')", "Panic: at src/lib.rs"),
        (
            "class Panic(BaseException): pass\nclass Mine(NumPyBackend):\n    def __init__(self, device): raise Panic",
            "making the backend by Mine(None) raised Panic",
        ),
    ],
)
def test_backend_that_cannot_be_made_is_one_result(source, body, words):
    report = suite.run(source(body))
    assert [result.status for result in report.results] == ["error"]
    assert words in report.results[0].reason
    assert not report.ok


def test_file_that_is_not_there_and_name_that_nobody_has():
    assert "there is no file" in suite.run("nowhere.py:Mine").results[0].reason
    assert "Unknown backend 'nampy'" in suite.run("nampy").results[0].reason
    assert "got int" in suite.run(3).results[0].reason
    assert "name the backend in it too: 'mine.py:NAME'" in suite.run("mine.py").results[0].reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("class Mine: pass", "is the class Mine, which is no Backend; write class Mine(polyflow.backend.Backend)"),
        (
            "class Mine:\n    def __init__(self, device): pass",
            "is the class Mine, which is no Backend; write class Mine",
        ),
        ("class Made: pass\nMine = Made()", "is an object of type Made, expected a Backend, its class or a function"),
        ("def Mine(): pass", "is a function, which, called with the device (None), raised TypeError: Mine()"),
        ("def Mine(device): pass", "is a function, which, called with the device (None), returned None, expected a p"),
        (
            "def Mine(device): return NumPyBackend",
            "returned the class NumPyBackend, expected a polyflow.backend.Backend",
        ),
        ("import math as Mine", "is the module math, expected a Backend, its class or a function that makes one"),
        ("Mine = None", "is None, expected a Backend"),
        (
            "class Mine(NumPyBackend):\n    def __init__(self): pass",
            "making the backend by Mine(None) raised TypeError: ",
        ),
        (
            "from polyflow.backend import ArrayNamespaceBackend\nclass Mine(ArrayNamespaceBackend):\n"
            "    name, xp = 'mine', np\n    def __init__(self, device): pass",
            "its object has no device: an __init__ of its own has to call super().__init__(device).",
        ),
    ],
)
def test_attribute_that_is_no_backend_gets_a_sentence(source, body, words):
    (result,) = suite.run(source(body)).results
    assert words in result.reason
    assert "AttributeError" not in result.reason


def test_device_is_named_behind_the_attribute(source, tmp_path, monkeypatch):
    body = (
        "from polyflow.backend import ArrayNamespaceBackend\nclass Mine(ArrayNamespaceBackend):\n"
        "    name, xp, devices = 'mine', np, lambda self: ('cpu:0', 'far:1')\n"
        "    def __init__(self, device=None): super().__init__('far:1' if device == 'far' else device)\n"
        "made, make = Mine(), lambda device: Mine(device)"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = source(body, name="of_mine.py")
    for place in (spec, "of_mine:Mine", spec.replace(":Mine", ":make")):
        for device, full in (("", "cpu:0"), (":cpu:0", "cpu:0"), (":far:1", "far:1"), (":far", "far:1")):
            assert load(place + device).backend.device == full
        with pytest.raises(LoadError, match="has no device 'near:2'. Its devices: cpu:0, far:1"):
            load(f"{place}:near:2")
    assert load(spec.replace(":Mine", ":made:cpu:0")).backend.device == "cpu:0"
    with pytest.raises(LoadError, match="one object on device 'cpu:0', so it cannot be had on 'far:1'"):
        load(spec.replace(":Mine", ":made:far:1"))
    with pytest.raises(LoadError, match="has no attribute 'Yours'"):
        load(spec.replace(":Mine", ":Yours:cpu:0"))
    for wrong in (spec + ":", spec.replace(":Mine", ":"), spec.replace(":Mine", ":a.b")):
        with pytest.raises(LoadError, match="FILE.py:NAME or FILE.py:NAME:DEVICE"):
            load(wrong)
    with pytest.raises(LoadError, match="Unknown backend 'nampy'. Did you mean 'numpy'"):
        load("nampy:cpu:0")
    assert suite.run(spec + ":far:1", cases=ONE, isolate=True).device == "far:1"


def test_module_that_is_a_file_beside_us_is_pointed_at(tmp_path, monkeypatch):
    (tmp_path / "thing_of_mine.py").write_text("Mine = 3", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "write 'thing_of_mine.py:Mine'" in suite.run("thing_of_mine:Mine").results[0].reason


@pytest.mark.parametrize(
    ("cases", "words"),
    [([3], "a case is a polyflow_conformance.Case; got int."), (["core-1/x"], "got str"), (None, "hook raised")],
)
def test_cases_of_a_plugin_that_are_none_are_one_result(monkeypatch, cases, words):
    def given(plugin):
        if cases is None:
            raise BackendBrokenError("the hook raised")
        return cases

    monkeypatch.setattr(Plugin, "conformance_cases", given)
    report = suite.run("numpy", ops="sinh")
    assert [(result.id, result.status) for result in report.results] == [("device-1/backend/loads", "error")]
    assert report.results[0].reason.startswith("the conformance cases that polyflow-core adds: ")
    assert words in report.results[0].reason


# ---- backends that misbehave


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


def test_command_after_a_hang_still_prints(source, capsys):
    """A case that hangs has redirected the streams, and is left behind."""
    spec = source("import time\nclass Mine(NumPyBackend):\n    def sinh(self, x): time.sleep(60)")
    assert cli.main(["conformance", spec, "--case", ONE, "--time-limit", "0.2"]) == 1
    assert "did not finish within 0.2 seconds" in capsys.readouterr().out


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


def test_the_command_goes_on_after_a_crash(source, capsys):
    spec = source("import os\nclass Mine(NumPyBackend):\n    def sinh(self, x): os._exit(0)")
    assert cli.main(["conformance", spec, "--case", ONE, "--case", "core-1/cosh/float32/small"]) == 1
    shown = capsys.readouterr().out
    assert f"ERROR {ONE}\n  the process ended itself with exit code 0" in shown
    assert "2 cases of the suite's, not all" in shown


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


def test_declared_bounds_may_be_numbers_of_numpy(source):
    spec = source(
        "from polyflow.backend.deviation import Deviation\nclass Mine(NumPyBackend):\n"
        f"    deviations = {{{ONE!r}: Deviation('tolerance', 'why', bound=np.float32(3))}}"
    )
    (result,) = suite.run(spec, cases="core-1/cosh/float32/small", isolate=True).results
    assert result.status == "pass"


def test_what_another_process_tells_of_a_backend_is_what_is_known_here():
    from polyflow_conformance.case import Case

    known = Subject.of(load("numpy"))
    own = Case("core-1/mine/float32", lambda trial: None, quick=True)
    deviations = {"core-1/sinh/*": Deviation("tolerance", "why", bound=float("inf"), until="2.0")}
    known = replace(known, cases={**known.cases, own.id: own}, deviations=deviations)
    told = Subject.from_json(json.loads(json.dumps(known.to_json())))
    assert replace(told, cases={}) == replace(known, cases={})
    assert [(case.id, case.quick) for case in told.cases.values()] == [
        (case.id, case.quick) for case in known.cases.values()
    ]


def test_printing_is_a_result_and_does_not_reach_the_streams(capfd, source):
    spec = source(
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        print('hello')\n        return np.sinh(x)"
    )
    (result,) = suite.run(spec, cases=ONE).results
    assert result.status == "fail"
    assert "printed 'hello" in result.reason
    assert suite.run(spec, cases=ONE, isolate=True).results[0].status == "fail"
    assert capfd.readouterr() == ("", "")


def test_processes_find_what_one_process_finds():
    chosen = {"ops": ["sinh", "matmul", "argmax"], "quick": True}
    here, apart = suite.run("numpy", **chosen), suite.run("numpy", processes=2, **chosen)
    assert [(r.id, r.status, r.ulp) for r in here.results] == [(r.id, r.status, r.ulp) for r in apart.results]


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
    monkeypatch.setattr(isolation, "LOAD_LIMIT", 1.0)
    spec = source(
        f"import os, pathlib, time\nseen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "if seen.exists():\n    time.sleep(60)\n"
        "class Mine(NumPyBackend):\n    def sinh(self, x):\n        seen.touch()\n        os.abort()"
    )
    began = time.monotonic()
    report = suite.run(spec, ops="sinh", groups="core-1", isolate=True, time_limit=1.0)
    assert len(report.results) > 30
    assert {result.status for result in report.results} == {"error"}
    assert "did not finish within 1 seconds" in report.results[-1].reason
    assert time.monotonic() - began < 30


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


# ---- what is run


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


def test_every_op_has_cases_of_its_value():
    """An op of the table without a case in core-1 or random-1 would be tried by nobody."""
    tried = {case.op for case in suite.all_cases().values() if case.group in ("core-1", "random-1")}
    assert sorted(set(ops()) - tried) == []


def test_every_differentiable_op_has_gradient_cases():
    tried = {case.op for case in suite.all_cases().values() if case.group == "grad-1"}
    assert sorted(name for name, op in ops().items() if op.differentiable and name not in tried) == []


def test_quick_run_has_a_case_of_every_op():
    quick = {case.op for case in select(suite.all_cases(), quick=True)}
    assert sorted(set(ops()) - quick) == []


def test_ids_have_three_or_four_parts_and_a_known_group():
    for name, case in suite.all_cases().items():
        assert name == case.id
        assert len(name.split("/")) in (3, 4)
        assert case.group in GROUPS
        assert not set(name) & set("[]*? ")


# ---- what is declared


class Sinh(NumPyBackend):
    """sinh in a formula that cancels."""

    def sinh(self, x):
        return ((np.exp(x) - np.exp(-x)) / 2).astype(x.dtype)


def test_declared_deviation_is_counted_apart():
    backend = Sinh()
    backend.deviations = {ONE: Deviation("fails", "cancels near 0", url="https://example.org/1")}
    (result,) = suite.run(backend, cases=ONE).results
    assert result.status == "xfail"
    assert "cancels near 0 (https://example.org/1)" in result.reason


def test_wider_tolerance_is_bounded():
    for bound, status in ((1e12, "xfail"), (5.0, "fail")):
        backend = Sinh()
        backend.deviations = {ONE: Deviation("tolerance", "cancels near 0", bound=bound)}
        (result, *rest) = suite.run(backend, cases=ONE).results
        assert (result.status, rest) == (status, [])


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


# ---- reports


@pytest.fixture(scope="module")
def report():
    backend = Sinh()
    backend.deviations = {ONE: Deviation("fails", "cancels near 0")}
    return suite.run(backend, ops=["sinh", "add", "square"], quick=True)


def test_report_reads_what_it_wrote(report, tmp_path):
    report.save(tmp_path / "r.json")
    again = Report.load(tmp_path / "r.json")
    assert again == report
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]


def test_report_is_as_its_schema_says(report):
    data = json.loads(report.to_json())
    assert sorted(data) == sorted(SCHEMA["required"]) == sorted(SCHEMA["properties"])
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    for name, rule in SCHEMA["properties"].items():
        assert data[name] == rule["const"] if "const" in rule else isinstance(data[name], kinds[rule["type"]])
    item = SCHEMA["properties"]["results"]["items"]
    for result in data["results"]:
        assert sorted(result) == sorted(item["required"]) == sorted(item["properties"])
        assert result["status"] in item["properties"]["status"]["enum"]
    assert json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_infinite_distance_survives_json(tmp_path):
    class Mine(NumPyBackend):
        def add(self, x1, x2):
            return np.subtract(x1, x2)

    wrong = suite.run(Mine(), cases="core-1/add/int32/small")
    wrong.save(tmp_path / "r.json")
    assert Report.load(tmp_path / "r.json").results[0].ulp == float("inf")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not whole JSON"),
        ('{"schema": 1, "results": [{"id"', "interrupted"),
        ("[1, 2]", "no conformance report"),
        ('{"schema": 99, "results": []}', "schema 99"),
        ('{"schema": 1, "results": [{"id": "a/b/c"}]}', "no complete conformance report"),
        ('{"schema": 1, "backend": "x", "results": [{"id": "a/b/c", "status": "fine"}]}', "no complete"),
        ('{"schema": 1, "backend": "x", "results": [{"id": null, "status": "pass"}]}', "an id that is none"),
        (
            '{"schema": 1, "backend": "x", "results": [' + ", ".join(2 * ['{"id": "a/b/c", "status": "pass"}']) + "]}",
            "twice",
        ),
        ('{"schema": 1, "backend": "x", "time": "soon", "results": []}', "a time that is no number"),
        ("[" * 100_000, "nested too deeply"),
        (
            '{"schema": 1, "backend": "x", "cases": 3, "results": [{"id": "a/b/c", "status": "pass"}]}',
            "holds 1 result and says that it has 3",
        ),
        ('{"schema": 1, "backend": "x", "cases": "3", "results": []}', "says that it has '3'"),
    ],
)
def test_report_file_that_is_none_gets_a_sentence(tmp_path, capsys, text, words):
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=words):
        Report.load(path)
    assert cli.main(["conformance-report", str(path), "-o", str(tmp_path / "site")]) == 2
    assert words in capsys.readouterr().err


def test_junit_counts(report):
    from xml.etree import ElementTree

    root = ElementTree.fromstring(report.to_junit())
    assert int(root.get("tests")) == len(root.findall("testcase")) == len(report.results)
    assert int(root.get("failures")) + int(root.get("errors")) == len(report.failures)


def test_page_tells_reports_of_one_backend_apart():
    """By their labels, else by their devices; counts stand in one order, whatever came first."""

    def one(device, label=""):
        results = [Result("core-1/add/int8/a", "skip"), Result("core-1/add/int8/b", "pass")]
        return Report("many", device=device, label=label, results=results)

    text = page([one("a:cpu"), one("b:cpu"), one("c:cpu", label="Third")])
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert [report["name"] for report in data["reports"]] == ["many:a:cpu", "many:b:cpu", "Third"]
    for report in data["reports"]:
        assert list(report["groups"]["core-1"]["n"]) == list(report["cells"]["core-1/add"]["n"]) == ["pass", "skip"]
    assert "<title>Conformance: many:a:cpu, many:b:cpu, Third</title>" in text


def test_page_tells_reports_apart_that_have_one_name():
    """By the first fact in which they differ, else by number; what the user called them comes first."""

    def names(*reports):
        text = page(list(reports))
        data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
        return [report["name"] for report in data["reports"]]

    def one(backend="many", **facts):
        return Report(backend, **{"device": "cpu:0", **facts}, results=[Result("core-1/add/int8/a", "pass")])

    assert names(one(), one("other")) == ["many", "other"]
    assert names(one(), one()) == ["many (1)", "many (2)"]
    assert names(one(label="A"), one(label="A"), one(label="B")) == ["A (1)", "A (2)", "B"]
    assert names(one(label="A"), one(label="A", device="gpu:0")) == ["A:cpu:0", "A:gpu:0"]
    assert names(one(version="1.0"), one(version="1.1")) == ["many 1.0", "many 1.1"]
    assert names(one(python="3.11"), one(python="3.12"), one(python="3.12")) == [
        "many Python 3.11", "many Python 3.12 (1)", "many Python 3.12 (2)"
    ]  # fmt: skip
    assert names(one(date="2026-11-29"), one(date="2026-11-30")) == ["many of 2026-11-29", "many of 2026-11-30"]
    assert names(one(label="many (1)"), one(), one()) == ["many (1)", "many (2)", "many (3)"]


def test_page_holds_every_op_and_cannot_be_broken_by_a_reason(report):
    report = Report.from_data(json.loads(report.to_json()))
    report.results[0].status, report.results[0].reason = "fail", "</script><b>bold & free</b>"
    text = page([report, report])
    assert text.count("</script>") == 2
    assert "http" not in text.replace("https://example.org", "")
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert len(data["reports"]) == 2
    assert {key.split("/")[1] for key in data["reports"][0]["cells"]} == {result.op for result in report.results}


# ---- the commands


def test_command_says_what_it_found(source, tmp_path, capsys):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    files = [f"--{kind}={tmp_path / kind}" for kind in ("json", "html", "junit")]
    assert cli.main(["conformance", spec, "--op", "sinh", "--group", "core-1", *files]) == 1
    out = capsys.readouterr().out
    assert "FAIL core-1/sinh/" in out
    assert "c.reproduce(" in out
    assert "not conforming" in out
    assert Report.load(tmp_path / "json").backend == "mine"
    assert (tmp_path / "html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "junit").read_text(encoding="utf-8").startswith("<?xml")
    assert (
        cli.main(["conformance-report", str(tmp_path / "json"), "--label", "Mine", "-o", str(tmp_path / "site")]) == 0
    )
    assert "Mine" in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_command_succeeds_where_nothing_fails(capsys):
    assert cli.main(["conformance", "numpy", "--case", ONE]) == 0
    assert "conforming" in capsys.readouterr().out


def test_command_refuses_what_it_cannot_do(capsys, tmp_path):
    assert cli.main(["conformance", "numpy", "--op", "sinn"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--json", str(tmp_path / "no/where.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--html", str(tmp_path)]) == 2
    assert "it is a folder" in capsys.readouterr().err
    for limit in ("-1", "soon", "nan"):
        with pytest.raises(SystemExit):
            cli.main(["conformance", "numpy", "--time-limit", limit])
        assert f"'{limit}' is no time limit" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["conformance", "numpy", "--seed", "-5"])
    assert "'-5' is no seed" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--no-isolate", "-n", "2"]) == 2
    assert "--no-isolate stays in this process, and -n 2 asks for others" in capsys.readouterr().err
    same = str(tmp_path / "r")
    assert cli.main(["conformance", "numpy", "--json", same, "--html", same]) == 2
    assert "are one file" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nampy", "Unknown backend 'nampy'. Did you mean 'numpy'?"),
        ("numpy:gpu:7", "has no device 'gpu:7'"),
        ("nowhere.py:Mine", "there is no file nowhere.py"),
    ],
)
def test_command_says_that_there_is_nothing_to_try(spec, words, capsys, tmp_path):
    """Exit code 2, as for any mistake in the question; the report is written all the same."""
    assert cli.main(["conformance", spec, "--json", str(tmp_path / "r.json")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("polyflow conformance: ")
    assert words in err
    assert not Report.load(tmp_path / "r.json").ran


def test_command_lists_ids(capsys):
    assert cli.main(["conformance", "numpy", "--list", "--op", "matmul", "--quick"]) == 0
    assert "core-1/matmul/float32/matrices" in capsys.readouterr().out.splitlines()


def test_reproducer_is_a_line_that_shows_the_failure(source):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    (result,) = suite.run(spec, cases=ONE).results
    done = subprocess.run([sys.executable, "-c", result.reproducer], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Mismatch: sinh" in done.stderr


# ---- pytest


def run_pytest(*words, folder):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_plugin_module_imports_nothing_heavy():
    code = "import sys, polyflow_pytest_plugin; print([m for m in ('polyflow', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pytest_runs_the_suite_on_a_file(source, tmp_path):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    words = [
        "--pyargs",
        "polyflow_conformance",
        "--polyflow-backend",
        spec,
        "--polyflow-op",
        "sinh",
        "--polyflow-group",
        "core-1",
    ]
    done = run_pytest(
        *words, "--polyflow-report", str(tmp_path / "r.json"), "--import-mode=importlib", "-rf", folder=tmp_path
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"test_case[{ONE}]" in done.stdout
    assert {result.id for result in Report.load(tmp_path / "r.json").failures} >= {ONE}


def test_a_case_that_hangs_under_pytest_ends_at_its_limit(source, tmp_path):
    """It is an error with a reason, and the run goes on; the option takes what the command's takes."""
    spec = source("import time\nclass Mine(NumPyBackend):\n    def sinh(self, x): time.sleep(60)")
    words = ["--pyargs", "polyflow_conformance", "--import-mode=importlib", "--polyflow-backend", spec]
    words += ["--polyflow-group", "core-1", "--polyflow-quick", "--polyflow-report", "r.json"]
    words += ["-k", "float32/small and (sinh or cosh) and not asinh and not acosh"]
    done = run_pytest(*words, "--polyflow-time-limit", "2", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "did not finish within 2 seconds" in done.stdout
    assert {r.op: r.status for r in Report.load(tmp_path / "r.json").results} == {"sinh": "error", "cosh": "pass"}
    done = run_pytest(*words, "--polyflow-time-limit", "soon", folder=tmp_path)
    assert done.returncode == 4
    assert "'soon' is no time limit: a number of seconds above 0" in done.stderr


@pytest.mark.parametrize("where", ["import", "case"])
def test_a_backend_that_ends_its_process_does_not_end_pytest(where, source, tmp_path):
    dies = "os._exit(0)" if where == "import" else "class Mine(NumPyBackend):\n    def sinh(self, x): os._exit(0)"
    words = ["--pyargs", "polyflow_conformance", "--import-mode=importlib", "--polyflow-backend"]
    words += [
        source(f"import os\n{dies}"),
        "--polyflow-op",
        "sinh",
        "--polyflow-op",
        "cosh",
        "--polyflow-group",
        "core-1",
    ]
    done = run_pytest(*words, "--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the process ended itself with exit code 0" in done.stdout
    found = Report.load(tmp_path / "r.json").results
    assert {r.status for r in found if r.op != "cosh"} == {"error"}
    assert {r.status for r in found if r.op == "cosh"} == (set() if where == "import" else {"pass"})


def test_a_backend_that_cannot_be_loaded_is_not_loaded_again_for_the_report(source, tmp_path):
    """Loading one that hangs takes as long as it may."""
    note = tmp_path / "loaded"
    spec = source(f"open({str(note)!r}, 'a').write('once ')\nraise OSError('no driver')")
    words = ["--pyargs", "polyflow_conformance", "--import-mode=importlib", "--polyflow-backend", spec]
    done = run_pytest(*words, "--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "OSError: no driver" in Report.load(tmp_path / "r.json").results[0].reason
    assert note.read_text() == "once "


def test_a_backend_that_only_this_process_knows_is_tried_in_it(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from polyflow.backend import discovery\nfrom polyflow_numpy.backend import NumPyBackend\n"
        "class Mine(NumPyBackend):\n    name = 'mine'\ndiscovery.register('mine', Mine)\n"
    )
    (tmp_path / "test_mine.py").write_text(
        "from polyflow_conformance.test_conformance import pytest_generate_tests, test_case\n"
    )
    words = ["--polyflow-backend", "mine", "--polyflow-op", "sinh", "--polyflow-quick"]
    done = run_pytest(*words, "--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert Report.load(tmp_path / "r.json").backend == "mine"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_project_of_its_own_writes_the_report_too(workers, source, tmp_path):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'")
    (tmp_path / "test_mine.py").write_text(
        "from polyflow_conformance.test_conformance import pytest_generate_tests, test_case\n"
    )
    words = ["-n", workers, "--polyflow-group", "core-1", "--polyflow-op", "sinh", "--polyflow-report", "r.json"]
    done = run_pytest(*words, "--polyflow-backend", "numpy", "--polyflow-backend", spec, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = [result.id for result in suite.run("numpy", groups=["core-1"], ops=["sinh"]).results]
    for name, file in (("numpy", "r.json"), ("mine", "r-mine.json")):
        found = Report.load(tmp_path / file)
        assert found.backend == name
        assert not found.complete
        assert [result.id for result in found.results] == expected
        assert f"polyflow: {file} has {len(expected)} results of {name}." in done.stdout


def test_a_report_of_nothing_is_not_written(tmp_path):
    (tmp_path / "test_mine.py").write_text("def test_one(): pass\n")
    done = run_pytest("--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 0
    assert "no conformance case ran, so r.json was not written" in done.stdout


def test_backend_fixture_runs_once_for_each_and_the_mark_chooses(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import polyflow as pf, pytest\n"
        "def test_all(backend):\n    assert pf.constant([1.0]).backend is backend\n"
        "@pytest.mark.polyflow_backends('numpy')\ndef test_one(backend):\n    assert backend.name == 'numpy'\n"
    )
    done = run_pytest("-v", "--strict-markers", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_all[numpy]" in done.stdout
    assert done.stdout.count("test_one[") == 1
    done = run_pytest("-v", "--polyflow-backend", "numpy", folder=tmp_path)
    assert "2 passed" in done.stdout
    done = run_pytest("--polyflow-backend", "nampy", "-k", "all", folder=tmp_path)
    assert "Unknown backend 'nampy'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "LoadError" not in done.stdout


def test_a_projects_own_backend_fixture_stays_its_own(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef backend():\n    return 5\n"
        "def test_own(backend):\n    assert backend == 5\n"
    )
    assert run_pytest(folder=tmp_path).returncode == 0


def test_documentation_names_the_groups_and_statuses():
    text = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {about} |" in text for name, about in GROUPS.items())
    assert all(f"| `{status}` |" in text for status in STATUSES)


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
