"""Tables on terminals: as wide as they are, or as records where no table fits."""

from __future__ import annotations

import os

import pytest

from polyflow._cli import tables

HEADERS, ROWS = ("backend", "held-out loss", ""), [("numpy", "0.3393", "ok"), ("jax", "0.3393", "")]


@pytest.fixture
def terminal(monkeypatch):
    def columns(count):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((count, 24)))

    return columns


def test_a_terminal_too_narrow_for_a_table_gets_records(terminal, capsys):
    terminal(20)
    tables.show(HEADERS, ROWS, (1,))
    assert capsys.readouterr().out == (
        "backend: numpy\nheld-out loss: 0.3393\nok\n\nbackend: jax\nheld-out loss: 0.3393\n"
    )


def test_a_wider_one_gets_a_table(terminal, capsys):
    terminal(80)
    tables.show(HEADERS, ROWS, (1,))
    found = capsys.readouterr().out
    assert "held-out" in found
    assert "backend: " not in found
