"""`scripts/gpu_check` where there is no GPU, and its machinery behind a pretended one."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "gpu_check"


@pytest.fixture
def script():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(SCRIPT))
    spec = importlib.util.spec_from_loader("gpu_check", loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_check"] = module
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # no __pycache__ beside the script
    try:
        loader.exec_module(module)
        yield module
    finally:
        sys.dont_write_bytecode = before
        del sys.modules["gpu_check"]


def call(path, *words):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env={**os.environ, "PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def pretended_gpu(tmp_path):
    """A folder for PATH whose nvidia-smi names a GPU."""
    folder = tmp_path / "bin"
    folder.mkdir()
    smi = folder / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'Pretended GPU, 1.0, 1 MiB'\n")
    smi.chmod(0o755)
    return folder


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path):
    code, out, err = call(tmp_path, "--out", str(tmp_path / "reports"))
    assert code == 2
    assert out == ""
    assert "no GPU to check on: nvidia-smi is not there" in err
    assert not (tmp_path / "reports").exists()


def test_a_driver_that_fails_is_quoted(tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed: no driver'\nexit 9\n")
    smi.chmod(0o755)
    code, _, err = call(tmp_path)
    assert code == 2
    assert "NVIDIA-SMI has failed: no driver" in err


def test_the_source_tree_is_found_without_an_installation(pretended_gpu, tmp_path):
    """The subcommands run, list the backends of pyproject.toml, and the report names the step and the GPU."""
    code, out, err = call(pretended_gpu, "--only", "backends", "--out", str(tmp_path / "reports"))
    assert "backends …" in out, err
    (report,) = (tmp_path / "reports").glob("*.json")
    found = json.loads(report.read_text())
    (step,) = found["steps"]
    assert step["name"] == "backends"
    assert all(name in step["output"] for name in ("numpy", "jax", "cupy"))
    assert found["gpus"] == ["Pretended GPU, 1.0, 1 MiB"]
    text = report.with_suffix(".md").read_text()
    assert "| backends |" in text
    assert "Pretended GPU" in text
    assert code == (0 if step["status"] == "passed" else 1)


SLOW = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


def running(pid):
    """Whether a process still runs (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up as Linux shows them")
def test_a_step_that_fails_is_told_and_the_others_still_run(script):
    """One that hangs is ended together with the processes it started, which would keep the GPU."""
    bad, slow, good = (
        script.Step(name, [sys.executable, "-c", text])
        for name, text in (("bad", "print('oh no'); raise SystemExit(3)"), ("slow", SLOW), ("good", "print('fine')"))
    )
    for step, seconds in ((bad, 60), (slow, 3), (good, 60)):
        script.run(step, dict(os.environ), seconds)
    assert (bad.status, bad.reason, bad.summary) == ("failed", "exit code 3", "oh no")
    assert slow.status == "timed out"
    assert not running(int(slow.output))
    assert (good.status, good.bad) == ("passed", False)


def test_a_command_that_the_tree_has_not_is_not_run(script):
    step = script.Step("conformance", [sys.executable, "-m", "polyflow", "no-such-command"])
    script.run(step, {}, 10)
    assert step.bad
    assert "no command `polyflow no-such-command`" in step.reason


def test_what_ran_without_the_gpu_does_not_count_as_passed(script):
    skipped = script.Step("tests", [], status="passed", output="SKIPPED [1] tests on a real GPU: no GPU answers")
    without = script.Step("demo", [], status="passed", output='{"numpy": {"loss": 0.1}}')
    for step in (skipped, without):
        script.judge(step)
        assert step.status == "failed"
    complete = script.Step("demo", [], status="passed", output='{"cupy": {"loss": 0.1}}')
    script.judge(complete)
    assert complete.status == "passed"


def test_missing_dependencies_are_named(script, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optree" else find(name))
    assert script.missing_dependencies() == ["optree"]
