"""``polyflow backends``: installed, usable and selected, with reasons, and without importing an array library."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest


def listing(done):
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer, {backend["name"]: backend for backend in answer["backends"]}


def test_without_check_nothing_is_loaded(polyflow):
    _, backends = listing(polyflow("backends", "--json"))
    states = {name: backend["state"] for name, backend in backends.items()}
    assert states["numpy"] == states["twin"] == states["deadly"] == states["sleepy"] == "installed"
    assert states["absent"] == "library missing"
    absent = backends["absent"]
    assert absent["distribution"] == "stranger-absent"
    assert absent["version"] == "0.5"
    assert absent["install"] == "pip install absentlib"
    assert absent["reason"] == "Not installed: absentlib."
    assert all(backend["devices"] == [] for backend in backends.values())


@pytest.mark.parametrize("words", [["backends"], ["backends", "--json"], ["backends", "twin"]])
def test_no_array_library_is_imported(environment, words):
    """NumPy comes with polyflow itself; nothing else that computes is imported, nor any plugin's own library."""
    code = f"""
import sys
from polyflow import cli
assert cli.main({words!r}) == 0
print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert "stranger_twin" in imported
    assert not imported & {"jax", "jaxlib", "cupy", "cupy_backends", "torch", "tensorflow", "keras", "scipy"}
    assert not imported & {"twinlib", "absentlib", "deadlylib"}


def test_check(polyflow):
    """One library talks, one is missing, one kills its process, one hangs, one raises: each gets its line."""
    answer, backends = listing(polyflow("backends", "--check", "--json", "--timeout", "10"))
    assert answer["protocol"]
    assert backends["twin"]["state"] == "usable", backends["twin"]
    assert backends["twin"]["devices"] == ["cpu:0", "cpu:1"]
    assert backends["twin"]["summary"] == "twin in words"
    assert backends["numpy"]["state"] == "usable"
    assert backends["numpy"]["devices"] == ["cpu:0"]
    assert backends["absent"]["state"] == "library missing"
    assert backends["deadly"]["state"] == "broken"
    assert backends["deadly"]["reason"] == "The process that loaded it was killed by signal SIGKILL."
    assert backends["sleepy"]["state"] == "broken"
    assert backends["sleepy"]["reason"] == "It did not answer within 10 seconds."
    assert backends["noisy"]["state"] == "broken"
    assert "OSError" in backends["noisy"]["reason"]


def test_table_without_a_terminal_is_plain_text(polyflow):
    done = polyflow("backends", POLYFLOW_BACKEND="twin")
    assert done.returncode == 0
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["name", "distribution", "version", "status", "devices"]
    rows = {line[3:].split()[0]: line for line in lines[: lines.index("")]}
    assert rows["twin"].split() == ["*", "twin", "stranger-twin", "0.5", "installed", "-"]
    assert rows["absent"].split() == ["absent", "stranger-absent", "0.5", "library", "missing", "-"]
    assert "absent: Not installed: absentlib. Install: pip install absentlib" in lines
    assert lines[-1] == "Selected: twin (POLYFLOW_BACKEND=twin)."
    assert all(letter.isprintable() or letter == "\n" for letter in done.stdout)


def test_control_characters_of_others_do_not_reach_the_output(polyflow):
    done = polyflow("backends", "noisy", "--check")
    assert done.returncode == 1
    assert "OSError" in done.stdout
    assert all(letter.isprintable() or letter == "\n" for letter in done.stdout)


def test_table_on_a_terminal_is_drawn(environment, tmp_path):
    out, end = pty.openpty()
    command = [sys.executable, "-m", "polyflow", "backends"]
    variables = {**environment, "TERM": "xterm-256color", "COLUMNS": "120"}
    done = subprocess.run(command, env=variables, cwd=tmp_path, stdout=end, stderr=subprocess.PIPE, check=False)
    os.close(end)
    text = b""
    while True:
        try:
            piece = os.read(out, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(out)
    assert done.returncode == 0, done.stderr
    assert "─" in text.decode()
    assert "stranger-twin" in text.decode()


def test_one_backend_in_detail(polyflow):
    done = polyflow("backends", "twin", "--check", POLYFLOW_BACKEND="twin:cpu:1")
    assert done.returncode == 0
    facts = (line.split(":", 1) for line in done.stdout.splitlines())
    assert {fact: value.strip() for fact, value in facts} == {
        "name": "twin",
        "summary": "twin in words",
        "distribution": "stranger-twin 0.5",
        "homepage": "https://twin.example",
        "status": "usable",
        "devices": "cpu:0, cpu:1",
        "selected": "yes: POLYFLOW_BACKEND=twin:cpu:1",
    }


def test_a_selected_device_that_is_not_there_is_said(polyflow):
    done = polyflow("backends", "twin", "--check", POLYFLOW_BACKEND="twin:cpu:7")
    assert "yes: POLYFLOW_BACKEND=twin:cpu:7. twin has no device 'cpu:7'; its devices: cpu:0, cpu:1." in done.stdout


@pytest.mark.parametrize(("name", "code"), [("twin", 0), ("absent", 1)])
def test_check_of_one_backend_answers_with_the_exit_code(polyflow, name, code):
    assert polyflow("backends", name, "--check").returncode == code
    assert polyflow("backends", name).returncode == 0


def test_selected_and_why(polyflow):
    answer, backends = listing(polyflow("backends", "--json"))
    assert answer["selected"] == {"spec": "numpy", "source": "default", "why": "the default"}
    assert [name for name, backend in backends.items() if backend["selected"]] == ["numpy"]

    path = polyflow.folder / "pyproject.toml"
    path.write_text('[tool.polyflow]\nbackend = "twin"\n')
    answer, backends = listing(polyflow("backends", "--json"))
    assert answer["selected"] == {"spec": "twin", "source": "pyproject", "why": f"backend = 'twin' in {path}"}
    assert [name for name, backend in backends.items() if backend["selected"]] == ["twin"]


def test_selected_but_not_installed(polyflow):
    done = polyflow("backends", POLYFLOW_BACKEND="twni")
    assert done.stdout.endswith("Selected: twni (POLYFLOW_BACKEND=twni). It is not installed. Did you mean 'twin'?\n")


def test_a_broken_configuration_does_not_hide_the_listing(polyflow):
    (polyflow.folder / "pyproject.toml").write_text("[tool.polyflow]\nbackend = 3\n")
    done = polyflow("backends")
    assert done.returncode == 2
    assert "stranger-twin" in done.stdout
    assert "backend in [tool.polyflow] is 3, expected text" in done.stdout
    answer = json.loads(polyflow("backends", "--json").stdout)
    assert answer["selected"] is None
    assert "expected text" in answer["error"]


@pytest.mark.parametrize("limit", ["nan", "inf", "-1", "0", "soon"])
def test_a_time_limit_is_a_number_of_seconds(polyflow, limit):
    done = polyflow("backends", "twin", "--check", "--timeout", limit)
    assert done.returncode == 2
    assert f"{limit!r} is no time limit: a number of seconds above 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backend_that_clashes_with_one_of_ours(polyflow, environment, tmp_path):
    """It is said once, and what is to be uninstalled is the other one: polyflow itself would go with ours."""
    for name, distribution in (("one", "aaa-stranger"), ("two", "zzz-stranger")):
        info = tmp_path / name / f"{distribution}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[polyflow.backends]\nnumpy = stranger_of_ours\n")
        done = polyflow("backends", PYTHONPATH=os.pathsep.join([str(tmp_path / name), environment["PYTHONPATH"]]))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("2 distributions provide a backend named 'numpy'") == 1
        assert f"`pip uninstall {distribution}`" in done.stdout
