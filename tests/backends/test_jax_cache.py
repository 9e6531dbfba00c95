"""Compiled programs kept on disk: off unless a folder is named, and then used by the next process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
hits = []
class Watch(logging.Handler):
    def emit(self, record):
        if "Persistent compilation cache hit" in record.getMessage():
            hits.append(record)
logging.getLogger("jax").addHandler(Watch())
logging.getLogger("jax").setLevel(logging.DEBUG)
logging.getLogger("jax").propagate = False
import jax
import polyflow as pf
before = jax.config.jax_compilation_cache_dir
pf.set_backend("jax")
f = pf.function(lambda x: pf.sum(pf.sin(x) * 3.0))
print(float(f(pf.constant([1.0, 2.0]))), len(hits), before, jax.config.jax_compilation_cache_dir)
"""


def ran(cwd, **named):
    space = {key: value for key, value in os.environ.items() if not key.startswith(("POLYFLOW_", "JAX_"))}
    space["POLYFLOW_CONFIG"] = str(cwd / "user.toml")
    (cwd / "user.toml").touch()
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=cwd, env={**space, **named}, capture_output=True, text=True, timeout=300
    )


def test_the_next_process_takes_what_one_compiled(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.polyflow]\njax_cache = "kept/programs"\n')
    value, hits, before, place = ran(tmp_path).stdout.split()
    assert (hits, before, place) == ("0", "None", str(tmp_path / "kept/programs"))
    assert any((tmp_path / "kept/programs").iterdir())
    again, hits, *_ = ran(tmp_path).stdout.split()
    assert again == value
    assert int(hits) > 0


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path):
    assert ran(tmp_path).stdout.split()[1:] == ["0", "None", "None"]


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be(tmp_path, place):
    (tmp_path / "taken").touch()
    named = tmp_path / "taken" / ("" if place == "a file" else "below")
    found = ran(tmp_path, POLYFLOW_JAX_CACHE=str(named))
    assert found.returncode == 1
    assert "ConfigError: POLYFLOW_JAX_CACHE names" in found.stderr
    assert "Name another folder, or none." in found.stderr
