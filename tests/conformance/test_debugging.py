"""Debuggers and profilers where cases run in the process of the command, or in pytest's: --no-isolate is for them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow_numpy.backend import NumPyBackend

from .sinh import ONE

STOPS = "class Mine(NumPyBackend):\n    def sinh(self, x):\n        breakpoint()\n        return np.sinh(x)"
LONG = "p x.shape\np __import__('time').sleep(2.5)\nc\n"
"""What somebody says to the debugger, for longer than the limit of the case."""

COMMAND = [sys.executable, "-m", "polyflow", "conformance"]
PYTEST = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--import-mode=importlib"]


def ways(spec):
    """How to try one case in a process where a debugger has a terminal."""
    suite = ["--pyargs", "polyflow_conformance", "--polyflow-backend", spec, "-k", ONE, "--polyflow-no-isolate"]
    return {
        "command": [*COMMAND, spec, "--no-isolate", "--case", ONE, "--time-limit", "1"],
        "pytest": [*PYTEST, *suite, "--polyflow-time-limit", "1"],
        "pytest-s": [*PYTEST, "-s", *suite, "--polyflow-time-limit", "1"],
    }


def said(command, words, **options):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONBREAKPOINT"}
    return subprocess.run(command, input=words, capture_output=True, text=True, env=environment, **options)


@pytest.mark.parametrize("way", ["command", "pytest", "pytest-s"])
def test_breakpoint_stops_a_case_for_as_long_as_somebody_looks(way, source, tmp_path):
    """What the debugger shows reaches the terminal, and is no print of the backend's."""
    done = said(ways(source(STOPS))[way], LONG, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(Pdb) (3, 4)" in done.stdout


def test_what_the_backend_prints_and_how_long_it_takes_counts_beside_a_debugger(source, tmp_path):
    spec = source(STOPS.replace("breakpoint()", "breakpoint(); print('hello')"))
    done = said(ways(spec)["command"], "c\n", cwd=tmp_path)
    assert done.returncode == 1
    assert "the backend printed 'hello\\n'" in done.stdout
    spec = source(f"import time\n{STOPS}".replace("breakpoint()", "breakpoint(); time.sleep(60)"))
    done = said(ways(spec)["command"], LONG, cwd=tmp_path)
    assert "did not finish within 1 seconds" in done.stdout


def test_leaving_the_debugger_ends_the_run(source, tmp_path):
    more = ["--case", "core-1/sinh/float64/small"]
    done = said([*ways(source(STOPS))["command"], *more], "q\nq\nq\nq\n", cwd=tmp_path)
    assert "BdbQuit" in done.stderr
    assert "core-1" not in done.stdout


def test_a_breakpoint_in_a_process_of_its_own_says_where_there_is_a_terminal(source, tmp_path):
    done = said([*COMMAND, source(STOPS), "--case", ONE, "--case", "core-1/cosh/float32/small"], "c\n", cwd=tmp_path)
    assert done.returncode == 1
    assert "a debugger was called where it has no terminal; with --no-isolate" in done.stdout
    assert "c.reproduce(" in done.stdout
    assert done.stdout.splitlines()[-3].split() == ["core-1", "not", "conforming", "1", "1"]


def test_a_debugger_that_runs_the_command_stops_in_cases(source, tmp_path):
    spec = source("class Mine(NumPyBackend):\n    def sinh(self, x):\n        return np.sinh(x)")
    words = f"b {spec.removesuffix(':Mine')}:5\nc\np x.shape\nc\nq\n"
    done = said([sys.executable, "-m", "pdb", "-m", *ways(spec)["command"][2:]], words, cwd=tmp_path)
    assert "(Pdb) (3, 4)" in done.stdout
    assert "core-1  no failure" in done.stdout


def test_cases_run_in_the_thread_that_a_profiler_follows():
    seen = []

    class Mine(NumPyBackend):
        def sinh(self, x):
            return np.sinh(x)

    def profile(frame, event, arg):
        if event == "call" and frame.f_code is Mine.sinh.__code__:
            seen.append(event)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        assert suite.run(Mine(), cases=ONE).ok
    finally:
        sys.setprofile(before)
    assert seen
