"""The suite and the `backend` fixture under pytest."""

from __future__ import annotations

import subprocess
import sys

import pytest

import polyflow_conformance as suite
from polyflow_conformance.report import Report

from .sinh import ONE


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
