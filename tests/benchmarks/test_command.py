"""The command: what it measures, what it says of who is missing, and what it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from polyflow._cli import bench
from polyflow.cli import main

ROOT = Path(__file__).parents[2]


def benchmarks(*words):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_run_tells_and_writes_everything(tmp_path):
    done = benchmarks(
        "--quick", "--rounds", "1", "--workload", "first", "growth", "--backends", "numpy", "--peers", "numpy",
        "--json", "-", "--report", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machine"]["cores"]
    assert found["versions"]["polyflow-numpy"]["numpy"]
    first = found["workloads"]["first"]
    assert first["lines"]["fit"].keys() == {"polyflow-numpy", "numpy"}
    for figures in first["lines"]["fit"].values():
        assert 0 < figures["median"] < 1
        assert 0 < figures["loss"] < 0.2
    assert [target["most"] for target in first["targets"]] == [1.0]
    (page,) = tmp_path.glob("*.md")
    assert "NumPy by hand" in page.read_text(encoding="utf-8")
    assert len(list(tmp_path.glob("*/*.svg"))) == 2
    assert "2-10-10-1" in done.stderr


def test_who_is_missing_or_broken_is_listed(tmp_path):
    """A peer without its library is named, one whose interpreter does not work ends the run."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")  # -S: no site-packages
    python.chmod(0o755)
    done = benchmarks(
        "--quick", "--rounds", "1", "--workload", "first", "--backends", "numpy", "--peers", "autograd", "numpy",
        "--python", f"numpy={python}", "--json", "-",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "NumPy by hand is left out, not installed: numpy" in " ".join(done.stderr.split())
    found = json.loads(done.stdout)["workloads"]["first"]["lines"]["fit"]
    assert found["numpy"]["error"] == "not installed: numpy"
    assert found["polyflow-numpy"]["median"] > 0

    done = benchmarks("--workload", "first", "--python", f"numpy={tmp_path / 'nothing'}")
    assert done.returncode != 0
    assert "nothing" in done.stderr
    assert "Traceback" not in done.stderr


def test_bench_is_the_same_command(polyflow_bench):
    assert polyflow_bench("--list").stdout == benchmarks("--list").stdout


@pytest.fixture
def polyflow_bench():
    def call(*words):
        return subprocess.run(
            [sys.executable, "-m", "polyflow.cli", "bench", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_an_installed_package_says_where_the_suite_is(monkeypatch, tmp_path, capsys):
    from polyflow import cli

    monkeypatch.setattr(bench, "ROOT", tmp_path)
    assert cli.main(["bench"]) == 2
    assert "pip download" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["bench", "--quick"])
    assert "pip download" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--json", "missing/a.json"], "missing. Make it first."),
        (["--json", "."], "--json . is a folder. Name a file."),
        (["--plot", "file"], "file is a file. Name a folder."),
        (["--report", "file/inner"], "file is a file. Name a folder."),
    ],
)
def test_what_cannot_be_written_is_told_before_measuring(tmp_path, monkeypatch, capsys, words, said):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--quick", *words]) == 2
    assert said in capsys.readouterr().err
