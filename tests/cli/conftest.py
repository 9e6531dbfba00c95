"""The command in a process of its own, among a few distributions that stand for backends."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from polyflow import errors

ROOT = Path(errors.__file__).parents[1]

HOOKS = """
from polyflow.backend import BackendDescription, hookimpl

@hookimpl
def polyflow_describe():
    return BackendDescription("{name}", "{name} in words", ({requires}), "pip install {name}lib", "https://{name}.example")

@hookimpl
def polyflow_backend(device):
    from .backend import Made
    return Made(device)
"""

BACKEND = """
import {library}
import numpy as np
from polyflow.backend import Backend

class Made(Backend):
    name = "{name}"
    def asarray(self, obj, dtype=None, device=None):
        return np.array(obj, dtype=dtype)
    def to_numpy(self, array):
        return np.asarray(array)
    def devices(self):
        return ("cpu:0", "cpu:1")
    def synchronize(self):
        return None
"""

PLUGINS = {  # name: what the library it imports does, or None where there is no such library
    "twin": "print('a library that talks while it is imported')",
    "absent": None,
    "deadly": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "sleepy": "import time; time.sleep(600)",
    "noisy": "raise OSError('\\x1b[31mred\\x1b[0m\\nand two lines')",
}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with the distributions above, installed."""
    folder = tmp_path_factory.mktemp("site")
    for name, library in PLUGINS.items():
        words = {"name": name, "library": f"{name}lib", "requires": f"'{name}lib',"}
        (folder / f"stranger_{name}").mkdir()
        (folder / f"stranger_{name}/__init__.py").write_text(HOOKS.format(**words))
        (folder / f"stranger_{name}/backend.py").write_text(BACKEND.format(**words))
        if library is not None:
            (folder / f"{name}lib.py").write_text(library)
        info = folder / f"stranger_{name}-0.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger-{name}\nVersion: 0.5\n")
        (info / "entry_points.txt").write_text(f"[polyflow.backends]\n{name} = stranger_{name}\n")
    return folder


@pytest.fixture
def environment(site, tmp_path):
    """The variables of a process that sees these distributions and in which nothing is selected."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("POLYFLOW_", "PYTHONPATH"))}
    home = str(tmp_path / "home")
    path = os.pathsep.join([str(site), str(ROOT), str(ROOT / "backends")])
    return {**kept, "PYTHONPATH": path, "HOME": home, "XDG_CONFIG_HOME": home, "APPDATA": home}


@pytest.fixture
def polyflow(environment, tmp_path):
    """A function that runs ``polyflow WORDS…`` in an empty folder and returns what came of it."""
    work = tmp_path / "work"
    work.mkdir()

    def run(*words, **variables):
        command = [sys.executable, "-m", "polyflow", *map(str, words)]
        return subprocess.run(
            command, env={**environment, **variables}, cwd=work, capture_output=True, text=True, check=False
        )

    run.folder = work
    return run


@pytest.fixture
def script(polyflow):
    """A function that writes a script for ``polyflow compare`` to run."""

    def write(text, name="train.py"):
        path = polyflow.folder / name
        path.write_text(
            "import os, sys\nimport numpy as np\nfrom polyflow.testing import observe, record\n"
            "here = os.environ['POLYFLOW_BACKEND']\n" + textwrap.dedent(text)
        )
        return path

    return write
