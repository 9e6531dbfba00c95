"""Backends written to files, and a report."""

from __future__ import annotations

import os

import pytest

import polyflow_conformance as suite
from polyflow.backend.deviation import Deviation

from .sinh import ONE, Sinh


def _found(folder, monkeypatch):
    """Have the processes that a test starts find what lies in a folder."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(folder)])))


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Writes a backend file and returns what names it."""
    _found(tmp_path, monkeypatch)

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


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A distribution whose plugin adds a case to the suite, installed for the processes that a test starts; its id."""
    _found(tmp_path, monkeypatch)
    (tmp_path / "stranger.py").write_text(
        "from polyflow.backend import BackendDescription, hookimpl\nfrom polyflow_conformance import Case\n"
        "from polyflow_numpy.backend import NumPyBackend\nclass Stranger(NumPyBackend):\n    name = 'stranger'\n"
        "@hookimpl\ndef polyflow_describe():\n    return BackendDescription('stranger', 'a stranger', (), '', '')\n"
        "@hookimpl\ndef polyflow_backend(device):\n    return Stranger(device)\n"
        "@hookimpl\ndef polyflow_conformance_cases():\n"
        "    return [Case('interop-1/greeting/hello', lambda trial: None)]\n"
    )
    info = tmp_path / "stranger-0.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 0.5\n")
    (info / "entry_points.txt").write_text("[polyflow.backends]\nstranger = stranger\n")
    return "interop-1/greeting/hello"
