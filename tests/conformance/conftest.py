"""Backends written to files, and a report."""

from __future__ import annotations

import os

import pytest

import polyflow_conformance as suite
from polyflow.backend.deviation import Deviation

from .sinh import ONE, Sinh


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


@pytest.fixture(scope="session")
def report():
    backend = Sinh()
    backend.deviations = {ONE: Deviation("fails", "cancels near 0")}
    return suite.run(backend, ops=["sinh", "add", "square"], quick=True)
