"""The examples run, as a user runs them, and say the same on every backend."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
PRINTED = re.compile(NUMBER.pattern + " *")  # NumPy fills up a number that is shorter than others of its array
TIMING = re.compile(r"\d+(?:\.\d+)?(?:s|ms|us)(?:/step)?")


def run(example: Path, backend: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        capture_output=True,
        text=True,
        env={**os.environ, "POLYFLOW_BACKEND": backend, "COLUMNS": "100"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return TIMING.sub("TIME", done.stdout)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_the_same_on_numpy_and_jax(example):
    ours, theirs = run(example, "numpy"), run(example, "jax")
    assert PRINTED.sub("#", ours) == PRINTED.sub("#", theirs)
    numbers = [[float(text) for text in NUMBER.findall(output)] for output in (ours, theirs)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=2e-5, atol=2e-6)
