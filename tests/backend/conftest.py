"""A clean selection for every test, a backend of only the required methods, and distributions to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import polyflow.errors
from polyflow.backend import discovery, selection
from polyflow.backend.protocol import Backend

ROOT = Path(polyflow.errors.__file__).parents[1]


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """Nothing selects a backend: no variable, no pyproject.toml above the working directory, no user file."""
    monkeypatch.delenv("POLYFLOW_BACKEND", raising=False)
    monkeypatch.delenv("POLYFLOW_CONFIG", raising=False)
    for variable in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    selection.set_backend(None)
    before = set(discovery._registered)
    yield
    selection.set_backend(None)
    for name in set(discovery._registered) - before:
        discovery.unregister(name)


class Minimal(Backend):
    """The four required methods over NumPy, on two pretended devices."""

    name = "minimal"
    there: tuple[str, ...] = ("cpu:0", "cpu:1")

    def asarray(self, obj, dtype=None, device=None):
        return np.array(obj, dtype=dtype)

    def to_numpy(self, array):
        return np.asarray(array)

    def devices(self):
        return self.there

    def synchronize(self):
        return None


@pytest.fixture
def make_backend():
    """A function that makes a new class of backends with the given attributes."""

    def make(name, **attributes):
        return type(name.title(), (Minimal,), {"name": name, **attributes})

    return make


class Site:
    """A folder of installed distributions, put before everything else that Python finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, distribution, files, *, version="1.0", backends=None):
        """Install a distribution the way an installer leaves it: its files, and a dist-info folder that names them."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        written = []
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
            written.append(name)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        points = "\n".join(f"{name} = {target}" for name, target in (backends or {}).items())
        (info / "entry_points.txt").write_text(f"[polyflow.backends]\n{points}\n")
        (info / "INSTALLER").write_text("pip\n")
        (info / "RECORD").write_text("".join(f"{name},,\n" for name in written))

    def python(self, code, **environment):
        """Run code in a fresh interpreter that sees these distributions; it ends well and prints JSON."""
        done = self.run([sys.executable, "-c", textwrap.dedent(code)], **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, command, **environment):
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return subprocess.run(
            command,
            env={**inherited, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An empty folder to install distributions into."""
    return Site(tmp_path_factory.mktemp("site"))
