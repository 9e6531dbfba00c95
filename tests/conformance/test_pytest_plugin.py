"""The suite and the `backend` fixture under pytest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import polyflow_conformance as suite
from polyflow_conformance.report import Report

from .sinh import ONE


def run_pytest(*words, folder):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def run_suite(spec, *words, folder):
    suite = ["--pyargs", "polyflow_conformance", "--import-mode=importlib", "--polyflow-backend", spec]
    return run_pytest(*suite, *words, folder=folder)


def test_plugin_module_imports_nothing_heavy():
    code = "import sys, polyflow_pytest_plugin; print([m for m in ('polyflow', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pytest_runs_the_suite_on_a_file(source, tmp_path):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    words = ["--polyflow-op", "sinh", "--polyflow-group", "core-1", "--polyflow-report", str(tmp_path / "r.json")]
    done = run_suite(spec, *words, "-rf", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"test_case[{ONE}]" in done.stdout
    assert {result.id for result in Report.load(tmp_path / "r.json").failures} >= {ONE}


def test_a_report_in_junit_xml_says_what_became_of_a_case_and_warns_of_nothing(source, tmp_path):
    """`polyflow new-backend` lays projects out whose tests turn warnings into errors."""
    words = ["--polyflow-op", "sinh", "--polyflow-group", "core-1", "--polyflow-quick", "--junit-xml", "j.xml"]
    done = run_suite("numpy", *words, "-W", "error", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '<property name="polyflow_status" value="pass"' in (tmp_path / "j.xml").read_text()


def test_a_case_that_hangs_under_pytest_ends_at_its_limit(source, tmp_path):
    """It is an error with a reason, and the run goes on; the option takes what the command's takes."""
    spec = source("import time\nclass Mine(NumPyBackend):\n    def sinh(self, x): time.sleep(60)")
    words = ["--polyflow-group", "core-1", "--polyflow-quick", "--polyflow-report", "r.json"]
    words += ["-k", "float32/small and (sinh or cosh) and not asinh and not acosh"]
    done = run_suite(spec, *words, "--polyflow-time-limit", "2", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "did not finish within 2 seconds" in done.stdout
    assert {r.op: r.status for r in Report.load(tmp_path / "r.json").results} == {"sinh": "error", "cosh": "pass"}
    done = run_suite(spec, *words, "--polyflow-time-limit", "soon", folder=tmp_path)
    assert done.returncode == 4
    assert "'soon' is no time limit: a number of seconds above 0" in done.stderr


@pytest.mark.parametrize("where", ["import", "case"])
def test_a_backend_that_ends_its_process_does_not_end_pytest(where, source, tmp_path):
    dies = "os._exit(0)" if where == "import" else "class Mine(NumPyBackend):\n    def sinh(self, x): os._exit(0)"
    words = ["--polyflow-op", "sinh", "--polyflow-op", "cosh", "--polyflow-group", "core-1", "--polyflow-quick"]
    done = run_suite(source(f"import os\n{dies}"), *words, "--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the process ended itself with exit code 0" in done.stdout
    found = Report.load(tmp_path / "r.json").results
    assert {r.status for r in found if r.op != "cosh"} == {"error"}
    assert {r.status for r in found if r.op == "cosh"} == (set() if where == "import" else {"pass"})


def test_a_backend_that_cannot_be_loaded_is_not_loaded_again_for_the_report(source, tmp_path):
    """Loading one that hangs takes as long as it may."""
    note = tmp_path / "loaded"
    spec = source(f"open({str(note)!r}, 'a').write('once ')\nraise OSError('no driver')")
    done = run_suite(spec, "--polyflow-report", "r.json", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "OSError: no driver" in Report.load(tmp_path / "r.json").results[0].reason
    assert note.read_text() == "once "


@pytest.mark.parametrize("workers", ["0", "1"])
def test_no_choice_among_the_cases_leaves_out_why_a_backend_cannot_be_loaded(workers, source, tmp_path):
    spec = source("raise OSError('no driver')")
    words = ["-n", workers, "--polyflow-backend", "numpy", "-k", "core-1/sinh/float32/small"]
    done = run_suite(spec, *words, folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "OSError: no driver" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
    words = ["-k", "sinh", "-m", "not polyflow_conformance"]
    done = run_suite(spec, "-n", workers, *words, folder=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--polyflow-op", "sinn"], "Unknown op 'sinn'. Did you mean 'sin' or 'sinh'"),
        (["--polyflow-op", "sinn", "-n", "1"], "Unknown op 'sinn'. Did you mean 'sin' or 'sinh'"),
        (["--polyflow-group", "core-9"], "Unknown group 'core-9'. Did you mean 'core-1'?"),
        (["--polyflow-group", "core-1", "--polyflow-op", "sgd"], "no case is left of group core-1 and op sgd"),
        (["--polyflow-report", "no/r.json"], "--polyflow-report no/r.json: there is no folder"),
    ],
)
def test_what_cannot_be_done_is_a_mistake_in_the_command(words, says, tmp_path):
    done = run_suite("numpy", *words, folder=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert done.stderr.startswith(f"ERROR: {says}")
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_op_that_a_plugin_adds_cases_of_can_be_chosen(stranger, tmp_path):
    words = ["--polyflow-op", "greeting", "--polyflow-report", "r.json"]
    done = run_suite("stranger", *words, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = Report.load(tmp_path / "r.json")
    assert (report.backend, report.distribution) == ("stranger", "stranger")
    assert [result.id for result in report.results] == [stranger]
    done = run_suite("numpy", "--polyflow-backend", "stranger", *words, folder=tmp_path)
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout + done.stderr
    assert "numpy: Unknown op 'greeting'." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_backend_that_is_tried_in_this_process_is_loaded_in_no_other_for_the_report(source, tmp_path):
    note = tmp_path / "loaded"
    spec = source(f"import os\nopen({str(note)!r}, 'a').write(f'{{os.getpid()}} ')\nclass Mine(NumPyBackend): pass")
    words = ["-k", "core-1/sinh/float32/small", "--polyflow-report", "r.json", "--polyflow-no-isolate"]
    done = run_suite(spec, *words, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(note.read_text().split()) == 1
    assert Report.load(tmp_path / "r.json").device == "cpu:0"


@pytest.mark.parametrize("where", [["-n", "1"], ["--collect-only"]])
def test_no_process_of_pytests_loads_another_where_none_is_wanted(where, source, tmp_path):
    """Each of pytest-xdist's workers is one of pytest's own."""
    note = tmp_path / "loaded"
    spec = source(f"import os\nopen({str(note)!r}, 'a').write(f'{{os.getpgrp()}} ')\nclass Mine(NumPyBackend): pass")
    words = ["-k", "core-1/sinh/float32/small", "--polyflow-quick", "--polyflow-no-isolate", *where]
    done = run_suite(spec, *words, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(note.read_text().split()) == {str(os.getpgrp())}  # a process beside has a group of its own


def test_without_a_backend_named_pytest_loads_none_in_its_own_process(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import sys\ndef pytest_sessionfinish():\n"
        "    print('loaded', [name for name in ('jax', 'polyflow_numpy') if name in sys.modules])"
    )
    words = ["--pyargs", "polyflow_conformance", "--import-mode=importlib", "-s", "-c", os.devnull, "--rootdir", "."]
    done = run_pytest(*words, "-k", f"numpy-{ONE}", "--confcutdir", ".", "-p", "conftest", folder=tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert "loaded []" in done.stdout


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


def test_a_mark_that_names_no_backend_gets_a_sentence(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n@pytest.mark.polyflow_backends(['numpy'])\ndef test_one(backend): pass\n"
    )
    done = run_pytest("-q", folder=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the mark polyflow_backends of test_one got ['numpy'], expected names of backends" in done.stdout


def test_a_projects_own_backend_fixture_stays_its_own(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef backend():\n    return 5\n"
        "def test_own(backend):\n    assert backend == 5\n"
    )
    assert run_pytest(folder=tmp_path).returncode == 0
