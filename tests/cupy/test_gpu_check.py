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


def test_a_step_that_fails_is_told_and_the_others_still_run(script, tmp_path):
    variables = dict(os.environ)
    bad = script.Step("bad", [sys.executable, "-c", "print('oh no'); raise SystemExit(3)"])
    slow = script.Step("slow", [sys.executable, "-c", "import time; print('x', flush=True); time.sleep(60)"])
    good = script.Step("good", [sys.executable, "-c", "print('fine')"])
    for step, seconds in ((bad, 60), (slow, 1.5), (good, 60)):
        script.run(step, variables, seconds)
    assert (bad.status, bad.reason, bad.summary) == ("failed", "exit code 3", "oh no")
    assert slow.status == "timed out"
    assert "x" in slow.output
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
