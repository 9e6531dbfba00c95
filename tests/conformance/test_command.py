"""`polyflow conformance` and `polyflow conformance-report`."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

import polyflow_conformance as suite
from polyflow import cli
from polyflow._cli import conformance
from polyflow_conformance.report import Report, Result

from .sinh import ONE


def test_command_says_what_it_found(source, tmp_path, capsys):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    files = [f"--{kind}={tmp_path / kind}" for kind in ("json", "html", "junit")]
    assert cli.main(["conformance", spec, "--op", "sinh", "--group", "core-1", *files]) == 1
    out = capsys.readouterr().out
    assert "FAIL core-1/sinh/" in out
    assert "c.reproduce(" in out
    assert "not conforming" in out
    assert Report.load(tmp_path / "json").backend == "mine"
    assert (tmp_path / "html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "junit").read_text(encoding="utf-8").startswith("<?xml")
    assert (
        cli.main(["conformance-report", str(tmp_path / "json"), "--label", "Mine", "-o", str(tmp_path / "site")]) == 0
    )
    assert "Mine" in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_command_succeeds_where_nothing_fails(capsys):
    assert cli.main(["conformance", "numpy", "--case", ONE]) == 0
    out = capsys.readouterr().out
    assert "core-1  no failure in the part that was tried" in out
    assert "conforming" not in out


def test_command_calls_a_whole_group_conforming(capsys):
    assert cli.main(["conformance", "numpy", "--group", "random-1"]) == 0
    assert "random-1  conforming" in capsys.readouterr().out


def test_command_refuses_what_it_cannot_do(capsys, tmp_path):
    assert cli.main(["conformance", "numpy", "--op", "sinn"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--json", str(tmp_path / "no/where.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--html", str(tmp_path)]) == 2
    assert f"--html {tmp_path} is a folder. Name a file." in capsys.readouterr().err
    for limit in ("-1", "soon", "nan"):
        with pytest.raises(SystemExit):
            cli.main(["conformance", "numpy", "--time-limit", limit])
        assert f"'{limit}' is no time limit" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["conformance", "numpy", "--seed", "-5"])
    assert "'-5' is no seed" in capsys.readouterr().err
    assert cli.main(["conformance", "numpy", "--no-isolate", "-n", "2"]) == 2
    assert "--no-isolate stays in this process, and -n 2 asks for others" in capsys.readouterr().err
    same = str(tmp_path / "r")
    assert cli.main(["conformance", "numpy", "--json", same, "--html", same]) == 2
    assert "are one file" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_what_cannot_be_written_in_the_end_keeps_nothing_else_from_being(capsys, tmp_path, monkeypatch):
    """The disk may fill up meanwhile, and a label may be no text in any encoding."""
    files = {kind: tmp_path / kind for kind in ("json", "html", "junit")}
    writing = conformance.write_atomically

    def full(path, content):
        if path == files["json"]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        writing(path, content)

    monkeypatch.setattr(conformance, "write_atomically", full)
    words = [f"--{kind}={path}" for kind, path in files.items()]
    assert cli.main(["conformance", "numpy", "--case", ONE, "--label", "a\udcff", *words]) == 2
    out, err = capsys.readouterr()
    assert "core-1  no failure" in out
    assert err == f"polyflow conformance: {files['json']} cannot be written: No space left on device.\n"
    assert "a\\udcff" in files["html"].read_text(encoding="utf-8")
    assert files["junit"].is_file()


def test_command_of_reports_says_where_it_cannot_write(capsys, tmp_path):
    report, file = tmp_path / "a.json", tmp_path / "c.json"
    Report("mine", results=[Result(ONE, "pass")]).save(report)
    file.touch()
    for given, words in (
        (file, f"-o {file}: {file} is a file. Name a folder."),
        (file / "site", f"-o {file / 'site'}: {file} is a file. Name a folder."),
        (tmp_path / "no/page.html", f"there is no folder {tmp_path / 'no'}. Make it first."),
    ):
        assert cli.main(["conformance-report", str(report), "-o", str(given)]) == 2
        assert words in capsys.readouterr().err
    assert cli.main(["conformance-report", str(report), "-o", str(tmp_path / "new/site")]) == 0
    assert (tmp_path / "new/site/index.html").is_file()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nampy", "Unknown backend 'nampy'. Did you mean 'numpy'?"),
        ("numpy:gpu:7", "has no device 'gpu:7'"),
        ("nowhere.py:Mine", "there is no file nowhere.py"),
    ],
)
def test_command_says_that_there_is_nothing_to_try(spec, words, capsys, tmp_path):
    """Exit code 2, as for any mistake in the question; the report is written all the same."""
    assert cli.main(["conformance", spec, "--json", str(tmp_path / "r.json")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("polyflow conformance: ")
    assert words in err
    assert not Report.load(tmp_path / "r.json").ran


def test_command_lists_ids(capsys):
    assert cli.main(["conformance", "numpy", "--list", "--op", "matmul", "--quick"]) == 0
    assert "core-1/matmul/float32/matrices" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("where", ["--isolate", "--no-isolate"])
def test_command_lists_the_cases_that_a_plugin_adds(where, stranger):
    words = [sys.executable, "-m", "polyflow", "conformance", "stranger", "--list", "--op", "greeting", where]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{stranger}\n", "")
    words[4] = "stronger"
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("polyflow conformance: Unknown backend 'stronger'.")


def test_command_after_a_hang_still_prints(source, capsys):
    """A case that hangs has redirected the streams, and is left behind."""
    spec = source("import time\nclass Mine(NumPyBackend):\n    def sinh(self, x): time.sleep(60)")
    assert cli.main(["conformance", spec, "--case", ONE, "--time-limit", "0.2"]) == 1
    assert "did not finish within 0.2 seconds" in capsys.readouterr().out


def test_the_command_goes_on_after_a_crash(source, capsys):
    spec = source("import os\nclass Mine(NumPyBackend):\n    def sinh(self, x): os._exit(0)")
    assert cli.main(["conformance", spec, "--case", ONE, "--case", "core-1/cosh/float32/small"]) == 1
    shown = capsys.readouterr().out
    assert f"ERROR {ONE}\n  the process ended itself with exit code 0" in shown
    assert "2 cases of the suite's, not all" in shown


def test_reproducer_is_a_line_that_shows_the_failure(source):
    spec = source("class Mine(NumPyBackend):\n    name = 'mine'\n    def sinh(self, x): return np.cosh(x)")
    (result,) = suite.run(spec, cases=ONE).results
    done = subprocess.run([sys.executable, "-c", result.reproducer], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Mismatch: sinh" in done.stderr
