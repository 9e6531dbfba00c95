"""``polyflow demo``: what it promises on the first page of the README, each flag, and what it says of mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from polyflow.backend import discovery
from polyflow.cli import main
from polyflow_numpy.backend import NumPyBackend


class Another(NumPyBackend):
    """A second backend that is quick to have."""

    name = "another"


@pytest.fixture
def demo(site, environment, tmp_path):
    """A function that runs ``polyflow demo WORDS…`` among the real backends, a deadly one and one without library."""
    few = tmp_path / "few"
    few.mkdir()
    for path in site.iterdir():
        if re.match("stranger_(deadly|absent)|deadlylib", path.name):
            (few / path.name).symlink_to(path)
    path = environment["PYTHONPATH"].replace(str(site), str(few))
    # One thread: products of small matrices gain nothing from more, and lose much where other programs run
    variables = {**environment, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}

    def run(*words, **more):
        command = [sys.executable, "-m", "polyflow", "demo", *map(str, words)]
        return subprocess.run(
            command, env={**variables, **more}, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    run.folder = tmp_path
    return run


def table(text):
    """The cells of the last table of plain text, by backend."""
    lines = text.splitlines()
    start = max(i for i, line in enumerate(lines) if line.startswith("backend"))
    head = re.split(r"\s{2,}", lines[start])
    rows = [re.split(r"\s{2,}", line) for line in lines[start + 1 :] if re.match(r"\S+ +cpu:0", line)]
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def test_numpy_learns_to_read_digits(demo):
    """Without any word: a line per epoch and a table, with 97% of the held-out images right."""
    done = demo()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Epoch ") == 20
    assert all(letter.isprintable() or letter == "\n" for letter in done.stdout)
    (row,) = table(done.stdout).values()
    assert row["backend"] == "numpy"
    assert float(row["held-out accuracy"].rstrip("%")) >= 97
    assert float(row["held-out loss"]) < 0.15
    assert float(row["time"].removesuffix(" s")) >= float(row["first epoch"].removesuffix(" s")) >= 0
    assert float(row["then steps/s"].replace(",", "")) > 0


def test_all_backends_side_by_side(demo):
    """Those that do not work are left out with the reason, even one that takes its process along."""
    done = demo("--backend", "all", "--epochs", 2, "--plot", "digits.png")
    assert done.returncode == 0, done.stderr
    assert "deadly: left out, broken. The process that loaded it was killed by signal SIGKILL." in done.stdout
    assert "absent: left out, library missing. Not installed: absentlib." in done.stdout
    rows = table(done.stdout)
    assert list(rows)[:2] == ["numpy", "jax"]  # and whatever else is installed here
    assert len({row["held-out accuracy"] for row in rows.values()}) == 1
    assert re.search(
        r"^epoch +numpy +jax( +\S+)* +largest rel\. difference\n +1( +1\.5\d+){2,} +\d", done.stdout, re.MULTILINE
    )
    largest = re.search(r"Largest relative difference of a loss in any epoch: (\S+)$", done.stdout, re.MULTILINE)
    assert largest is not None
    assert float(largest[1]) < 1e-5
    assert done.stdout.rstrip().endswith("Drawn: digits.png")
    assert (demo.folder / "digits.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_all_there_is_on_standard_output(monkeypatch, capsys):
    """Of several backends too, those that are left out being named elsewhere."""
    states = [SimpleNamespace(name=name, usable=True) for name in ("another", "numpy")]
    states.append(SimpleNamespace(name="deadly", usable=False, state="broken", reason="Killed."))
    monkeypatch.setattr("polyflow._cli.probe.probe", lambda found, timeout: states)
    discovery.register("another", Another)
    try:
        assert main(["demo", "--backend", "all", "--epochs", "2", "--seed", "3", "--json"]) == 0
    finally:
        discovery.unregister("another")
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["epochs"] == 2
    assert answer["seed"] == 3
    assert list(answer["backends"]) == ["numpy", "another"]
    for found in answer["backends"].values():
        assert 0.5 < found["accuracy"] <= 1
        assert 0 < found["loss"] < 2
        assert len(found["losses"]) == 2
    assert answer["largest_relative_difference"] < 1e-5
    assert said.err == "deadly: left out, broken. Killed.\n"


def test_a_seed_gives_the_same_again_and_another_does_not(demo):
    losses = [json.loads(demo("--epochs", 1, "--seed", seed, "--json").stdout) for seed in (1, 1, 2)]
    first, again, other = (found["backends"]["numpy"]["losses"] for found in losses)
    assert first == again != other


def test_the_selected_backend_and_a_device(demo):
    assert list(table(demo("--epochs", 1, POLYFLOW_BACKEND="jax:cpu:0").stdout)) == ["jax:cpu:0"]
    assert list(table(demo("--epochs", 1, "--backend", "numpy", POLYFLOW_BACKEND="jax").stdout)) == ["numpy"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--backend", "nump"], "Unknown backend 'nump'. Did you mean 'numpy'?"),
        (["--backend", "absent"], "absentlib"),
        (["--backend", "jax:cpu:9"], "Backend 'jax' has no device 'cpu:9'. Its devices: cpu:0."),
        (["--epochs", "0"], "expected an integer of 1 or more, got '0'"),
        (["--seed", "-1"], "expected an integer from 0 to 2**64 - 1, got '-1'"),
        (["--plot", os.path.join("no", "where.png")], "no. Make it first."),
        (["--plot", ""], "is a folder. Name a file."),
        (["--plot", "digits.abc"], "no picture is a 'abc' file. Name it .png"),
    ],
)
def test_a_mistake_is_said_before_anything_is_trained(demo, words, text):
    done = demo("--epochs", 1, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("polyflow demo: ")
    assert text in done.stderr
    assert "Traceback" not in done.stderr
