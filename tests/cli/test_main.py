"""The command itself: help, version, mistakes, and that a subcommand costs nothing until it is called."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from polyflow import cli, errors


def test_help_names_every_command(polyflow):
    done = polyflow("--help")
    assert done.returncode == 0
    for name, (_, summary) in cli.COMMANDS.items():
        assert name in done.stdout
        assert " ".join(summary.split()) in " ".join(done.stdout.split())


def test_no_command_shows_the_help(polyflow):
    assert polyflow().stdout == polyflow("--help").stdout


def test_version(polyflow):
    done = polyflow("--version")
    assert done.returncode == 0
    assert done.stdout == f"polyflow {cli.version()}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_module_and_help(name, polyflow):
    module = importlib.import_module(cli.COMMANDS[name][0])
    assert callable(module.configure)
    assert callable(module.run)
    done = polyflow(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: polyflow {name}")


def test_unknown_command(polyflow):
    done = polyflow("backend")
    assert done.returncode == 2
    assert "Unknown command 'backend'. Did you mean 'backends'" in done.stderr


def test_unknown_option(polyflow):
    done = polyflow("backends", "--chekc")
    assert done.returncode == 2
    assert done.stderr.startswith("polyflow backends: unrecognized arguments: --chekc\nusage: polyflow backends ")


def test_errors_are_one_line_without_a_traceback(polyflow):
    done = polyflow("backends", "nmpy")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("polyflow backends: Unknown backend 'nmpy'. Did you mean 'numpy'")
    assert done.stderr.count("\n") == 1


def test_help_imports_no_subcommand(environment, polyflow):
    code = """
import sys
from polyflow import cli
try:
    cli.main(["--help"])
except SystemExit:
    pass
print([name for name in sys.modules if name.startswith("polyflow._cli")], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_main_returns_the_exit_code_and_hands_over_what_follows_the_dashes(monkeypatch):
    seen = []

    class Command:
        @staticmethod
        def configure(parser):
            parser.add_argument("word")

        @staticmethod
        def run(arguments):
            seen.append((arguments.word, arguments.rest))
            return 7

    monkeypatch.setitem(sys.modules, "fake_command", Command)
    monkeypatch.setitem(cli.COMMANDS, "fake", ("fake_command", "does nothing"))
    assert cli.main(["fake", "x", "--", "--a", "--", "b"]) == 7
    assert cli.main(["fake", "y"]) == 7
    assert seen == [("x", ["--a", "--", "b"]), ("y", [])]


@pytest.mark.parametrize(("error", "code"), [(errors.ShapeError("odd shape"), 2), (KeyboardInterrupt(), 130)])
def test_what_a_command_raises(monkeypatch, capsys, error, code):
    class Command:
        @staticmethod
        def configure(parser):
            pass

        @staticmethod
        def run(arguments):
            raise error

    monkeypatch.setitem(sys.modules, "fake_command", Command)
    monkeypatch.setitem(cli.COMMANDS, "fake", ("fake_command", "fails"))
    assert cli.main(["fake"]) == code
    assert capsys.readouterr().err == ("polyflow fake: odd shape\n" if code == 2 else "")


def test_a_reader_that_leaves_early(environment):
    """`polyflow backends | head -1` is no error worth a traceback."""
    command = f"{sys.executable} -m polyflow backends --json | head -c 1"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_told_in_a_sentence():
    command = [sys.executable, "-m", "polyflow", "backends"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "polyflow backends: standard output: No space left on device.\n"


def test_a_closed_output_is_no_mistake():
    script = "import sys; sys.stdout = None; from polyflow.cli import main; sys.exit(main(['backends']))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
